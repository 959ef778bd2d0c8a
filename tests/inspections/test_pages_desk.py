"""The desk: many findings in one batch, each by itself."""

import json
import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inspections.models import Photo
from tests.inspections.making import fresh, report, submit
from tests.samples import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture
def findings(inspector, village, item):
    at = timezone.now() - timedelta(hours=2)
    return [
        report(inspector, village, item, at, description=f"第 {n} 处", place=f"{n} 号院") for n in range(3)
    ]


def batch(findings, **shared):
    """Return what the desk posts for these findings, all ticked."""
    body = {"pick": [str(f.pk) for f in findings], "measures": "", "result": "", **shared}
    for finding in findings:
        body |= {f"f-{finding.pk}-version": finding.version, f"f-{finding.pk}-photos": ""}
    return body


def test_shared_words_count_for_all_that_are_ticked(client_for, findings, huajia_official):
    client = client_for(huajia_official)
    body = batch(findings[:2], measures="集中清理", result="已干净")
    body[f"f-{findings[0].pk}-measures"] = "单独清理"
    assert client.post(reverse("desk"), body).status_code == 302
    assert [fresh(f).state for f in findings] == ["submitted", "submitted", "open"]
    assert [fresh(f).measures for f in findings[:2]] == ["单独清理", "集中清理"]


def test_what_is_refused_is_named_and_the_rest_goes_through(
    client_for, findings, huajia_official, huajia_official_2
):
    body = batch(findings, measures="集中清理", result="已干净")
    fresh(findings[1]).note(by=huajia_official_2, at=timezone.now(), remark="我来处理")
    page = client_for(huajia_official).post(reverse("desk"), body)
    assert [fresh(f).state for f in findings] == ["submitted", "open", "submitted"]
    assert [outcome.finding for outcome in page.context["refused"]] == [findings[1]]
    text = page.content.decode()
    assert findings[1].number in text
    second = {**batch([fresh(findings[1])], measures="集中清理", result="已干净")}
    assert client_for(huajia_official).post(reverse("desk"), second).status_code == 302


def test_a_row_without_words_is_refused_and_keeps_its_own(client_for, findings, huajia_official):
    body = batch(findings[:1])
    body[f"f-{findings[0].pk}-measures"] = "清运三车"
    page = client_for(huajia_official).post(reverse("desk"), body)
    assert "清运三车" in page.content.decode()
    assert len(page.context["refused"]) == 1


def test_nothing_ticked_is_said_and_the_words_are_kept(client_for, findings, huajia_official):
    body = {**batch([]), f"f-{findings[2].pk}-version": 1, f"f-{findings[2].pk}-measures": "写了一半"}
    assert "写了一半" in client_for(huajia_official).post(reverse("desk"), body).content.decode()


def test_photos_go_with_their_row(client_for, findings, huajia_official):
    finding = findings[0]
    photo, _new = Photo.objects.receive(
        id=uuid.uuid4(), parent_id=finding.pk, side="after", file=ContentFile(jpeg(), "a.jpg"), by=huajia_official,
        at=timezone.now(),
    )  # fmt: skip
    body = batch([finding], measures="清理", result="干净")
    body[f"f-{finding.pk}-photos"] = json.dumps([{"id": str(photo.pk), "sha256": photo.sha256}])
    assert client_for(huajia_official).post(reverse("desk"), body).status_code == 302
    assert finding.photo_uses.get(side="after").photo == photo


@pytest.mark.parametrize("pick", ["x", "00000000-0000-0000-0000-000000000000"])
def test_an_odd_tick_changes_nothing(client_for, findings, huajia_official, pick):
    body = {**batch([], measures="清理", result="干净"), "pick": [pick]}
    assert client_for(huajia_official).post(reverse("desk"), body).status_code == 200


def test_a_finding_of_another_township_cannot_be_slipped_in(client_for, findings, xiangying_official):
    body = batch(findings, measures="清理", result="干净")
    client_for(xiangying_official).post(reverse("desk"), body)
    assert {fresh(f).state for f in findings} == {"open"}


def test_the_desk_is_empty_when_all_is_done(client_for, findings, huajia_official):
    for finding in findings:
        submit(finding, huajia_official, timezone.now())
    page = client_for(huajia_official).get(reverse("desk"))
    assert "empty__title" in page.content.decode()


@pytest.mark.parametrize("who", ["hso", "inspector", "leader", "auditor"])
def test_only_townships_have_a_desk(client_for, request, who):
    assert client_for(request.getfixturevalue(who)).get(reverse("desk")).status_code == 404


def test_forty_rows_cost_as_many_queries_as_four(client_for, inspector, village, item, huajia_official):
    client, at = client_for(huajia_official), timezone.now() - timedelta(hours=1)
    counts = []
    for more in (4, 36):
        for n in range(more):
            report(inspector, village, item, at, description=f"{more}-{n}")
        client.get(reverse("desk"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("desk"))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16
