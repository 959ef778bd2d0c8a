"""The pages of look-backs for the browser tests: cases in each state, and who opens them."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from inspections.models import Draw, Finding, LookBackCase, LookBackDraw, Round, TeamPlan
from tests.inspections.evidence import report, send, sha, work
from tests.inspections.making import submit
from tests.samples import jpeg
from villages.models import Division, Village


def look_backs(
    people: dict[str, Any], village: Village, sibling: Village, item: Any, city: Division, at: datetime
) -> dict[str, list[str]]:
    """Run a look-back with four cases: none yet, being heard, heard, came back; return addresses by reader."""
    for number in range(3):
        _closed(people, "huajia_official", village, item, number, at)
    _closed(people, "xiangying_official", sibling, item, 3, at)
    row = _running(people, city, at)
    _closed(people, "xiangying_official", sibling, item, 4, at)
    heard, hears, other, waiting = row.cases.order_by("finding__township__position", "pk").for_list()
    _claim(people["inspector"], heard, 80, at)
    heard.hear(by=people["huajia_official"], at=at, text="当日已组织清理，照片为清理当天所拍。")
    _claim(people["inspector"], hears, 81, at)
    _again(people["inspector"], other, at)
    work(at)
    case = "/lookbacks/cases/{}/".format
    frozen, bare = _planned(people, city, at, "第二轮回头看"), _planned(people, city, at, "第三轮回头看")
    _frozen(frozen, people["hso"], at)
    return {
        "hso": [
            "/lookbacks/", f"/lookbacks/{row.pk}/", f"/lookbacks/{row.pk}/draw/",
            f"/lookbacks/{row.pk}/amend/?kind=add",
            f"/lookbacks/{row.pk}/amend/?kind=move&case={waiting.pk}", f"/lookbacks/{frozen.pk}/",
            f"/lookbacks/{bare.pk}/draw/", case(heard.pk), case(waiting.pk),
            f"{case(heard.pk)}confirm/", f"{case(waiting.pk)}give-up/", f"/findings/{heard.finding_id}/",
        ],
        "huajia_official": ["/lookbacks/", case(heard.pk), f"{case(hears.pk)}hear/"],
        "inspector": ["/lookbacks/", case(waiting.pk), f"{case(waiting.pk)}result/", case(other.pk)],
    }  # fmt: skip


def _claim(by: Any, case: LookBackCase, seed: int, at: datetime) -> None:
    photo = send(by, uuid.uuid4(), jpeg(seed, (800, 600)), at=at)
    case.look(by=by, at=at, result="claimed", remark="垃圾堆仍在原处，没有清理痕迹", photos=[photo.pk])


def _again(by: Any, case: LookBackCase, at: datetime) -> None:
    key, body = uuid.uuid4(), jpeg(82, (800, 600))
    photo = send(by, key, body, at=at)
    declared = [{"id": str(photo.pk), "sha256": sha(body)}]
    case.find_again(id=key, by=by, at=at, description="路口又堆了垃圾", photos=declared)


def _closed(
    people: dict[str, Any], official: str, village: Village, item: Any, number: int, at: datetime
) -> None:
    """Bring a finding with photos to its closing, some weeks ago; each was settled sooner than the one before."""
    key, then = uuid.uuid4(), at - timedelta(days=60)
    send(people["inspector"], key, jpeg(70 + number, (800, 600)), at=then)
    report(people["inspector"], village, item, at=then, id=key, place=f"{number}号井旁")
    found = Finding.objects.get(pk=key)
    photo = send(people[official], found, jpeg(75 + number, (800, 600)), at=then, side="after")
    done = submit(found, people[official], then + timedelta(minutes=200 - 45 * number), photos=[photo.pk])
    done.close(by=people["hso"], at=then + timedelta(days=15))


def _planned(people: dict[str, Any], city: Division, at: datetime, title: str) -> Round:
    """Plan a look-back with one team, whose days begin two days later."""
    on = timezone.localdate(at)
    row = Round.objects.plan(
        by=people["hso"], at=at, office=city, kind="look_back", title=title, basis_document="大农办〔2026〕5号",
        plan_number="2026-11", begins_on=on + timedelta(days=2), ends_on=on + timedelta(days=37),
    )  # fmt: skip
    row.set_teams(by=people["hso"], at=at, teams=[TeamPlan("一组", [people["inspector"], people["agency"]])])
    return row


def _frozen(row: Round, by: Any, at: datetime) -> Draw:
    """Freeze the list of all that was closed; its number falls on the next day."""
    on = timezone.localdate(at)
    return LookBackDraw(row, on - timedelta(days=60), on, 100).freeze(
        by=by, at=at, public_number_name="双色球开奖号码", public_number_falls_on=on + timedelta(days=1)
    )


def _running(people: dict[str, Any], city: Division, at: datetime) -> Round:
    then = at - timedelta(days=40)
    row = _planned(people, city, then, "第一轮回头看")
    number = "03 08 14 22 27 31 + 05"
    _frozen(row, people["hso"], then).mix(by=people["hso"], at=then + timedelta(days=1), public_number=number)
    row.refresh_from_db()
    row.open(by=people["hso"], at=then + timedelta(days=1))
    return row
