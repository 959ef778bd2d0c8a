"""Visits of the matrix's world: released, submitted by an agency, begun; a stop of a revealed day; re-checks."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from inspections.models import Recheck, RecheckDraw, Visit
from tests.architecture.world_rounds import _drawn, _plan
from tests.inspections.sheets import sheet
from villages.models import Village


def make_visits(world: Any, now: Any) -> None:
    """Store a visit of each kind in each place; then a round whose days are over, so that its stops are revealed."""
    users, before = world.users, now - timedelta(hours=3)
    for relation in world.townships:
        village = Village.objects.get(pk=world.objects["village"][relation]["pk"])
        released = _submitted(users["inspector"], village, before)
        released.release(by=users["hso"], at=now)
        world.put("visit", relation, pk=released.pk)
        world.put("agency_visit", relation, pk=_submitted(users["agency"], village, before).pk)
        world.put("begun_visit", relation, pk=_begun(users["inspector"], village, before).pk)
    _rechecked(world, now)
    tour = _drawn(_plan(users, world.city, now, -30), users["hso"], now - timedelta(days=33))
    world.put("stop", "own", pk=tour.planned.standing().in_order()[0].pk)


def _begun(by: Any, village: Village, at: Any) -> Visit:
    return Visit.objects.begin(id=uuid.uuid4(), by=by, at=at, village=village)[0]


def _submitted(by: Any, village: Village, at: Any) -> Visit:
    visit = _begun(by, village, at)
    visit.submit(by=by, at=at, sheet=sheet(visit))
    return visit


def _rechecked(world: Any, now: Any) -> None:
    """Draw all of the agency's sheets; one is compared, one still waits."""
    users, day = world.users, timezone.localdate(now)
    firm = users["agency"].posts.get().organisation
    RecheckDraw.objects.draw(
        by=users["hso"], at=now, office=world.city, organisation=firm, since=day - timedelta(days=1), until=day,
        inspector=users["inspector"], share=100,
    )  # fmt: skip
    first, second = Recheck.objects.order_by("pk")[:2]
    world.put("drawn", "own", pk=first.pk)
    again = second.begin(id=uuid.uuid4(), by=users["inspector"], at=now)
    again.submit(by=users["inspector"], at=now, sheet=sheet(again))
    world.put("compared", "own", pk=second.pk)
