"""How far a round has come: visited, missed, late and still to come, by unit and township."""

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count

from inspections.models import Finding, PlannedVisit, Round
from villages.models import Division

PARTS = ("visited", "missed", "late", "ahead")


@dataclass
class PlaceProgress:
    """The visits planned in one unit or township: each counts once, as what has become of it."""

    division: Division | None
    counts: Counter[str] = field(default_factory=Counter)
    findings: int = 0
    townships: list["PlaceProgress"] = field(default_factory=list)

    @property
    def planned(self) -> int:
        """Return how many visits are planned."""
        return sum(self.counts[part] for part in PARTS)

    @property
    def visited(self) -> int:
        """Return how many were made."""
        return self.counts["visited"]

    @property
    def missed(self) -> int:
        """Return how many were not made, for a reason, and not planned again."""
        return self.counts["missed"]

    @property
    def late(self) -> int:
        """Return how many should have been made before today."""
        return self.counts["late"]

    @property
    def ahead(self) -> int:
        """Return how many are still to come."""
        return self.counts["ahead"]

    @property
    def per_visit(self) -> str:
        """Return the findings per visit made, to one place; nothing where none was made."""
        if not self.visited:
            return ""
        tenths = (20 * self.findings + self.visited) // (2 * self.visited)  # half up
        return f"{tenths // 10}.{tenths % 10}"

    def add(self, part: str, findings: int) -> None:
        """Count one visit."""
        self.counts[part] += 1
        self.findings += findings


@dataclass(frozen=True)
class Progress:
    """A round's figures; units in the order of the city's lists, each with its townships."""

    units: list[PlaceProgress]
    sum: PlaceProgress
    days_left: int


def progress(row: Round, on: date) -> Progress:
    """Count a round's visits; three queries, however many there are."""
    visits = list(
        row.planned.current().select_related("visit", "county", "township").order_by(
            "county__position", "county__name", "township__position", "township__name"
        )
    )  # fmt: skip
    found = _findings(row)
    units: dict[uuid.UUID, PlaceProgress] = {}
    townships: dict[uuid.UUID, PlaceProgress] = {}
    total = PlaceProgress(None)
    for visit in visits:
        unit = units.setdefault(visit.county_id, PlaceProgress(visit.county))
        if visit.township_id not in townships:
            townships[visit.township_id] = PlaceProgress(visit.township)
            unit.townships.append(townships[visit.township_id])
        part, findings = part_of(visit, on), found.get(visit.visit_id, 0)
        for place in (total, unit, townships[visit.township_id]):
            place.add(part, findings)
    return Progress(list(units.values()), total, row.days_left(on))


def part_of(visit: PlannedVisit, on: date) -> str:
    """Return what has become of a planned visit; one that was made counts as made, whatever was said before."""
    if visit.visit is not None and visit.visit.submitted_at is not None:
        return "visited"
    if visit.missed_reason:
        return "missed"
    return "late" if visit.day < on else "ahead"


def _findings(row: Round) -> dict[Any, int]:
    counted = Finding.objects.filter(visit__round=row).values("visit_id").annotate(n=Count("pk"))
    return {each["visit_id"]: each["n"] for each in counted.order_by()}
