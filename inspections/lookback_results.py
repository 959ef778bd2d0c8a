"""What look-backs found, by unit and township; only what came back counts as a recurrence."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Count, Q, QuerySet

from inspections.models import LookBackCase
from villages.models import Division

Result = LookBackCase.Result


@dataclass(frozen=True)
class Figures:
    """Counts of one place. What was claimed but never done counts once it is confirmed."""

    drawn: int = 0
    fixed: int = 0
    not_fixed: int = 0
    never_done: int = 0
    came_back: int = 0
    undecided: int = 0  # claimed, to be heard or decided
    dropped: int = 0  # claimed, and not confirmed
    given_up: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, row.name) + getattr(other, row.name) for row in fields(self)))

    @property
    def looked_at(self) -> int:
        """Return how many have a result."""
        return self.fixed + self.not_fixed + self.never_done + self.came_back + self.undecided + self.dropped

    @property
    def waiting(self) -> int:
        """Return how many have neither a result nor a reason."""
        return self.drawn - self.looked_at - self.given_up


COUNTS: dict[str, Q] = {
    "drawn": Q(),
    "fixed": Q(result=Result.FIXED),
    "not_fixed": Q(result=Result.NOT_FIXED),
    "never_done": Q(result=Result.CLAIMED, confirmed=True),
    "came_back": Q(result=Result.CAME_BACK),
    "undecided": Q(result=Result.CLAIMED, confirmed=None),
    "dropped": Q(result=Result.CLAIMED, confirmed=False),
    "given_up": Q(given_up_at__isnull=False),
}


@dataclass(frozen=True)
class Line:
    """One line of the table: a unit, or a township under it."""

    name: str
    figures: Figures
    is_unit: bool = False


def totals(cases: "QuerySet[LookBackCase]") -> Figures:
    """Return the counts of all the cases; one query."""
    return Figures(**cases.aggregate(**{name: Count("pk", filter=asked) for name, asked in COUNTS.items()}))


def table(cases: "QuerySet[LookBackCase]") -> list[Line]:
    """Return a line for each unit with its townships below it; two queries."""
    counts = {name: Count("pk", filter=asked) for name, asked in COUNTS.items()}
    rows: list[Any] = list(cases.order_by().values("finding__county", "finding__township").annotate(**counts))
    places = _names(rows)
    by_unit: dict[Any, list[tuple[Any, Figures]]] = {}
    for row in rows:
        figures = Figures(**{name: row[name] for name in COUNTS})
        by_unit.setdefault(row["finding__county"], []).append((row["finding__township"], figures))
    lines = []
    for unit in sorted(by_unit, key=lambda key: places[key][0]):
        townships = sorted(by_unit[unit], key=lambda pair: places[pair[0]][0])
        lines.append(
            Line(places[unit][1], sum((figures for _, figures in townships), Figures()), is_unit=True)
        )
        lines += [Line(places[town][1], figures) for town, figures in townships]
    return lines


def _names(rows: Iterable[dict[str, Any]]) -> dict[Any, tuple[Any, str]]:
    """Return (position, name) of the divisions in the rows."""
    keys = {row[column] for row in rows for column in ("finding__county", "finding__township")}
    found = Division.objects.filter(pk__in=keys)
    return {place.pk: ((place.position, place.name), place.label) for place in found}
