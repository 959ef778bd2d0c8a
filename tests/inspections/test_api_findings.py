"""The API carries a finding the whole way by the same verbs, scope and refusals as the pages."""

import hashlib
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone, translation
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from accounts.models import Token
from inspections.api.findings import FindingDetail
from inspections.api.photos import PhotoState
from inspections.models import Finding, NumberSeries, Photo
from tests.inspections.making import report
from tests.samples import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db):
    """Give a client that signs in by token, as a program does."""

    def client(user) -> Client:
        _token, key = Token.objects.issue(user, at=timezone.now())
        return Client(headers={"Authorization": f"Token {key}", "Accept-Language": "zh-hans"})

    return client


def body(village, item, **more):
    return {
        "village": str(village.pk),
        "item": item.code,
        "description": "村口散落垃圾",
        "place": "村口",
        **more,
    }


def put(client, pk, data):
    return client.put(f"/api/v1/findings/{pk}/", data, content_type="application/json")


def send_photo(client, pk, finding, data: bytes, side="before"):
    fields = {
        "finding": str(finding), "side": side, "sha256": hashlib.sha256(data).hexdigest(), "source": "camera",
        "file": SimpleUploadedFile("a.jpg", data, "image/jpeg"),
    }  # fmt: skip
    return client.put(
        f"/api/v1/photos/{pk}/", encode_multipart(BOUNDARY, fields), content_type=MULTIPART_CONTENT
    )


def act(client, pk, step, **data):
    return client.post(f"/api/v1/findings/{pk}/{step}/", data, content_type="application/json")


def test_a_report_is_created_once_and_repeated_safely(api, inspector, village, item):
    client, pk = api(inspector), uuid.uuid4()
    assert put(client, pk, body(village, item)).status_code == 201
    again = put(client, pk, body(village, item))
    assert (again.status_code, again.json()["state"]) == (200, "open")
    other = put(client, pk, body(village, item, place="别处"))
    assert (other.status_code, other.json()["code"]) == (409, "id_conflict")
    assert Finding.objects.count() == 1


def test_another_owner_s_id_says_only_that_it_is_taken(api, inspector, agency, village, item):
    pk = report(inspector, village, item, _now()).pk
    answer = put(api(agency), pk, body(village, item))
    assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")
    assert village.name not in answer.content.decode()


@pytest.mark.parametrize("photo_first", [True, False])
def test_finding_and_photo_arrive_in_any_order_and_are_issued_when_complete(
    api, inspector, village, item, photo_first
):
    client, pk, photo, data = api(inspector), uuid.uuid4(), uuid.uuid4(), jpeg()
    declared = body(village, item, photos=[{"uuid": str(photo), "sha256": hashlib.sha256(data).hexdigest()}])
    requests = [lambda: send_photo(client, photo, pk, data), lambda: put(client, pk, declared)]
    first, second = requests if photo_first else requests[::-1]
    assert first().status_code == 201
    assert not Finding.objects.issued().exists()
    assert second().status_code == 201
    assert client.get(f"/api/v1/findings/{pk}/").json()["state"] == "open"
    assert NumberSeries.objects.get().last == 1


def test_the_whole_way_to_a_closed_line(api, inspector, huajia_official, jinpu_office, hso, village, item):
    pk = report(inspector, village, item, _now()).pk
    township, county, city = api(huajia_official), api(jinpu_office), api(hso)
    assert act(township, pk, "rectify", measures="清理", result="已清理").json()["state"] == "submitted"
    early = act(city, pk, "close")
    assert (early.status_code, early.json()["code"]) == (409, "awaits_check")
    assert act(county, pk, "check").json()["state"] == "checked"
    assert act(city, pk, "return", reason="死角未清").json()["state"] == "returned"
    assert act(city, pk, "undo").json()["state"] == "checked"
    closed = act(city, pk, "close").json()
    assert (closed["state"], closed["ending"], closed["on_time"]) == ("closed", "fixed", True)
    steps = [e["step"] for e in township.get(f"/api/v1/findings/{pk}/events/").json()["results"]]
    assert steps == ["issue", "rectify", "check", "send_back", "undo", "close"]


