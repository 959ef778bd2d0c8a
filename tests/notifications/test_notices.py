"""One message to one person: told once, in their language, seen only when its time has come."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from notifications.models import Notice

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def tell(*users, key="finding:1:issue", text="柳家的问题已交办", **extra):
    Notice.objects.tell(users, key=key, text=text, url="/findings/1/", at=extra.pop("at", NOW), **extra)


@pytest.mark.engine
def test_telling_twice_gives_one_notice(huajia_official, secretary):
    tell(huajia_official, huajia_official, secretary)
    tell(huajia_official)
    assert Notice.objects.count() == 2


@pytest.mark.engine
def test_database_refuses_a_second_notice_with_the_same_key(huajia_official):
    tell(huajia_official)
    row = Notice.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(user=huajia_official, key=row.key, text="", created_at=NOW, send_after=NOW)


def test_text_is_in_each_users_language(huajia_official, xiangying_official):
    huajia_official.choose_language("en")
    tell(huajia_official, xiangying_official, text=gettext_lazy("Not found."))
    assert huajia_official.notices.get().text == "Not found."
    assert xiangying_official.notices.get().text == "没有找到。"


def test_text_may_be_a_callable(huajia_official):
    tell(
        huajia_official,
        text=lambda: ngettext("You have %(n)d thing to do.", "You have %(n)d things to do.", 3) % {"n": 3},
    )
    assert huajia_official.notices.get().text == "您有 3 条待办。"


def test_closed_accounts_are_told_nothing(huajia_official):
    huajia_official.deactivate(at=NOW)
    tell(huajia_official)
    assert not Notice.objects.exists()


def test_notice_goes_with_the_transaction_that_caused_it(huajia_official):
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(huajia_official)
        raise RuntimeError
    assert not Notice.objects.exists()


def test_notice_waits_and_can_be_cancelled_meanwhile(client_for, huajia_official):
    tell(huajia_official, send_after=NOW + timedelta(seconds=10))
    assert not Notice.objects.visible(NOW).exists()
    assert Notice.objects.cancel("finding:1:", NOW + timedelta(seconds=5)) == 1


def test_shown_notice_cannot_be_cancelled(huajia_official):
    tell(huajia_official, send_after=NOW + timedelta(seconds=10))
    assert Notice.objects.cancel("finding:1:", NOW + timedelta(seconds=10)) == 0


def test_telling_costs_one_insert_for_ten_and_a_hundred(huajia_official, city, django_assert_num_queries):
    from accounts.models import User

    users = [User.objects.create(username=f"user{number}") for number in range(100)]
    for count in (10, 90):  # SQLite takes up to 999 values in one statement
        with django_assert_num_queries(1):
            tell(*users[:count], key=f"many:{count}")


# --- the page -------------------------------------------------------------------------------------------------
def test_page_shows_unread_first_and_opening_marks_read(client_for, huajia_official):
    tell(huajia_official, key="old", text="旧消息", at=NOW - timedelta(days=2))
    tell(huajia_official, key="new", text="新消息", at=NOW - timedelta(days=1))
    client = client_for(huajia_official)
    assert [notice.text for notice in client.get(reverse("notices")).context["page"]] == ["新消息", "旧消息"]
    newer = huajia_official.notices.get(key="new")
    response = client.get(newer.get_absolute_url())
    assert response["Location"] == "/findings/1/"
    assert [notice.text for notice in client.get(reverse("notices")).context["page"]] == ["旧消息", "新消息"]
    assert client.get(reverse("notices"), {"state": "unread"}).context["unread"] == 1


def test_all_can_be_marked_read_at_once(client_for, huajia_official, secretary):
    tell(huajia_official, secretary, key="a")
    tell(huajia_official, key="b")
    client_for(huajia_official).post(reverse("notices_read"))
    assert not huajia_official.notices.unread(timezone.now()).exists()
    assert secretary.notices.unread(timezone.now()).count() == 1


def test_somebody_elses_notice_does_not_exist(client_for, huajia_official, secretary):
    tell(secretary)
    notice = secretary.notices.get()
    client = client_for(huajia_official)
    assert client.get(notice.get_absolute_url()).status_code == 404
    assert client.post(reverse("notice_read", args=[notice.pk])).status_code == 404
    assert client.post(reverse("api_notice_read", args=[notice.pk])).status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


def test_empty_page_says_so(client_for, huajia_official):
    assert "这里没有待办消息" in client_for(huajia_official).get(reverse("notices")).content.decode()


def test_page_costs_the_same_for_ten_and_a_hundred_notices(
    client_for, huajia_official, django_assert_num_queries
):
    client = client_for(huajia_official)
    for number in range(10):
        tell(huajia_official, key=f"n{number}")
    with django_assert_num_queries(7):
        client.get(reverse("notices"))
    for number in range(100):
        tell(huajia_official, key=f"m{number}")
    with django_assert_num_queries(7):
        client.get(reverse("notices"))


# --- the API --------------------------------------------------------------------------------------------------
def test_api_lists_and_marks_read(client_for, huajia_official):
    tell(huajia_official)
    client = client_for(huajia_official)
    body = client.get("/api/v1/notices/").json()
    assert body["count"] == 1 and body["next"] is None
    row = body["results"][0]
    assert row["text"] == "柳家的问题已交办" and row["read_at"] is None
    assert client.post(f"/api/v1/notices/{row['id']}/read/").json()["read_at"]
    assert client.get("/api/v1/notices/").json()["results"][0]["read_at"]
