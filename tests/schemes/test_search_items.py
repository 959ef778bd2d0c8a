"""The item picker's search finds what people type."""

import pytest

from schemes.models import Item
from schemes.search import find_items


@pytest.mark.engine
@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("A1-06", "A1-06"),
        ("a106", "A1-06"),
        ("7-3", "A7-03"),
        ("A2 1", "A2-01"),
        ("焚烧", "A1-06"),
        ("黑臭", "A4-04"),
        ("秸秆", "A6-06"),
        ("粪坑", "A3-05"),
        ("小广告", "A2-05"),
        ("垃圾 满溢", "A1-02"),
        ("burning", "A1-06"),
        ("Black and odorous", "A4-04"),
    ],
)
def test_search_puts_the_likeliest_item_first(item: Item, text: str, first: str) -> None:
    assert next(found.code for found in find_items(text)) == first


def test_every_word_must_be_there(item: Item) -> None:
    both = {found.code for found in find_items("渔网 浮球")}
    assert "A7-03" in both
    assert both <= {found.code for found in find_items("渔网")}


def test_no_text_gives_every_item_in_order(item: Item) -> None:
    codes = [found.code for found in find_items("  ")]
    assert len(codes) == 42
    assert codes == sorted(codes)


def test_words_that_stand_nowhere_find_nothing(item: Item) -> None:
    assert not find_items("量子纠缠").exists()


def test_wildcards_are_letters(item: Item) -> None:
    assert not find_items("%%%").exists()
    assert not find_items("___").exists()


def test_a_search_is_one_query(item: Item, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert [(found.aspect.name, found.scheme.code) for found in find_items("垃圾")]
