"""A year made of rounds or quarters: the weighted means of what these have published, place by place."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from uuid import UUID

from assessments import scoring
from assessments.inputs import Reading
from assessments.models.periods import Period, PeriodPart
from assessments.models.standings import Edition, Standing
from assessments.reckoning import AREA, NOTHING, TOWNSHIP, UNIT, VILLAGE, Key, Row, Village, ranked
from assessments.scoring import Improvement, Part, Result

LEVELS = (UNIT, TOWNSHIP, AREA, VILLAGE)
Values = Mapping[Key, Mapping[int, Fraction]]  # of each place: number of the part → its published total


def parts_of(period: Period) -> list[tuple[int, Edition | None]]:
    """Return the parts in their order: weight in per cent, and the newest published edition."""
    rows = PeriodPart.objects.filter(year=period).order_by("part__begins_on", "part__created_at", "pk")
    weights = list(rows.values_list("part", "weight"))
    found: dict[UUID, Edition] = {}
    editions = Edition.objects.published().filter(period__in=[part for part, _weight in weights])
    for edition in editions.order_by("number"):
        found[edition.period_id] = edition
    return [(weight, found.get(part)) for part, weight in weights]


def fingerprint(reading: Reading) -> str:
    """Return a digest of the year's own rows and of the editions it is made of."""
    parts = [f"{weight} {edition and edition.pk}" for weight, edition in parts_of(reading.period)]
    return hashlib.sha256(" ".join([reading.fingerprint, *parts]).encode()).hexdigest()


def reckon(reading: Reading) -> list[Row]:
    """Return the year's standings; a part that is not published leaves every total provisional."""
    parts = parts_of(reading.period)
    values, visits = _published(parts)
    rows = []
    for level in LEVELS:
        homes: dict[UUID, list[Village]] = defaultdict(list)
        for village in reading.villages:
            if (home := village.place(level)) is not None:
                homes[home].append(village)
        for unit in reading.units if level == UNIT else ():
            homes.setdefault(unit, [])
        made = [_place(reading, level, place, homes[place], parts, values, visits) for place in sorted(homes)]
        rows += ranked(made)
    return rows


def _published(parts: Iterable[tuple[int, Edition | None]]) -> tuple[Values, Mapping[UUID, int]]:
    numbers = {edition.pk: number for number, (_weight, edition) in enumerate(parts, start=1) if edition}
    values: dict[Key, dict[int, Fraction]] = defaultdict(dict)
    visits: dict[UUID, int] = defaultdict(int)
    rows = Standing.objects.filter(edition__in=list(numbers), total__isnull=False)
    for edition, level, place, total, seen in rows.values_list(
        "edition", "level", "place", "total", "visits"
    ):
        values[level, place][numbers[edition]] = total or Fraction()  # never null here
        if level == VILLAGE:
            visits[place] += seen
    return values, visits


def _place(
    reading: Reading, level: str, place: UUID, villages: list[Village], parts: list[tuple[int, Edition | None]],
    values: Values, visits: Mapping[UUID, int],
) -> Row:  # fmt: skip
    weights = {number: weight for number, (weight, _edition) in enumerate(parts, start=1)}
    own = values.get((level, place), {})
    base, missing = scoring.over_parts(own, weights)
    first = villages[0] if villages else None
    townships = {village.township for village in villages}
    return Row(
        level, place, first.unit if first else place,
        townships.pop() if level != UNIT and len(townships) == 1 else None,
        place if level == AREA else first.area if level == VILLAGE and first else None,
        reading.groups.get(place, "") if level == UNIT else "",
        _result(reading, level, place, base, missing, weights, own), {}, Improvement(None, 0),
        sum(village.id in visits for village in villages), len(villages),
        sum(visits.get(village.id, 0) for village in villages),
    )  # fmt: skip


def _result(
    reading: Reading, level: str, place: UUID, base: Fraction | None, missing: bool,
    weights: Mapping[int, int], own: Mapping[int, Fraction],
) -> Result:  # fmt: skip
    rows = [units for unit, _category, units in reading.adjustments if level == UNIT and unit == place]
    change = scoring.change(rows, reading.cap)
    top, whole = reading.scheme.top, sum(weights[number] for number in own)
    sources = tuple(
        Part(str(number), own.get(number), top, number not in own,
             weight=Fraction(weight, whole) if number in own else Fraction())
        for number, weight in weights.items()
    )  # fmt: skip
    total = None if base is None else max(base + change, Fraction())
    provisional = missing and (level == UNIT or base is not None)
    return replace(NOTHING, base=base, total=total, adjusted=change, provisional=provisional, sources=sources)
