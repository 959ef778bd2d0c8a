"""On-site meetings for the tests, and the fixtures that begin with one."""

import uuid
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from inspections.models import Finding, Meeting
from tests.inspections.evidence import send, work
from tests.inspections.making import report, submit
from tests.samples import jpeg
from villages.models import Division, Village


def now() -> datetime:
    """Return this moment."""
    return timezone.now()


def today() -> date:
    """Return this day in Dalian."""
    return timezone.localdate()


def prepare(by: User, township: Division, villages: list[Village], **more: Any) -> Meeting:
    """Prepare a meeting in secret."""
    key = more.pop("id", None) or uuid.uuid4()
    fields = {"on": today(), "title": "华家街道现场会", "host": "李晨", **more}
    return Meeting.objects.prepare(id=key, by=by, at=now(), township=township, villages=villages, **fields)


def again(meeting: Meeting) -> Meeting:
    """Read a meeting anew."""
    return Meeting.objects.get(pk=meeting.pk)


def hold(meeting: Meeting, by: User) -> Meeting:
    """Open a meeting and read it anew."""
    meeting.hold(by=by, at=now())
    return again(meeting)


def found_today(inspector: User, village: Village, item: Any) -> Finding:
    """Return an open finding of today with two photos before."""
    key = uuid.uuid4()
    for seed in (1, 2):
        send(inspector, key, jpeg(seed, (1800, 1200)), at=now())
    report(inspector, village, item, now(), id=key, place="村口")
    work(now())
    return Finding.objects.get(pk=key)


def show(held: Meeting, found: Finding, official: User, office: User) -> Meeting:
    """Show a finding with two photos before and one after, and one without photos; decide something."""
    after = send(official, found, jpeg(9, (1800, 1200)), at=now(), side="after")
    submit(found, official, now(), photos=[after.pk])
    work(now())
    bare = report(office, found.village, found.item, now(), description="无照片", source="hotline")
    bare.issue(by=office, at=now())
    held.pick(by=office, at=now(), findings=[Finding.objects.get(pk=found.pk), bare])
    held.decide(by=office, at=now(), text="一周内清完", owner="华家街道", due_on=today())
    return again(held)
