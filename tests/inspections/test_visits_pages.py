"""The pages of a visit: list, begin, the sheet with its findings, the visit itself, re-checks."""

import json
import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from inspections.models import Finding, PlannedVisit, Recheck, RecheckDraw, Visit
from inspections.steps import StepRefused
from inspections.visit_lists import differences
from schemes.models import ExamplePhoto
from tests.inspections.sheets import items, photo, points, sheet
from tests.inspections.touring import clock, planned, running, villages_in
from tests.samples import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture
def begun(inspector, village, item):
    return Visit.objects.begin(id=uuid.uuid4(), by=inspector, at=timezone.now(), village=village)[0]


def submitted(by, village, **changes):
    """Make a visit of this moment with a whole sheet."""
    at = timezone.now()
    visit, _created = Visit.objects.begin(id=uuid.uuid4(), by=by, at=at, village=village)
    visit.submit(by=by, at=at, sheet=sheet(visit, **changes))
    return visit


def filled(visit, **changes):
    """Return what the sheet's form posts: every point clean with a photo, every item looked at."""
    data = {"notes": "", "present": [], "findings": []}
    for row in points():
        data[f"point-{row['code']}-status"] = "clean"
        data[f"point-{row['code']}-photos"] = json.dumps([photo()])
    for item in visit.items_to_look_at():
        data[f"item-{item.code}-status"] = "scored"
        if item.rule["type"] == "proportion":
            data |= {f"item-{item.code}-sampled": "10", f"item-{item.code}-met": "8"}
    return data | changes


# --- begin --------------------------------------------------------------------------------------------------------
def test_a_visit_is_begun_from_the_page_and_leads_to_its_sheet(client_for, inspector, village, item):
    client, key = client_for(inspector), uuid.uuid4()
    assert client.get("/visits/new/").status_code == 200
    data = {"id": key, "village": village.pk, "claimed_at": "2026-03-02T09:00:00Z"}
    for _ in range(2):
        assert client.post("/visits/new/", data).url == f"/visits/{key}/sheet/"
    assert Visit.objects.get(pk=key).claimed_at is not None
    page = client.get(f"/visits/{key}/sheet/").content.decode()
    assert "A1-01" in page
    assert 'data-point="water"' in page


def test_a_refusal_is_shown_and_nothing_is_begun(client_for, changhai_office, village, island_village, item):
    client = client_for(changhai_office)
    page = client.post("/visits/new/", {"id": uuid.uuid4(), "village": village.pk})
    assert page.status_code == 200
    assert not Visit.objects.exists()


# --- the sheet ----------------------------------------------------------------------------------------------------
def test_the_sheet_is_submitted_once_however_often_it_is_sent(client_for, inspector, begun):
    client, data = client_for(inspector), filled(begun)
    for _ in range(2):
        answer = client.post(f"/visits/{begun.pk}/sheet/", data)
        assert (answer.status_code, answer.url) == (302, f"/visits/{begun.pk}/")
    begun.refresh_from_db()
    assert (begun.number, begun.points.count()) == (1, 9)
    assert client.get(f"/visits/{begun.pk}/sheet/").url == f"/visits/{begun.pk}/"


def test_an_error_keeps_what_was_filled_in_and_says_where(client_for, inspector, begun):
    data = filled(begun, notes="留着的话")
    del data["point-water-status"], data["item-A1-01-status"]
    page = client_for(inspector).post(f"/visits/{begun.pk}/sheet/", data).content.decode()
    assert "留着的话" in page
    assert "#id_point-water-status" in page
    assert "#id_item-A1-01-status" in page
    assert json.loads(data["point-fields-photos"])[0]["id"] in page
    begun.refresh_from_db()
    assert begun.submitted_at is None


def test_a_finding_is_recorded_from_the_sheet_and_stands_on_it(client_for, inspector, begun, item):
    client, key = client_for(inspector), uuid.uuid4()
    url = f"/findings/new/?visit={begun.pk}&point=water"
    assert "柳家" in client.get(url).content.decode()
    report = {
        "id": key, "village": begun.village_id, "item": item.pk, "description": "沟渠漂浮物", "severity": "minor",
        "point": "water", "photos": json.dumps([photo()]),
    }  # fmt: skip
    answer = client.post(f"/findings/new/?visit={begun.pk}", report)
    assert (answer.status_code, answer.url) == (302, f"/visits/{begun.pk}/sheet/")
    finding = Finding.objects.get(pk=key)
    assert (finding.visit_id, finding.point, finding.state) == (begun.pk, "water", "reported")
    assert "沟渠漂浮物" in client.get(f"/visits/{begun.pk}/sheet/").content.decode()
    data = filled(begun, findings=[str(key)], **{"point-water-status": ""})
    assert client.post(f"/visits/{begun.pk}/sheet/", data).status_code == 302
    assert begun.points.get(code="water").status == "finding"
    assert begun.items.get(item=item).counted == 1


