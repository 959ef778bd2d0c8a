"""An office's home page shows what waits for it, the oldest first, and how its places stand."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dalian_rural.models import Feedback
from dalian_rural.pages import home_office
from inspections.models import Proposal
from tests.inspections.making import fresh, report, submit
from tests.pages.many import clone
from villages.models import Difficulty

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> Any:
    return timezone.now()


def waiting(html: str) -> list[tuple[str, int]]:
    """Return the page and the number of everything that waits, as it is ordered."""
    found = re.findall(r'class="waits__row" href="([^"]*)".*?waits__count">([\d,]+)', html)
    return [(url, int(count)) for url, count in found]


def read(client_for: Any, user: Any) -> str:
    answer = client_for(user).get("/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_reports_wait_to_be_issued(client_for, agency, hso, jinpu_office, village, item, now):
    report(agency, village, item, now - timedelta(hours=5))
    assert (reverse("issue_queue"), 1) in waiting(read(client_for, hso))
    assert reverse("issue_queue") not in dict(waiting(read(client_for, jinpu_office)))


def test_a_submission_waits_for_the_county_first_and_then_for_the_city(
    client_for, inspector, huajia_official, jinpu_office, hso, village, item, now
):
    finding = report(inspector, village, item, now - timedelta(days=1))
    submit(finding, huajia_official, now - timedelta(hours=3))
    assert (reverse("review"), 1) in waiting(read(client_for, jinpu_office))
    assert not waiting(read(client_for, hso))
    fresh(finding).pass_check(by=jinpu_office, at=now - timedelta(hours=2))
    assert not waiting(read(client_for, jinpu_office))
    assert (reverse("review"), 1) in waiting(read(client_for, hso))


def test_requests_lead_to_the_page_where_they_are_decided(
    client_for, inspector, huajia_official, jinpu_office, hso, village, item, now
):
    finding = report(inspector, village, item, now - timedelta(days=1))
    until = timezone.localdate(now) + timedelta(days=9)
    fresh(finding).ask_extension(
        by=huajia_official, at=now - timedelta(hours=2), until=until, reason="连日大雨"
    )
    fresh(finding).claim(
        by=huajia_official, at=now - timedelta(hours=1), ending="not_ours", reason="属于相邻街道"
    )
    html = read(client_for, hso)
    assert waiting(html) == [
        (reverse("requests") + "?kind=extension", 1),
        (reverse("requests") + "?kind=claim", 1),
    ]
    assert html.index("连日大雨") < html.index("属于相邻街道")
    for step in ("decide_extension", "decide_claim"):
        url = reverse("finding_step", args=[finding.pk, step])
        assert f'{url}?next=/"' in html
        assert client_for(hso).get(url).status_code == 200
    assert "连日大雨" not in read(client_for, jinpu_office)


def test_instructions_and_difficulties_and_feedback_wait_oldest_first(
    client_for, inspector, leader, huajia_official, hso, village, item, now
):
    finding = report(inspector, village, item, now - timedelta(days=3))
    Difficulty.objects.raise_for(village, by=huajia_official, at=now - timedelta(days=4), text="没有垃圾车")
    fresh(finding).instruct(by=leader, at=now - timedelta(days=1), text="请尽快")
    Feedback.objects.receive(at=now - timedelta(days=2), address="10.0.0.1", kind="complaint", text="慢")
    html = read(client_for, hso)
    assert [url for url, _count in waiting(html)] == [
        reverse("difficulties"),
        reverse("feedback"),
        reverse("instructions"),
    ]
    assert "没有垃圾车" in html


def test_a_proposal_waits_only_when_there_is_a_page_for_it(
    client_for, inspector, hso, city, huajia, jinpu, village, item, now, monkeypatch
):
    Proposal.objects.create(
        level="circulate",
        office=city,
        township=huajia,
        county=jinpu,
        occasion="x",
        facts={"findings": 3, "days": 3},
        proposed_at=now,
    )
    monkeypatch.setattr(home_office, "safe_reverse", lambda name: f"/{name}/")
    assert ("/proposals/", 1) in waiting(read(client_for, hso))
    monkeypatch.setattr(home_office, "safe_reverse", lambda name: "")
    assert not waiting(read(client_for, hso))


def test_the_table_counts_by_unit_for_the_city_and_by_township_for_the_county(
    client_for,
    inspector,
    hso,
    jinpu_office,
    jinpu,
    changhai,
    huajia,
    xiangying,
    village,
    island_village,
    item,
    now,
):
    report(inspector, village, item, now - timedelta(days=9))
    report(inspector, island_village, item, now)
    city = read(client_for, hso)
    assert f"?unit={jinpu.pk}" in city
    assert f"?unit={changhai.pk}" in city
    assert f"?state=overdue&amp;unit={jinpu.pk}" in city
    county = read(client_for, jinpu_office)
    assert f"?township={huajia.pk}" in county
    assert f"?township={xiangying.pk}" in county
    assert str(changhai.pk) not in county


def test_gaps_of_the_coverage_are_named(client_for, hso, village, leader):
    html = read(client_for, hso)
    assert f"{reverse('coverage')}#gaps" in html


@pytest.mark.parametrize("who", ["hso", "jinpu_office"])
def test_the_number_of_queries_does_not_grow(
    request, client_for, inspector, agency, huajia_official, who, village, item, now
):
    user = request.getfixturevalue(who)
    submitted = report(inspector, village, item, now - timedelta(days=1))
    submitted = submit(submitted, huajia_official, now)
    reported = report(agency, village, item, now)
    asked = report(inspector, village, item, now, description="另一处")
    fresh(asked).ask_extension(
        by=huajia_official, at=now, until=timezone.localdate(now) + timedelta(days=9), reason="雨"
    )
    client, counts = client_for(user), []
    for more in (9, 90):
        clone(fresh(submitted), more)
        clone(reported, more)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 40
