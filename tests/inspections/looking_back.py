"""Look-backs for the tests, brought by the product's own verbs to where a test begins."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import User
from inspections.models import Draw, Finding, LookBackCase, LookBackDraw, Photo, Round, TeamPlan
from tests.inspections.evidence import sha
from tests.inspections.making import fresh, report, submit
from tests.inspections.touring import FIRST, LAST, MONDAY, NAME, NOW, NUMBER, inspectors
from tests.samples import jpeg
from villages.models import Division, Village

SINCE, UNTIL = date(2026, 1, 1), MONDAY


def closed(
    office: User,
    official: User,
    village: Village,
    item: Any,
    *,
    days: int = 20,
    minutes: int = 600,
    **more: Any,
) -> Finding:
    """Bring a finding from the report to its closing, so many days before the round is planned."""
    at = NOW - timedelta(days=days)
    found = report(office, village, item, at, **more)
    found.issue(by=office, at=at)
    words = {"measures": f"清理{uuid.uuid4()}"}
    submit(found, official, at + timedelta(minutes=minutes), **words)
    row, later = fresh(found), at + timedelta(days=2)
    if row.awaits_check(later):
        later = at + timedelta(days=9)
    row.close(by=office, at=later)
    return fresh(row)


def planned(by: User, office: Division, *teams: TeamPlan, place: Division | None = None) -> Round:
    """Plan a look-back with two teams of two."""
    row = Round.objects.plan(
        by=by, at=NOW, office=office, kind="look_back", title="第一轮回头看", basis_document="大农办〔2026〕5号",
        plan_number="2026-11", begins_on=FIRST, ends_on=LAST,
    )  # fmt: skip
    place = place or office
    plans = teams or (TeamPlan("一组", inspectors(place)), TeamPlan("二组", inspectors(place)))
    row.set_teams(by=by, at=NOW, teams=plans)
    return row


def frozen(row: Round, by: User, percent: int = 100, at: datetime = NOW, **more: Any) -> Draw:
    """Freeze the list of what was closed; its public number falls on the next day."""
    falls_on = timezone.localdate(at) + timedelta(days=1)
    promise = {"public_number_name": NAME, "public_number_falls_on": falls_on, **more}
    return LookBackDraw(row, SINCE, UNTIL, percent).freeze(by=by, at=at, **promise)


def drawn(row: Round, by: User, percent: int = 100, at: datetime = NOW, **more: Any) -> list[LookBackCase]:
    """Draw a share of what was closed."""
    frozen(row, by, percent, at, **more).mix(by=by, at=at + timedelta(days=1), public_number=NUMBER)
    row.refresh_from_db()
    return list(row.cases.standing().in_order().for_list())


def running(
    by: User, office: Division, *teams: TeamPlan, place: Division | None = None
) -> list[LookBackCase]:
    """Plan, draw and open a look-back; its cases are revealed the evening before their day."""
    row = planned(by, office, *teams, place=place)
    drawn(row, by)
    row.open(by=by, at=NOW + timedelta(days=1, hours=1))
    return list(row.cases.standing().in_order().for_list())


def revealed(case: LookBackCase) -> datetime:
    """Return a moment at which the team knows of the case."""
    return case.reveals_at + timedelta(hours=14)


def inspector_of(case: LookBackCase) -> User:
    """Return an inspector of the team."""
    return case.team.members.order_by("pk").first()  # type: ignore[return-value]


def photo(by: User, at: datetime, seed: int = 1, parent: uuid.UUID | None = None) -> Photo:
    """Send a photo that no finding shows."""
    row, _created = Photo.objects.receive(
        id=uuid.uuid4(), parent_id=parent or uuid.uuid4(), side="before", by=by, at=at,
        file=ContentFile(jpeg(seed, (160, 120)), "photo.jpg"),
    )  # fmt: skip
    return row


def declared(row: Photo) -> dict[str, str]:
    """Return the photo as a report names it."""
    with row.original.open("rb") as file:
        return {"id": str(row.pk), "sha256": sha(file.read())}


def claim(case: LookBackCase, seed: int = 1) -> LookBackCase:
    """Let the inspector say that it was never done."""
    by, at = inspector_of(case), revealed(case)
    case.look(by=by, at=at, result="claimed", remark="垃圾堆仍在原处", photos=[photo(by, at, seed).pk])
    return case
