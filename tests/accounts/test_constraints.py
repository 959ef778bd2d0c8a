"""What the database itself refuses about posts and accounts."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Organisation, Post, Role, User
from tests.cast import SINCE

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def insert_post(**columns):
    row = {
        "id": uuid.uuid4().hex if connection.vendor == "sqlite" else str(uuid.uuid4()),
        "since": "2026-01-01", "until": None, "role": "sysadmin", "may_sign": False, "issues_directly": False,
        "division_id": None, "organisation_id": None, "deputy_for_id": None,
    } | columns  # fmt: skip
    names = ", ".join(row)
    places = ", ".join(["%s"] * len(row))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO accounts_post ({names}) VALUES ({places})", list(row.values()))


@pytest.fixture
def user_id(sysadmin):
    return sysadmin.pk.hex if connection.vendor == "sqlite" else str(sysadmin.pk)


@pytest.mark.parametrize("role", ["city_office", "county_office", "township"])
def test_office_without_a_place_is_refused(user_id, role):
    with pytest.raises(IntegrityError):
        insert_post(user_id=user_id, role=role)


def test_department_without_a_name_is_refused(user_id):
    with pytest.raises(IntegrityError):
        insert_post(user_id=user_id, role="department")


def test_post_that_ends_before_it_begins_is_refused(user_id):
    with pytest.raises(IntegrityError):
        insert_post(user_id=user_id, until="2026-01-01")


def test_post_cannot_stand_in_for_itself(sysadmin):
    post = sysadmin.posts.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.filter(pk=post.pk).update(deputy_for=post)


def test_good_post_is_taken(user_id):
    insert_post(user_id=user_id)


def test_organisation_names_are_unique(db):
    Organisation.objects.create(kind="agency", name="清源咨询")
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.create(kind="agency", name="清源咨询")


def test_person_has_one_account(leader):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.open_account(username="second", name="何江", password="x", person=leader.person)


def test_post_names_role_and_place(jinpu_office, sysadmin):
    assert str(jinpu_office.posts.get()) == f"{Role.COUNTY_OFFICE.label} · 金普新区"
    assert str(sysadmin.posts.get()) == Role.SYSADMIN.label
    assert jinpu_office.posts.get().since == SINCE
