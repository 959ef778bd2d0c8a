"""Signing in, lockout, the forced change, and the language and look of the pages."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from audit.models import Entry
from tests.cast import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def sign_in(client: Client, username: str, password: str = PASSWORD, **extra: str):
    return client.post(reverse("account_login"), {"login": username, "password": password}, **extra)


def test_page_shows_user_name_and_password_in_chinese(client):
    page = client.get(reverse("account_login")).content.decode()
    assert "用户名" in page and "密码" in page


def test_right_password_opens_the_home_page(client, huajia_official):
    response = sign_in(client, "huajia")
    assert response.status_code == 302 and response["Location"] == reverse("home")
    assert client.session["_auth_user_id"] == str(huajia_official.pk)


def test_wrong_password_and_unknown_name_get_the_same_answer(client, huajia_official):
    wrong = sign_in(client, "huajia", "not-this-one")
    unknown = sign_in(client, "nobody", "not-this-one")
    assert wrong.status_code == unknown.status_code == 200
    assert wrong.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()


def test_closed_account_cannot_sign_in(client, huajia_official):
    huajia_official.deactivate(at=timezone.now())
    assert sign_in(client, "huajia").status_code == 200
    assert "_auth_user_id" not in client.session


def test_five_failures_lock_the_name_and_say_for_how_long(client, huajia_official):
    for _time in range(4):
        assert sign_in(client, "huajia", "not-this-one").status_code == 200
    sign_in(client, "huajia", "not-this-one")
    answer = sign_in(client, "huajia")
    assert answer.status_code == 429
    assert "请在 15 分钟后再试" in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert Entry.objects.filter(verb="locked_out", label="huajia").exists()


def test_lockout_is_over_after_a_quarter_of_an_hour(client, huajia_official):
    with time_machine.travel("2026-11-23T09:00:00+08:00", tick=False) as clock:
        for _time in range(5):
            sign_in(client, "huajia", "not-this-one")
        clock.shift(timedelta(minutes=10))
        assert "请在 5 分钟后再试" in sign_in(client, "huajia").content.decode()
        clock.shift(timedelta(minutes=5, seconds=1))
        assert sign_in(client, "huajia").status_code == 302


def test_lockout_of_one_name_leaves_others_alone(client, huajia_official, xiangying_official):
    for _time in range(6):
        sign_in(client, "huajia", "not-this-one")
    assert sign_in(client, "xiangying").status_code == 302


def test_there_is_no_sign_up(client):
    assert client.get("/accounts/signup/").status_code == 404


def test_signing_out_needs_a_post_and_ends_the_session(client_for, huajia_official):
    client = client_for(huajia_official)
    assert client.get(reverse("account_logout")).status_code == 405
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session


def test_pages_ask_to_sign_in(client):
    response = client.get(reverse("profile"))
    assert response.status_code == 302 and response["Location"].startswith(reverse("account_login"))


def test_next_leads_back_but_never_to_another_host(client, huajia_official):
    response = client.post(
        reverse("account_login"), {"login": "huajia", "password": PASSWORD, "next": reverse("profile")}
    )
    assert response["Location"] == reverse("profile")
    client.logout()
    response = client.post(
        reverse("account_login"), {"login": "huajia", "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert response["Location"] == reverse("home")


# --- one-time passwords ---------------------------------------------------------------------------------------
def test_one_time_password_leads_to_the_change_before_anything_else(client, huajia_official):
    password = huajia_official.reset_password(at=timezone.now())
    sign_in(client, "huajia", password)
    assert client.get(reverse("profile"))["Location"] == reverse("change_password")
    assert client.get("/api/v1/notices/").json()["code"] == "must_change_password"
    response = client.post(
        reverse("change_password"),
        {"old": password, "new": "harbour-lantern-7", "again": "harbour-lantern-7"},
    )
    assert response["Location"] == reverse("home")
    assert client.get(reverse("profile")).status_code == 200


@pytest.mark.parametrize(
    ("new", "again"),
    [("short7", "short7"), ("1234567890", "1234567890"), ("password", "password"), ("huajia12", "huajia12"),
     ("harbour-lantern-7", "harbour-lantern-8"), (PASSWORD, PASSWORD)],
)  # fmt: skip
def test_weak_repeated_or_differing_passwords_are_refused(client_for, huajia_official, new, again):
    response = client_for(huajia_official).post(
        reverse("change_password"), {"old": PASSWORD, "new": new, "again": again}
    )
    assert response.status_code == 200 and response.context["form"].errors
    huajia_official.refresh_from_db()
    assert huajia_official.check_password(PASSWORD)


def test_demo_account_is_exempt_and_shown_until_its_password_changes(client):
    user = User.objects.open_account(username="hso", name="周正", password="demo-2023", demo=True)
    assert "demo-2023" in client.get(reverse("account_login")).content.decode()
    sign_in(client, "hso", "demo-2023")
    assert client.get(reverse("profile")).status_code == 200
    user.choose_password("harbour-lantern-7")
    client.logout()
    assert "demo-2023" not in client.get(reverse("account_login")).content.decode()


# --- language and look ----------------------------------------------------------------------------------------
def test_language_can_be_switched_before_sign_in(client):
    response = client.post(
        reverse("set_language"), {"language": "en"}, headers={"referer": "http://testserver/accounts/login/"}
    )
    assert response["Location"] == "http://testserver/accounts/login/"
    assert "Sign in" in client.get(reverse("account_login")).content.decode()


def test_language_switch_never_leads_to_another_host(client):
    response = client.post(
        reverse("set_language"), {"language": "en"}, headers={"referer": "https://evil.example/"}
    )
    assert response["Location"] == reverse("home")


def test_browser_language_counts_until_one_is_chosen(client):
    assert (
        "Sign in" in client.get(reverse("account_login"), headers={"accept-language": "en"}).content.decode()
    )
    assert (
        "登录" in client.get(reverse("account_login"), headers={"accept-language": "zh-CN"}).content.decode()
    )
    assert "登录" in client.get(reverse("account_login"), headers={"accept-language": "fr"}).content.decode()


def test_chosen_language_is_kept_on_the_user_and_comes_back_at_sign_in(client_for, huajia_official):
    client_for(huajia_official).post(reverse("set_language"), {"language": "en"})
    huajia_official.refresh_from_db()
    assert huajia_official.language == "en"
    fresh = Client()
    sign_in(fresh, "huajia")
    assert "Profile" in fresh.get(reverse("profile")).content.decode()


def test_profile_stores_theme_text_size_and_mail(client_for, huajia_official):
    response = client_for(huajia_official).post(
        reverse("profile"),
        {"language": "en", "theme": "dark", "large_text": "on", "email": "zhao@example.org"},
    )
    assert response.cookies["theme"].value == "dark" and response.cookies["large_text"].value == "1"
    huajia_official.refresh_from_db()
    assert (huajia_official.theme, huajia_official.large_text) == ("dark", True)
    assert huajia_official.email == "zhao@example.org"


def test_account_without_a_post_is_told_so(client_for):
    user = make_user("former", "某人", Role.SYSADMIN, until=None)
    user.posts.all().delete()
    assert "系统管理员" in client_for(user).get(reverse("profile")).content.decode()
