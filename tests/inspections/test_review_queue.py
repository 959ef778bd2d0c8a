"""The review queue: what waits for whom, deciding case after case, undo, and the notes on the evidence."""

import json
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inspections import review_notes
from notifications.models import Notice
from tests.inspections import evidence
from tests.inspections.making import fresh, report, submit
from tests.samples import jpeg

pytestmark = pytest.mark.django_db

URL = "/findings/review/"
IN_PLACE = {"HX-Request": "true", "HX-Target": "case"}


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def cases(jinpu_office, village, item, huajia_official, now):
    """Three findings of the county's own patrol, handed in one after the other."""
    rows = []
    for hours in (5, 4, 3):
        found = report(jinpu_office, village, item, now - timedelta(hours=9), description=f"问题{hours}")
        found.issue(by=jinpu_office, at=now - timedelta(hours=8), kind="at_once")
        rows.append(submit(found, huajia_official, now - timedelta(hours=hours)))
    return [fresh(row) for row in rows]


@pytest.fixture
def decide(client_for, jinpu_office):
    client = client_for(jinpu_office)

    def post(case, step, reason="", **headers):
        body = {"step": step, "version": case.version, "reason": reason}
        return client.post(reverse("review_decide", args=[case.pk]), body, headers=headers)

    return post


def test_the_oldest_case_is_shown_and_all_that_wait_are_listed(client_for, cases, jinpu_office):
    page = client_for(jinpu_office).get(URL)
    assert page.context["case"] == cases[0]
    assert page.context["listed"] == cases
    assert page.context["total"] == 3


def test_closing_brings_the_next_case_and_an_undo(decide, cases):
    answer = decide(cases[0], "close", **IN_PLACE)
    assert fresh(cases[0]).state == "closed"
    text = answer.content.decode()
    assert "<html" not in text
    assert f'data-announce="{cases[1].number}' in text
    assert 'id="queue"' in text
    assert 'hx-swap-oob="true"' in text
    undo = json.loads(answer.headers["HX-Trigger"])["undo"]
    assert (undo["seconds"], undo["target"]) == (10, "#case")
    assert undo["url"] == reverse("review_undo", args=[cases[0].pk])
    assert answer.headers["HX-Replace-Url"] == f"{URL}?case={cases[1].pk}"


def test_undo_brings_the_case_back_and_nobody_was_told(client_for, decide, cases, jinpu_office):
    decide(cases[0], "close", **IN_PLACE)
    client = client_for(jinpu_office)
    assert client.post(reverse("review_undo", args=[cases[0].pk]), headers=IN_PLACE).status_code == 204
    assert fresh(cases[0]).state == "submitted"
    assert not Notice.objects.filter(step="close").exists()
    assert client.get(URL).context["case"] == cases[0]
    again = client.post(reverse("review_undo", args=[cases[0].pk]), headers=IN_PLACE)
    assert again.status_code == 409


def test_after_a_case_from_the_middle_comes_the_one_below_it(decide, cases):
    answer = decide(cases[1], "close", **IN_PLACE)
    assert answer.context["case"] == cases[2]


def test_sending_back_needs_a_reason_and_keeps_the_case(decide, cases):
    answer = decide(cases[0], "send_back", **IN_PLACE)
    assert answer.context["case"] == cases[0]
    assert fresh(cases[0]).state == "submitted"
    decide(cases[0], "send_back", "照片不是同一地点", **IN_PLACE)
    assert fresh(cases[0]).state == "returned"
    assert fresh(cases[0]).events.get(step="send_back").remark == "照片不是同一地点"


def test_a_case_someone_else_has_decided_is_said_beside_the_next(decide, cases, jinpu_office, now):
    stale = fresh(cases[0])
    fresh(cases[0]).close(by=jinpu_office, at=now)
    answer = decide(stale, "send_back", "看不清拍摄地点", **IN_PLACE)
    assert json.loads(answer.headers["HX-Trigger"])["toast"]["error"]
    assert answer.context["case"] == cases[1]
    assert "看不清拍摄地点" not in answer.content.decode()
    assert fresh(cases[0]).state == "closed"


def test_a_stale_version_of_a_waiting_case_is_refused(decide, cases, now, huajia_official, jinpu_office):
    stale = fresh(cases[0])
    fresh(cases[0]).note(by=huajia_official, at=now, remark="补充说明")
    answer = decide(stale, "close", **IN_PLACE)
    assert answer.context["case"] == cases[0]
    assert fresh(cases[0]).state == "submitted"