def test_an_old_version_is_told_that_someone_was_faster(api, inspector, huajia_official, village, item):
    pk = report(inspector, village, item, _now()).pk
    stale = act(api(huajia_official), pk, "rectify", measures="清理", result="已清理", version=1)
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    assert Finding.objects.get(pk=pk).state == "open"


def test_a_stranger_gets_the_same_answer_as_for_what_does_not_exist(
    api, inspector, xiangying_official, village, item
):
    pk = report(inspector, village, item, _now()).pk
    stranger = api(xiangying_official)
    for url in ("", "events/"):
        there = stranger.get(f"/api/v1/findings/{pk}/{url}")
        nowhere = stranger.get(f"/api/v1/findings/{uuid.uuid4()}/{url}")
        assert there.status_code == nowhere.status_code == 404
        assert {**there.json(), "reference": ""} == {**nowhere.json(), "reference": ""}
    assert act(stranger, pk, "rectify", measures="清理", result="已清理").status_code == 404


def test_bad_input_names_field_and_code_in_the_caller_s_language(api, inspector, village, item):
    answer = put(api(inspector), uuid.uuid4(), {**body(village, item), "item": "Z9-99", "description": ""})
    problem = answer.json()
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/problem+json")
    assert {(e["field"], e["code"]) for e in problem["errors"]} == {
        ("item", "unknown_item"),
        ("description", "blank"),
    }
    assert any("一" <= c <= "龥" for c in problem["errors"][0]["message"])


def test_an_agency_cannot_name_another_source(api, agency, village, item):
    answer = put(api(agency), uuid.uuid4(), body(village, item, source="media"))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_the_list_is_scoped_paged_and_costs_the_same_for_ten_and_a_hundred(
    api,
    inspector,
    huajia_official,
    xiangying_official,
    village,
    item,
    django_assert_num_queries,
    django_assert_max_num_queries,
):
    client = api(huajia_official)
    for n in range(10):
        report(inspector, village, item, _now(), description=f"第{n}处")
    client.get("/api/v1/findings/?page_size=100")
    with django_assert_max_num_queries(8) as ten:
        first = client.get("/api/v1/findings/?page_size=100").json()
    assert first["count"] == len(first["results"]) == 10
    for n in range(10, 100):
        report(inspector, village, item, _now(), description=f"第{n}处")
    with django_assert_num_queries(len(ten)):
        assert client.get("/api/v1/findings/?page_size=100").json()["count"] == 100
    assert api(xiangying_official).get("/api/v1/findings/").json()["count"] == 0


def _now():
    return timezone.now()


def test_the_answer_written_by_hand_is_what_the_schema_s_fields_would_write(
    api, inspector, huajia_official, village, item
):
    photo, pk, data = uuid.uuid4(), uuid.uuid4(), jpeg()
    client = api(inspector)
    declared = [{"id": str(photo), "sha256": hashlib.sha256(data).hexdigest()}]
    put(client, pk, body(village, item, photos=declared, outside_deadline="2026-12-01"))
    send_photo(client, photo, pk, data)
    other = report(inspector, village, item, timezone.now())
    with translation.override("zh-hans"):
        for finding in (Finding.objects.get(pk=pk), other):
            written = FindingDetail(finding, context={"user": huajia_official, "at": timezone.now()})
            by_fields = serializers.ModelSerializer.to_representation(written, finding)
            assert JSONRenderer().render(written.data) == JSONRenderer().render(by_fields)
        state = PhotoState(Photo.objects.get(pk=photo))
        fields = serializers.ModelSerializer.to_representation(state, state.instance)
        assert JSONRenderer().render(state.data) == JSONRenderer().render(fields)
