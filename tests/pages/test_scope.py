"""Whoever works for several places may look at one of them; nobody sees more than before."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Post, Role
from tests.inspections.making import report
from tests.pages.many import clone

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> Any:
    return timezone.now()


@pytest.fixture
def both(huajia_official: Any, xiangying: Any, now: Any) -> Any:
    """Let the official of Huajia work for Xiangying too."""
    since = timezone.localdate(now).replace(month=1, day=1)
    Post.objects.create(user=huajia_official, role=Role.TOWNSHIP, division=xiangying, since=since)
    huajia_official.forget_posts()
    return huajia_official


def home(client: Any) -> str:
    return str(client.get("/").content.decode())


def choose(client: Any, place: Any, **more: str) -> Any:
    return client.post("/scope/", {"place": str(getattr(place, "pk", place)), **more})


def test_one_post_offers_no_choice(client_for, huajia_official):
    assert "/scope/" not in home(client_for(huajia_official))


def test_the_home_page_shows_the_chosen_place_and_the_way_back(
    client_for, both, inspector, huajia, xiangying, village, sibling_village, item, now
):
    here = report(inspector, village, item, now)
    there = report(inspector, sibling_village, item, now)
    client = client_for(both)
    assert all(row.get_absolute_url() in home(client) for row in (here, there))
    assert choose(client, huajia)["Location"] == "/"
    html = home(client)
    assert here.get_absolute_url() in html
    assert there.get_absolute_url() not in html
    assert f'href="/findings/?township={huajia.pk}"' in html
    assert html.count('action="/scope/"') == 2  # the menu, and the line that says so
    choose(client, "")
    html = home(client)
    assert there.get_absolute_url() in html
    assert 'href="/findings/"' in html


def test_the_choice_hides_nothing_that_is_asked_for(
    client_for, both, inspector, huajia, sibling_village, item, now
):
    there = report(inspector, sibling_village, item, now)
    client = client_for(both)
    choose(client, huajia)
    assert client.get(there.get_absolute_url()).status_code == 200
    assert there.number in client.get("/findings/?places=all").content.decode()


@pytest.mark.parametrize("place", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_a_place_without_a_post_is_no_choice(client_for, both, place):
    client = client_for(both)
    choose(client, place)
    assert "scope" not in client.session


def test_a_place_of_somebody_else_is_no_choice(
    client_for, both, dachangshan, island_village, inspector, item, now
):
    elsewhere = report(inspector, island_village, item, now)
    client = client_for(both)
    choose(client, dachangshan)
    assert "scope" not in client.session
    assert elsewhere.get_absolute_url() not in home(client)


def test_a_choice_ends_with_its_post(client_for, both, xiangying, now):
    client = client_for(both)
    choose(client, xiangying)
    both.posts.filter(division=xiangying).delete()
    assert "/scope/" not in home(client)


def test_one_goes_back_to_where_one_chose_but_never_elsewhere(client_for, both, huajia):
    client = client_for(both)
    assert choose(client, huajia, next="/guidance/")["Location"] == "/guidance/"
    assert choose(client, huajia, next="https://example.org/")["Location"] == "/"


def test_a_choice_costs_no_query_and_findings_none(client_for, both, inspector, huajia, village, item, now):
    finding = report(inspector, village, item, now)
    client, counts = client_for(both), []
    for place in ("", huajia):
        choose(client, place)
        for more in (9, 90):
            clone(finding, more)
            with CaptureQueriesContext(connection) as queries:
                client.get("/findings/?places=all")
            counts.append(len(queries))
    # the first page in a minute reads the choices of the bar too
    assert counts[1:] == [counts[1]] * 3
    home_counts = []
    for more in (9, 90):
        clone(finding, more)
        with CaptureQueriesContext(connection) as queries:
            home(client)
        home_counts.append(len(queries))
    assert home_counts[0] == home_counts[1]


def test_the_ledger_follows_the_choice_until_it_is_told_otherwise(client_for, both, huajia):
    client = client_for(both)
    assert client.get("/findings/").status_code == 200
    choose(client, huajia)
    own = f"/findings/?state=overdue&township={huajia.pk}"
    assert client.get("/findings/?state=overdue")["Location"] == own
    html = client.get(own).content.decode()
    assert 'href="?state=overdue&amp;places=all"' in html  # the chip that drops the place
    for every in ("?places=all", "?township=&q="):
        html = client.get(f"/findings/{every}").content.decode()
        assert 'href="?places=all&amp;state=overdue"' in html  # the tabs keep to it
        assert f"township={huajia.pk}" not in html.split("<main", 1)[1].split("</main>")[0]
