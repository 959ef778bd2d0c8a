"""Rounds of visits for the tests, brought by the product's own verbs to where a test begins."""

import itertools
import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from inspections.models import Draw, PlannedVisit, Round, Team, TeamPlan, Visit
from inspections.models.drawing import History
from schemes.models import Scheme
from tests.cast import make_user, make_village
from villages.models import Division, Village

MONDAY = date(2026, 3, 2)
NUMBER = "03 08 14 22 27 31 + 05"
NAME = "2026-03-03 双色球第2026024期开奖号码"
serial = itertools.count(1)


def clock(day: date, hour: int = 9) -> datetime:
    """Return a moment of a day in Dalian."""
    return timezone.make_aware(datetime.combine(day, time(hour)))


NOW = clock(MONDAY)
FIRST, LAST = MONDAY + timedelta(days=2), MONDAY + timedelta(days=18)


def villages_in(*townships: Division, each: int = 3) -> list[Village]:
    """Make so many villages in each township."""
    made = []
    for township in townships:
        for _ in range(each):
            number = next(serial)
            made.append(make_village(f"屯{number}", township, f"2102991{number:05d}"))
    return made


def inspectors(place: Division, count: int = 2, **post: Any) -> list[User]:
    """Make inspectors who belong to a place."""
    made = []
    for _ in range(count):
        number = next(serial)
        made.append(make_user(f"walker{number}", f"检查员{number}", "inspector", place, **post))
    return made


def plan(by: User, office: Division, **columns: Any) -> Round:
    """Begin to plan a round of the city."""
    columns = {
        "kind": "city", "title": "第三轮暗访", "basis_document": "大农办〔2026〕3号", "plan_number": "2026-07",
        "begins_on": FIRST, "ends_on": LAST, **columns,
    }  # fmt: skip
    return Round.objects.plan(by=by, at=NOW, office=office, **columns)


def freeze(row: Round, by: User, at: datetime = NOW, **more: Any) -> Draw:
    """Freeze the list of a round."""
    more = {
        "public_number_name": NAME, "public_number_falls_on": timezone.localdate(at) + timedelta(days=1), **more,
    }  # fmt: skip
    return Draw.objects.freeze(round=row, by=by, at=at, history=History.before(row), **more)


def draw(row: Round, by: User, at: datetime = NOW, **more: Any) -> Draw:
    """Freeze the list of a round, and mix the number in on the next day."""
    frozen = freeze(row, by, at, **more)
    frozen.mix(by=by, at=at + timedelta(days=1), public_number=NUMBER)
    return frozen


def with_teams(row: Round, by: User, *teams: TeamPlan, city: Division | None = None) -> Round:
    """Give a round two teams of two."""
    place = city or row.office
    plans = teams or (TeamPlan("一组", inspectors(place)), TeamPlan("二组", inspectors(place)))
    row.set_teams(by=by, at=NOW, teams=plans)
    return row


def running(by: User, office: Division, **columns: Any) -> Round:
    """Plan, draw and open a round: it runs since Tuesday, its first day is Wednesday."""
    row = with_teams(plan(by, office, **columns), by)
    draw(row, by)
    row.open(by=by, at=NOW + timedelta(days=1, hours=1))
    return row


def planned(row: Round) -> list[PlannedVisit]:
    """Return the plan in force, in the order of driving."""
    return list(row.planned.standing().in_order().select_related("village", "team", "round"))


def other_team(visit: PlannedVisit) -> Team:
    """Return a team that does not make this visit."""
    return visit.round.teams.standing().exclude(pk=visit.team_id).first()  # type: ignore[return-value]


def visit(row: PlannedVisit, at: datetime, submitted: bool = True) -> Visit:
    """Store that a planned visit was begun, and submitted."""
    made = Visit.objects.create(
        id=uuid.uuid4(), kind=row.round.kind, round=row.round, office=row.round.office, village=row.village,
        township=row.township, county=row.county, scheme=Scheme.objects.first(),
        inspector=row.team.members.first(), begun_at=at, submitted_at=at if submitted else None,
        number=1 if submitted else 0,
    )  # fmt: skip
    PlannedVisit.objects.filter(pk=row.pk).update(visit=made)
    row.refresh_from_db()
    return made
