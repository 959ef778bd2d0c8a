"""The ledger as a question: what an address asks for, which findings answer, in which order, page by page by key.

Nothing here reads the clock or the request: `Query.read` takes any mapping of texts, and whatever in it is not
well formed is left out, so that an address typed by hand or bookmarked long ago still opens.
"""

import hashlib
import heapq
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection, models
from django.db.models import Case, F, OrderBy, Q, When
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inspections.kept import kept
from inspections.models import IN_HAND, Finding, FindingQuerySet
from inspections.steps import State

ROWS = 20
MOST_COUNTED = 30_000
LONGEST_TEXT = 100

# what the tabs above the list are called; today and overdue are told by the date
TABS: dict[str, Promise] = {
    "": _("All"),
    "open": _("Open"),
    "today": _("Due today"),
    "overdue": _("Overdue"),
    "submitted": _("Submitted"),
    "checked": _("Checked"),
    "returned": _("Returned"),
    "closed": _("Closed"),
    "reported": _("Reported"),
    "rejected": _("Not issued"),
}
# before a finding is issued only the issuing side knows of it, and it has no number
NOT_ISSUED = ("reported", "rejected")
TIMINGS: dict[str, Promise] = {
    "on_time": _("Fixed on time"),
    "late": _("Fixed late"),
    "overdue": _("Overdue now"),
}
# who has issued a finding; those of a county end there, and the city samples them
ISSUERS: dict[str, Promise] = {
    "city": _("Issued by the city"),
    "county": _("Issued by a county"),
}
SORTS: dict[str, tuple[str, Promise]] = {
    "issued": ("issued_at", _("issued")),
    "due": ("due_on", _("due")),
    "number": ("number", _("number")),
    "submitted": ("submitted_at", _("submitted")),
    "closed": ("closed_at", _("closed on")),
    "returned": ("times_returned", _("times returned")),
}
DEFAULT_SORT = "-issued"
# what the address calls a place of this level
PLACE_OF_LEVEL: dict[str, str] = {"county": "unit", "township": "township"}
PLACES = ("unit", "township", "village")
# a sample fits on one page
SAMPLE = 10
_SAMPLE = re.compile(r"(?:[1-9]|1\d|20)-[0-9a-f]{8}")


