"""The demo's look-back: a share of what was closed is looked at again; it runs on the day of loading."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from dalian_rural.demo import crew, photos, places, touring
from dalian_rural.demo.story import Cast
from dalian_rural.demo.touring import Spec, clock
from inspections import lookback_frame
from inspections.models import LookBackCase, LookBackDraw, Photo, Round, TeamPlan
from notifications.models import Notice

SPEC = Spec(
    "look-back", "2026年第一轮回头看", "look_back", "大农居办发〔2026〕33号（示例）", "2026-039", -12, 6, 2, 3,
    "回头看{n}组",
)  # fmt: skip
PERCENT = 5
DAYS = 90
# what is seen, in turn; the second is found not fixed, the fourth never done at all
SEEN = ("fixed", "not_fixed", "fixed", "claimed", "fixed", "fixed", "fixed")
REMARKS = {
    "fixed": "现场整洁，保持良好",
    "not_fixed": "仍有残留，未清理到位",
    "claimed": "垃圾仍在原处，与整改后照片不符",
}


def look_back() -> int:
    """Plan, draw and open the look-back, and look at what is due; a second loading adds nothing."""
    if SPEC.round is None:
        _look_back(touring.day_of_loading() or timezone.localdate(), Cast())
    return 0


@transaction.atomic
def _look_back(on: date, cast: Cast) -> None:
    row = _open(on, cast)
    if row is None:
        return
    due = [case for case in row.cases.standing().in_order().for_list() if case.day < on]
    for n, case in enumerate(due):
        _look(case, SEEN[n % len(SEEN)], n)
    claimed = row.cases.filter(result="claimed").select_related("finding__township").first()
    if claimed:
        official = cast.at[claimed.finding.township_id]
        moment = clock(claimed.day, 17)
        claimed.hear(by=official, at=moment, text="当日已清理，次日又有人倾倒，正在核查")
    Notice.objects.filter(sent_at=None).update(sent_at=F("send_after"), read_at=F("send_after"))


def _open(on: date, cast: Cast) -> Round | None:
    """Return the open round; nothing where nothing was closed in time."""
    begins, city = on + timedelta(days=SPEC.first), places.read().city
    draw_on, fell = begins - timedelta(days=2), begins - timedelta(days=1)
    since, until = draw_on - timedelta(days=DAYS), draw_on - timedelta(days=1)
    if not lookback_frame.closed_findings(city, since, until).exists():
        return None
    row = Round.objects.plan(
        id=SPEC.id, by=cast.hso, at=clock(draw_on), office=city, kind=SPEC.kind, title=SPEC.title,
        basis_document=SPEC.basis, plan_number=SPEC.plan_number, begins_on=begins,
        ends_on=on + timedelta(days=SPEC.last),
    )  # fmt: skip
    people: Sequence[User] = crew.read().city[-SPEC.teams * SPEC.size :]
    groups = [people[n * SPEC.size : (n + 1) * SPEC.size] for n in range(SPEC.teams)]
    names = [SPEC.names.format(n=touring.NUMERALS[n]) for n in range(SPEC.teams)]
    teams = [TeamPlan(name, group) for name, group in zip(names, groups, strict=True)]
    row.set_teams(by=cast.hso, at=clock(draw_on), teams=teams)
    drawn = LookBackDraw(row, since, until, PERCENT).freeze(
        by=cast.hso, at=clock(draw_on, 10), public_number_name=f"{fell} 双色球开奖号码（示例，非真实号码）",
        public_number_falls_on=fell,
    )  # fmt: skip
    drawn.mix(by=cast.hso, at=clock(fell, 22), public_number="05 11 12 19 24 33 + 02")
    row.refresh_from_db()
    row.open(by=cast.hso, at=clock(fell, 23))
    return row


def _look(case: LookBackCase, result: str, n: int) -> None:
    """Write what an inspector of the team saw; what was never done has a photo."""
    by, at = case.team.members.order_by("username")[n % SPEC.size], clock(case.day, 9 + n % 6)
    ids = []
    if result == "claimed":
        key = uuid.uuid5(SPEC.id, f"{n}")
        image = photos.draw(70_000 + n, case.finding.item.code[:2], after=False)
        photo, _created = Photo.objects.receive(
            id=key, parent_id=uuid.uuid5(key, "parent"), side="before", by=by, at=at,
            file=ContentFile(image, "sample.jpg"), captured_at=at, source="camera",
        )  # fmt: skip
        photo.make_copies(at=at)
        ids = [photo.pk]
    case.look(by=by, at=at, result=result, remark=REMARKS[result], photos=ids)
