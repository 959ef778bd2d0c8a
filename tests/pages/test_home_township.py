"""A township official's home page shows what is to be put right, sorted by the time that is left."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Post, Role
from inspections.models import Extension, Finding, Submission
from tests.inspections.making import fresh, report, submit
from tests.pages.many import clone
from villages.models import Difficulty

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def now() -> Any:
    return timezone.now()


def page(client_for: Any, user: Any) -> str:
    answer = client_for(user).get("/", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return str(answer.content.decode())


def boxes(html: str) -> dict[str, str]:
    """Return the counts by the state that their link asks the ledger for."""
    found = re.findall(r'class="figure-box[^"]*" href="[^"]*state=(\w+)[^"]*"><strong>([\d,]+)', html)
    return dict(found)


def test_the_most_urgent_comes_first_and_the_boxes_count(
    client_for, inspector, huajia_official, village, item, now
):
    late = report(inspector, village, item, now - timedelta(days=9), description="最急")
    today = report(inspector, village, item, now - timedelta(days=5), description="今天")
    new = report(inspector, village, item, now - timedelta(hours=1), description="新的")
    html = page(client_for, huajia_official)
    assert html.index("最急") < html.index("今天") < html.index("新的")
    assert boxes(html) == {"open": "3", "today": "1", "overdue": "1"}
    for finding in (late, today, new):
        assert f"/findings/{finding.pk}/rectify/" in html


def test_a_box_leads_to_as_many_lines_as_it_says(client_for, inspector, huajia_official, village, item, now):
    for days in (0, 5, 9):
        report(inspector, village, item, now - timedelta(days=days), description=f"第{days}")
    html = page(client_for, huajia_official)
    for url, count in re.findall(r'class="figure-box[^"]*" href="([^"]*)"><strong>(\d+)', html):
        ledger = client_for(huajia_official).get(url.replace("&amp;", "&")).content.decode()
        assert len(re.findall(r"data-panel>[A-Z]+-\d{4}-\d{6}<", ledger)) == int(count)


def test_a_returned_card_says_why(client_for, inspector, huajia_official, jinpu_office, village, item, now):
    finding = report(inspector, village, item, now - timedelta(days=1))
    submit(finding, huajia_official, now - timedelta(hours=2))
    fresh(finding).send_back(by=jinpu_office, at=now - timedelta(hours=1), reason="沟底仍有垃圾")
    html = page(client_for, huajia_official)
    assert "沟底仍有垃圾" in html
    assert boxes(html)["returned"] == "1"


def test_other_townships_are_not_shown(client_for, inspector, xiangying_official, village, item, now):
    report(inspector, village, item, now, description="华家的问题")
    html = page(client_for, xiangying_official)
    assert "华家的问题" not in html
    assert "Nothing to put right" in html or "没有待整改" in html


def test_decided_requests_and_answered_difficulties_are_shown_for_a_week(
    client_for, inspector, huajia_official, hso, jinpu_office, village, item, now
):
    finding = report(inspector, village, item, now - timedelta(days=1))
    fresh(finding).ask_extension(
        by=huajia_official,
        at=now - timedelta(hours=3),
        until=timezone.localdate(now) + timedelta(days=9),
        reason="下雨",
    )
    fresh(finding).decide_extension(by=hso, at=now - timedelta(hours=2), accept=False, reason="不必延期")
    row = Difficulty.objects.raise_for(
        village, by=huajia_official, at=now - timedelta(days=2), text="缺少清运车辆"
    )
    row.give_answer(by=jinpu_office, at=now - timedelta(hours=1), answer="下周调配一辆")
    html = page(client_for, huajia_official)
    assert "不必延期" in html
    assert "下周调配一辆" in html
    assert Extension.objects.count() == 1


def test_last_months_ledger_is_asked_for_until_it_is_submitted(
    client_for, inspector, huajia_official, huajia, jinpu, village, item, now
):
    first = timezone.localtime(now).replace(day=1, hour=12)
    report(inspector, village, item, first - timedelta(days=3))
    until = timezone.localdate(first) - timedelta(days=1)
    asked = "it was not submitted yet"
    assert asked in page(client_for, huajia_official) or "尚未上报" in page(client_for, huajia_official)
    Submission.objects.create(
        division=huajia, receiver=jinpu, since=until.replace(day=1), until=until, due_on=until + timedelta(days=5),
        version=1, submitted_by=huajia_official, submitted_at=now, rows=[], row_count=0, totals={}, sha256="0" * 64,
    )  # fmt: skip
    html = page(client_for, huajia_official)
    assert asked not in html
    assert "尚未上报" not in html


def test_two_posts_make_two_sections(
    client_for, huajia_official, xiangying, inspector, village, sibling_village, item, now
):
    Post.objects.create(user=huajia_official, role=Role.TOWNSHIP, division=xiangying, since="2020-01-01")
    report(inspector, village, item, now, description="华家的问题")
    report(inspector, sibling_village, item, now, description="向应的问题")
    html = page(client_for, huajia_official)
    assert html.count('class="home-part"') == 2
    assert html.index("华家的问题") < html.index("向应的问题")


def test_the_number_of_queries_does_not_grow(client_for, inspector, huajia_official, village, item, now):
    finding = report(inspector, village, item, now - timedelta(days=9))
    client, counts = client_for(huajia_official), []
    for more in (9, 90):
        clone(finding, more)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get("/").status_code == 200
        counts.append(len(queries))
    assert Finding.objects.count() == 100
    assert counts[0] == counts[1] <= 24
