"""Search finds villages, findings and persons of the user's places, and nothing else."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.inspections.making import report
from tests.pages.many import clone

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def now() -> Any:
    return timezone.now()


def read(client_for: Any, user: Any, words: str) -> str:
    answer = client_for(user).get("/search/", {"q": words})
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize(
    "shorten", [lambda n: n, str.lower, lambda n: n.replace("-", ""), lambda n: n.replace("-0000", "-")]
)
def test_a_number_goes_straight_to_its_finding(client_for, inspector, hso, village, item, now, shorten):
    finding = report(inspector, village, item, now)
    answer = client_for(hso).get("/search/", {"q": f" {shorten(finding.number)} "})
    assert (answer.status_code, answer["Location"]) == (302, finding.get_absolute_url())


def test_a_number_out_of_scope_looks_like_one_that_does_not_exist(
    client_for, inspector, changhai_office, village, item, now
):
    finding = report(inspector, village, item, now)
    answer = client_for(changhai_office).get("/search/", {"q": finding.number})
    assert answer.status_code == 200
    assert str(finding.pk) not in answer.content.decode()


def test_villages_findings_and_persons_are_found_in_groups(
    client_for, inspector, hso, village, village_leader, item, now
):
    finding = report(inspector, village, item, now, description="沟渠淤塞")
    assert village.get_absolute_url() in read(client_for, hso, "柳家")
    assert finding.get_absolute_url() in read(client_for, hso, "淤塞")
    assert finding.get_absolute_url() in read(client_for, hso, "柳家 沟渠")
    assert village_leader.person.get_absolute_url() in read(client_for, hso, "冯远")


def test_what_lies_elsewhere_is_not_found(
    client_for, inspector, changhai_office, xiangying_official, village, village_leader, item, now
):
    report(inspector, village, item, now, description="沟渠淤塞")
    for user in (changhai_office, xiangying_official):
        for words in ("柳家", "淤塞", "冯远"):
            html = read(client_for, user, words)
            assert 'class="empty"' in html
            assert str(village.pk) not in html


def test_a_report_that_is_not_issued_is_not_found(client_for, agency, huajia_official, village, item, now):
    finding = report(agency, village, item, now, description="尚未交办")
    assert str(finding.pk) not in read(client_for, huajia_official, "尚未交办")


def test_the_administrator_finds_accounts_only(client_for, inspector, sysadmin, hso, village, item, now):
    report(inspector, village, item, now, description="保密的问题")
    assert "保密" not in read(client_for, sysadmin, "问题").replace('value="问题"', "")
    assert hso.get_absolute_url() in read(client_for, sysadmin, "hso")
    assert hso.get_absolute_url() not in read(client_for, hso, "hso")


def test_twenty_are_shown_and_the_rest_is_in_the_ledger(client_for, inspector, hso, village, item, now):
    finding = report(inspector, village, item, now, description="柴草垛")
    assert "/findings/?q=" not in read(client_for, hso, "柴草垛")
    clone(finding, 30)
    html = read(client_for, hso, "柴草垛")
    assert html.count("ZZ-2026-") + html.count("JP-20") >= 20
    assert "/findings/?q=%E6%9F%B4%E8%8D%89%E5%9E%9B" in html


@pytest.mark.parametrize("words", ["", "   ", "\0", "'", "%", "a" * 500, "<b>"])
def test_odd_words_are_answered(client_for, hso, words):
    assert "<b>" not in read(client_for, hso, words)


def test_the_number_of_queries_does_not_grow(client_for, inspector, hso, village, item, now):
    finding = report(inspector, village, item, now, description="柴草垛")
    client, counts = client_for(hso), []
    for more in (9, 90):
        clone(finding, more)
        with CaptureQueriesContext(connection) as queries:
            client.get("/search/", {"q": "柴草垛"})
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def suggestions(client: Any, words: str) -> str:
    answer = client.get("/search/suggest/", {"q": words})
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_suggestions_name_villages_numbers_and_persons(
    client_for, inspector, hso, village, village_leader, item, now
):
    finding = report(inspector, village, item, now)
    client = client_for(hso)
    assert village.get_absolute_url() in suggestions(client, "柳")
    assert finding.get_absolute_url() in suggestions(client, finding.number[-4:])
    assert village_leader.person.get_absolute_url() in suggestions(client, "冯")
    assert suggestions(client, " ").strip() == ""


def test_suggestions_stay_in_the_places_of_the_user(
    client_for, inspector, agency, changhai_office, huajia_official, village, village_leader, item, now
):
    finding = report(inspector, village, item, now)
    waiting = report(agency, village, item, now)
    client = client_for(changhai_office)
    for words in ("柳家", finding.number, "冯远"):
        html = suggestions(client, words)
        assert html.count('role="option"') == 1  # only the search itself
    assert str(waiting.pk) not in suggestions(client_for(huajia_official), "2")


@pytest.mark.parametrize("words", ["\0", "'", "%", "a" * 500, "<b>", "1%"])
def test_odd_words_are_suggested_nothing(client_for, hso, words):
    assert "<b>" not in suggestions(client_for(hso), words)


def test_suggestions_are_few_and_cost_the_same(client_for, inspector, hso, village, item, now):
    finding = report(inspector, village, item, now)
    client, counts = client_for(hso), []
    for more in (9, 90):
        clone(finding, more)
        with CaptureQueriesContext(connection) as queries:
            html = suggestions(client, "202")
        counts.append(len(queries))
        assert html.count('role="option"') <= 16
    assert counts[0] == counts[1] <= 7
