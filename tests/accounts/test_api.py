"""Tokens, problem documents and the API's own documentation."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Token
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
URL = "/api/v1/token/"


def ask(client, username="huajia", password=PASSWORD, **extra):
    return client.post(URL, {"username": username, "password": password}, "application/json", **extra)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Token {key}"}


def test_name_and_password_give_a_token_that_acts_as_the_user(client, huajia_official):
    body = ask(client).json()
    assert set(body) == {"token", "expires"}
    assert client.get("/api/v1/notices/", headers=bearer(body["token"])).status_code == 200
    assert "sessionid" not in client.cookies


def test_key_is_stored_as_a_hash_only(client, huajia_official):
    key = ask(client).json()["token"]
    assert Token.objects.get().digest == Token.digest_of(key) != key


def test_wrong_password_is_401_with_a_stable_code(client, huajia_official):
    response = ask(client, password="wrong")
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "wrong_password"
    assert response.json() == ask(client, username="nobody").json() | {
        "reference": response.json()["reference"]
    }


def test_missing_fields_are_named(client):
    body = client.post(URL, {}, "application/json").json()
    assert body["code"] == "invalid" and body["status"] == 400
    assert {(error["field"], error["code"]) for error in body["errors"]} == {
        ("username", "required"), ("password", "required")
    }  # fmt: skip


def test_failures_lock_the_name_here_as_at_the_sign_in_page(client, huajia_official):
    for _time in range(5):
        ask(client, password="wrong")
    response = ask(client)
    assert response.status_code == 429 and response.json()["code"] == "locked_out"
    assert "15" in response.json()["detail"]
    assert client.post("/accounts/login/", {"login": "huajia", "password": PASSWORD}).status_code == 429


def test_token_expires(client, huajia_official, settings):
    with time_machine.travel("2026-11-23T09:00:00+08:00", tick=False) as clock:
        key = ask(client).json()["token"]
        clock.shift(timedelta(days=settings.TOKEN_DAYS) - timedelta(seconds=1))
        assert client.get("/api/v1/notices/", headers=bearer(key)).status_code == 200
        clock.shift(timedelta(seconds=1))
        response = client.get("/api/v1/notices/", headers=bearer(key))
        assert response.status_code == 401 and response.json()["code"] == "token_invalid"


def test_token_can_be_given_back(client, huajia_official):
    key = ask(client).json()["token"]
    assert client.delete(URL, headers=bearer(key)).status_code == 204
    assert client.get("/api/v1/notices/", headers=bearer(key)).status_code == 401


def test_own_tokens_can_be_revoked_on_the_profile_page(client, client_for, huajia_official):
    key = ask(client).json()["token"]
    client_for(huajia_official).post("/accounts/profile/tokens/")
    assert client.get("/api/v1/notices/", headers=bearer(key)).status_code == 401


def test_one_time_password_gives_no_token(client, huajia_official):
    password = huajia_official.reset_password(at=timezone.now())
    response = ask(client, password=password)
    assert response.status_code == 403 and response.json()["code"] == "must_change_password"


@pytest.mark.parametrize("header", ["Token", "Token nonsense", "Token a b", "Token \u00ff"])
def test_odd_headers_are_401(client, header):
    response = client.get(
        "/api/v1/notices/", headers={"authorization": header.encode("latin-1").decode("latin-1")}
    )
    assert response.status_code == 401 and response.json()["code"] == "token_invalid"


def test_token_gets_its_users_language_unless_it_asks_for_one(client, huajia_official):
    huajia_official.choose_language("en")
    key = ask(client).json()["token"]
    missing = "/api/v1/notices/00000000-0000-4000-8000-000000000000/read/"
    assert client.post(missing, headers=bearer(key)).json()["detail"] == "Not found."
    chinese = bearer(key) | {"accept-language": "zh-CN"}
    assert client.post(missing, headers=chinese).json()["detail"] == "没有找到。"


# --- problem documents ----------------------------------------------------------------------------------------
def test_strangers_are_asked_to_sign_in(client):
    for url in ("/api/v1/notices/", "/api/v1/schema/"):
        response = client.get(url, headers={"accept": "application/json"})
        assert response.status_code == 401 and response.json()["code"] == "not_authenticated"
    assert client.get("/api/v1/schema/").status_code == 401
    assert client.get("/api/v1/docs/")["Location"].startswith("/accounts/login/")


def test_what_does_not_exist_answers_alike_everywhere(client_for, huajia_official, secretary):
    client = client_for(huajia_official)
    one = client.post("/api/v1/notices/00000000-0000-4000-8000-000000000000/read/").json()
    two = client.get("/api/v1/nothing-here/").json()
    assert one.pop("reference") != two.pop("reference")
    assert one == two == {
        "type": "about:blank", "title": "没有找到。", "status": 404, "code": "not_found", "detail": "没有找到。",
        "errors": [],
    }  # fmt: skip


def test_wrong_method_is_405(client_for, huajia_official):
    response = client_for(huajia_official).delete("/api/v1/notices/")
    assert response.status_code == 405 and response.json()["code"] == "method_not_allowed"


def test_unreadable_body_is_400(client, huajia_official):
    response = client.post(URL, b"{", "application/json")
    assert response.status_code == 400 and response.json()["code"] == "parse_error"


class Inner(serializers.Serializer):
    sha256 = serializers.CharField(max_length=4)


class Outer(serializers.Serializer):
    photos = Inner(many=True)


class RuleRefused(Exception):
    code = "wrong_state"


class Nested(APIView):
    def post(self, request) -> Response:
        Outer(data=request.data).is_valid(raise_exception=True)
        raise RuleRefused("The finding is closed.")


urlpatterns = [path("nested/", Nested.as_view())]


def test_nested_errors_name_their_path_and_refusals_keep_their_code(client_for, huajia_official, settings):
    settings.ROOT_URLCONF = "tests.accounts.test_api"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "FirstSignIn" not in name]
    client = client_for(huajia_official)
    body = client.post(
        "/nested/", {"photos": [{"sha256": "ok"}, {"sha256": "too long"}]}, "application/json"
    ).json()
    assert [error["field"] for error in body["errors"]] == ["photos.1.sha256"]
    response = client.post("/nested/", {"photos": []}, "application/json")
    assert response.status_code == 409 and response.json()["code"] == "wrong_state"
    assert response.json()["detail"] == "The finding is closed."


def test_pages_hold_up_to_a_hundred(client_for, huajia_official):
    from notifications.models import Notice

    for number in range(130):
        Notice.objects.tell([huajia_official], key=f"n{number}", text="x", url="/", at=timezone.now())
    client = client_for(huajia_official)
    first = client.get("/api/v1/notices/").json()
    assert first["count"] == 130 and len(first["results"]) == 20 and "page=2" in first["next"]
    assert len(client.get("/api/v1/notices/?page_size=500").json()["results"]) == 100
    assert client.get("/api/v1/notices/?page=99").json()["code"] == "not_found"


def test_schema_and_docs_are_there_for_signed_in_users(client_for, huajia_official):
    client = client_for(huajia_official)
    schema = client.get("/api/v1/schema/?format=json")
    assert schema.status_code == 200 and "/api/v1/notices/" in schema.json()["paths"]
    docs = client.get("/api/v1/docs/", headers={"accept": "text/html"})
    assert docs.status_code == 200
    text = docs.content.decode()
    assert "swagger-ui" in text and "https://" not in text and "<script>" not in text
