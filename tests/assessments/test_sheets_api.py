"""Periods and sheets over the API: who reads what, entries that are PUT twice, handing in."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import Entry, Period, Sheet
from tests.assessments.making import DAY, NOW, fill, opened, self_sheet

pytestmark = pytest.mark.django_db
JSON = {"content_type": "application/json"}


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def sheet(hso, jinpu, changhai):
    return self_sheet(opened(hso), jinpu)


def test_an_entry_is_put_whole_and_twice_is_once(sheet, jinpu, jinpu_office, client_for, village):
    client = client_for(jinpu_office)
    url = reverse("api_sheet_entry", args=[sheet.pk, jinpu.pk, "A2-06"])
    body = {
        "facts": [{"text": "健身器材损坏", "village": str(village.pk), "place": "广场"}],
        "remark": "已报修",
    }
    first, again = client.put(url, body, **JSON), client.put(url, body, **JSON)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() and first.json()["units"] == 20_000 - 2_500
    assert client.put(url, {"version": 1}, **JSON).json()["facts"] == []
    late = client.put(url, {"version": 1, "remark": "x"}, **JSON)
    assert late.status_code == 409 and late.json()["code"] == "conflict"


def test_what_the_rule_cannot_score_names_its_field(sheet, jinpu, jinpu_office, client_for):
    url = reverse("api_sheet_entry", args=[sheet.pk, jinpu.pk, "A1-03"])
    answer = client_for(jinpu_office).put(url, {"sampled": 5, "met": 6}, **JSON)
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "met"
    assert not Entry.objects.exists()


def test_an_item_of_another_source_is_not_there(sheet, jinpu, changhai, jinpu_office, client_for):
    client = client_for(jinpu_office)
    for unit, code in ((jinpu, "A8-01"), (jinpu, "A1-01"), (changhai, "A1-03")):
        url = reverse("api_sheet_entry", args=[sheet.pk, unit.pk, code])
        assert client.put(url, {"sampled": 1, "met": 1}, **JSON).status_code == 404


def test_a_sheet_is_handed_in_once_it_is_full(sheet, jinpu_office, hso, client_for):
    client, url = client_for(jinpu_office), reverse("api_sheet_submit", args=[sheet.pk])
    refused = client.post(url, {}, **JSON)
    assert refused.status_code == 409 and refused.json()["code"] == "incomplete"
    fill(sheet, jinpu_office)
    done = client.post(url, {"version": 1}, **JSON).json()
    assert done["state"] == "submitted" and done["steps"] == ["take_back"]
    status = client_for(hso).get(reverse("api_period_sheets", args=[sheet.period_id])).json()
    mine = next(row for row in status if row["id"] == str(sheet.pk))
    assert mine["state"] == "submitted" and "entries" not in mine


def test_lists_cost_the_same_with_many_rows(sheet, hso, jinpu, jinpu_office, client_for):
    """Ten or a hundred periods: the same queries."""
    costs = {}
    clients = {"hso": client_for(hso), "jinpu": client_for(jinpu_office)}
    pages = {
        "hso": [reverse("periods"), reverse("api_periods"), "/"],
        "jinpu": [reverse("sheets"), reverse("api_sheets"), reverse("periods")],
    }
    for number in (9, 90):
        _periods(sheet.period, jinpu, jinpu_office, number)
        for who, urls in pages.items():
            for url in urls:
                clients[who].get(url)
                with CaptureQueriesContext(connection) as queries:
                    assert clients[who].get(url).status_code == 200
                costs.setdefault((who, url), []).append(len(queries))
    assert {key: cost for key, cost in costs.items() if cost[0] != cost[1]} == {}


def _periods(period, unit, by, number):
    """Store many periods whose sheets were handed in."""
    same = {"kind": "quarter", "scheme": period.scheme, "begins_on": DAY, "ends_on": DAY, "created_by": by,
            "created_at": NOW, "basis_document": "x", "plan_number": "1", "opened_at": NOW, "sheets_due_on": DAY,
            "state": "open"}  # fmt: skip
    made = Period.objects.bulk_create(Period(title=f"第{n}期", **same) for n in range(number))
    Sheet.objects.bulk_create(
        Sheet(
            period=row, source="self", unit=unit, created_at=NOW, state="submitted", submitted_at=NOW, submitted_by=by
        )
        for row in made
    )  # fmt: skip
