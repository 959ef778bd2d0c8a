"""Walk over any number of findings in pages by key: bounded memory, and no row is counted through twice."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from inspections.models import Finding

PAGE = 5000


Row = tuple[Any, uuid.UUID]


def pages(rows: QuerySet[Finding], column: str) -> Iterator[list[Row]]:
    """Yield (value of the column, id) in pages, in the order of a column that is never empty there.

    What has been told already is looked up page by page: an anti-join over all of it would be left to the
    planner's statistics, which are wrong just after a large sweep.
    """
    rows = rows.order_by(column, "pk")
    page = list(rows.values_list(column, "pk")[:PAGE])
    while page:
        yield page
        if len(page) < PAGE:
            return
        key, pk = page[-1]
        after = Q(**{f"{column}__gt": key}) | Q(**{column: key, "pk__gt": pk})
        page = list(rows.filter(after, **{f"{column}__gte": key}).values_list(column, "pk")[:PAGE])
