"""A period's standings from what was counted: every unit, township, area and village. Pure, exact, any order of input.

`assessments.inputs` reads the counts, `assessments.rebuilding` writes the rows; what is in between is here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any
from uuid import UUID

from assessments import scoring, uncertainty
from assessments.scoring import Improvement, Result, Scheme, Seen, Sums
from assessments.uncertainty import Band, Stratum

UNIT, TOWNSHIP, AREA, VILLAGE = "unit", "township", "area", "village"
Key = tuple[str, UUID]  # level, place


@dataclass(frozen=True)
class Village:
    """A village of the period's last day, and where it lies then."""

    id: UUID
    township: UUID
    unit: UUID
    area: UUID | None = None

    def place(self, level: str) -> UUID | None:
        """Return the place of this level that it lies in."""
        return {UNIT: self.unit, TOWNSHIP: self.township, AREA: self.area, VILLAGE: self.id}[level]


@dataclass(frozen=True)
class Before:
    """The published standings this period is compared with: ranks, item values, and villages' paired sums."""

    ranks: Mapping[Key, int] = field(default_factory=dict)
    items: Mapping[Key, Mapping[str, Fraction]] = field(default_factory=dict)
    villages: Mapping[UUID, Sequence[tuple[int, int, int, int, int, int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Inputs:
    """What a period's rows came to: sums and counts, whole numbers only."""

    scheme: Scheme
    villages: Sequence[Village]
    visits: Mapping[UUID, int]
    sums: Mapping[Key, Sequence[Sums]]  # of units, townships and areas
    village_sums: Mapping[UUID, Sequence[tuple[int, int, int]]]
    marks: Mapping[UUID, Mapping[tuple[str, str], int | None]]  # of units: self, dept, system
    adjustments: Mapping[UUID, Sequence[int]] = field(default_factory=dict)
    cap: int | None = None
    groups: Mapping[UUID, str] = field(default_factory=dict)
    before: Before = field(default_factory=Before)
    # units that are assessed, though no village of theirs may be on the list
    units: Sequence[UUID] = ()


@dataclass(frozen=True)
class Row:
    """One place's standing; `parts` are empty for villages, whose items say it all."""

    level: str
    place: UUID
    unit: UUID
    township: UUID | None
    area: UUID | None
    group: str
    result: Result
    seen: Mapping[str, Seen]
    improvement: Improvement
    covered: int
    whole: int
    visits: int
    rank: int | None = None
    group_rank: int | None = None
    previous_rank: int | None = None
    error: int | None = None
    band: Band | None = None

    @property
    def key(self) -> Key:
        """Return level and place."""
        return self.level, self.place


NOTHING = Result(None, None, 0, False, (), (), (), None)


def reckon(inputs: Inputs) -> list[Row]:
    """Work out everything: levels from the top down, each in the order of its places' ids."""
    villages = sorted(inputs.villages, key=lambda village: village.id)
    own = [_village(inputs, village) for village in villages]
    scores = {row.place: scoring.hundredths(row.result.total) for row in own if row.result.total is not None}
    rows = []
    for level in (UNIT, TOWNSHIP, AREA):
        rows += _with_bands(ranked(_places(inputs, level, villages, scores)))
    return rows + ranked(own)


# --- one place ------------------------------------------------------------------------------------------------
def _village(inputs: Inputs, village: Village) -> Row:
    total = scoring.village_total(inputs.village_sums.get(village.id, ()), inputs.scheme.top)
    visits = inputs.visits.get(village.id, 0)
    return Row(
        VILLAGE, village.id, village.unit, village.township, village.area, "",
        replace(NOTHING, base=total, total=total), {},
        scoring.village_improvement(inputs.before.villages.get(village.id, ()), inputs.scheme.top),
        min(visits, 1), 1, visits, previous_rank=inputs.before.ranks.get((VILLAGE, village.id)),
    )  # fmt: skip


def _places(inputs: Inputs, level: str, villages: Iterable[Village], scores: Mapping[UUID, int]) -> list[Row]:
    homes: dict[UUID, list[Village]] = defaultdict(list)
    for village in villages:
        if (home := village.place(level)) is not None:
            homes[home].append(village)
    for unit in inputs.units if level == UNIT else ():
        homes.setdefault(unit, [])
    seen_only = inputs.scheme.visited()
    return [_place(inputs, level, place, homes[place], scores, seen_only) for place in sorted(homes)]


def _place(
    inputs: Inputs, level: str, place: UUID, villages: Sequence[Village], scores: Mapping[UUID, int],
    seen_only: Scheme,
) -> Row:  # fmt: skip
    seen = scoring.seen(inputs.sums.get((level, place), ()))
    scheme = inputs.scheme if level == UNIT else seen_only
    result = _unit(inputs, place, seen) if level == UNIT else _seen(seen, seen_only)
    before = inputs.before.items.get((level, place), {})
    first = villages[0] if villages else None
    visits = [inputs.visits.get(village.id, 0) for village in villages]
    return Row(
        level, place, place if first is None else first.unit,
        _shared(village.township for village in villages) if level != UNIT else None,
        place if level == AREA else None,
        inputs.groups.get(place, "") if level == UNIT else "", result, seen,
        scoring.improvement(scoring.comparable(result.items), before, scheme),
        sum(count > 0 for count in visits), len(villages), sum(visits),
        previous_rank=inputs.before.ranks.get((level, place)),
        error=_error(villages, inputs.visits, scores, result),
    )  # fmt: skip


def _unit(inputs: Inputs, unit: UUID, seen: Mapping[str, Seen]) -> Result:
    marks: dict[tuple[str, str], Fraction | None] = {
        key: None if units is None else Fraction(units) for key, units in inputs.marks.get(unit, {}).items()
    }
    marks.update(scoring.visit_marks(seen))
    return scoring.place(inputs.scheme, marks, inputs.adjustments.get(unit, ()), inputs.cap)


def _seen(seen: Mapping[str, Seen], scheme: Scheme) -> Result:
    """Score a township or an area by visits alone: what nobody looked at is left out, so nothing is provisional."""
    result = scoring.place(scheme, {(scoring.VISIT, code): one.value for code, one in seen.items()})
    certain = tuple(replace(part, provisional=False, missing=()) for part in result.items)
    aspects = tuple(replace(part, provisional=False) for part in result.aspects)
    return replace(result, provisional=False, items=certain, aspects=aspects, sources=())


def _shared(places: Iterable[UUID]) -> UUID | None:
    """Return the place that all lie in, if it is one."""
    found = set(places)
    return found.pop() if len(found) == 1 else None


def _error(
    villages: Sequence[Village], visits: Mapping[UUID, int], scores: Mapping[UUID, int], result: Result
) -> int | None:
    """Return the standard error of a place whose visited villages stand for the others as well, else None."""
    strata: dict[UUID, list[UUID]] = defaultdict(list)
    for village in villages:
        strata[village.township].append(village.id)
    counted = sum(village.id in scores for village in villages)
    if result.total is None or not 0 < counted < len(villages):
        return None
    weight = next((part.weight for part in result.sources if part.code == scoring.VISIT), Fraction(1))
    return uncertainty.standard_error(
        [Stratum([scores[one] for one in ids if one in scores], len(ids)) for ids in strata.values()], weight
    )


# --- all places of a level ------------------------------------------------------------------------------------
def ranked(rows: Sequence[Row]) -> list[Row]:
    """Give everybody with a total the rank in the city and in the group; others than units are grouped by unit."""
    totals = {row.place: row.result.total for row in rows}
    groups: dict[UUID, Any] = {row.place: row.group if row.level == UNIT else row.unit for row in rows}
    ranks, inner = scoring.ranks(totals), scoring.ranks_in_groups(totals, groups)
    return [replace(row, rank=ranks.get(row.place), group_rank=inner.get(row.place)) for row in rows]


def _with_bands(rows: Sequence[Row]) -> list[Row]:
    """Say how far chance leaves the ranks open, where somebody of the level was seen by sample."""
    if all(row.error is None for row in rows):
        return list(rows)
    scores = {row.place: scoring.hundredths(row.result.total) for row in rows if row.result.total is not None}
    found = uncertainty.bands(scores, {row.place: row.error for row in rows})
    return [replace(row, band=found.get(row.place)) for row in rows]
