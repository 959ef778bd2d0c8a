"""A finding that arrives before its visit was begun stays with whoever sent it, until the visit begins."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from inspections.models import Finding, Photo, TeamPlan, Visit
from inspections.steps import StepRefused
from tests.inspections.evidence import send
from tests.inspections.making import fresh, report
from tests.inspections.sheets import points, sheet
from tests.inspections.touring import NOW, draw, inspectors, plan, planned, with_teams
from tests.samples import jpeg

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
HOUR = timedelta(hours=1)


@pytest.fixture
def stop(hso, city, jinpu, changhai, village, island_village, item):
    """A stop of a mutual round: inspectors of Jinpu in Changhai."""
    row = plan(hso, city, kind="mutual")
    guests = TeamPlan("金普组", inspectors(jinpu, issues_directly=True), sent_by=jinpu)
    hosts = TeamPlan("长海组", inspectors(changhai), sent_by=changhai)
    with_teams(row, hso, guests, hosts)
    draw(row, hso)
    row.open(by=hso, at=NOW + timedelta(days=1, hours=1))
    return next(one for one in planned(row) if one.village == island_village)


@pytest.fixture
def by(stop):
    return stop.team.members.first()


@pytest.fixture
def at(stop):
    return stop.reveals_at + 14 * HOUR


@pytest.fixture
def early(storage_dir, stop, by, at, item):
    """A finding with a photo, sent before the visit was begun."""
    visit, key = uuid.uuid4(), uuid.uuid4()
    send(by, key, jpeg(1, (640, 480)), at=at)
    return report(by, stop.village, item, at, id=key, visit_id=visit, point="entrance")


def begun(early, by, at, village):
    return Visit.objects.begin(id=early.visit_id, by=by, at=at, village=village)[0]


def seen_by(user, at):
    return Finding.objects.visible_to(user, at.date()).exists(), Photo.objects.visible_to(
        user, at.date()
    ).exists()


def test_before_the_visit_begins_only_its_uploader_sees_the_finding_and_its_photo(
    early, by, at, hso, hso_staff, changhai_office, jinpu_office, auditor
):
    assert (early.state, early.early, early.source) == ("reported", True, "city_visit")
    assert seen_by(by, at) == (True, True)
    for other in (hso, hso_staff, changhai_office, jinpu_office, auditor):
        assert seen_by(other, at) == (False, False)


def test_it_waits_in_no_queue_of_the_office_and_is_not_issued(client_for, early, at, hso, time_machine):
    time_machine.move_to(at + timedelta(days=3), tick=False)
    assert not Finding.objects.to_issue([early.issuing_office_id]).exists()
    assert Finding.objects.issue_ready(at + timedelta(days=3)) == 0
    client = client_for(hso)
    assert str(early.pk) not in client.get(reverse("issue_queue")).content.decode()
    assert client.get(early.get_absolute_url()).status_code == 404


def test_once_the_visit_begins_the_office_sees_it_and_its_sheet_issues_it(
    early, by, at, stop, hso, changhai_office
):
    visit = begun(early, by, at + HOUR, stop.village)
    assert (visit.kind, visit.round, fresh(early).early) == ("mutual", stop.round, False)
    assert seen_by(hso, at) == (True, True)
    assert seen_by(changhai_office, at) == (False, False)
    told = sheet(visit, points=points(entrance="finding"), findings=[early.pk])
    visit.submit(by=by, at=at + 2 * HOUR, sheet=told)
    row = fresh(early)
    assert (row.state, row.issuing_office, row.county) == ("open", stop.round.office, stop.county)
    assert seen_by(changhai_office, at) == (True, True)


def test_another_visit_of_the_same_inspector_does_not_open_it(early, by, at, stop, hso):
    Visit.objects.begin(id=uuid.uuid4(), by=by, at=at, village=stop.village)
    assert fresh(early).early
    assert seen_by(hso, at) == (False, False)


def test_without_a_revealed_stop_there_a_mutual_inspector_records_nothing_abroad(stop, by, item):
    with pytest.raises(StepRefused) as refused:
        report(by, stop.village, item, NOW + HOUR, visit_id=uuid.uuid4(), point="entrance")
    assert refused.value.code == "not_yours"
    assert not Finding.objects.exists()
