"""Rounds for the walk over every page: one frozen, one that runs with all that can happen, one that is closed."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from inspections.models import Draw, PlanAmender, Round, TeamPlan
from inspections.models.drawing import History
from tests.inspections.touring import planned, villages_in, visit
from villages.models import Division


def stage(
    people: dict[str, Any], city: Division, townships: list[Division], at: datetime
) -> dict[str, list[str]]:
    """Store the rounds; return the addresses of their pages by who opens them, and the id of a late stop as `stop`."""
    villages_in(*townships, each=4)
    hso = people["hso"]
    bare = Round.objects.plan(by=hso, at=at, office=city, **_columns("第六轮暗访", at, 20))
    frozen = _plan(people, city, "第五轮暗访", at, 20)
    freeze(frozen, hso, at)
    running = _running(people, city, "第四轮暗访", at, hso)
    closed = _running(people, city, "第三轮暗访", at, hso)
    for row in planned(closed):
        if not row.visit_id and not row.missed_reason:
            row.miss(by=hso, at=at, reason="road_closed")
    closed.refresh_from_db()
    closed.close(by=hso, at=at)
    page = "/rounds/{}/{}".format
    late = next(row for row in planned(running) if row.is_late(timezone.localdate(at)))
    return {
        "hso": [
            "/rounds/", "/rounds/new/", "/rounds/commitments/", page(bare.pk, ""), page(bare.pk, "teams/"),
            page(bare.pk, "freeze/"), page(frozen.pk, ""), page(frozen.pk, "mix/"), page(frozen.pk, "change/"),
            page(frozen.pk, "readers/"), page(frozen.pk, "open/"), page(running.pk, ""), page(running.pk, "progress/"),
            page(running.pk, "plan/"), page(running.pk, "plan/?print=1"), page(running.pk, "draw/"),
            page(running.pk, "draw/1/receipt/"), page(running.pk, "amend/?kind=add"),
            page(running.pk, f"amend/?kind=replan&visit={late.pk}"), page(running.pk, "amend/?kind=swap"),
            page(running.pk, f"visits/{late.pk}/missed/"), page(running.pk, "close/"),
        ],
        "auditor": ["/rounds/", page(closed.pk, ""), page(closed.pk, "draw/?verify=1"), page(closed.pk, "progress/")],
        "stop": [str(late.pk)],
    }  # fmt: skip


def _columns(title: str, at: datetime, days: int) -> dict[str, Any]:
    first = timezone.localdate(at) + timedelta(days=days)
    return {
        "kind": "city", "title": title, "basis_document": "大农办〔2026〕3号", "plan_number": "2026-07",
        "begins_on": first, "ends_on": first + timedelta(days=10), "per_day": 3,
    }  # fmt: skip


def _plan(people: dict[str, Any], city: Division, title: str, at: datetime, days: int) -> Round:
    row = Round.objects.plan(by=people["hso"], at=at, office=city, **_columns(title, at, days))
    row.set_teams(by=people["hso"], at=at, teams=[TeamPlan("一组", [people["inspector"], people["agency"]])])
    return row


def freeze(row: Round, by: Any, at: datetime, **more: Any) -> Draw:
    """Freeze the list of a round; its number falls on the next day."""
    return Draw.objects.freeze(
        round=row, by=by, at=at, history=History.before(row), public_number_name="双色球开奖号码",
        public_number_falls_on=timezone.localdate(at) + timedelta(days=1), **more,
    )  # fmt: skip


def _running(people: dict[str, Any], city: Division, title: str, at: datetime, by: Any) -> Round:
    """Run a round since nine days: something was visited, missed, moved and is late."""
    row = _plan(people, city, title, at, -9)
    begun = at - timedelta(days=11)
    freeze(row, by, begun).mix(by=by, at=begun + timedelta(days=1), public_number="03 08 14 22 27 31 + 05")
    row.open(by=by, at=begun + timedelta(days=1))
    one, two, three, *_others, last = planned(row)
    # on a Saturday, which no draw fills: late for certain, whatever the lot says
    saturday = row.begins_on + timedelta(days=(5 - row.begins_on.weekday()) % 7)
    early = PlanAmender(row, by=by, at=begun + timedelta(days=1), reason="村里办喜事")
    early.move(three, team=three.team, day=saturday)
    visit(one, begun + timedelta(days=2))
    two.miss(by=by, at=begun + timedelta(days=3), reason="no_ferry", remark="三天停航")
    PlanAmender(row, by=by, at=at, reason="渡船停航").move(last, team=last.team, day=row.ends_on)
    return row
