"""Who sees which places on which day."""

from datetime import date

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from accounts.models import Post, Role, User
from accounts.places import Places
from tests.cast import SINCE, make_user, make_village
from villages.models import Person, Responsibility, Village

DAY = date(2026, 11, 23)
pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def seen(user: User, day: date = DAY, *roles: str) -> set[str]:
    return set(
        Village.objects.with_places(day)
        .filter(user.places(day, *roles).q(village="pk"))
        .values_list("name", flat=True)
    )


@pytest.fixture
def villages(village, sibling_village, island_village):
    return [village, sibling_village, island_village]


def test_city_office_department_auditor_and_inspectors_reach_everywhere(
    villages, hso, hso_staff, department, auditor, inspector, agency
):
    for user in (hso, hso_staff, department, auditor, inspector, agency):
        assert seen(user) == {"柳家", "城东", "小盐场"}


def test_county_office_sees_its_unit(villages, jinpu_office, changhai_office):
    assert seen(jinpu_office) == {"柳家", "城东"}
    assert seen(changhai_office) == {"小盐场"}


def test_township_official_sees_the_township(villages, huajia_official, xiangying_official):
    assert seen(huajia_official) == {"柳家"}
    assert seen(xiangying_official) == {"城东"}


def test_administrator_sees_no_place(villages, sysadmin):
    assert seen(sysadmin) == set()


def test_leaders_see_what_they_cover_today(villages, leader, area_leader, village_leader, secretary):
    assert seen(leader) == {"柳家", "城东"}
    assert seen(area_leader) == {"柳家"}
    assert seen(village_leader) == {"柳家"}
    assert seen(secretary) == {"柳家"}


def test_secretary_sees_the_whole_street(villages, huajia, secretary):
    make_village("石沟", huajia, "210213014202")
    assert seen(secretary) == {"柳家", "石沟"}


def test_leader_sees_nothing_after_the_responsibility_ended(villages, leader):
    Responsibility.objects.filter(person=leader.person).update(until=date(2026, 11, 23))
    assert seen(leader) == set()
    assert seen(leader, date(2026, 11, 22)) == {"柳家", "城东"}


def test_ended_post_counts_until_its_day_and_no_longer(villages, huajia_official):
    huajia_official.posts.get().end(on=DAY)
    assert seen(huajia_official, date(2026, 11, 22)) == {"柳家"}
    assert seen(huajia_official) == set()


def test_several_posts_add_up_and_roles_narrow_them(villages, huajia_official, dachangshan):
    Post.objects.create(user=huajia_official, role=Role.INSPECTOR, division=dachangshan, since=SINCE)
    assert seen(huajia_official) == {"柳家", "小盐场"}
    assert seen(huajia_official, DAY, Role.TOWNSHIP) == {"柳家"}
    assert seen(huajia_official, DAY, Role.AUDITOR) == set()


def test_deputy_acts_during_the_leave_and_not_after(villages, huajia_official, xiangying_official, huajia):
    Post.objects.create(
        user=xiangying_official, role=Role.TOWNSHIP, division=huajia, since=date(2026, 11, 20),
        until=date(2026, 11, 25), deputy_for=huajia_official.posts.get(),
    )  # fmt: skip
    assert seen(xiangying_official) == {"柳家", "城东"}
    assert seen(User.objects.get(pk=xiangying_official.pk), date(2026, 11, 25)) == {"城东"}


def test_deputy_of_a_leader_sees_what_the_leader_covers(villages, leader, jinpu):
    deputy = make_user("deputy", "代理", Role.LEADER, person=Person.objects.create(name="代理"))
    assert seen(deputy) == set()
    Post.objects.create(user=deputy, role=Role.LEADER, since=SINCE, deputy_for=leader.posts.get())
    assert seen(User.objects.get(pk=deputy.pk)) == {"柳家", "城东"}


def test_places_cost_the_same_for_ten_and_a_hundred_villages(leader, area, area_leader, huajia):
    counts = []
    for start, number in ((10, 10), (100, 100)):
        for index in range(number):
            make_village(f"村{start}-{index}", huajia, f"9{start}{index:04}", area)
        fresh = User.objects.get(pk=area_leader.pk)
        with CaptureQueriesContext(connection) as queries:
            fresh.places(DAY)
            fresh.places(DAY)
        counts.append(len(queries))
    assert counts == [3, 3]


def test_nowhere_matches_no_row_and_everywhere_every_row():
    assert Places().q() == Q(pk__in=[])
    assert Places(everything=True).q() == Q()


def test_roles_are_those_of_the_day(huajia_official):
    assert huajia_official.roles(DAY) == {Role.TOWNSHIP}
    assert huajia_official.roles(date(2019, 12, 31)) == set()
    assert huajia_official.has_role(Role.TOWNSHIP, DAY)
