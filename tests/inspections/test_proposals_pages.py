"""Proposed measures on their page: one who may sign signs or dismisses; nothing happens by itself."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inspections import drafting
from inspections.models import Document, Proposal
from tests.inspections.stored import NOW, TODAY, make

__all__ = ["make"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]
URL = "proposals"


@pytest.fixture
def today(time_machine):
    """Let the pages read the day that the stored findings belong to."""
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def overdue(make):
    return make(due_on=TODAY - timedelta(days=9))


def propose(row, level, **columns):
    defaults = {"finding": row, "occasion": f"finding:{row.pk}", "facts": {"days": 9}}
    return Proposal.objects.create(
        level=level, office=row.issuing_office, township=row.township, county=row.county,
        proposed_at=NOW, **{**defaults, **columns},
    )  # fmt: skip


def decide(client, do, *proposals, remark=""):
    return client.post(reverse(URL), {"pick": [p.pk for p in proposals], "do": do, "remark": remark})


def test_signing_an_urge_urges(client_for, hso, overdue):
    proposal = propose(overdue, "urge")
    assert decide(client_for(hso), "sign", proposal).url == reverse(URL)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.signed_by) == ("signed", hso)
    assert overdue.events.filter(step="urge", by=hso).count() == 1
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("level", "kind"), [("supervise", "supervision"), ("circulate", "circular"), ("summon", "talk")]
)
def test_signing_any_other_measure_drafts_its_document(client_for, hso, overdue, level, kind):
    proposal = propose(overdue, level)
    response = decide(client_for(hso), "sign", proposal)
    document = Document.objects.get()
    assert response.url == reverse("document_edit", args=[document.pk])
    assert (document.kind, document.proposal, document.is_issued) == (kind, proposal, False)
    assert document.picked == [str(overdue.pk)]
    assert document.text["matter"]
    assert not overdue.events.filter(step="urge").exists()


def test_a_measure_for_a_township_lists_its_overdue_findings(client_for, hso, make, overdue):
    others = [make(due_on=TODAY - timedelta(days=n)) for n in (1, 5)]
    columns = {"finding": None, "occasion": "township:1", "facts": {"findings": 2, "days": 3}}
    proposal = propose(overdue, "circulate", **columns)
    decide(client_for(hso), "sign", proposal)
    assert set(Document.objects.get().picked) == {str(overdue.pk), str(others[1].pk)}


def test_dismissing_needs_a_reason(client_for, hso, overdue):
    proposal = propose(overdue, "summon")
    client = client_for(hso)
    assert "error-summary" in decide(client, "dismiss", proposal).content.decode()
    decide(client, "dismiss", proposal, remark="已当面约谈")
    proposal.refresh_from_db()
    assert (proposal.state, proposal.remark) == ("dismissed", "已当面约谈")


def test_several_urges_are_signed_at_once(client_for, hso, make):
    rows = [propose(make(due_on=TODAY - timedelta(days=2)), "urge") for _ in range(3)]
    decide(client_for(hso), "sign", *rows)
    assert Proposal.objects.filter(state="signed").count() == 3


@pytest.mark.parametrize("who", ["hso_staff", "jinpu_office", "auditor"])
def test_who_may_not_sign_changes_nothing(client_for, request, overdue, who):
    proposal = propose(overdue, "supervise")
    decide(client_for(request.getfixturevalue(who)), "sign", proposal)
    proposal.refresh_from_db()
    assert proposal.state == "proposed"
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    "who", ["huajia_official", "inspector", "agency", "leader", "department", "sysadmin"]
)
def test_others_do_not_know_the_page(client_for, request, who):
    assert client_for(request.getfixturevalue(who)).get(reverse(URL)).status_code == 404


def test_an_office_sees_its_own_only(client_for, hso, changhai_office, overdue):
    propose(overdue, "urge")
    assert len(client_for(hso).get(reverse(URL)).context["rows"]) == 1
    assert not client_for(changhai_office).get(reverse(URL)).context["rows"]


def test_a_proposal_is_decided_once(client_for, hso, overdue):
    proposal = propose(overdue, "urge")
    client = client_for(hso)
    decide(client, "sign", proposal)
    page = client.post(reverse(URL), {"pick": [proposal.pk], "do": "dismiss", "remark": "重复"}, follow=True)
    assert "message--error" in page.content.decode()
    proposal.refresh_from_db()
    assert proposal.state == "signed"


def test_a_measure_whose_finding_was_put_right_meanwhile_is_not_half_signed(client_for, hso, overdue):
    proposal = propose(overdue, "supervise")
    type(overdue).objects.filter(pk=overdue.pk).update(state="submitted")
    decide(client_for(hso), "sign", proposal)
    proposal.refresh_from_db()
    assert proposal.state == "proposed"
    assert not Document.objects.exists()


def test_the_first_words_count_the_days(overdue):
    assert "9" in drafting.first_words("supervision", [overdue], TODAY)["matter"]


def test_a_hundred_proposals_cost_as_many_queries_as_ten(client_for, hso, make):
    client, counts = client_for(hso), []
    for more in (10, 90):
        for _ in range(more):
            propose(make(due_on=TODAY - timedelta(days=2)), "urge")
        client.get(reverse(URL))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(URL))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14
