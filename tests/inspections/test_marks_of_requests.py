"""Ledger, township home and review queue mark what waits for a decision, at the same cost for every row."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.inspections.evidence import send
from tests.inspections.making import fresh, report, submit
from tests.samples import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def asked(finding, by, at):
    day = timezone.localdate(at)
    finding.ask_extension(by=by, at=at, until=day + timedelta(days=20), reason="连日降雨")


def test_the_three_marks_stand_in_the_ledger_and_on_the_home_card(
    client_for, inspector, huajia_official, jinpu_office, village, item, now
):
    first = report(inspector, village, item, now, kind="by_date")
    day = timezone.localdate(now)
    fresh(first).file_plan(
        by=huajia_official, at=now, measures="清淤", owner="赵岩", date=day + timedelta(days=30)
    )
    asked(fresh(first), huajia_official, now)
    fresh(first).claim(by=huajia_official, at=now, ending="not_ours", reason="铁路用地")
    for user, url in ((huajia_official, "home"), (huajia_official, "ledger"), (jinpu_office, "ledger")):
        page = client_for(user).get(reverse(url)).content.decode()
        for mark in ("待审批方案", "已申请延期", "其他结论待定"):
            assert mark in page, url


def test_the_review_queue_says_that_an_extension_is_still_asked(
    client_for, inspector, huajia_official, jinpu_office, village, item, now
):
    finding = report(inspector, village, item, now)
    asked(fresh(finding), huajia_official, now)
    submit(finding, huajia_official, now)
    assert client_for(jinpu_office).get("/findings/review/").content.decode().count("已申请延期") == 2


def test_what_is_decided_is_no_longer_marked(client_for, inspector, huajia_official, hso, village, item, now):
    finding = report(inspector, village, item, now)
    asked(fresh(finding), huajia_official, now)
    fresh(finding).decide_extension(by=hso, at=now, accept=True)
    assert "已申请延期" not in client_for(huajia_official).get(reverse("ledger")).content.decode()


def test_the_reviewer_is_told_of_a_photo_that_was_sent_back_before(
    client_for, inspector, huajia_official, jinpu_office, village, item, now
):
    finding = report(inspector, village, item, now - timedelta(hours=3))
    body = jpeg(77)
    first = send(huajia_official, finding, body, at=now - timedelta(hours=3), side="after")
    submit(finding, huajia_official, now - timedelta(hours=2), photos=[first.pk])
    queue = client_for(jinpu_office)
    assert "与退回前填报的相同" not in queue.get("/findings/review/").content.decode()
    fresh(finding).send_back(by=jinpu_office, at=now - timedelta(hours=1), reason="死角未清")
    again = send(huajia_official, finding, body, at=now, side="after")
    submit(finding, huajia_official, now, photos=[again.pk])
    assert "与退回前填报的相同" in queue.get("/findings/review/").content.decode()
