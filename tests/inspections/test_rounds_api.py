"""Rounds over the API: the same verbs, the same secrecy, problem documents."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Entry, SealedEntry
from inspections.models import Round
from tests.inspections.touring import LAST, NAME, NOW, NUMBER, plan, planned, running, villages_in, with_teams

pytestmark = pytest.mark.django_db
TUESDAY = NOW + timedelta(days=1, hours=2)
ROUNDS = "/api/v1/rounds/"


@pytest.fixture
def villages(huajia, dachangshan):
    return villages_in(huajia, dachangshan)


@pytest.fixture
def row(hso, city, villages, item):
    return running(hso, city)


def post(browser, row, step, **data):
    return browser.post(f"{ROUNDS}{row.pk}/{step}/", data, content_type="application/json")


def test_a_round_goes_its_way_over_the_api(client_for, hso, city, villages, item):
    browser, row = client_for(hso), with_teams(plan(hso, city), hso)
    with time_machine.travel(NOW, tick=False):
        made = post(browser, row, "freeze", public_number_name=NAME, public_number_falls_on="2026-03-03")
        assert made.status_code == 200, made.content
        assert made.json()["draws"][0]["seed"] is None
    with time_machine.travel(TUESDAY, tick=False):
        assert post(browser, row, "mix", public_number=NUMBER).status_code == 200
        assert post(browser, row, "open").json()["state"] == "running"
        plan_ = browser.get(f"{ROUNDS}{row.pk}/plan/").json()
        assert plan_["count"] == 6
        one = plan_["results"][0]
        moved = post(
            browser,
            row,
            "amend",
            kind="move",
            reason="停航",
            visit=one["id"],
            team=one["team"]["id"],
            day=str(LAST),
        )
        assert [a["kind"] for a in moved.json()["amendments"]] == ["move"]
        for visit in planned(row):
            assert post(browser, row, "miss", visit=str(visit.pk), reason="weather").status_code == 200
        closed = post(browser, row, "close").json()
    assert closed["state"] == "closed"
    assert closed["draws"][0]["seed"]
    assert closed["progress"]["missed"] == 6


def test_refusals_are_problem_documents(client_for, hso, row):
    browser = client_for(hso)
    wrong = post(browser, row, "freeze", public_number_name=NAME, public_number_falls_on="2030-01-01")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong_state")
    assert post(browser, row, "close").json()["code"] == "outstanding"
    bare = post(browser, row, "amend", kind="move", reason="停航")
    assert {error["field"] for error in bare.json()["errors"]} == {"visit", "team", "day"}
    foreign = post(browser, row, "amend", kind="cancel", reason="停航", visit=str(uuid.uuid4()))
    assert foreign.status_code == 400
    old = post(browser, row, "amend", kind="cancel", reason="停航", visit=str(planned(row)[0].pk), version=1)
    assert (old.status_code, old.json()["code"]) == (409, "conflict")
    assert post(browser, row, "no-such-step").status_code == 404


def test_a_sealed_round_is_no_round_over_the_api_either(
    client_for, row, hso_staff, auditor, jinpu_office, inspector
):
    for user in (hso_staff, auditor, jinpu_office, inspector):
        browser = client_for(user)
        assert browser.get(ROUNDS).json()["count"] == 0
        for tail in ("", "plan/"):
            answers = [browser.get(f"{ROUNDS}{key}/{tail}") for key in (row.pk, uuid.uuid4())]
            assert answers[0].status_code == answers[1].status_code == 404
            assert answers[0].json()["detail"] == answers[1].json()["detail"]
        assert post(browser, row, "close").status_code == 404


def test_what_is_read_is_written_under_the_seal(client_for, row, hso):
    client_for(hso).get(f"{ROUNDS}{row.pk}/plan/")
    assert SealedEntry.objects.under(row.pk).get(verb="sealed_read").actor_name == str(hso)
    assert not Entry.objects.filter(verb="sealed_read").exists()


def test_draws_are_public_from_the_reveal_on_and_seeds_from_the_closing(
    client_for, row, hso, huajia_official
):
    browser = client_for(huajia_official)
    with time_machine.travel(row.reveals_at - timedelta(seconds=1), tick=False):
        assert browser.get("/api/v1/draws/").json()["count"] == 0
    with time_machine.travel(row.reveals_at, tick=False):
        shown = browser.get("/api/v1/draws/").json()["results"][0]
    assert (shown["commitment"], shown["seed"]) == (row.draw.commitment, None)
    for visit in planned(row):
        visit.miss(by=hso, at=TUESDAY, reason="weather")
    Round.objects.get(pk=row.pk).close(by=hso, at=TUESDAY)
    assert browser.get("/api/v1/draws/").json()["results"][0]["seed"] == row.draw.seed


@pytest.mark.parametrize("url", ["{}/plan/?page_size=100", "{}/", "?page_size=100"])
def test_answers_cost_the_same_number_of_questions_for_ten_villages_and_a_hundred(
    url, client_for, hso, city, huajia, dachangshan, item
):
    counts, browser = [], client_for(hso)
    for each in (5, 45):
        villages_in(huajia, dachangshan, each=each)
        row = running(hso, city, per_day=9)
        address = ROUNDS + url.format(row.pk)
        browser.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(address).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