@dataclass(frozen=True)
class Query:
    """What is asked for. Field names are the names in the address; the empty value asks for nothing."""

    state: str = ""
    unit: UUID | None = None
    township: UUID | None = None
    village: UUID | None = None
    aspect: str = ""
    item: str = ""
    kind: str = ""
    source: str = ""
    ending: str = ""
    severity: str = ""
    timing: str = ""
    issuer: str = ""
    recurrence: bool = False
    since: date | None = None
    until: date | None = None
    q: str = ""
    # "all" says that no place is asked for although the reader has chosen one in the top bar
    places: str = ""
    # "10-3fa9c2d1": how many, and the seed of the draw
    sample: str = ""
    sort: str = DEFAULT_SORT

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> "Query":
        """Read a query from the parameters of an address."""
        found = {name: _READERS[name](str(params.get(name) or "").strip()) for name in _READERS}
        return cls(**{name: value for name, value in found.items() if value})

    def asked(self) -> dict[str, str]:
        """Return the parameters that differ from asking for everything: what an address or a job keeps."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        blank = {field.name: field.default for field in fields(self)}
        return {name: _written(value) for name, value in own.items() if value != blank[name]}

    def filters(self) -> dict[str, str]:
        """Return what narrows the list, without tab and order: the chips."""
        return {
            name: value for name, value in self.asked().items() if name not in ("state", "sort", "places")
        }

    @property
    def names_place(self) -> bool:
        """Tell whether a place is asked for."""
        return any(getattr(self, name) for name in PLACES)

    def without(self, *names: str) -> "Query":
        """Return the query without some of its conditions."""
        blank = {field.name: field.default for field in fields(self) if field.name in names}
        return replace(self, **blank)  # type: ignore[arg-type]


def _written(value: Any) -> str:
    if value is True:
        return "1"
    return value.isoformat() if isinstance(value, date) else str(value)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _one_of(known: Iterable[str]) -> Any:
    allowed = frozenset(known)
    return lambda text: text if text in allowed else ""


_READERS: dict[str, Any] = {
    "state": _one_of(TABS),
    "unit": _id,
    "township": _id,
    "village": _id,
    "aspect": lambda text: text[:10],
    "item": lambda text: text[:10],
    "kind": _one_of(Finding.Kind.values),
    "source": _one_of(Finding.Source.values),
    "ending": _one_of(Finding.Ending.values),
    "severity": _one_of(Finding.Severity.values),
    "timing": _one_of(TIMINGS),
    "issuer": _one_of(ISSUERS),
    "recurrence": lambda text: text == "1",
    "since": _day,
    "until": _day,
    "q": lambda text: text.replace("\0", "")[:LONGEST_TEXT],
    "places": _one_of(["all"]),
    "sample": lambda text: text if _SAMPLE.fullmatch(text) else "",
    "sort": _one_of([*SORTS, *(f"-{name}" for name in SORTS)]),
}


# --- which findings -----------------------------------------------------------------------------------------------
_COLUMNS = {
    "unit": "county_id",
    "township": "township_id",
    "village": "village_id",
    "aspect": "item__aspect__code",
    "item": "item__code",
    "kind": "kind",
    "source": "source",
    "ending": "ending",
    "severity": "severity",
    "issuer": "issuing_office__level",
}
_SEARCHED = (
    "number",
    "description",
    "place",
    "village__name",
    "village__name_en",
    "measures",
    "outside_number",
)


def matching(findings: FindingQuerySet, query: Query, on: date) -> FindingQuerySet:
    """Return the findings that meet every condition except the tab."""
    conditions = {column: getattr(query, name) for name, column in _COLUMNS.items() if getattr(query, name)}
    found = findings.filter(**conditions)
    if query.since:
        found = found.filter(issued_at__gte=_midnight(query.since))
    if query.until:
        found = found.filter(issued_at__lt=_midnight(query.until + timedelta(days=1)))
    if query.recurrence:
        found = found.filter(recurrence_of__isnull=False)
    if query.timing == "overdue":
        found = found.filter(_overdue(on))
    elif query.timing:
        found = found.filter(on_time=query.timing == "on_time")
    for word in query.q.split():
        found = found.filter(_contains(word))
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _contains(word: str) -> Q:
    found = Q()
    for column in _SEARCHED:
        found |= Q(**{f"{column}__icontains": word})
    return found


def _overdue(on: date) -> Q:
    return Q(state__in=IN_HAND, due_on__lt=on)


def in_tab(findings: FindingQuerySet, tab: str, on: date) -> FindingQuerySet:
    """Return the findings of one tab."""
    if tab in NOT_ISSUED:
        return findings.filter(state=tab)
    issued = findings.issued()
    if tab == "overdue":
        return issued.filter(_overdue(on))
    if tab == "today":
        return issued.filter(state__in=IN_HAND, due_on=on)
    return issued.filter(state=tab) if tab else issued


def select(findings: FindingQuerySet, query: Query, on: date) -> FindingQuerySet:
    """Return what a query asks for out of what its reader may see, in its order."""
    found = in_tab(matching(findings, query, on), query.state, on)
    if query.sample:
        found = found.filter(pk__in=drawn(found, query.sample))
    return found.order_by(*Order.of(query).terms())


def drawn(findings: FindingQuerySet, sample: str) -> list[UUID]:
    """Draw a sample: the ids whose hash with the seed is smallest, so that the same address draws the same ones."""
    number, _mark, seed = sample.partition("-")
    ids = findings.order_by().values_list("pk", flat=True).iterator()
    return heapq.nsmallest(int(number), ids, key=lambda id: hashlib.sha256(f"{seed}:{id}".encode()).digest())


# --- in which order, page by page ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class Order:
    """An order of the ledger: one column, then the id; rows without a value come last either way."""

    column: str
    down: bool
    nullable: bool

    @classmethod
    def of(cls, query: Query) -> "Order":
        """Return the order a query asks for; what is not issued is ordered by when it was found."""
        if query.state in NOT_ISSUED:
            return cls("reported_at", True, False)
        column = SORTS[query.sort.removeprefix("-")][0]
        # an issued finding has a number and a day of issue, and everyone a count of returns
        return cls(column, query.sort.startswith("-"), column in {"due_on", "submitted_at", "closed_at"})

    def terms(self, *, backward: bool = False) -> list[str | OrderBy]:
        """Return what to order by; plain columns where no value is missing, so that the index is read in order."""
        down = self.down != backward
        sign = "-" if down else ""
        if not self.nullable:
            return [f"{sign}{self.column}", f"{sign}id"]
        value = OrderBy(
            F(self.column), descending=down, nulls_last=not backward or None, nulls_first=backward or None
        )
        return [value, f"{sign}id"]

    def beyond(self, key: "Key", *, backward: bool = False) -> Q:
        """Return the condition on the rows after a key (before it, when reading backward)."""
        less = self.down != backward
        strict, loose = ("lt", "lte") if less else ("gt", "gte")
        further = Q(**{f"id__{strict}": key.id})
        if key.value is None:
            missing = Q(**{f"{self.column}__isnull": True})
            return (missing & further) | (~missing if backward else Q(pk__in=[]))
        # the first condition alone already lets the index start at the key
        rows = Q(**{f"{self.column}__{loose}": key.value}) & (
            Q(**{f"{self.column}__{strict}": key.value}) | further
        )
        return rows | Q(**{f"{self.column}__isnull": True}) if self.nullable and not backward else rows


@dataclass(frozen=True)
class Key:
    """Where a page begins: the value of the order's column in a row, and the row's id."""

    value: Any
    id: UUID

    def __str__(self) -> str:
        value = "" if self.value is None else getattr(self.value, "isoformat", self.value.__str__)()
        return f"{value}~{self.id}"

    @classmethod
    def read(cls, text: str, order: Order) -> "Key | None":
        """Read a key from an address; None where it is none of ours."""
        value, _mark, id = text.rpartition("~")
        field: models.Field[Any, Any] = Finding._meta.get_field(order.column)  # type: ignore[assignment]
        try:
            return cls(field.to_python(value) if value else None, UUID(id))
        except (ValueError, ValidationError):
            return None


@dataclass(frozen=True)
class Page:
    """Twenty rows of values, and the keys of the neighbouring pages."""

    rows: list[tuple[Any, ...]]
    previous_key: str
    next_key: str

    @property
    def has_previous(self) -> bool:
        """Tell whether there is a page before."""
        return bool(self.previous_key)

    @property
    def has_next(self) -> bool:
        """Tell whether there is a page after."""
        return bool(self.next_key)


def page(
    findings: FindingQuerySet,
    query: Query,
    columns: tuple[str, ...],
    *,
    after: str = "",
    before: str = "",
    rows: int = ROWS,
) -> Page:
    """Read one page of an already selected set: one query, as quick on the sixtieth page as on the first.

    `columns` begin with the id; the order's own column is read along for the keys.
    """
    order = Order.of(query)
    key = Key.read(after or before, order) if after or before else None
    backward = bool(key and not after)
    found = findings.order_by(*order.terms(backward=backward))
    if key:
        found = found.filter(order.beyond(key, backward=backward))
    read = list(found.values_list(*columns, order.column)[: rows + 1])
    more, read = len(read) > rows, read[:rows]
    if backward:
        read.reverse()
    first, last = (str(Key(row[-1], row[0])) for row in (read[0], read[-1])) if read else ("", "")
    return Page(
        [row[:-1] for row in read],
        first if read and (more if backward else key) else "",
        last if read and (more or backward) else "",
    )


# --- how many -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Counts:
    """How many findings each tab holds; in `capped` tabs at least so many."""

    tabs: dict[str, int]
    capped: frozenset[str] = frozenset()
    large: bool = field(default=False, compare=False)

    def words(self, tab: str) -> str:
        """Return the number as it is shown: 30,000+ where counting was stopped there."""
        return f"{self.tabs.get(tab, 0):,}{'+' if tab in self.capped else ''}"


def counts(findings: FindingQuerySet, on: date, most: int = MOST_COUNTED) -> Counts:
    """Count a matching set by tab in one statement; where it is huge, in a second one that stops at `most` per tab.

    The second one reads up to `most` rows per tab, so its answer serves the same question for a minute.
    """
    late = Case(When(_overdue(on), then=2), When(state__in=IN_HAND, due_on=on, then=1), default=0)
    inner = _compiled([findings.order_by().annotate(late=late).values_list("state", "late")[: most + 1]])

    def count() -> Counts:
        return _counted(findings, inner, on, most)

    return kept((inner, on, most), count, lambda found: found.large)


def _counted(findings: FindingQuerySet, inner: Any, on: date, most: int) -> Counts:
    rows = _read("SELECT state, late, COUNT(*) FROM ({}) AS found GROUP BY state, late", inner)
    if sum(row[2] for row in rows) > most:
        return _capped(findings.order_by(), on, most)
    tabs = dict.fromkeys(TABS, 0)
    for state, how_late, number in rows:
        tabs[state] += number
        tabs[""] += 0 if state in NOT_ISSUED else number
        if how_late:
            tabs["overdue" if how_late == 2 else "today"] += number
    return Counts(tabs)


def _capped(findings: FindingQuerySet, on: date, most: int) -> Counts:
    inner = [in_tab(findings, tab, on).values_list("pk")[: most + 1] for tab in TABS]
    columns = ", ".join("(SELECT COUNT(*) FROM ({}) AS t)" for _tab in TABS)
    rows = _read(f"SELECT {columns}", _compiled(inner))
    numbers = dict(zip(TABS, rows[0], strict=True)) if rows else {}
    return Counts(
        {tab: min(number, most) for tab, number in numbers.items()},
        frozenset(tab for tab, number in numbers.items() if number > most),
        large=True,
    )


def _compiled(querysets: "list[models.QuerySet[Any, Any]]") -> list[tuple[str, tuple[Any, ...]]]:
    """Return each queryset's statement and parameters; of what cannot find anything there is nothing to run."""
    try:
        return [queryset.query.sql_with_params() for queryset in querysets]
    except EmptyResultSet:
        return []


def _read(statement: str, compiled: list[tuple[str, tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """Run a statement around compiled ones."""
    if not compiled:
        return []
    with connection.cursor() as cursor:
        parts = [sql for sql, _params in compiled]
        cursor.execute(statement.format(*parts), [value for _sql, params in compiled for value in params])
        return list(cursor.fetchall())


__all__ = ["NOT_ISSUED", "SORTS", "TABS", "TIMINGS", "Counts", "Key", "Order", "Page", "Query", "State"]
