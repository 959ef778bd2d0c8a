"""The demo's on-site meetings: what the article tells of Pulandian, 7 streets, 72 villages, more than 370 people."""

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from dalian_rural.demo import photos
from dalian_rural.demo.cases import SPOTS, Case
from dalian_rural.demo.places import Places
from dalian_rural.demo.story import Cast, Story
from inspections.models import Finding, Meeting
from notifications.models import Notice
from schemes.models import Item
from villages.models import Division, Village

UNIT = "普兰店区"
# (street, days before loading, people present): the seven streets have 72 villages in the shipped registry
PLANNED = (
    ("星台街道", 41, 61), ("城子坦街道", 37, 54), ("唐家房街道", 33, 52), ("安波街道", 30, 55), ("杨树房街道", 26, 51),
    ("莲山街道", 22, 50), ("墨盘街道", 18, 53),
)  # fmt: skip
ON_THE_SPOT = 3
EARLIER = 5
FIRST_NUMBER = 20_000  # of the cases found on the spot: beyond all others
REMARKS = (
    "主街干净，柴草垛码放整齐", "村口垃圾箱满溢，未及时清运", "沟渠有漂浮物，需清淤", "庭院整治到位，可作示范",
    "公厕有人管护，标识清楚", "田间有废旧农膜，限期回收", "背街小巷保洁不到位", "整体较上月明显好转",
)  # fmt: skip
DECISIONS = (
    ("对会上展示的问题逐条认领，5 日内整改到位并上传整改后照片", "township", 5),
    ("各村对照暗访片开展一次全面自查，建立问题清单", "township", 10),
    ("区人居环境办逐村复查，结果在下次会上通报", "county", 21),
)
DONE = ("已逐条整改，照片已上传", "已完成自查，问题清单已建立", "已逐村复查，整体到位")
MINUTES = (
    "与会人员集中观看了暗访片，逐村点评了当天暗访的 {villages} 个村（社区）。"
    "会议指出，村口、背街小巷和沟渠仍是薄弱环节，"
    "保洁制度没有完全落到人。会议要求，各村党组织书记当场认领问题，能改的立即改，不能立即改的定人、定责、定时限；"
    "街道每周调度，区里适时回头看。"
)


@dataclass(frozen=True)
class Plan:
    """One meeting to come: where, on which day, with whom."""

    street: Division
    county: Division
    villages: list[Village]
    people: int
    age: int
    number: int

    @property
    def id(self) -> uuid.UUID:
        """Return the meeting's id: the same in every loading, so that a second one adds nothing."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"demo:meeting:{self.number}")

    def moment(self, now: datetime, hour: int, days: int = 0) -> datetime:
        """Return an hour of the meeting's day, or of one so many days later."""
        day = timezone.localtime(now) - timedelta(days=self.age - days)
        return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def meetings(world: Places, at: datetime) -> int:
    """Hold the seven meetings by the product's own verbs; return how many are new."""
    by_name = {t.name: t for t in world.townships if world.county_of[t.pk].name == UNIT}
    cast, items, held = Cast(), list(Item.objects.current().filter(level="village")), 0
    for number, (name, age, people) in enumerate(PLANNED):
        street = by_name[name]
        plan = Plan(street, world.county_of[street.pk], world.villages_of[street.pk], people, age, number)
        if not Meeting.objects.filter(pk=plan.id).exists():
            _hold(plan, cast, items, at)
            held += 1
    Notice.objects.filter(sent_at=None).update(sent_at=F("send_after"), read_at=F("send_after"))
    return held


def _hold(plan: Plan, cast: Cast, items: list[Item], now: datetime) -> None:
    dice = random.Random(plan.number)  # noqa: S311 - a demonstration, not a secret
    office = cast.at[plan.county.pk]
    meeting = Meeting.objects.prepare(
        id=plan.id, by=office, at=plan.moment(now, 9, days=-2), township=plan.street,
        on=timezone.localdate(plan.moment(now, 9)), title=f"{plan.street.name}农村人居环境整治现场会",
        host="区政府分管领导", villages=plan.villages,
    )  # fmt: skip
    spots = _on_the_spot(plan, cast, items, now, dice)
    meeting.pick(by=office, at=plan.moment(now, 13), findings=[*spots, *_earlier(plan, spots, now)])
    meeting.hold(by=office, at=plan.moment(now, 14))
    _write(meeting, plan, office, now, dice)
    _decide(meeting, plan, office, now)
    if plan.number < len(PLANNED) - 1:  # the last one's minutes are still being written
        meeting.close(by=office, at=plan.moment(now, 10, days=1))


def _on_the_spot(
    plan: Plan, cast: Cast, items: list[Item], now: datetime, dice: random.Random
) -> list[Finding]:
    """Find some problems on the day, by the county's own patrol, and let them be put right since."""
    found = []
    for n, village in enumerate(dice.sample(plan.villages, ON_THE_SPOT)):
        item = dice.choice(items)
        case = Case(
            number=FIRST_NUMBER + plan.number * 10 + n, village=village, township=plan.street, county=plan.county,
            item=item, source="county_patrol", fate="closed", kind="at_once", severity="minor",
            place=dice.choice(SPOTS), words=dice.choice(item.bad_zh.splitlines()), age=plan.age, dice=dice,
        )  # fmt: skip
        Story(case, cast, now).play()
        found.append(Finding.objects.get(pk=case.id))
    return found


def _earlier(plan: Plan, spots: list[Finding], now: datetime) -> list[Finding]:
    """Return the street's latest problems that had been put right before."""
    rows = Finding.objects.issued().filter(
        township=plan.street, closed_at__lt=plan.moment(now, 9), ending="fixed"
    )
    return list(rows.exclude(pk__in=[row.pk for row in spots]).order_by("-reported_at", "pk")[:EARLIER])


def _write(meeting: Meeting, plan: Plan, office: User, now: datetime, dice: random.Random) -> None:
    meeting.write(
        by=office, at=plan.moment(now, 16), people_present=plan.people,
        units_present="街道班子成员、各村（社区）党组织书记、包村干部、区直有关部门",
        minutes=MINUTES.format(villages=len(plan.villages)),
        remarks={village.pk: dice.choice(REMARKS) for village in plan.villages},
    )  # fmt: skip
    picture = photos.draw(FIRST_NUMBER + plan.number, "A1", after=True)
    at, caption = plan.moment(now, 16), "观摩整改现场（示例图）"
    photo = meeting.add_photo(by=office, at=at, file=ContentFile(picture, "sample.jpg"), caption=caption)
    photo.make_copies(at=at)


def _decide(meeting: Meeting, plan: Plan, office: User, now: datetime) -> None:
    for n, (text, owner, days) in enumerate(DECISIONS):
        place = plan.street if owner == "township" else plan.county
        due = meeting.on + timedelta(days=days)
        row = meeting.decide(by=office, at=plan.moment(now, 16), text=text, division=place, due_on=due)
        # one is late, to be seen; what is due after the day of loading is still to be done
        if plan.age - days > 3 and (plan.number, n) != (len(PLANNED) - 2, 1):
            done = plan.moment(now, 15, days=days - 1)
            meeting.report_done(by=office, at=done, decision=row, note=DONE[n])
