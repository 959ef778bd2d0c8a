"""Hand-over: one form moves everything a person covers, and every post, to a successor."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from accounts.handover import HandOverRefused, hand_over
from accounts.models import Post, Role, User
from tests.cast import make_user
from villages.chain import chain_on
from villages.models import Division, Person, Responsibility, Village

DAY = date(2024, 6, 1)
Browser = Callable[[User], Client]


@pytest.fixture
def successor(db: None) -> Person:
    return Person.objects.create(name="新人", title="副主任")


def test_responsibilities_and_posts_move_on_the_day(
    village: Village, village_leader: User, huajia: Division, successor: Person
) -> None:
    Post.objects.create(user=village_leader, role=Role.TOWNSHIP, division=huajia, since=date(2022, 1, 1))
    account = make_user("newcomer", "新人", Role.AUDITOR, person=successor, since=date(2020, 1, 1))
    assert village_leader.person
    done = hand_over(person=village_leader.person, successor=successor, since=DAY)
    assert (done.responsibilities, done.posts) == (1, 2)
    assert chain_on(village, date(2024, 5, 31)).township == [village_leader.person]
    assert chain_on(village, DAY).township == [successor]
    account.forget_posts()
    assert account.roles(DAY) >= {Role.TOWNSHIP, Role.LEADER}
    village_leader.forget_posts()
    assert village_leader.roles(DAY) == set()
    assert village_leader.roles(date(2024, 5, 31)) == {Role.TOWNSHIP, Role.LEADER}


def test_successor_without_account_is_refused_unless_posts_may_end(
    village: Village, village_leader: User, successor: Person
) -> None:
    assert village_leader.person
    with pytest.raises(HandOverRefused):
        hand_over(person=village_leader.person, successor=successor, since=DAY)
    assert Responsibility.objects.get().until is None
    hand_over(person=village_leader.person, successor=successor, since=DAY, end_posts=True)
    assert Post.objects.get(user=village_leader).until == DAY


def test_what_has_not_begun_changes_its_owner(village: Village, successor: Person) -> None:
    person = Person.objects.create(name="将来")
    Responsibility.objects.create(person=person, kind="township", village=village, since=date(2025, 1, 1))
    hand_over(person=person, successor=successor, since=DAY)
    assert Responsibility.objects.get().person == successor


def test_successor_who_covers_the_place_already_is_not_doubled(
    village: Village, village_leader: User, successor: Person
) -> None:
    Responsibility.objects.create(person=successor, kind="township", village=village, since=date(2023, 1, 1))
    assert village_leader.person
    hand_over(person=village_leader.person, successor=successor, since=DAY, end_posts=True)
    assert chain_on(village, DAY).township == [successor]


def test_county_office_hands_over_in_its_unit_by_form(
    village: Village, village_leader: User, jinpu_office: User, changhai_office: User, client_for: Browser
) -> None:
    url = f"/accounts/persons/{village_leader.person_id}/hand-over/"
    data = {"name": "接任者", "since": "2024-06-01", "end_posts": "on"}
    assert client_for(changhai_office).post(url, data).status_code == 404
    assert client_for(jinpu_office).get(url).status_code == 200
    assert client_for(jinpu_office).post(url, data).status_code == 302
    assert [person.name for person in chain_on(village, DAY).township] == ["接任者"]


def test_an_office_cannot_move_an_administrators_post(sysadmin: User, hso: User, client_for: Browser) -> None:
    person = Person.objects.create(name="马力")
    User.objects.filter(pk=sysadmin.pk).update(person=person)
    assert client_for(hso).get(f"/accounts/persons/{person.pk}/hand-over/").status_code == 404


def test_nobody_without_a_signature_hands_one_on(
    jinpu: Division, jinpu_office: User, hso: User, hso_staff: User, village: Village, client_for: Browser
) -> None:
    head = Person.objects.create(name="李晨", title="主任")
    jinpu_office.describe(username="jinpu", name="李晨", email="", person=head)
    Responsibility.objects.create(person=head, kind="township", village=village, since=date(2020, 1, 1))
    clerk = make_user("clerk", "小王", Role.COUNTY_OFFICE, jinpu)
    url = f"/accounts/persons/{head.pk}/hand-over/"
    assert [client_for(user).get(url).status_code for user in (clerk, hso_staff)] == [404, 404]
    assert [client_for(user).get(url).status_code for user in (jinpu_office, hso)] == [200, 200]
