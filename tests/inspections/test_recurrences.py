"""A look-back that finds a problem again names what came back: a fixed finding of the same village."""

import json
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from inspections.models import Finding
from inspections.steps import StepRefused
from tests.inspections import looking_back
from tests.inspections.making import fresh, report, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def closed(office, official, village, item, at, **more):
    finding = report(office, village, item, at, **more)
    finding.issue(by=office, at=at)
    submit(finding, official, at)
    fresh(finding).close(by=office, at=at)
    return fresh(finding)


@pytest.fixture
def fixed(jinpu_office, huajia_official, village, item, now):
    return closed(jinpu_office, huajia_official, village, item, now - timedelta(days=20), place="村口")


@pytest.fixture
def elsewhere(jinpu_office, xiangying_official, sibling_village, item, now):
    return closed(jinpu_office, xiangying_official, sibling_village, item, now - timedelta(days=20))


@pytest.fixture
def body(village, item, fixed):
    return {
        "id": str(uuid.uuid4()),
        "photos": json.dumps([]),
        "village": str(village.pk),
        "item": str(item.pk),
        "description": "村口又有垃圾",
        "severity": "minor",
        "source": "look_back",
        "recurrence_of": str(fixed.pk),
    }


# --- a case of a look-back waits for it ---------------------------------------------------------------------------
@pytest.fixture
def waiting(hso, city, huajia_official, village, item, time_machine):
    """A look-back's case of what the city office has closed."""
    looking_back.closed(hso, huajia_official, village, item, place="村口")
    (case,) = looking_back.running(hso, city)
    time_machine.move_to(looking_back.revealed(case), tick=False)
    return case


def record_again(client, case):
    """Let the office record that the case's finding came back."""
    key = str(uuid.uuid4())
    sent = {
        "id": key, "photos": "[]", "village": str(case.finding.village_id), "item": str(case.finding.item_id),
        "description": "村口又有垃圾", "severity": "minor", "source": "look_back",
        "recurrence_of": str(case.finding_id),
    }  # fmt: skip
    assert client.post(reverse("record"), sent).status_code == 302
    return Finding.objects.get(pk=key)


def test_what_the_list_records_as_come_back_settles_the_open_case(client_for, hso, waiting):
    client = client_for(hso)
    hints = reverse("record_hints"), {"village": waiting.finding.village_id}
    assert waiting.get_absolute_url() in client.get(*hints).content.decode()
    found = record_again(client, waiting)
    waiting.refresh_from_db()
    assert (waiting.result, waiting.new_finding, waiting.result_by) == ("came_back", found, hso)
    found.issue(by=hso, at=timezone.now())
    assert waiting.get_absolute_url() in client.get(found.get_absolute_url()).content.decode()
    assert waiting.get_absolute_url() not in client.get(*hints).content.decode()


def test_whoever_does_not_stand_on_the_list_settles_no_case_and_learns_of_none(
    client_for, hso_staff, waiting
):
    client = client_for(hso_staff)
    page = client.get(reverse("record_hints"), {"village": waiting.finding.village_id}).content.decode()
    assert str(waiting.finding_id) in page
    assert waiting.get_absolute_url() not in page
    record_again(client, waiting)
    waiting.refresh_from_db()
    assert waiting.result == ""


def test_the_hints_offer_an_office_what_was_fixed_in_the_chosen_village(
    client_for, jinpu_office, village, item, fixed, elsewhere
):
    page = client_for(jinpu_office).get(reverse("record_hints"), {"village": village.pk, "item": item.pk})
    html = page.content.decode()
    assert f'value="{fixed.pk}"' in html
    for said in (fixed.number, item.code, "村口", timezone.localtime(fixed.closed_at).strftime("%Y-%m-%d")):
        assert said in html
    assert str(elsewhere.pk) not in html


def test_what_was_picked_stays_picked_when_the_item_changes(client_for, jinpu_office, village, fixed):
    asked = {"village": village.pk, "recurrence_of": fixed.pk}
    assert client_for(jinpu_office).get(reverse("record_hints"), asked).context["picked_fixed"] == fixed


def test_an_inspector_is_not_asked(client_for, inspector, village, fixed):
    client = client_for(inspector)
    assert "came-back" not in client.get(reverse("record_hints"), {"village": village.pk}).content.decode()
    assert 'id="came-back"' not in client.get(reverse("record")).content.decode()


def test_the_new_finding_and_the_fixed_one_lead_to_each_other(client_for, jinpu_office, body, fixed):
    client = client_for(jinpu_office)
    assert client.post(reverse("record"), body).status_code == 302
    again = Finding.objects.get(pk=body["id"])
    assert again.recurrence_of == fixed
    assert fixed.get_absolute_url() in client.get(again.get_absolute_url()).content.decode()
    assert again.get_absolute_url() in client.get(fixed.get_absolute_url()).content.decode()


def test_the_township_reads_of_the_recurrence_only_once_it_is_issued(
    client_for, jinpu_office, huajia_official, body, fixed, now
):
    client_for(jinpu_office).post(reverse("record"), body)
    township, url = client_for(huajia_official), Finding.objects.get(pk=body["id"]).get_absolute_url()
    assert url not in township.get(fixed.get_absolute_url()).content.decode()
    Finding.objects.get(pk=body["id"]).issue(by=jinpu_office, at=now)
    assert url in township.get(fixed.get_absolute_url()).content.decode()


def test_another_source_or_village_is_told_beside_the_field(client_for, jinpu_office, body, elsewhere):
    client, url = client_for(jinpu_office), reverse("record")
    assert client.post(url, {**body, "source": "media"}).context["form"].errors.keys() == {"source"}
    wrong = client.post(url, {**body, "recurrence_of": str(elsewhere.pk)})
    assert wrong.context["form"].errors.keys() == {"recurrence_of"}
    assert not Finding.objects.filter(pk=body["id"]).exists()


def test_the_verb_refuses_it_whoever_calls(jinpu_office, village, item, fixed, elsewhere, now):
    open_one = report(jinpu_office, village, item, now)
    for other, source in ((elsewhere, "look_back"), (open_one, "look_back"), (fixed, "")):
        with pytest.raises(StepRefused):
            report(jinpu_office, village, item, now, source=source, recurrence_of=other)
