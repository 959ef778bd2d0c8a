"""Recording on a page: from the camera to “stored”, sent once or twice, with and without photos."""

import json
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from inspections.models import Finding, Photo
from tests.inspections.evidence import send, sha
from tests.inspections.making import report
from tests.samples import jpeg

pytestmark = pytest.mark.django_db

PICTURE = jpeg()


@pytest.fixture
def body(village, item):
    photo = {"id": str(uuid.uuid4()), "sha256": sha(PICTURE)}
    return {
        "id": str(uuid.uuid4()),
        "photos": json.dumps([photo]),
        "village": str(village.pk),
        "item": str(item.pk),
        "place": "村口",
        "description": "村口散落垃圾",
        "severity": "minor",
    }


def post(client, body):
    return client.post(reverse("record"), body)


def test_a_report_waits_for_its_photo_and_is_issued_when_it_comes(client_for, inspector, body):
    client = client_for(inspector)
    answer = post(client, body)
    assert answer.url == reverse("stored", args=[body["id"]])
    finding = Finding.objects.get(pk=body["id"])
    assert (finding.state, finding.place, finding.source) == ("reported", "村口", "city_visit")
    assert b'hx-trigger="every' in client.get(answer.url).content
    photo = json.loads(body["photos"])[0]
    send(inspector, finding, PICTURE, at=timezone.now(), id=uuid.UUID(photo["id"]), sha256=photo["sha256"])
    finding.refresh_from_db()
    page = client.get(answer.url).content.decode()
    assert finding.state == "open"
    assert finding.number in page
    assert 'hx-trigger="every' not in page


def test_a_photo_that_came_first_is_taken_along(client_for, inspector, body):
    photo = json.loads(body["photos"])[0]
    send(inspector, uuid.UUID(body["id"]), PICTURE, at=timezone.now(), id=uuid.UUID(photo["id"]))
    post(client_for(inspector), body)
    assert Finding.objects.get(pk=body["id"]).state == "open"
    assert Photo.objects.get().uses.count() == 1


def test_sending_twice_stores_once(client_for, inspector, body):
    client = client_for(inspector)
    assert post(client, body).url == post(client, body).url
    assert Finding.objects.count() == 1


def test_another_text_under_the_same_id_is_told_and_kept(client_for, inspector, body):
    client = client_for(inspector)
    post(client, body)
    page = post(client, {**body, "description": "又写了别的"}).content.decode()
    assert "又写了别的" in page
    assert reverse("stored", args=[body["id"]]) in page
    assert Finding.objects.get().description == "村口散落垃圾"


def test_an_id_of_somebody_else_tells_nothing_of_it(client_for, inspector, agency, body):
    post(client_for(inspector), body)
    page = post(client_for(agency), body).content.decode()
    assert reverse("stored", args=[body["id"]]) not in page
    assert Finding.objects.get().reported_by == inspector


def test_nothing_typed_is_lost_by_an_error(client_for, inspector, body):
    page = post(
        client_for(inspector), {**body, "village": "", "description": "沟渠里有塑料袋"}
    ).content.decode()
    assert "沟渠里有塑料袋" in page
    assert body["id"] in page
    assert "error-summary" in page
    assert not Finding.objects.exists()


def test_an_inspector_s_report_needs_a_photo(client_for, inspector, body):
    assert "error-summary" in post(client_for(inspector), {**body, "photos": ""}).content.decode()


@pytest.mark.parametrize("photos", ["{", "[1]", '[{"id": "x", "sha256": "y"}]', '[{"id": null}]'])
def test_a_broken_list_of_photos_is_refused(client_for, inspector, body, photos):
    assert "error-summary" in post(client_for(inspector), {**body, "photos": photos}).content.decode()


def test_an_office_records_a_hotline_call_without_a_photo(client_for, hso, body):
    outside = {
        "photos": "",
        "source": "hotline",
        "outside_number": "12345-777",
        "outside_deadline": "2026-12-01",
    }
    post(client_for(hso), {**body, **outside})
    finding = Finding.objects.get()
    assert (finding.source, finding.outside_number, finding.state) == ("hotline", "12345-777", "reported")


