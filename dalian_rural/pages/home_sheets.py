"""Assessment on the home page: the sheet that is owed, and for the city office the sheets that are there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from accounts.models import Post, Role
from assessments.grid import progress_of
from assessments.models import Period, Sheet
from assessments.models.sheets import OWED
from assessments.steps import PeriodState


@dataclass(frozen=True)
class Owed:
    """A sheet that its owner still has to hand in."""

    sheet: Sheet
    filled: int
    asked: int
    late: bool


@dataclass(frozen=True)
class Coming:
    """A period whose sheets are sealed: how many are there."""

    period: Period
    there: int
    all: int
    late: bool


def owed_by(post: Post, on: date) -> list[Owed]:
    """Return the sheets that the office or department of a post owes; one query where there are none."""
    own = (
        Q(unit=post.division_id) if post.role == Role.COUNTY_OFFICE else Q(organisation=post.organisation_id)
    )
    rows = Sheet.objects.owed().filter(own).for_list().order_by("period__sheets_due_on", "pk")
    return [Owed(sheet, filled, asked, sheet.is_late(on)) for sheet, filled, asked in progress_of(rows)]


def coming(on: date) -> list[Coming]:
    """Return the open periods whose sheets have not been opened, with how many are there: two queries."""
    periods = Period.objects.filter(state=PeriodState.OPEN, sheets_opened_at=None).order_by(
        "sheets_due_on", "pk"
    )
    rows = list(periods)
    states: Iterable[tuple[object, str]] = Sheet.objects.filter(period__in=rows).values_list(
        "period_id", "state"
    )
    found: dict[object, list[str]] = {}
    for key, state in states if rows else ():
        found.setdefault(key, []).append(state)
    return [_coming(period, found.get(period.pk, []), on) for period in rows]


def _coming(period: Period, states: list[str], on: date) -> Coming:
    there = sum(state not in OWED for state in states)
    late = period.sheets_due_on is not None and on > period.sheets_due_on and there < len(states)
    return Coming(period, there, len(states), late)
