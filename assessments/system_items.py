"""What the system itself knows of a unit: counted in rows, never typed, whole numbers only.

coverage: villages whose three levels of leaders are in post, of all villages.
on_time: of the findings that the city issued in the period and whose first due date is over, those fixed by a
submission before it. What waits for a review, is rectified continuously, or ended as withdrawn, duplicate, not ours or
impossible for now, is not counted.
recurrence: the findings that the city issued in the period because something came back after it was closed as fixed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone

from inspections.models import Finding, FindingQuerySet
from inspections.steps import State
from schemes.models import Item
from schemes.scoring import Fact, Measure, NotMeasured, score
from villages.models import Division, Responsibility, Village

COVERAGE, ON_TIME, RECURRENCE = "coverage", "on_time", "recurrence"
# the shipped scheme's items, where the rule itself does not say what is measured
BY_CODE = {"A8-01": COVERAGE, "A8-04": ON_TIME, "A8-05": RECURRENCE}
LEADERS = (Responsibility.Kind.MUNICIPAL, Responsibility.Kind.COUNTY, Responsibility.Kind.TOWNSHIP)


@dataclass(frozen=True)
class Measured:
    """What was counted for an item of a unit, and its points; None where there was nothing to count."""

    unit: UUID
    item: str
    sampled: int | None
    met: int | None
    found: int | None
    units: int | None


def measure_of(item: Item) -> str:
    """Return what the system counts for an item, nothing where it does not know."""
    if "system" not in item.sources:
        return ""
    named: str = item.rule.get("system") or BY_CODE.get(item.code, "")
    return named


def measured(
    items: Iterable[Item], places: Sequence[tuple[UUID, UUID, UUID, UUID | None]], *, begins: date, ends: date,
    on: date,
) -> list[Measured]:  # fmt: skip
    """Count what the scheme asks for. `places` are village, township, unit and area; `on` is the last day known."""
    asked = [(item, kind) for item in items if (kind := measure_of(item))]
    units = sorted({place[2] for place in places})
    counts: dict[str, dict[UUID, tuple[int, int]]] = {}
    for kind in {kind for _item, kind in asked}:
        counts[kind] = COUNTS[kind](places, begins, ends, on) if kind in COUNTS else {}
    return [
        _score(item, unit, counts[kind].get(unit)) for item, kind in asked if kind in COUNTS for unit in units
    ]


def _score(item: Item, unit: UUID, counted: tuple[int, int] | None) -> Measured:
    """Score one item by its own rule; a deduction counts what was found, every one of them."""
    whole, part = counted or (0, 0)
    if item.rule["type"] == "deduction":
        facts = [Fact(point=str(number)) for number in range(part)]
        return Measured(unit, item.code, None, None, part, score(item.points, item.rule, facts).units)
    try:
        units = (
            score(item.points, item.rule, (), Measure(whole, part, part == whole)).units if whole else None
        )
    except NotMeasured:
        units = None
    return Measured(unit, item.code, whole, part, None, units)


def _coverage(places: Sequence[Any], _begins: date, ends: date, on: date) -> dict[UUID, tuple[int, int]]:
    """Count villages, and those with a municipal, a county and a township leader on the day."""
    rows = Responsibility.objects.on(min(ends, on)).filter(kind__in=LEADERS)
    held = set()
    for kind, *spots in rows.values_list("kind", "county", "area", "village"):
        held |= {(kind, spot) for spot in spots if spot}
    whole: Counter[UUID] = Counter()
    part: Counter[UUID] = Counter()
    for village, _township, unit, area in places:
        spots = dict(zip(LEADERS, (unit, area, village), strict=True))
        whole[unit] += 1
        part[unit] += all((kind, spot) in held for kind, spot in spots.items())
    return {unit: (count, part[unit]) for unit, count in whole.items()}


def _issued(begins: date, ends: date) -> FindingQuerySet:
    """Return the findings that the city issued in the period, without those that ended as if they had never been."""
    start, end = (timezone.make_aware(datetime.combine(day, moment)) for day, moment in
                  ((begins, time.min), (ends, time.max)))  # fmt: skip
    left = (Finding.Ending.WITHDRAWN, Finding.Ending.DUPLICATE, Finding.Ending.NOT_OURS)
    rows = Finding.objects.filter(issued_at__gte=start, issued_at__lte=end)
    rows = rows.filter(issuing_office__level=Division.Level.CITY).exclude(state=State.REJECTED)
    return rows.exclude(ending__in=left)


def _on_time(_places: Sequence[Any], begins: date, ends: date, on: date) -> dict[UUID, tuple[int, int]]:
    rows = _issued(begins, ends).filter(first_due_on__lt=on).exclude(kind=Finding.Kind.CONTINUING)
    rows = rows.exclude(ending=Finding.Ending.CANNOT).exclude(state__in=[State.SUBMITTED, State.CHECKED])
    fixed = Q(ending=Finding.Ending.FIXED, on_time=True)
    counted = rows.order_by().values("county").annotate(n=Count("pk"), ok=Count("pk", filter=fixed))
    return {row["county"]: (row["n"], row["ok"]) for row in counted}


def _recurrence(places: Sequence[Any], begins: date, ends: date, _on: date) -> dict[UUID, tuple[int, int]]:
    rows = _issued(begins, ends).filter(recurrence_of__isnull=False)
    counted = rows.order_by().values("county").annotate(n=Count("pk"))
    found = {row["county"]: row["n"] for row in counted}
    return {unit: (found.get(unit, 0), found.get(unit, 0)) for unit in {place[2] for place in places}}


COUNTS = {COVERAGE: _coverage, ON_TIME: _on_time, RECURRENCE: _recurrence}


def villages_on(day: date) -> Any:
    """Return the villages of the day that lie in a township of a unit, each with its places: what a period ranks."""
    rows = Village.objects.current(day).with_places(day)
    return rows.filter(township_id__isnull=False, county_id__isnull=False)