def test_only_its_inspector_has_the_sheet(client_for, begun, hso, agency):
    for user in (hso, agency):
        assert client_for(user).get(f"/visits/{begun.pk}/sheet/").status_code == 404


# --- one visit ----------------------------------------------------------------------------------------------------
def test_the_office_reads_corrects_and_releases(client_for, inspector, hso, jinpu_office, village, item):
    visit = submitted(inspector, village)
    client, url = client_for(hso), f"/visits/{visit.pk}/"
    assert "A1-01" in client.get(url).content.decode()
    assert client_for(jinpu_office).get(url).status_code == 404
    fresh = {f"point-{row.code}-photos": json.dumps(list(row.photos)) for row in visit.sheet().points}
    data = filled(visit, number=1, reason="", **fresh)
    assert client.post(f"{url}correct/", data).status_code == 200
    assert client.post(f"{url}correct/", data | {"reason": "复核更正"}).status_code == 302
    assert client.post(f"{url}release/").status_code == 302
    page = client_for(jinpu_office).get(url).content.decode()
    assert "复核更正" in page
    assert client_for(jinpu_office).post(f"{url}correct/", data).status_code == 404


def test_every_role_reads_its_own_list(
    client_for,
    inspector,
    agency,
    hso,
    jinpu_office,
    huajia_official,
    auditor,
    leader,
    village,
    sibling_village,
    item,
):
    own, other = submitted(inspector, village), submitted(agency, sibling_village)
    own.release(by=hso, at=timezone.now())

    def listed(user):
        page = client_for(user).get("/visits/").content.decode()
        return {visit for visit in (own, other) if str(visit.pk) in page}

    assert listed(hso) == {own, other}
    assert listed(agency) == {other}
    assert listed(inspector) == {own}
    for user in (jinpu_office, huajia_official, auditor, leader):
        assert listed(user) == {own}


def test_the_list_is_narrowed(client_for, inspector, agency, hso, village, sibling_village, item):
    own, other = submitted(inspector, village), submitted(agency, sibling_village)
    page = client_for(hso).get("/visits/?kind=third_party").content.decode()
    assert str(other.pk) in page
    assert str(own.pk) not in page
    assert client_for(hso).get("/visits/?kind=nonsense&unit=x&round=%00").status_code == 200


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_speak_both_languages(language, client_for, inspector, begun):
    client = client_for(inspector)
    client.cookies["django_language"] = language
    page = client.get(f"/visits/{begun.pk}/sheet/", headers={"accept-language": language}).content.decode()
    assert ("Village entrance" in page) == (language == "en")
    assert ("村口" in page) == (language == "zh-hans")


# --- the revealed plan --------------------------------------------------------------------------------------------
@pytest.fixture
def stop(hso, city, huajia, xiangying, dachangshan, item):
    villages_in(huajia, xiangying, dachangshan)
    return planned(running(hso, city))[0]


def test_the_day_stands_on_the_list_of_its_team_alone(
    stop, client_for, time_machine, hso, auditor, inspector
):
    walker = stop.team.members.first()
    time_machine.move_to(stop.reveals_at - timedelta(minutes=1), tick=False)
    assert str(stop.pk) not in client_for(walker).get("/visits/").content.decode()
    time_machine.move_to(stop.reveals_at, tick=False)
    assert str(stop.pk) in client_for(walker).get("/visits/").content.decode()
    for user in (hso, auditor, inspector):
        assert str(stop.pk) not in client_for(user).get("/visits/").content.decode()


def test_a_stop_is_begun_with_one_button_or_given_a_reason(stop, client_for, time_machine):
    time_machine.move_to(clock(stop.day), tick=False)
    client, key = client_for(stop.team.members.first()), uuid.uuid4()
    data = {"id": key, "village": stop.village_id, "planned": stop.pk}
    assert client.post("/visits/new/", data).status_code == 302
    assert PlannedVisit.objects.get(pk=stop.pk).visit_id == key
    other = next(row for row in planned(stop.round) if row.team_id == stop.team_id and row.pk != stop.pk)
    url = f"/visits/planned/{other.pk}/missed/"
    assert client.post(url, {"reason": "weather"}).status_code == 404
    time_machine.move_to(clock(other.day), tick=False)
    client = client_for(stop.team.members.first())
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": "other"}).status_code == 200
    assert client.post(url, {"reason": "no_ferry"}).status_code == 302


