"""The pages of visits for the walk over every page: a stop, a colleague's visit that is begun, a compared re-check."""

import uuid
from datetime import datetime
from typing import Any

from django.utils import timezone

from inspections.models import RecheckDraw, Visit
from tests.inspections.sheets import items, points, sheet
from villages.models import Division, Village


def visits(
    people: dict[str, Any], village: Village, stop: uuid.UUID, city: Division, at: datetime
) -> dict[str, list[str]]:
    """Begin, submit and compare visits; return the addresses of their pages by who opens them."""
    agency, inspector = people["agency"], people["inspector"]
    begun = Visit.objects.begin(id=uuid.uuid4(), by=agency, at=at, village=village)[0]
    begun.present.add(inspector)
    first = Visit.objects.begin(id=uuid.uuid4(), by=agency, at=at, village=village)[0]
    first.submit(by=agency, at=at, sheet=sheet(first))
    day = timezone.localdate(at)
    drawn = RecheckDraw.objects.draw(
        by=people["hso"], at=at, office=city, organisation=agency.posts.get().organisation, since=day, until=day,
        inspector=inspector, share=100,
    )  # fmt: skip
    pick = drawn.picks.get()
    again = pick.begin(id=uuid.uuid4(), by=inspector, at=at)
    differs = sheet(again, points=points(water="none"), items=items(again, A1_01={"status": "not_looked_at"}))
    again.submit(by=inspector, at=at, sheet=differs)
    page = "/visits/{}".format
    return {
        "inspector": [page(""), page(f"planned/{stop}/missed/"), page(f"{begun.pk}/"), page(f"rechecks/{pick.pk}/")],
        "agency": [page(f"{begun.pk}/sheet/"), page(f"{first.pk}/"), page(f"{first.pk}/correct/")],
    }  # fmt: skip
