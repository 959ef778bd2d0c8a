"""The guidance pages, for everybody who is signed in, in both languages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from schemes.models import Item

ROLES = [
    "hso",
    "jinpu_office",
    "huajia_official",
    "secretary",
    "inspector",
    "agency",
    "department",
    "leader",
    "auditor",
    "sysadmin",
]


@pytest.fixture
def browser(client_for: Callable[[User], Client], huajia_official: User, item: Item) -> Client:
    return client_for(huajia_official)


@pytest.mark.parametrize("role", ROLES)
def test_guidance_opens_for_every_role(role: str, request: Any, client_for: Any, item: Item) -> None:
    browser = client_for(request.getfixturevalue(role))
    assert browser.get("/guidance/").status_code == 200
    assert browser.get("/guidance/A1-01/").status_code == 200


def test_guidance_asks_strangers_to_sign_in(client: Client, item: Item) -> None:
    assert client.get("/guidance/").status_code == 302
    assert client.get("/guidance/A1-01/").status_code == 302


def test_without_a_scheme_the_page_says_so(client_for: Any, hso: User) -> None:
    page = client_for(hso).get("/guidance/")
    assert page.status_code == 200
    assert "load_scheme" in page.content.decode()


def test_the_list_shows_eight_aspects_and_all_items(browser: Client) -> None:
    page = browser.get("/guidance/").content.decode()
    for code in Item.objects.values_list("code", flat=True):
        assert f'href="/guidance/{code}/"' in page
    assert page.count("<h2") == 8


def test_an_item_page_shows_every_part_in_chinese(browser: Client, item: Item) -> None:
    page = browser.get("/guidance/A1-01/").content.decode()
    for word in ("标准", "达标表现", "问题表现", "拍摄要求", "不计入本项的情形", "计分办法"):
        assert word in page
    for line in [item.standard_zh, *item.bad_zh.splitlines(), *item.not_counted_zh.splitlines()]:
        assert line in page


def test_an_item_page_shows_every_part_in_english(browser: Client, huajia_official: User, item: Item) -> None:
    User.objects.filter(pk=huajia_official.pk).update(language="en")
    page = browser.get("/guidance/A1-01/", headers={"accept-language": "en"}).content.decode()
    for word in ("Standard", "Good signs", "Bad signs", "What to photograph", "What is not counted here"):
        assert word in page
    assert item.standard_en in page
    assert item.standard_zh not in page


def test_an_item_page_says_where_a_double_fact_is_entered(browser: Client) -> None:
    assert 'href="/guidance/A6-06/"' in browser.get("/guidance/A1-06/").content.decode()
    assert 'href="/guidance/A1-06/"' in browser.get("/guidance/A6-06/").content.decode()


def test_an_unknown_item_gets_404(browser: Client) -> None:
    assert browser.get("/guidance/A9-99/").status_code == 404


def test_search_shows_what_it_found(browser: Client) -> None:
    page = browser.get("/guidance/?q=黑臭").content.decode()
    assert 'href="/guidance/A4-04/"' in page
    assert 'href="/guidance/A8-03/"' not in page


def test_a_search_without_result_offers_the_whole_list(browser: Client) -> None:
    page = browser.get("/guidance/?q=量子").content.decode()
    assert "没有符合条件的考核事项" in page
    assert "显示全部考核事项" in page


def test_typing_replaces_only_the_list(browser: Client) -> None:
    part = browser.get(
        "/guidance/?q=黑臭", headers={"HX-Request": "true", "HX-Target": "items"}
    ).content.decode()
    assert "<html" not in part
    assert 'href="/guidance/A4-04/"' in part


def test_the_list_costs_two_queries_of_its_own(browser: Client, django_assert_max_num_queries: Any) -> None:
    browser.get("/guidance/")
    with django_assert_max_num_queries(9) as queries:  # session, user, posts, notices and audit beside ours
        browser.get("/guidance/")
    own = [query for query in queries.captured_queries if "schemes_" in query["sql"]]
    assert len(own) == 2


def test_an_item_page_costs_four_queries_of_its_own(
    browser: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(30) as queries:
        browser.get("/guidance/A4-04/")
    assert len([query for query in queries.captured_queries if "schemes_" in query["sql"]]) == 4
