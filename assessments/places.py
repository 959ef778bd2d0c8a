"""The villages of units, by the words that a form or a workbook names them with: township and village."""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from villages.models import Division, Village


def villages_by_words(units: Iterable[Division], on: date) -> dict[UUID, dict[str, Village]]:
    """Return each unit's villages of the day by their words: one query."""
    found: dict[UUID, dict[str, Village]] = {unit.pk: {} for unit in units}
    rows = Village.objects.current(on).with_places(on).filter(county_id__in=list(found))
    for village in rows.order_by("township_name", "name"):
        found[village.county_id][f"{village.township_name} {village.name}"] = village
    return found


def words_by_id(villages: Mapping[UUID, Mapping[str, Village]]) -> dict[UUID, str]:
    """Return the words of each of these villages."""
    return {village.pk: words for rows in villages.values() for words, village in rows.items()}
