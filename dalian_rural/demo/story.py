"""Plays the cases: every finding goes its way by the product's own verbs, at times before the day of loading."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Post, Role, User
from dalian_rural.demo import photos, visits
from dalian_rural.demo.cases import Case
from dalian_rural.demo.sheets import point_of
from inspections.models import Finding, Photo
from inspections.reporting import digest
from notifications.models import Notice

OFFICE_SOURCES = {"hotline", "provincial", "media", "instruction", "look_back"}
MEASURES = (
    "组织人员清理并增派保洁员巡查",
    "出动车辆清运，签订门前责任书",
    "清淤疏通并安排专人管护",
    "现场整改并举一反三排查全村",
)
RESULTS = ("已清理完毕，现场整洁", "问题已整改到位，落实日常保洁", "已恢复正常，纳入日常巡查")


def office_hours(moment: datetime) -> datetime:
    """Return the moment moved into its day's working hours (8:30 to 17:00); what came earlier stays earlier."""
    local = timezone.localtime(moment)
    passed = (local - local.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(days=1)
    return local.replace(hour=8, minute=30, second=0, microsecond=0) + passed * timedelta(hours=8.5)


class Cast:
    """Who acts in the demo: the named accounts and one official for every office and township."""

    def __init__(self) -> None:
        posts = Post.objects.filter(role__in=[Role.COUNTY_OFFICE, Role.TOWNSHIP]).select_related("user")
        self.at: dict[object, User] = {post.division_id: post.user for post in posts}
        named = {user.username: user for user in User.objects.filter(demo=True)}
        self.hso, self.inspector, self.agency = named["hso"], named["inspector"], named["agency"]
        self.leader = named["leader"]


class Story:
    """One case on its way."""

    def __init__(self, case: Case, cast: Cast, now: datetime) -> None:
        self.case, self.cast, self.now = case, cast, now
        self.official = cast.at[case.township.pk]
        self.county = cast.at[case.county.pk]
        tour = case.tour
        self.start = tour.submitted if tour else min(office_hours(now - timedelta(days=case.age)), now)

    def play(self) -> bool:
        """Report, issue and go the case's way; tell whether the finding is new."""
        if Finding.objects.filter(pk=self.case.id).exists():
            return False
        self._report()
        self._go()
        return True

    def _go(self) -> None:
        """Go the case's way from where it was reported."""
        if self.case.fate == "rejected":
            self._finding().reject(by=self.office, at=self._after(0.2), reason="现场复核不属实")
        elif self.case.fate != "reported":
            self._issue()
            FATES.get(self.case.fate, _waits)(self)

    @property
    def office(self) -> User:
        """Return who issues and decides."""
        return self.county if self.case.source == "county_patrol" else self.cast.hso

    def _finding(self) -> Finding:
        return Finding.objects.get(pk=self.case.id)

    def _after(self, days: float) -> datetime:
        """Return a moment that many days after the report, never later than now."""
        return min(office_hours(self.start + timedelta(days=days)), self.now)

    # --- the report -------------------------------------------------------------------------------------------
    def _reporter(self) -> User:
        if self.case.tour:
            return self.case.tour.inspector
        if self.case.source in OFFICE_SOURCES:
            return self.cast.hso
        by_source = {"city_visit": self.cast.inspector, "third_party": self.cast.agency}
        return by_source.get(self.case.source, self.county)

    def _report(self) -> None:
        case, by = self.case, self._reporter()
        declared = []
        if case.source != "hotline" or case.dice.random() < 0.5:
            declared = [self._photo("before", by, self._reported)]
        fields: dict[str, Any] = {
            "village": case.village, "item": case.item, "description": case.words, "place": case.place,
            "severity": case.severity, "kind": case.kind, "photos": declared, "outside_number": case.outside,
        }  # fmt: skip
        if case.source in OFFICE_SOURCES:
            fields["source"] = case.source
        if case.came_back:
            closed = Finding.objects.fixed(case.village).filter(closed_at__lt=self.start)
            fields["recurrence_of"] = closed.filter(pk=case.came_back.id).first()
        if case.tour:
            fields |= {"visit_id": case.tour.id, "point": point_of(case.place)}
        Finding.objects.report(id=case.id, by=by, at=self._reported, digest=digest(fields), **fields)

    @property
    def _reported(self) -> datetime:
        """Return when it was reported: on a visit a little before the sheet."""
        return self.start - timedelta(minutes=10 if self.case.tour else 0)

    def _photo(self, side: str, by: User, at: datetime) -> dict[str, str]:
        case = self.case
        image = photos.draw(case.number, case.item.code[:2], after=side == "after")
        photo, _created = Photo.objects.receive(
            id=case.photo_id(side), parent_id=case.id, side=side, file=ContentFile(image, name="sample.jpg"),
            by=by, at=at, captured_at=at, source="camera",
        )  # fmt: skip
        photo.make_copies(at=at)
        return {"id": str(photo.pk), "sha256": photo.sha256}

    def _issue(self) -> None:
        finding = self._finding()
        if finding.state == "reported":
            finding.issue(by=self.office, at=self._after(0.3))

    # --- steps ------------------------------------------------------------------------------------------------
    def rectify(self, days: float) -> None:
        """Submit with a photo of the cleared place, where there was one of the problem."""
        at, finding = self._after(days), self._finding()
        ids = []
        if finding.declared_photos and not Photo.objects.filter(pk=self.case.photo_id("after")).exists():
            ids = [UUID(self._photo("after", self.official, at)["id"])]
        elif finding.declared_photos:
            ids = [self.case.photo_id("after")]
        finding.rectify(
            by=self.official, at=at, photos=ids,
            measures=self.case.dice.choice(MEASURES), result=self.case.dice.choice(RESULTS),
        )  # fmt: skip

    def check(self, days: float) -> None:
        """Let the county office check a city finding."""
        if self.office is not self.county:
            self._finding().pass_check(by=self.county, at=self._after(days))

    def close(self, days: float) -> None:
        """Close, by a signed decision where one is needed."""
        self._finding().close(by=self.office, at=self._after(days))

    def send_back(self, days: float) -> None:
        """Send back with a preset reason."""
        self._finding().send_back(by=self.county, at=self._after(days), reason="死角未清理到位，请补充整改")


def _waits(story: Story) -> None:
    """Nothing more happens: it is in hand, or overdue."""


def _closed(story: Story, first: float = 0.0) -> None:
    days = first or 0.4 + story.case.dice.random() * 4
    story.rectify(days)
    story.check(days + 0.4)
    story.close(days + 0.8)


def _closed_twice(story: Story) -> None:
    story.rectify(2)
    story.send_back(2.5)
    _closed(story, 4)


def _returned(story: Story) -> None:
    story.rectify(2)
    story.send_back(2.6)


def _extension(story: Story, accept: bool | None) -> None:
    finding, asked = story._finding(), story._after(1.5)
    until = timezone.localdate(story.start) + timedelta(days=14)
    finding.ask_extension(by=story.official, at=asked, until=until, reason="连续降雨，机械无法进场")
    if accept is not None:
        story._finding().decide_extension(
            by=story.office, at=story._after(2), accept=accept, reason="情况属实"
        )


def _claim(story: Story, ending: str, accept: bool) -> None:
    reasons = {"not_ours": "该地块属铁路用地，非本村管理", "cannot": "冬季冻土，待开春施工"}
    story._finding().claim(by=story.official, at=story._after(1), ending=ending, reason=reasons[ending])
    if accept:
        story._finding().decide_claim(by=story.office, at=story._after(1.6), accept=True, reason="经核实属实")


def _plan(story: Story, accept: bool) -> None:
    day = timezone.localdate(story.start)
    stages = [("完成勘察设计", day + timedelta(days=20)), ("完成主体施工", day + timedelta(days=60))]
    story._finding().file_plan(
        by=story.official, at=story._after(1), measures="分段施工，专人负责，逐周通报进度", owner="分管副主任",
        date=day + timedelta(days=75), milestones=stages,
    )  # fmt: skip
    if accept:
        story._finding().decide_plan(by=story.office, at=story._after(1.8), accept=True)


def _withdrawn(story: Story) -> None:
    story._finding().withdraw(by=story.office, at=story._after(1), reason="交办有误，不属行政村范围")


def _checked(story: Story) -> None:
    story.rectify(story.case.age * 0.5)
    story.check(story.case.age * 0.5 + 0.4)  # within the county's one working day


def _reopened(story: Story) -> None:
    _closed(story, 2)
    story._finding().reopen(by=story.office, at=story._after(5), reason="群众反映仍有残留，重新交办")


FATES: dict[str, Callable[[Story], None]] = {
    "extension_asked": lambda s: _extension(s, None),
    "extended": lambda s: _extension(s, True),
    "claimed": lambda s: _claim(s, "not_ours", accept=False),
    "not_ours": lambda s: _claim(s, "not_ours", accept=True),
    "cannot": lambda s: _claim(s, "cannot", accept=True),
    "submitted": lambda s: s.rectify(s.case.age * 0.7),
    "checked": _checked,
    "returned": _returned,
    "closed": _closed,
    "closed_late": lambda s: _closed(s, 7.5),
    "closed_twice": _closed_twice,
    "withdrawn": _withdrawn,
    "reopened": _reopened,
    "planned": lambda s: _plan(s, accept=True),
    "plan_asked": lambda s: _plan(s, accept=False),
}  # fmt: skip


@transaction.atomic
def _play_visit(stories: Sequence[Story], now: datetime) -> int:
    """Make one visit with all that it finds, submit its sheet, and let each finding go its way."""
    tour = stories[0].case.tour
    if tour is None or Finding.objects.filter(visit_id=tour.id).exists():
        return 0
    visit = visits.begin(tour)
    for story in stories:
        story._report()
    visits.submit(tour, visit, tour.planned.round, visit.findings.order_by("pk"))
    for story in stories:
        story._go()
    visit.refresh_from_db()
    visits.settle(visit, now)
    return len(stories)


def play(cases: Iterable[Case], now: datetime) -> int:
    """Play cases in order; return how many were new. Their notices of the past count as sent."""
    cast, played = Cast(), 0
    for visit, group in itertools.groupby(cases, key=lambda case: case.tour and case.tour.id):
        stories = [Story(case, cast, now) for case in group]
        played += _play_visit(stories, now) if visit else sum(story.play() for story in stories)
    Notice.objects.filter(sent_at=None).update(sent_at=F("send_after"))
    Notice.objects.filter(read_at=None, send_after__lt=now - timedelta(days=3)).update(
        read_at=F("send_after")
    )
    return played


__all__ = ["Cast", "Story", "play"]
