"""Prepared questions answer like the QuerySets they are made of."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import POSTS, Post, User
from audit.models import Entry
from audit.prepared import Prepared, insert

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def test_prepared_question_gives_the_rows_of_its_query_set_with_what_they_join(
    hso: User, hso_staff: User
) -> None:
    on = timezone.localdate()
    asked = Post.objects.on(on).filter(user=hso).select_related("division").order_by("since", "pk")
    found = POSTS(hso.pk, on)
    assert found == list(asked)
    assert [(post.role, post.division) for post in found] == [(post.role, post.division) for post in asked]


def test_each_call_asks_with_its_own_values(hso: User, hso_staff: User) -> None:
    on = timezone.localdate()
    assert {post.user_id for post in POSTS(hso.pk, on)} == {hso.pk}
    assert {post.user_id for post in POSTS(hso_staff.pk, on)} == {hso_staff.pk}
    assert POSTS(hso.pk, on - timedelta(days=40_000)) == []
    assert POSTS.first(uuid4(), on) is None


def test_values_come_back_as_tuples_and_are_read_by_their_fields(hso: User, hso_staff: User) -> None:
    question: Prepared[tuple[UUID, date]] = Prepared(
        lambda user: Post.objects.filter(user_id=user).values_list("id", "since").order_by("pk"), UUID
    )
    assert question(hso.pk) == list(hso.posts.values_list("id", "since").order_by("pk"))


def test_a_question_is_one_statement(hso: User, hso_staff: User, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert POSTS(hso.pk, timezone.localdate())[0].division is not None


def test_a_value_that_does_not_reach_the_statement_is_refused() -> None:
    question: Prepared[Post] = Prepared(lambda _user: Post.objects.all(), UUID)
    with pytest.raises(ValueError, match="does not reach"):
        question(uuid4())


def test_an_inserted_row_reads_as_one_that_was_saved(hso: User, django_assert_num_queries: Any) -> None:
    at = timezone.now()
    columns: dict[str, Any] = {
        "at": at,
        "verb": "write",
        "label": "柳家村",
        "detail": {"status": 201, "of": [1]},
    }
    with django_assert_num_queries(1):
        row = insert(Entry(**columns))
    saved = Entry.objects.create(**columns)
    assert row.pk and row.pk < saved.pk, "the database counts"
    names = [field.attname for field in Entry._meta.concrete_fields if not field.primary_key]
    read = Entry.objects.get(pk=row.pk)
    assert [getattr(read, name) for name in names] == [getattr(saved, name) for name in names]
    assert not row._state.adding


def test_a_row_under_a_known_key_is_not_inserted_again(hso: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(User(pk=hso.pk, username="another"))
    assert not User.objects.filter(username="another").exists()