def test_an_inspector_has_no_source_fields(client_for, inspector, hso):
    assert b"outside_number" not in client_for(inspector).get(reverse("record")).content
    assert b"outside_number" in client_for(hso).get(reverse("record")).content


def test_a_county_office_records_in_its_own_villages_only(client_for, changhai_office, body):
    page = post(client_for(changhai_office), body)
    assert page.status_code == 200
    assert not Finding.objects.exists()


def test_the_last_village_and_item_are_remembered(client_for, inspector, body, village, item):
    client = client_for(inspector)
    post(client, body)
    page = client.get(reverse("record"))
    assert page.context["village"] == village
    assert item in page.context["items"]


def test_the_hints_show_what_is_open_in_the_village_the_same_item_first(client_for, inspector, village, item):
    other = type(item).objects.current().exclude(pk=item.pk).first()
    report(inspector, village, other, timezone.now(), description="别的条目")
    report(inspector, village, item, timezone.now() - timedelta(hours=1), description="同一条目")
    page = (
        client_for(inspector)
        .get(reverse("record_hints"), {"village": village.pk, "item": item.pk})
        .content.decode()
    )
    assert page.index("同一条目") < page.index("别的条目")
    assert item.bad[0] in page


@pytest.mark.parametrize("name", ["record_villages", "record_items", "record_hints"])
def test_odd_questions_of_the_pickers_are_harmless(client_for, inspector, item, name):
    client = client_for(inspector)
    odd = {"village": "x", "item": "'", "village_q": "%", "item_q": "（"}
    assert client.get(reverse(name), odd).status_code == 200
    assert client.get(reverse("record"), odd).status_code == 200


def test_villages_are_found_by_part_of_the_name_or_street(client_for, inspector, village, sibling_village):
    page = client_for(inspector).get(reverse("record_villages"), {"village_q": "华家"}).content.decode()
    assert village.name in page
    assert sibling_village.name not in page


def test_a_sensitive_village_is_marked_for_the_camera(client_for, inspector, village, sibling_village):
    type(village).objects.filter(pk=village.pk).update(sensitive_area=True)
    client = client_for(inspector)
    marks = [
        " data-sensitive" in client.get(reverse("record_villages"), {"village_q": row.name}).content.decode()
        for row in (village, sibling_village)
    ]
    assert marks == [True, False]


def test_each_item_stands_once_also_when_all_are_asked_for(client_for, inspector, item):
    client = client_for(inspector)
    client.get(reverse("record_hints"), {"item": item.pk})
    page = client.get(reverse("record_items"), {"all_items": "1", "item": item.pk}).content.decode()
    assert page.count('name="item"') == type(item).objects.current().count()
    assert page.count("checked") == 1
    assert client.get(reverse("record")).content.decode().count('name="item"') == 1


@pytest.mark.parametrize("who", ["huajia_official", "leader", "auditor", "department", "sysadmin"])
def test_those_who_do_not_record_get_404(client_for, request, who):
    client = client_for(request.getfixturevalue(who))
    assert {client.get(reverse(n)).status_code for n in ("record", "record_hints", "record_items")} == {404}


def test_somebody_else_s_stored_page_is_404(client_for, inspector, agency, body):
    post(client_for(inspector), body)
    assert client_for(agency).get(reverse("stored", args=[body["id"]])).status_code == 404


def test_natural_villages_and_known_places_are_offered_for_the_place(
    client_for, inspector, agency, village, sibling_village, item
):
    village.natural_villages.create(name="前柳屯")
    now = timezone.now()
    for place in ("文化广场", "村口", "文化广场"):
        report(inspector, village, item, now, place=place)
    report(inspector, sibling_village, item, now, place="邻村桥头")
    report(agency, village, item, now, place="他人所见")
    hints = client_for(inspector).get(reverse("record_hints"), {"village": village.pk})
    assert hints.context["places"][0] == "前柳屯"
    assert sorted(hints.context["places"][1:]) == ["文化广场", "村口"]
    assert '<option value="前柳屯"></option>' in hints.content.decode()
    page = client_for(inspector).get(reverse("record"), {"village": village.pk}).content.decode()
    assert 'list="place-options"' in page
    assert '<option value="村口"></option>' in page
    assert client_for(inspector).get(reverse("record_hints")).context["places"] == []
