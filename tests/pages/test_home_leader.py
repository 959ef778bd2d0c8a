"""A leader's home page says in words how the covered places stand, and takes instructions."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from dalian_rural.pages.home_leader import TownshipWeek, area_of, by_township, sentences
from inspections.models import Finding
from tests.inspections.making import fresh, report
from tests.pages.many import clone
from villages.models import Division

pytestmark = pytest.mark.django_db

HUAJIA = Division(level="township", name="华家街道", name_en="Huajia")
XIANGYING = Division(level="township", name="向应街道", name_en="Xiangying")


@pytest.fixture
def now() -> Any:
    return timezone.now()


def say(language: str, *rows: TownshipWeek) -> list[str]:
    with translation.override(language):
        return sentences(rows)


def test_the_sentences_name_what_is_late_and_where(now):
    rows = (
        TownshipWeek(HUAJIA, in_hand=7, overdue=2, newly_overdue=1, new=3, closed=1, longest=5),
        TownshipWeek(XIANGYING, in_hand=2, overdue=1, new=1, closed=1, longest=1),
    )
    assert say("en", *rows) == [
        "9 findings are waiting to be put right, 3 of them overdue.",
        "More to do than a week ago: 4 new, 2 closed; most are new in Huajia (3).",
        "Overdue: Huajia 2 (up to 5 days), Xiangying 1 (up to 1 day); "
        "1 of these became overdue within the last 7 days.",
    ]
    assert say("zh-hans", *rows) == [
        "待整改问题共 9 件，其中已逾期 3 件。",
        "比一周前增多：近 7 天新交办 4 件，销号 2 件，新增最多的是华家街道（3 件）。",
        "逾期单位：华家街道 2 件（最长逾期 5 天）、向应街道 1 件（最长逾期 1 天），其中近 7 天新逾期 1 件。",
    ]


def test_the_sentences_say_what_got_better(now):
    rows = (TownshipWeek(HUAJIA, in_hand=1, new=1, closed=4), TownshipWeek(XIANGYING, closed=2))
    assert say("en", *rows) == [
        "1 finding is waiting to be put right, and it is not overdue.",
        "Better than a week ago: 6 closed, 1 new; most were closed in Huajia (4).",
        "No township is overdue.",
    ]
    assert (
        say("zh-hans", *rows)[1]
        == "比一周前好转：近 7 天销号 6 件，新交办 1 件，销号最多的是华家街道（4 件）。"
    )


def test_nothing_at_all_is_said_plainly():
    assert say("en") == [
        "Nothing is waiting to be put right.",
        "In the last 7 days nothing was issued and nothing was closed.",
        "No township is overdue.",
    ]


def test_the_figures_come_from_the_rows(
    inspector, huajia_official, jinpu_office, hso, village, sibling_village, item, now
):
    report(inspector, village, item, now - timedelta(days=20), description="早就逾期")
    report(inspector, village, item, now - timedelta(days=8), description="刚刚逾期")
    done = report(inspector, sibling_village, item, now - timedelta(days=9), description="已销号")
    Finding.objects.filter(pk=done.pk).update(
        state="closed", ending="fixed", closed_at=now - timedelta(days=1)
    )
    huajia, xiangying = by_township(Finding.objects.issued(), now)
    assert (huajia.in_hand, huajia.overdue, huajia.newly_overdue, huajia.new, huajia.longest) == (
        2,
        2,
        1,
        0,
        15,
    )
    assert (xiangying.in_hand, xiangying.overdue, xiangying.closed) == (0, 0, 1)


def test_only_covered_places_are_read(client_for, inspector, leader, village, island_village, item, now):
    report(inspector, village, item, now, description="金普的问题")
    report(inspector, island_village, item, now, description="长海的问题")
    html = client_for(leader).get("/").content.decode()
    assert "金普的问题" in html
    assert "长海的问题" not in html
    assert area_of(leader, timezone.localdate(now)) == "金普新区"


def test_the_five_worst_begin_with_what_is_overdue(
    client_for, inspector, leader, village_leader, village, item, now
):
    for n in range(5):
        report(inspector, village, item, now - timedelta(days=n), description=f"普通{n}")
    report(inspector, village, item, now - timedelta(days=8), description="逾期的", severity="minor")
    report(inspector, village, item, now, description="严重的", severity="grave")
    html = client_for(leader).get("/").content.decode()
    assert html.index("逾期的") < html.index("严重的") < html.index("普通4")
    assert "普通0" not in html
    assert html.count('class="task ') == 5
    assert "冯远" in html, "the township leader answers for it"


def test_an_instruction_is_left_from_the_page_and_its_reply_is_shown(
    client_for, inspector, leader, hso, village, item, now
):
    finding = report(inspector, village, item, now - timedelta(days=1))
    client = client_for(leader)
    url = reverse("finding_step", args=[finding.pk, "instruct"])
    assert f'action="{url}"' in client.get("/").content.decode()
    answer = client.post(url, {"version": fresh(finding).version, "text": "三日内整改到位", "next": "/"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert "三日内整改到位" in client.get("/").content.decode()
    fresh(finding).reply(finding.instructions.get(), by=hso, at=now, text="已派人跟进")
    assert "已派人跟进" in client.get("/").content.decode()


def test_a_leader_without_places_is_told_so(client_for, leader):
    leader.person.responsibilities.all().delete()
    answer = client_for(leader).get("/")
    assert answer.status_code == 200
    assert (
        "No place is assigned to you today" in answer.content.decode()
        or "今天没有" in answer.content.decode()
    )


def test_the_number_of_queries_does_not_grow(client_for, inspector, leader, village, item, now):
    finding = report(inspector, village, item, now - timedelta(days=9))
    client, counts = client_for(leader), []
    for more in (9, 90):
        clone(finding, more)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 22
