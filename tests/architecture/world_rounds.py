"""Rounds of the matrix's world: one planned in secret, one that runs in secret, one that is closed."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from inspections.models import Draw, Round, TeamPlan
from inspections.models.drawing import History


def make_rounds(users: dict[str, Any], city: Any, put: Any, now: Any) -> None:
    """Store the three; the inspectors' days of the running one come in a month."""
    planned = _plan(users, city, now, 30)
    put("planned_round", "own", pk=planned.pk)
    running = _drawn(_plan(users, city, now, 30), users["hso"], now - timedelta(days=10))
    put("running_round", "own", pk=running.pk)
    put("running_draw", "own", pk=running.pk, number=1)
    put("planned_visit", "own", pk=running.pk, visit=running.planned.all()[0].pk)
    closed = _drawn(_plan(users, city, now, -8), users["hso"], now - timedelta(days=10))
    for visit in closed.planned.standing().select_related("round", "team"):
        visit.miss(by=users["hso"], at=now, reason="weather")
    closed.close(by=users["hso"], at=now)
    put("closed_round", "own", pk=closed.pk)
    put("closed_draw", "own", pk=closed.pk, number=1)


def _plan(users: dict[str, Any], city: Any, now: Any, days: int) -> Round:
    first = timezone.localdate(now) + timedelta(days=days)
    row = Round.objects.plan(
        by=users["hso"], at=now, office=city, kind="city", title=f"暗访{days}", basis_document="x", plan_number="1",
        begins_on=first, ends_on=first + timedelta(days=20),
    )  # fmt: skip
    row.set_teams(by=users["hso"], at=now, teams=[TeamPlan("一组", [users["inspector"], users["agency"]])])
    return row


def _drawn(row: Round, by: Any, at: Any) -> Round:
    day = timezone.localdate(at) + timedelta(days=1)
    draw = Draw.objects.freeze(
        round=row,
        by=by,
        at=at,
        history=History.before(row),
        public_number_name="x",
        public_number_falls_on=day,
    )
    later = at + timedelta(days=1)
    draw.mix(by=by, at=later, public_number="1")
    row.open(by=by, at=later)
    return row
