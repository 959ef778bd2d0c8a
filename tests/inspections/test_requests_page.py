"""Plans, extensions and claims wait on one page of the issuing office, the longest first."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inspections.models import Claim, Extension, RectificationPlan
from tests.inspections.stored import NOW, TODAY, make

__all__ = ["make"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


@pytest.fixture
def today(time_machine):
    """Let the page read the day that the stored findings belong to."""
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def ask(huajia_official):
    """Return what stores a request as the verbs would have left it."""
    extra = {
        Extension: {"cause": "asked", "until": TODAY + timedelta(days=9)},
        Claim: {"ending": "not_ours"},
        RectificationPlan: {"measures": "修建排水沟", "owner": "王强", "date": TODAY + timedelta(days=30)},
    }

    def store(model, finding, hours, **columns):
        asked = {"asked_by": huajia_official, "asked_at": NOW - timedelta(hours=hours)}
        return model.objects.create(finding=finding, **{**asked, **extra[model], **columns})

    return store


def read(client, **query):
    return client.get(reverse("requests"), query)


def shown(answer):
    return [entry.row for entry in answer.context["rows"]]


def test_the_longest_wait_comes_first_and_leads_to_its_decision(client_for, hso, make, ask):
    claim = ask(Claim, make(), 1, reason="属于相邻街道")
    plan = ask(RectificationPlan, make(), 9)
    extension = ask(Extension, make(), 5, reason="连日大雨")
    answer = read(client_for(hso))
    assert shown(answer) == [plan, extension, claim]
    html = answer.content.decode()
    for step, row in (("decide_plan", plan), ("decide_extension", extension), ("decide_claim", claim)):
        assert reverse("finding_step", args=[row.finding_id, step]) + "?next=/findings/requests/" in html
    assert html.index("修建排水沟") < html.index("连日大雨") < html.index("属于相邻街道")


def test_only_what_waits_for_the_own_office_is_listed(client_for, hso, jinpu_office, jinpu, make, ask):
    city = ask(Extension, make(), 1)
    county = ask(Extension, make(issuing_office=jinpu), 2)
    ask(Extension, make(), 3, state="approved")
    ask(Claim, make(state="closed", ending="fixed", closed_at=NOW, closed_by=hso), 4)
    assert shown(read(client_for(hso))) == [city]
    assert shown(read(client_for(jinpu_office))) == [county]


def test_kind_and_place_narrow_the_list_and_nonsense_narrows_nothing(
    client_for, hso, jinpu_office, jinpu, changhai, huajia, xiangying, make, ask
):
    here = ask(Extension, make(), 2)
    there = ask(Claim, make(county=changhai), 1)
    client = client_for(hso)
    assert shown(read(client, kind="claim")) == [there]
    assert shown(read(client, place=str(jinpu.pk))) == [here]
    assert shown(read(client, place=str(jinpu.pk), kind="claim")) == []
    assert "暂无待决定的申请" in read(client, place=str(jinpu.pk), kind="claim").content.decode()
    assert shown(read(client, kind="x", place="x", page="x")) == [here, there]
    mine = ask(Extension, make(issuing_office=jinpu), 1)
    ask(Extension, make(issuing_office=jinpu, township=xiangying), 1)
    assert shown(read(client_for(jinpu_office), place=str(huajia.pk))) == [mine]


def test_pages_hold_twenty_and_tell_the_total(client_for, hso, make, ask):
    for n in range(21):
        ask((Extension, Claim)[n % 2], make(), n + 1)
    first, second = read(client_for(hso)), read(client_for(hso), page=2)
    assert (len(shown(first)), len(shown(second))) == (20, 1)
    assert first.context["page"].paginator.count == 21
    home = client_for(hso).get("/")
    assert len(home.context["sections"][0]["requests"]) == 10
    assert home.context["sections"][0]["requests_total"] == 21
    assert f'href="{reverse("requests")}"' in home.content.decode()


def test_the_number_of_queries_does_not_grow(client_for, hso, make, ask):
    client, counts = client_for(hso), []
    assert read(client).status_code == 200  # the places to choose from are remembered for a minute
    for more in (9, 90):
        for n in range(more):
            ask((Extension, Claim, RectificationPlan)[n % 3], make(), n + 1)
        with CaptureQueriesContext(connection) as queries:
            assert read(client).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10
