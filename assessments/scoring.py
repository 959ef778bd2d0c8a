"""From what was seen to what a place gets: pure, exact, in fractions; no Django, no clock, no binary float.

Everything is counted in 1/10,000 point. A leaf score is a whole number; means and totals are fractions; ranks compare
fractions. Rounding happens once, in `hundredths`, for what people read. docs/rules.md says the same in words.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

SELF, VISIT = "self", "visit"
ITEM, SOURCE_TOTAL = "item", "source_total"
UNITS = 10_000
K = TypeVar("K", bound=Hashable)

# (source, item) → the points got; None where the item does not apply. What is not in it is missing.
Marks = Mapping[tuple[str, str], Fraction | None]


# --- the scheme -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Item:
    """An item: its aspect, its points in 1/10,000, and the sources that score it."""

    code: str
    aspect: str
    points: int
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Scheme:
    """Items in their order, the weight of each source, how sources are combined, and what a total is out of."""

    items: tuple[Item, ...]
    weights: Mapping[str, int]
    combine: str = ITEM
    top: int = 100 * UNITS

    def visited(self) -> "Scheme":
        """Return the scheme as villages and townships are ranked by: what visits see, and nothing else."""
        items = tuple(
            Item(item.code, item.aspect, item.points, (VISIT,))
            for item in self.items
            if VISIT in item.sources
        )
        return Scheme(items, {VISIT: 1}, ITEM, self.top)


# --- means ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Sums:
    """Villages of one place in which an item was scored in equally many visits: how many, and the sum of their points.

    `visits` is 0 for villages without a score of the item; `without` tells in how many of these it does not apply.
    """

    item: str
    visits: int
    villages: int
    units: int
    without: int = 0


@dataclass(frozen=True)
class Seen:
    """An item as visits saw it in a place: the mean over its villages, how many these are, where it does not apply."""

    value: Fraction | None
    villages: int
    without: int
    passed: int  # villages where nobody looked at it


def seen(rows: Iterable[Sums]) -> dict[str, Seen]:
    """Return each item's mean over the villages: first over a village's visits, then over the villages."""
    total: dict[str, Fraction] = defaultdict(Fraction)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        count = counts[row.item]
        if row.visits:
            total[row.item] += Fraction(row.units, row.visits)
            count[0] += row.villages
        else:
            count[1] += row.without
            count[2] += row.villages - row.without
    return {
        code: Seen(total[code] / villages if villages else None, villages, without, passed)
        for code, (villages, without, passed) in counts.items()
    }


def visit_marks(found: Mapping[str, Seen]) -> dict[tuple[str, str], Fraction | None]:
    """Return the marks of the source `visit`: an item that applies to no visited village is left out, not missing."""
    return {(VISIT, code): one.value for code, one in found.items() if one.villages or not one.passed}


def weighted(values: Mapping[str, Fraction], weights: Mapping[str, int]) -> Fraction | None:
    """Return the mean of what is there by its weights; equally where all that is there weighs nothing."""
    if not values:
        return None
    whole = sum(weights.get(name, 0) for name in values)
    if not whole:
        return sum(values.values(), Fraction()) / len(values)
    return sum((value * weights.get(name, 0) for name, value in values.items()), Fraction()) / whole


def shares(names: Sequence[str], weights: Mapping[str, int]) -> dict[str, Fraction]:
    """Return how much each of these sources weighs among them; together 1."""
    whole = sum(weights.get(name, 0) for name in names)
    if not whole:
        return {name: Fraction(1, len(names)) for name in names}
    return {name: Fraction(weights.get(name, 0), whole) for name in names}


# --- one place ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Part:
    """An item, an aspect or a source: what was got of how many points. No value: nothing is there to count."""

    code: str
    value: Fraction | None
    points: int
    provisional: bool = False
    by_source: Mapping[str, Fraction] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    applies: bool = True
    weight: Fraction = Fraction()  # of a source: what it counts in this total, of 1


@dataclass(frozen=True)
class Result:
    """What one place gets: before and after bonus and penalty, and by item, aspect and source."""

    base: Fraction | None
    total: Fraction | None
    adjusted: int
    provisional: bool
    items: tuple[Part, ...]
    aspects: tuple[Part, ...]
    sources: tuple[Part, ...]
    gap: Fraction | None


def item_part(item: Item, marks: Marks, weights: Mapping[str, int]) -> Part:
    """Combine the sources of one item. A listed source that is missing makes it provisional, never zero."""
    there, missing, without = {}, [], 0
    for source in item.sources:
        if (source, item.code) not in marks:
            missing.append(source)
        elif (value := marks[source, item.code]) is None:
            without += 1
        else:
            there[source] = value
    return Part(
        item.code, weighted(there, weights), item.points, bool(missing), there, tuple(missing),
        without < len(item.sources),
    )  # fmt: skip


def place(scheme: Scheme, marks: Marks, adjustments: Iterable[int] = (), cap: int | None = None) -> Result:
    """Score one place: what does not apply is left out and the rest stands for the whole."""
    items = tuple(item_part(item, marks, scheme.weights) for item in scheme.items)
    sources = _sources(scheme, items)
    counted = {part.code: part.value for part in sources if part.value is not None}
    if scheme.combine == SOURCE_TOTAL:
        base = weighted(counted, scheme.weights)
    else:
        base = scaled(((part.value, part.points) for part in items), scheme.top)
    adjusted = change(adjustments, cap)
    total = None if base is None else max(base + adjusted, Fraction())
    return Result(
        base, total, adjusted, base is None or any(part.provisional for part in items), items,
        _aspects(scheme, items), sources, self_gap(items, scheme.top),
    )  # fmt: skip


def scaled(parts: Iterable[tuple[Fraction | None, int]], top: int) -> Fraction | None:
    """Return what was got of the points that could be got, as a part of `top`; None where there is nothing."""
    got, points = Fraction(), 0
    for value, possible in parts:
        if value is not None:
            got += value
            points += possible
    return got * top / points if points else None


def change(adjustments: Iterable[int], cap: int | None) -> int:
    """Return bonus less penalty, neither above the cap of the period."""
    rows = list(adjustments)
    bonus, penalty = sum(row for row in rows if row > 0), -sum(row for row in rows if row < 0)
    return bonus - penalty if cap is None else min(bonus, cap) - min(penalty, cap)


def _aspects(scheme: Scheme, items: Sequence[Part]) -> tuple[Part, ...]:
    """Add up the items of each aspect that have a value."""
    groups: dict[str, list[Part]] = {}
    for item, part in zip(scheme.items, items, strict=True):
        groups.setdefault(item.aspect, []).append(part)
    return tuple(_aspect(code, parts) for code, parts in groups.items())


def _aspect(code: str, parts: Sequence[Part]) -> Part:
    there = [part for part in parts if part.value is not None]
    value = sum((part.value or Fraction() for part in there), Fraction()) if there else None
    provisional, applies = any(part.provisional for part in parts), any(part.applies for part in parts)
    return Part(code, value, sum(part.points for part in there), provisional, applies=applies)


def _sources(scheme: Scheme, items: Sequence[Part]) -> tuple[Part, ...]:
    """Return each source's own total of `top`, and what it counts in the total of this place."""
    found = []
    for code in scheme.weights:
        rows = [(part.by_source.get(code), part.points) for part in items]
        provisional = any(code in part.missing for part in items)
        if provisional or any(value is not None for value, _points in rows):
            found.append(Part(code, scaled(rows, scheme.top), scheme.top, provisional))
    weights = _effective(scheme, items, [part.code for part in found if part.value is not None])
    return tuple(
        Part(part.code, part.value, part.points, part.provisional, weight=weights.get(part.code, Fraction()))
        for part in found
    )