# --- re-checks ----------------------------------------------------------------------------------------------------
@pytest.fixture
def drawn(hso, city, agency, village, inspector, item):
    submitted(agency, village)
    today = timezone.localdate()
    return RecheckDraw.objects.draw(
        by=hso, at=timezone.now(), office=city, organisation=agency.posts.get().organisation, since=today, until=today,
        inspector=inspector,
    )  # fmt: skip


def test_a_share_is_drawn_by_lot_and_anybody_draws_it_again(hso, city, agency, inspector, item, huajia):
    for place in villages_in(huajia, each=11):
        submitted(agency, place)
    today, more = (
        timezone.localdate(),
        {"organisation": agency.posts.get().organisation, "inspector": inspector},
    )
    first = RecheckDraw.objects.draw(by=hso, at=timezone.now(), office=city, since=today, until=today, **more)
    assert len(first.candidates) == 11
    assert first.picks.count() == 2  # 10 % of 11, rounded up
    assert {str(key) for key in first.picks.values_list("visit_id", flat=True)} == set(first.recomputed())
    second = RecheckDraw.objects.draw(
        by=hso, at=timezone.now(), office=city, since=today, until=today, **more
    )
    assert len(second.candidates) == 9


def test_an_agency_never_rechecks_and_a_county_never_draws(hso, jinpu_office, city, agency, village, item):
    submitted(agency, village)
    today, firm = timezone.localdate(), agency.posts.get().organisation
    more = {"at": timezone.now(), "office": city, "organisation": firm, "since": today, "until": today}
    for by, who in ((hso, agency), (jinpu_office, hso)):
        with pytest.raises(StepRefused):
            RecheckDraw.objects.draw(by=by, inspector=who, **more)


def test_a_recheck_is_known_to_whoever_drew_it_and_to_its_inspector(
    drawn, hso, hso_staff, inspector, agency, jinpu_office
):
    on = timezone.localdate()
    knows = {
        user
        for user in (hso, hso_staff, inspector, agency, jinpu_office)
        if Recheck.objects.visible_to(user, on)
    }
    assert knows == {hso, inspector}


def test_the_second_sheet_is_held_against_the_first(
    drawn, client_for, hso, hso_staff, inspector, agency, item
):
    client, pick, key = client_for(inspector), drawn.picks.get(), uuid.uuid4()
    assert client.get("/visits/rechecks/").status_code == 200
    for _ in range(2):
        answer = client.post(f"/visits/rechecks/{pick.pk}/begin/", {"id": key})
        assert answer.url == f"/visits/{key}/sheet/"
    again = Visit.objects.get(pk=key)
    assert (again.kind, again.rechecks) == ("recheck", pick.visit)
    assert client.get(f"/visits/rechecks/{pick.pk}/").status_code == 404
    other = items(again, A1_01={"status": "not_looked_at"})
    again.submit(
        by=inspector, at=timezone.now(), sheet=sheet(again, points=points(water="none"), items=other)
    )
    assert {row.label.split()[0] for row in differences(pick.visit, again)} >= {"A1-01"}
    assert len(differences(pick.visit, again)) == 2
    assert "A1-01" in client_for(hso).get(f"/visits/rechecks/{pick.pk}/").content.decode()
    assert "清源" in client_for(hso_staff).get("/visits/rechecks/").content.decode()
    assert client_for(agency).get(f"/visits/rechecks/{pick.pk}/").status_code == 404
    assert not Visit.objects.scoring().filter(pk=key).exists()


def test_the_office_draws_from_the_page(client_for, hso, agency, inspector, village, item):
    submitted(agency, village)
    today = timezone.localdate().isoformat()
    firm = agency.posts.get().organisation_id
    data = {"organisation": firm, "since": today, "until": today, "share": 50, "inspector": inspector.pk}
    assert client_for(hso).post("/visits/rechecks/", data).status_code == 302
    assert RecheckDraw.objects.get().share == 50
    assert client_for(hso).post("/visits/rechecks/", data).status_code == 200  # nothing is left in the box


def test_the_sheet_shows_examples_beside_the_standard(client_for, inspector, hso, begun, item):
    file = ContentFile(jpeg(4, (320, 240)), "x.jpg")
    ExamplePhoto.objects.show(item, kind="bad", file=file, by=hso, at=timezone.now(), caption_zh="沟边垃圾")
    page = client_for(inspector).get(f"/visits/{begun.pk}/sheet/").content.decode()
    assert "沟边垃圾" in page
    assert item.examples.get().small_url in page
