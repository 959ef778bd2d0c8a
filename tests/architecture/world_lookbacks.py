"""Look-backs of the matrix's world: one runs in secret with two revealed cases in each place, one is closed."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from inspections.models import Finding, LookBackCase, LookBackDraw, Round, TeamPlan
from tests.inspections.evidence import send
from tests.inspections.making import report, submit
from tests.samples import jpeg
from villages.models import Village

OFFICIALS = {"own": "huajia", "sibling": "xiangying", "other": "dachangshan"}


def make_look_backs(world: Any, now: datetime) -> None:
    """Store both. Of the two cases in each place one has no result, the other was claimed but never done."""
    finding = _closed(world, "own", now)
    closed = _running(world, now)
    for case in closed.cases.select_related("round", "team", "finding"):
        case.give_up(by=world.users["hso"], at=now, reason="x")
    closed.close(by=world.users["hso"], at=now)
    world.put("closed_look_back", "own", pk=closed.pk)
    places = {_closed(world, relation, now).pk: relation for _ in range(2) for relation in OFFICIALS}
    running = _running(world, now)
    world.put("look_back", "own", pk=running.pk)
    for case in running.cases.exclude(finding=finding).for_list():
        _case(world, case, places[case.finding_id], now)


def _case(world: Any, case: LookBackCase, relation: str, now: datetime) -> None:
    if relation not in world.objects.get("case", {}):
        world.put("case", relation, pk=case.pk)
        return
    by = world.users["inspector"]
    photo = send(by, uuid.uuid4(), jpeg(60 + len(world.objects.get("claimed_case", {})), (160, 120)), at=now)
    case.look(by=by, at=now, result="claimed", remark="x", photos=[photo.pk])
    world.put("claimed_case", relation, pk=case.pk)
    world.put("case_photo", relation, pk=case.pk, photo=photo.pk)


def _closed(world: Any, relation: str, now: datetime) -> Finding:
    """Bring a finding to its closing, two months ago."""
    at, hso = now - timedelta(days=60), world.users["hso"]
    village = Village.objects.get(pk=world.objects["village"][relation]["pk"])
    row = report(hso, village, world.item, at)
    row.issue(by=hso, at=at)
    done = submit(row, world.users[OFFICIALS[relation]], at)
    done.close(by=hso, at=at + timedelta(days=15))
    return done


def _running(world: Any, now: datetime) -> Round:
    """Draw all that was closed; every day of it is over, so every case is revealed."""
    users, at = world.users, now - timedelta(days=40)
    on = timezone.localdate(at)
    row = Round.objects.plan(
        by=users["hso"], at=at, office=world.city, kind="look_back", title="回头看", basis_document="x",
        plan_number="1", begins_on=on + timedelta(days=1), ends_on=on + timedelta(days=37),
    )  # fmt: skip
    row.set_teams(by=users["hso"], at=at, teams=[TeamPlan("一组", [users["inspector"], users["agency"]])])
    drawn = LookBackDraw(row, on - timedelta(days=60), on, 100).freeze(
        by=users["hso"], at=at, public_number_name="x", public_number_falls_on=on + timedelta(days=1)
    )
    drawn.mix(by=users["hso"], at=at + timedelta(days=1), public_number="1")
    row.refresh_from_db()
    row.open(by=users["hso"], at=at + timedelta(days=1))
    return row