def test_it_works_as_plain_pages(decide, cases):
    answer = decide(cases[0], "close")
    assert (answer.status_code, answer.url) == (302, f"{URL}?case={cases[1].pk}")


def test_the_last_decision_leaves_an_empty_queue(decide, cases):
    for case in cases[:2]:
        decide(case, "close", **IN_PLACE)
    answer = decide(cases[2], "close", **IN_PLACE)
    assert answer.context["case"] is None
    assert 'id="case"' in answer.content.decode()


def test_strangers_get_404(client_for, cases, changhai_office, huajia_official, inspector, auditor):
    for user in (huajia_official, inspector, auditor):
        assert client_for(user).get(URL).status_code == 404
    client = client_for(changhai_office)
    assert client.get(URL).context["total"] == 0
    assert (
        client.post(reverse("review_decide", args=[cases[0].pk]), {"step": "close", "version": 1}).status_code
        == 404
    )
    assert client.post(reverse("review_undo", args=[cases[0].pk])).status_code == 404


def test_a_city_finding_is_checked_by_the_county_first(
    client_for, inspector, village, item, huajia_official, jinpu_office, hso, now
):
    found = report(inspector, village, item, now - timedelta(hours=9))
    submit(found, huajia_official, now - timedelta(hours=2))
    county, city = client_for(jinpu_office), client_for(hso)
    assert city.get(URL).context["total"] == 0
    page = county.get(URL)
    assert page.context["case"] == found
    assert set(page.context["steps"]) == {"check", "send_back"}
    body = {"step": "check", "version": fresh(found).version, "reason": ""}
    county.post(reverse("review_decide", args=[found.pk]), body)
    assert fresh(found).state == "checked"
    page = city.get(URL)
    assert set(page.context["steps"]) == {"close", "send_back"}


def test_the_number_of_queries_does_not_grow_with_the_queue(
    client_for, jinpu_office, village, item, huajia_official, now
):
    client = client_for(jinpu_office)
    spent = []
    for more in (2, 12):
        for n in range(more):
            found = report(jinpu_office, village, item, now - timedelta(hours=9), description=f"{more} {n}")
            found.issue(by=jinpu_office, at=now - timedelta(hours=8), kind="at_once")
            submit(found, huajia_official, now - timedelta(hours=5))
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        spent.append(len(queries))
    assert spent[0] == spent[1] <= 22


# --- notes ------------------------------------------------------------------------------------------------------------
def texts(page):
    return [note.text for note in page.context["notes"]]


def test_notes_say_how_late_and_how_often(
    client_for, decide, cases, village, item, jinpu_office, huajia_official, now
):
    found = report(jinpu_office, village, item, now - timedelta(days=9))
    found.issue(by=jinpu_office, at=now - timedelta(days=9), kind="at_once")
    submit(found, huajia_official, now - timedelta(hours=30))
    fresh(found).send_back(by=jinpu_office, at=now - timedelta(hours=20), reason="仍有垃圾")
    submit(found, huajia_official, now - timedelta(hours=10))
    page = client_for(jinpu_office).get(URL, {"case": found.pk})
    weights = {note.weight for note in page.context["notes"]}
    assert any("仍有垃圾" in text for text in texts(page))
    assert "bad" in weights
    assert page.context["notes"][0].weight == "bad"


def test_notes_measure_how_far_apart_the_photos_were_taken(
    client_for, inspector, village, item, hso, huajia_official, jinpu_office, now
):
    at = now - timedelta(hours=5)
    body, key = jpeg(), uuid.uuid4()
    found = evidence.report(
        inspector, village, item, at=at, photos=[{"id": str(key), "sha256": evidence.sha(body)}]
    )
    position = {"lat": "39.10000", "lon": "121.90000", "source": "camera", "captured_at": at}
    evidence.send(inspector, found, body, at=at, id=key, **position)
    after = evidence.send(
        huajia_official, fresh(found), jpeg(7), at=now - timedelta(hours=1), side="after",
        lat="39.11000", lon="121.90000", source="album", captured_at=at - timedelta(days=3),
    )  # fmt: skip
    fresh(found).rectify(by=huajia_official, at=now, measures="清理", result="已清理", photos=[after.pk])
    page = client_for(jinpu_office).get(URL)
    assert page.context["case"] == found
    assert any("1,112" in text for text in texts(page))
    warned = [note.text for note in page.context["notes"] if note.weight == "warn"]
    assert len(warned) == 2


def test_a_degree_of_latitude_is_111_kilometres():
    assert round(review_notes.metres(39, 121, 40, 121)) == 111195