def _effective(scheme: Scheme, items: Sequence[Part], there: Sequence[str]) -> dict[str, Fraction]:
    """Return what each source counts in the total, of 1: the nominal weights as they really work out."""
    if scheme.combine == SOURCE_TOTAL:
        return shares(there, scheme.weights) if there else {}
    whole = sum(part.points for part in items if part.value is not None)
    found: dict[str, Fraction] = defaultdict(Fraction)
    for part in items:
        for source, share in shares(list(part.by_source), scheme.weights).items() if part.by_source else ():
            found[source] += share * part.points / whole
    return dict(found)


def self_gap(items: Iterable[Part], top: int) -> Fraction | None:
    """Return how much more the unit gave itself than visits saw, on the items that both score, as a part of `top`."""
    both = [part for part in items if SELF in part.by_source and VISIT in part.by_source]
    return scaled(((part.by_source[SELF] - part.by_source[VISIT], part.points) for part in both), top)


# --- villages -------------------------------------------------------------------------------------------------
# (visits, points got in all of them, points that could be got in one): the items of a village seen equally often
VillageRows = Iterable[tuple[int, int, int]]


def village_total(rows: VillageRows, top: int) -> Fraction | None:
    """Return a village's score: the same as `place` gives, from sums over its items."""
    return scaled(((Fraction(units, visits), points) for visits, units, points in rows if visits), top)


