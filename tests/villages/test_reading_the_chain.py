"""The chain of responsible persons of a village on any day."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.cast import make_village
from villages.chain import chain_on, chains_on
from villages.models import Area, Division, Person, Responsibility, RosterRefused, Village

pytestmark = pytest.mark.engine
SINCE, CHANGE = date(2020, 1, 1), date(2024, 5, 1)


@pytest.fixture
def covered(
    leader: User, area_leader: User, village_leader: User, secretary: User, village: Village
) -> Village:
    person = Person.objects.create(name="孙家明", title="柳家村党支部书记")
    Responsibility.objects.create(person=person, kind="village_secretary", village=village, since=SINCE)
    return village


def test_chain_has_three_leaders_and_both_secretaries(covered: Village) -> None:
    chain = chain_on(covered, date(2024, 1, 1))
    assert [person.name for person in (*chain.municipal, *chain.county, *chain.township)] == [
        "何江",
        "陈立",
        "冯远",
    ]
    assert chain.secretary and chain.secretary.name == "郑直"
    assert chain.village_secretary and chain.village_secretary.name == "孙家明"
    assert chain.gaps() == []


def test_chain_of_a_day_is_the_chain_of_that_day(covered: Village) -> None:
    successor = Person.objects.create(name="新来")
    Responsibility.objects.get(kind="township").end(on=CHANGE)
    Responsibility.objects.assign(person=successor, kind="township", place=covered, since=CHANGE)
    assert [person.name for person in chain_on(covered, date(2024, 4, 30)).township] == ["冯远"]
    assert [person.name for person in chain_on(covered, CHANGE).township] == ["新来"]
    assert chain_on(covered, date(2019, 12, 31)).gaps() == list(Responsibility.Kind.values)


def test_chain_as_json_keeps_names_and_titles(covered: Village) -> None:
    data = chain_on(covered, CHANGE).as_json()
    assert data["municipal"][0]["name"] == "何江"
    assert set(data) == {"municipal", "county", "township", "secretary", "village_secretary"}
    assert data["secretary"]["title"] == "华家街道党工委书记"


def test_chains_of_many_villages_take_three_queries(
    covered: Village, huajia: Division, area: Area, django_assert_num_queries: Any
) -> None:
    villages = [covered, *(make_village(f"村{n}", huajia, f"2102130143{n:02}", area) for n in range(50))]
    with django_assert_num_queries(3):
        chains = chains_on(villages, CHANGE)
    assert all(chain.secretary for chain in chains.values())
    assert sum(bool(chain.township) for chain in chains.values()) == 1


def test_a_second_secretary_is_refused_unless_replacing(covered: Village, huajia: Division) -> None:
    successor = Person.objects.create(name="新书记")
    with pytest.raises(RosterRefused):
        Responsibility.objects.assign(person=successor, kind="secretary", place=huajia, since=CHANGE)
    Responsibility.objects.assign(
        person=successor, kind="secretary", place=huajia, since=CHANGE, replace=True
    )
    assert chain_on(covered, date(2024, 4, 30)).secretary.name == "郑直"  # type: ignore[union-attr]
    assert chain_on(covered, CHANGE).secretary == successor


def test_replacing_never_erases_somebody_who_began_later(covered: Village, huajia: Division) -> None:
    other = Person.objects.create(name="早些")
    with pytest.raises(RosterRefused):
        Responsibility.objects.assign(
            person=other, kind="secretary", place=huajia, since=date(2019, 1, 1), replace=True
        )
    assert Responsibility.objects.filter(kind="secretary").count() == 1


def test_village_page_shows_the_chain_of_the_asked_day(
    covered: Village, huajia_official: User, client_for: Callable[[User], Client]
) -> None:
    Responsibility.objects.get(kind="township").end(on=CHANGE)
    client = client_for(huajia_official)
    then = client.get(f"/villages/{covered.pk}/?on=2024-04-30").content.decode()
    now = client.get(f"/villages/{covered.pk}/").content.decode()
    chain_then, chain_now = (text.split('id="chain"')[1] for text in (then, now))
    assert "冯远" in chain_then
    assert "冯远" not in chain_now
    assert "郑直" in chain_now


def test_village_page_links_the_persons_whose_page_opens(
    covered: Village, hso: User, huajia_official: User, inspector: User, client_for: Callable[[User], Client]
) -> None:
    people = {person.pk for person in Person.objects.filter(responsibilities__isnull=False)}
    for user in (hso, huajia_official, inspector):
        client = client_for(user)
        page = client.get(f"/villages/{covered.pk}/").content.decode()
        opened = {pk for pk in people if client.get(f"/villages/persons/{pk}/").status_code == 200}
        linked = {pk for pk in people if f"/villages/persons/{pk}/" in page}
        assert linked <= opened
        assert linked or user == inspector


def test_village_page_of_another_township_is_404(
    covered: Village, xiangying_official: User, client_for: Callable[[User], Client]
) -> None:
    assert client_for(xiangying_official).get(f"/villages/{covered.pk}/").status_code == 404


def test_retired_village_stays_visible_where_it_lay(
    covered: Village,
    sibling_village: Village,
    huajia_official: User,
    xiangying_official: User,
    client_for: Callable[[User], Client],
) -> None:
    covered.merge_into(sibling_village, on=CHANGE)
    page = client_for(huajia_official).get(f"/villages/{covered.pk}/")
    assert page.status_code == 200
    assert "城东" in page.content.decode()
    assert client_for(xiangying_official).get(f"/villages/{covered.pk}/").status_code == 404
