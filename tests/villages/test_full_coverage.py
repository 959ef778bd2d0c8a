"""Coverage: who is missing where, how many persons cover how much."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.cast import SINCE, make_village
from villages.coverage import coverage_for, coverage_line
from villages.models import Area, Division, Person, Responsibility, Village

pytestmark = pytest.mark.engine
ON = date(2024, 7, 1)


@pytest.fixture
def villages(village: Village, sibling_village: Village, island_village: Village) -> list[Village]:
    return [village, sibling_village, island_village]


def cover(kind: str, place: Any, name: str = "某某") -> None:
    person = Person.objects.create(name=name)
    Responsibility.objects.assign(person=person, kind=kind, place=place, since=SINCE)


def test_every_missing_kind_is_a_gap(villages: list[Village], leader: User, hso: User) -> None:
    coverage = coverage_for(hso, ON)
    gaps = {gap.name: gap.missing for gap in coverage.gaps}
    assert gaps["柳家"] == ("county", "township", "secretary", "village_secretary")
    assert gaps["小盐场"] == ("municipal", "county", "township", "secretary", "village_secretary")
    assert coverage.total.missing["municipal"] == 1
    assert coverage.total.villages == 3


def test_full_coverage_has_no_gaps(
    villages: list[Village],
    leader: User,
    area_leader: User,
    village_leader: User,
    secretary: User,
    jinpu_office: User,
) -> None:
    cover("village_secretary", villages[0])
    Village.objects.filter(pk=villages[1].pk).update(retired_on=ON)
    coverage = coverage_for(jinpu_office, ON)
    assert coverage.complete
    assert coverage.total.covered == coverage.total.villages == 1


def test_persons_are_counted_once_per_unit(village: Village, huajia: Division, area: Area, hso: User) -> None:
    other = make_village("东沟", huajia, "210213014202", area)
    person = Person.objects.create(name="一人两村")
    for place in (village, other):
        Responsibility.objects.assign(person=person, kind="township", place=place, since=SINCE)
    coverage = coverage_for(hso, ON)
    assert coverage.units[0].persons["township"] == 1
    assert coverage.units[0].missing["township"] == 0


def test_ended_responsibility_is_a_gap_from_its_last_day(
    village: Village, village_leader: User, hso: User
) -> None:
    Responsibility.objects.get().end(on=ON)
    assert "township" in coverage_for(hso, ON).gaps[0].missing
    assert "township" not in coverage_for(hso, date(2024, 6, 30)).gaps[0].missing


def test_everyone_sees_their_own_places(
    villages: list[Village], hso: User, changhai_office: User, huajia_official: User, sysadmin: User
) -> None:
    seen = {
        user.username: coverage_for(user, ON).total.villages
        for user in (hso, changhai_office, huajia_official)
    }
    assert seen == {"hso": 3, "changhai": 1, "huajia": 1}
    assert coverage_for(sysadmin, ON).total.villages == 0
    for user in (hso, changhai_office, sysadmin):
        found, line = coverage_for(user, ON), coverage_line(user, ON)
        assert (line.villages, line.gaps) == (found.total.villages, len(found.gaps))


@pytest.mark.parametrize("size", [10, 100])
def test_coverage_takes_four_queries_for_any_number(
    size: int, huajia: Division, area: Area, hso: User, django_assert_num_queries: Any
) -> None:
    for number in range(size):
        cover("township", make_village(f"村{number}", huajia, f"2102130143{number:03}", area))
    hso.places(ON)
    with django_assert_num_queries(4):
        assert coverage_for(hso, ON).total.villages == size


def test_page_and_export_filter_the_gaps(
    villages: list[Village], changhai: Division, hso: User, client_for: Callable[[User], Client]
) -> None:
    client = client_for(hso)
    text = client.get(f"/villages/coverage/?county={changhai.pk}&kind=township").content.decode()
    listed = text.split('id="gaps"')[1]
    assert "小盐场" in listed
    assert "柳家" not in listed
    assert "不是" in text or "并非" in text  # the selection of committees is said to be our own
    sheet = client.get(f"/villages/coverage/export/?county={changhai.pk}")
    assert sheet["Content-Type"].endswith("spreadsheetml.sheet")
    assert sheet.content.startswith(b"PK")
