"""GET /api/v1/items/: paged, filtered, in the caller's language."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from schemes.models import Item

URL = "/api/v1/items/"


@pytest.fixture
def browser(client_for: Callable[[User], Client], inspector: User, item: Item) -> Client:
    return client_for(inspector)


def test_items_come_in_pages_with_a_total(browser: Client) -> None:
    codes: list[str] = []
    url: str | None = URL
    while url:
        page = browser.get(url).json()
        assert page["count"] == 42
        codes += [row["code"] for row in page["results"]]
        url = page["next"]
    assert len(codes) == len(set(codes)) == 42
    assert codes == sorted(codes)


def test_an_item_says_what_a_client_needs(browser: Client, item: Item) -> None:
    row = browser.get(f"{URL}{item.pk}/").json()
    assert row["id"] == str(item.pk)
    assert row["points"] == "4"
    assert row["aspect"] == "A1"
    assert row["sources"] == ["visit"]
    assert row["name"] == row["name_zh"] == "公共区域无散落和成堆垃圾"
    assert row["name_en"] == "No scattered or piled waste in public areas"
    assert row["standard"] == item.standard_zh
    assert row["bad"] == item.bad_zh.splitlines()
    assert row["gives_way_to"] == ["A7-01", "A7-04"]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("aspect=A7", ["A7-01", "A7-02", "A7-03", "A7-04"]),
        ("aspect=A8&level=village", ["A8-02", "A8-06"]),
        ("search=A6-04", ["A6-04"]),
        ("search=没有这样的词", []),
    ],
)
def test_filters_narrow_the_list(browser: Client, query: str, codes: list[str]) -> None:
    assert [row["code"] for row in browser.get(f"{URL}?{query}").json()["results"]] == codes


def test_search_puts_the_likeliest_first(browser: Client) -> None:
    assert browser.get(f"{URL}?search=焚烧").json()["results"][0]["code"] == "A1-06"


def test_an_unknown_level_is_a_clear_error(browser: Client) -> None:
    assert browser.get(f"{URL}?level=street").status_code == 400


def test_an_unknown_item_gets_404(browser: Client, village: Any) -> None:
    assert browser.get(f"{URL}{village.pk}/").status_code == 404


def test_strangers_get_401_or_403(client: Client, item: Item) -> None:
    assert client.get(URL).status_code in (401, 403)


def test_items_are_read_only(browser: Client, item: Item) -> None:
    assert browser.post(URL, {}).status_code in (403, 405)
    assert browser.delete(f"{URL}{item.pk}/").status_code in (403, 405)


def test_the_number_of_queries_does_not_grow_with_the_page(
    browser: Client, django_assert_max_num_queries: Any
) -> None:
    def own(size: int) -> int:
        with django_assert_max_num_queries(20) as queries:
            browser.get(f"{URL}?page_size={size}")
        return len([query for query in queries.captured_queries if "schemes_" in query["sql"]])

    assert own(10) == own(42) == 2
