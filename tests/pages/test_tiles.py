"""Villages at a glance: what each tile says, to whom, and the same figures as a table."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inspections.models import Finding
from tests.cast import make_village
from tests.inspections.making import report
from tests.pages.many import clone

pytestmark = pytest.mark.django_db
PAGE = "/villages/tiles/"


@pytest.fixture
def now() -> Any:
    return timezone.now()


@pytest.fixture
def places(village, sibling_village, island_village):
    return village, sibling_village, island_village


def read(client: Any, **query: str) -> str:
    answer = client.get(PAGE, query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def tiles(html: str) -> dict[str, str]:
    """Return the shade of each tile by what it says."""
    found = re.findall(r'class="tile tile--(\w+)" href="[^"]+" aria-label="([^"]+)"', html)
    return {words: shade for shade, words in found}


def late(finding: Finding, n: int, **columns: Any) -> None:
    clone(finding, n, state="open", due_on=timezone.localdate() - timedelta(days=3), **columns)


def test_each_village_of_the_city_is_a_tile_that_says_what_is_overdue(
    client_for, hso, inspector, places, item, now
):
    late(report(inspector, places[0], item, now), 2)
    html = read(client_for(hso))
    assert tiles(html) == {
        "柳家 · 华家街道 · 金普新区 · 2 个逾期问题": "2",
        "城东 · 向应街道 · 金普新区 · 没有逾期问题": "0",
        "小盐场 · 大长山岛镇 · 长海县 · 没有逾期问题": "0",
    }
    assert "示意图，不代表行政区域界线" in html
    assert f'href="{places[0].get_absolute_url()}"' in html
    assert "不在本人范围内" not in html


def test_a_county_office_sees_grey_where_others_answer(client_for, jinpu_office, places):
    html = read(client_for(jinpu_office))
    assert len(tiles(html)) == 2
    assert "小盐场" not in html
    assert html.count('class="tile-none" d="M') == 2  # the other unit's village and its key in the legend
    assert "不在本人范围内" in html


def test_a_township_and_a_leader_see_their_places(client_for, huajia_official, leader, places):
    assert len(tiles(read(client_for(huajia_official)))) == 1
    assert len(tiles(read(client_for(leader)))) == 2


def test_inspectors_have_no_such_page(client_for, inspector, places):
    assert client_for(inspector).get(PAGE).status_code == 404


def test_the_table_holds_the_same_figures_with_the_worst_first(client_for, hso, inspector, places, item, now):
    late(report(inspector, places[1], item, now), 6)
    client = client_for(hso)
    html = read(client, view="table")
    assert html.index("城东") < html.index("柳家")
    assert "6 个逾期问题" in html
    assert "小盐场" not in read(client, view="table", unit=str(places[0].county_on(timezone.localdate()).pk))
    by_place = read(client, view="table", order="place")
    assert by_place.index("柳家") < by_place.index("城东") < by_place.index("小盐场")


def test_nonsense_in_the_address_shows_what_is_shown_without(client_for, hso, places):
    client = client_for(hso)
    assert tiles(read(client, show="x", unit="y", round="z", page="-")) == tiles(read(client))


def test_a_city_without_villages_says_so(client_for, hso):
    assert "还没有村庄" in read(client_for(hso))


@pytest.mark.parametrize("view", ["", "table"])
def test_more_villages_and_findings_ask_no_more_queries(
    client_for, hso, inspector, places, huajia, item, now, view
):
    client = client_for(hso)
    counts = []
    for size in (10, 100):
        for n in range(size):
            make_village(f"{size}-{n}", huajia, f"21021301{size}{n:03d}")
        late(report(inspector, places[0], item, now), size)
        read(client, view=view)
        with CaptureQueriesContext(connection) as queries:
            read(client, view=view)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 9
