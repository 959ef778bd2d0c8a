"""Figures of places: what is open, due, late and done, and how much of it was on time, per kind of rectification."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import Count, Q
from django.utils import timezone

from inspections.kept import kept
from inspections.models import IN_HAND, Finding, FindingQuerySet
from inspections.steps import State
from villages.models import Division

if TYPE_CHECKING:
    from accounts.models import User

MOST_COUNTED = 30_000


@dataclass
class OnTime:
    """How many findings were fixed, and how many of them by a submission before the first due date."""

    fixed: int = 0
    on_time: int = 0

    @property
    def percent(self) -> int | None:
        """Return the whole per cent (half up), or None where nothing was fixed yet."""
        return (200 * self.on_time + self.fixed) // (2 * self.fixed) if self.fixed else None

    def add(self, fixed: int, on_time: int) -> None:
        """Count more findings."""
        self.fixed += fixed
        self.on_time += on_time


@dataclass
class Figures:
    """The counts of one place (or of all). `review` waits for an office; `kinds` keeps the on-time rates apart."""

    open: int = 0
    due_today: int = 0
    overdue: int = 0
    review: int = 0
    closed: int = 0
    total: int = 0
    kinds: dict[str, OnTime] = field(default_factory=lambda: {kind: OnTime() for kind in Finding.Kind.values})

    @property
    def closed_on_time(self) -> int:
        """Return how many of all kinds were fixed on time."""
        return sum(kind.on_time for kind in self.kinds.values())

    def add(self, row: dict[str, Any]) -> None:
        """Add a grouped row of the database."""
        for name in ("open", "due_today", "overdue", "review", "closed", "total"):
            setattr(self, name, getattr(self, name) + row[f"n_{name}"])
        self.kinds[row["kind"]].add(row["n_fixed"], row["n_on_time"])


@dataclass(frozen=True)
class PlaceFigures:
    """One place with its counts."""

    division: Division
    figures: Figures


@dataclass(frozen=True)
class UnitFigures:
    """The places of a level that a user may see, in diagram order, and the sum of all of them."""

    places: list[PlaceFigures]
    sum: Figures


def unit_figures(
    user: "User", at: datetime, *, level: str = "county", county: UUID | None = None, only: Q | None = None
) -> UnitFigures:
    """Count the issued findings a user may see by unit (or by township, of one unit or of all): two queries.

    `only` narrows the findings that are counted, for example to a department's items.
    """
    on = timezone.localdate(at)
    seen = Finding.objects.visible_to(user, on).issued().filter(only or Q())
    if county:
        seen = seen.filter(county=county)
    rows = _counted(seen, f"{level}_id", on)
    found, total = _by_place(rows, f"{level}_id")
    own = Division.objects.visible_to(user, on).filter(level=level)
    if county:
        own = own.filter(county_id=county)
    shown = Division.objects.filter(Q(pk__in=own.values("pk")) | Q(pk__in=found)).order_by(
        "position", "name", "pk"
    )
    return UnitFigures([PlaceFigures(row, found.get(row.pk, Figures())) for row in shown], total)


def figures(findings: FindingQuerySet, on: date) -> Figures:
    """Count any set of findings: one query."""
    counted = Figures()
    for row in _grouped(findings, "kind", on):
        counted.add(row)
    return counted


def _counted(findings: FindingQuerySet, column: str, on: date) -> list[dict[str, Any]]:
    """Return the grouped rows of a set; of a huge one those of the last minute, as the ledger's tabs."""
    try:
        question = (findings.order_by().values_list("pk").query.sql_with_params(), column, on)
    except EmptyResultSet:
        return []
    return kept(
        question,
        lambda: list(_grouped(findings, column, on)),
        lambda rows: sum(row["n_total"] for row in rows) > MOST_COUNTED,
    )


def _grouped(findings: FindingQuerySet, column: str, on: date) -> "Iterable[dict[str, Any]]":
    in_hand = Q(state__in=IN_HAND)
    fixed = Q(ending=Finding.Ending.FIXED)
    rows: Iterable[dict[str, Any]] = findings.order_by().values(*{column, "kind"}).annotate(
        n_open=Count("pk", filter=in_hand),
        n_due_today=Count("pk", filter=in_hand & Q(due_on=on)),
        n_overdue=Count("pk", filter=in_hand & Q(due_on__lt=on)),
        n_review=Count("pk", filter=Q(state__in=[State.SUBMITTED, State.CHECKED])),
        n_closed=Count("pk", filter=Q(state=State.CLOSED)),
        n_fixed=Count("pk", filter=fixed),
        n_on_time=Count("pk", filter=fixed & Q(on_time=True)),
        n_total=Count("pk"),
    )  # fmt: skip
    return rows


def _by_place(rows: Iterable[dict[str, Any]], column: str) -> tuple[dict[UUID, Figures], Figures]:
    found: dict[UUID, Figures] = {}
    total = Figures()
    for row in rows:
        found.setdefault(row[column], Figures()).add(row)
        total.add(row)
    return found, total
