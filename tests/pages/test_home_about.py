"""The page about this site is open to everybody; what is written there reaches the office."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from dalian_rural.models import Feedback

pytestmark = pytest.mark.django_db

BODY = {"kind": "complaint", "text": "垃圾桶满了三天", "name": "", "contact": "13800000000"}


def test_it_names_who_runs_the_site_before_sign_in(client: Any, settings: Any) -> None:
    settings.ABOUT_SPONSOR = "大连市人居环境办"
    settings.ABOUT_FILING_NUMBER = "辽ICP备00000000号"
    settings.ABOUT_COMPLAINTS = "0411-00000000"
    html = client.get("/about/").content.decode()
    assert "大连市人居环境办" in html
    assert "辽ICP备00000000号" in html
    assert "0411-00000000" in html


def test_a_complaint_is_stored_and_read_by_the_office_and_the_administrator(
    client: Any, client_for: Any, hso: Any, sysadmin: Any
) -> None:
    assert client.post("/about/", BODY).status_code == 302
    assert Feedback.objects.get().text == BODY["text"]
    for user in (hso, sysadmin):
        html = client_for(user).get(reverse("feedback")).content.decode()
        assert BODY["text"] in html
        assert BODY["contact"] in html
        assert "127.0.0.1" not in html
        assert reverse("feedback") in client_for(user).get("/").content.decode()


def test_nobody_else_reads_it(client_for: Any, huajia_official: Any, jinpu_office: Any, auditor: Any) -> None:
    row = Feedback.objects.receive(at=timezone.now(), address="10.0.0.1", kind="complaint", text="x")
    for user in (huajia_official, jinpu_office, auditor):
        assert client_for(user).get(reverse("feedback")).status_code == 404
        assert (
            client_for(user).post(reverse("feedback_done", args=[row.pk]), {"remark": "x"}).status_code == 404
        )


def test_an_empty_message_is_refused_with_the_field_named(client: Any) -> None:
    answer = client.post("/about/", {**BODY, "text": " "})
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Feedback.objects.exists()


def test_a_flood_from_one_address_is_held_back(client: Any, settings: Any) -> None:
    settings.FEEDBACK_PER_HOUR = 2
    for _n in range(3):
        client.post("/about/", BODY)
    assert Feedback.objects.count() == 2
    Feedback.objects.update(at=timezone.now() - timedelta(hours=2))
    client.post("/about/", BODY)
    assert Feedback.objects.count() == 3


def test_it_is_dealt_with_once(client_for: Any, hso: Any, sysadmin: Any) -> None:
    row = Feedback.objects.receive(at=timezone.now(), address="10.0.0.1", kind="complaint", text="x")
    url = reverse("feedback_done", args=[row.pk])
    assert client_for(hso).post(url, {"remark": " "}).status_code == 302
    assert Feedback.objects.waiting().exists()
    client_for(hso).post(url, {"remark": "已转县区办理"})
    client_for(sysadmin).post(url, {"remark": "再来一次"})
    row.refresh_from_db()
    assert (row.remark, row.done_by) == ("已转县区办理", hso)
    assert "已转县区办理" in client_for(hso).get(reverse("feedback")).content.decode()