# --- comparing ------------------------------------------------------------------------------------------------
def _exact(value: Fraction, bits: int) -> int:
    """Return a whole number that is ordered as the fraction is, and equal where it is equal."""
    return (value.numerator << bits) // value.denominator


def ranks(totals: Mapping[K, Fraction | None]) -> dict[K, int]:
    """Return the rank of everybody who has a total: 1, 2, 2, 4. Who has none is not ranked."""
    there = {key: value for key, value in totals.items() if value is not None}
    # two fractions with denominators below 2**b differ by more than 2**-2b, so this many bits tell them apart
    bits = 2 * max((value.denominator.bit_length() for value in there.values()), default=0) + 1
    exact = {key: _exact(value, bits) for key, value in there.items()}
    found: dict[int, int] = {}
    for position, value in enumerate(sorted(exact.values(), reverse=True), start=1):
        found.setdefault(value, position)
    return {key: found[value] for key, value in exact.items()}


def ranks_in_groups(totals: Mapping[K, Fraction | None], groups: Mapping[K, Hashable]) -> dict[K, int]:
    """Return the ranks within each group; who is in no group has none."""
    by_group: dict[Hashable, dict[K, Fraction | None]] = defaultdict(dict)
    for key, value in totals.items():
        if (group := groups.get(key)) not in (None, ""):
            by_group[group][key] = value
    return {key: rank for members in by_group.values() for key, rank in ranks(members).items()}


@dataclass(frozen=True)
class Improvement:
    """By how much a place got better, as a part of `top`, and on how many items it could be compared."""

    value: Fraction | None
    items: int


def improvement(now: Mapping[str, Fraction], before: Mapping[str, Fraction], scheme: Scheme) -> Improvement:
    """Compare what both periods have: the points got now less those got before, on the same items alone."""
    both = [item for item in scheme.items if item.code in now and item.code in before]
    value = scaled(((now[item.code] - before[item.code], item.points) for item in both), scheme.top)
    return Improvement(value, len(both))


# (visits now, visits before, points got now, points got before, points of these items, number of these items)
PairedRows = Iterable[tuple[int, int, int, int, int, int]]


def village_improvement(rows: PairedRows, top: int) -> Improvement:
    """Compare one village with itself, from sums over the items that both periods have scored there."""
    there = list(rows)
    pairs = (
        (Fraction(got, now) - Fraction(had, before), points) for now, before, got, had, points, _n in there
    )
    return Improvement(scaled(pairs, top), sum(row[5] for row in there))


def comparable(value: Iterable[Part]) -> dict[str, Fraction]:
    """Return the items that may be compared with another period: those that no missing source makes provisional."""
    return {part.code: part.value for part in value if part.value is not None and not part.provisional}


# --- a year ---------------------------------------------------------------------------------------------------
def over_parts(values: Mapping[K, Fraction | None], weights: Mapping[K, int]) -> tuple[Fraction | None, bool]:
    """Return the weighted mean of the published values of a year's parts, and whether one of them is missing."""
    there = {key: value for key, value in values.items() if value is not None}
    whole = sum(weights[key] for key in there)
    if not whole:
        return None, True
    mean = sum((value * weights[key] for key, value in there.items()), Fraction()) / whole
    return mean, any(weight and key not in there for key, weight in weights.items())


# --- what people read -----------------------------------------------------------------------------------------
def hundredths(value: Fraction | int) -> int:
    """Round 1/10,000 points to 1/100, halves away from zero: for display only."""
    exact = abs(Fraction(value)) / (UNITS // 100)
    rounded = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    return rounded if value >= 0 else -rounded
