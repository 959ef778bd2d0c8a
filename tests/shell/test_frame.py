"""The frame around the pages: where a role may go, the look, and the pages of trouble."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from accounts.models import Role, User
from dalian_rural.pages import errors
from dalian_rural.pages.context import nav_for, safe_reverse
from notifications.models import Notice

pytestmark = pytest.mark.django_db


def labels(role: str) -> list[str]:
    """List the places of a role, in English."""
    with translation.override("en"):
        return [str(place["label"]) for place in nav_for({role}, "/")]


def test_the_administrator_sees_neither_findings_nor_plans() -> None:
    assert not {"Problem ledger", "Plan and tasks", "Villages", "Assessment rankings"} & set(
        labels(Role.SYSADMIN)
    )


def test_an_inspector_may_go_to_no_ranking() -> None:
    assert "Assessment rankings" not in labels(Role.INSPECTOR)


def test_a_place_whose_pages_do_not_exist_is_left_out() -> None:
    assert safe_reverse("no-such-page") == ""
    assert all(place["url"] for place in nav_for(set(Role.values), "/"))


def test_only_the_nearest_place_is_marked() -> None:
    places = nav_for(set(Role.values), "/guidance/A1-01/")
    assert [place["url"] for place in places if place["active"]] == ["/guidance/"]


def test_a_persons_page_belongs_to_the_responsibilities() -> None:
    places = nav_for(set(Role.values), "/villages/persons/1/")
    assert [place["icon"] for place in places if place["active"]] == ["diagram-3"]


def test_the_count_of_unread_notices_stands_in_the_frame(hso: User) -> None:
    Notice.objects.tell([hso], key="k", text="You have one thing to do.", url="/", at=timezone.now())
    client = Client()
    client.force_login(hso)
    page = client.get("/nothing/").content.decode()
    assert '<span class="count" aria-hidden="true">1</span>' in page


def test_the_cookie_of_this_device_decides_the_look(client: Client) -> None:
    client.cookies["theme"] = "dark"
    client.cookies["large_text"] = "1"
    page = client.get("/accounts/login/").content.decode()
    assert 'data-theme="dark" data-bs-theme="dark"' in page
    assert "large-text" in page


@pytest.mark.parametrize(("language", "other"), [("zh-hans", "English"), ("en", "中文")])
def test_the_language_can_be_switched_before_signing_in(client: Client, language: str, other: str) -> None:
    page = client.get("/accounts/login/", headers={"accept-language": language}).content.decode()
    assert f"<span>{other}</span>" in page
    assert 'action="/accounts/language/"' in page


def stripped(response: HttpResponse, reference: str) -> str:
    """Remove what differs between any two answers: the reference and the CSRF token."""
    body = response.content.decode().replace(reference, "")
    return re.sub(r'(csrf-token" content|csrfmiddlewaretoken" value)="[^"]*"', "", body)


def test_every_404_has_the_same_body(hso: User) -> None:
    bodies = set()
    for reference, path in (("a" * 8, "/findings/1/"), ("b" * 8, "/findings/2/3/")):
        request = RequestFactory().get(path)
        request.user, request.request_id = hso, reference  # type: ignore[attr-defined]
        response = errors.not_found(request, Http404("No Finding matches the given query."))
        assert response.status_code == 404
        bodies.add(stripped(response, reference))
    assert len(bodies) == 1
    assert "No Finding" not in bodies.pop()


def test_a_fault_is_told_without_the_database(django_assert_num_queries: Callable[[int], Any]) -> None:
    request = RequestFactory().get("/findings/")
    request.request_id = "f00d-cafe"  # type: ignore[attr-defined]
    with django_assert_num_queries(0):
        response = errors.server_error(request)
    assert response.status_code == 500
    assert "f00d-cafe" in response.content.decode()


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_the_api_answers_with_a_problem_document(status: int) -> None:
    request = RequestFactory().get("/api/v1/nothing/")
    handler = {400: errors.bad_request, 403: errors.forbidden, 404: errors.not_found}.get(status)
    response = handler(request, Exception()) if handler else errors.server_error(request)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"


def test_a_stale_form_is_told_what_to_do() -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/accounts/login/", {"login": "hso"})
    assert response.status_code == 403
    assert "clock-history" in response.content.decode()
