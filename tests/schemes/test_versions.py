"""Drafts, versions and freezing: the verbs of a scheme and what the database keeps."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, transaction

from accounts.models import User
from schemes.definition import SourceRow
from schemes.differences import compare
from schemes.models import ExamplePhoto, ExampleRefused, Item, Scheme, SchemeRefused
from tests.samples import jpeg

AT = datetime(2026, 11, 25, 8, tzinfo=UTC)


@pytest.fixture
def scheme(item: Item) -> Scheme:
    return item.scheme


@pytest.fixture
def draft(scheme: Scheme) -> Scheme:
    return scheme.copy(at=AT)


def refusal(verb: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(SchemeRefused) as refused:
        verb(*args, **kwargs)
    assert str(refused.value)
    return refused.value.code


# --- versions ---------------------------------------------------------------------------------------------------
def test_a_copy_is_a_draft_with_the_same_text(scheme: Scheme, draft: Scheme) -> None:
    assert (draft.version, draft.based_on, draft.is_draft, draft.is_default) == (2, 1, True, False)
    assert not compare(scheme.definition(), draft.definition())
    assert {row.pk for row in scheme.items.all()}.isdisjoint(row.pk for row in draft.items.all())


def test_a_copy_takes_a_constant_number_of_queries(
    scheme: Scheme, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(20):
        scheme.copy(at=AT)


def test_a_scheme_that_does_not_add_up_is_not_frozen_and_not_used(draft: Scheme) -> None:
    draft.items.filter(code="A1-01").update(points=50_000)
    assert refusal(draft.freeze, at=AT) == "errors"
    assert refusal(draft.make_default, at=AT) == "errors"
    assert draft.is_draft and Scheme.objects.default().version == 1


@pytest.mark.engine
def test_a_frozen_scheme_takes_no_change_by_any_verb(draft: Scheme) -> None:
    draft.freeze(at=AT)
    assert draft.frozen_at == AT
    aspect, row = draft.aspects.get(code="A1"), draft.items.get(code="A1-01")
    sources = [SourceRow("self", "自评", "Self", 100)]
    assert refusal(draft.change, revision=1, sources=sources, max_total=99) == "frozen"
    assert refusal(draft.add_aspect, code="A9", name_zh="九", name_en="Nine", max_points_units=1) == "frozen"
    assert refusal(draft.change_aspect, aspect, revision=1, code="A8") == "frozen"
    assert refusal(draft.move_aspect, aspect, down=True) == "frozen"
    assert refusal(draft.remove_aspect, aspect) == "frozen"
    assert refusal(draft.change_item, row, revision=1, aspect=aspect, points=1) == "frozen"
    assert refusal(draft.move_item, row, down=True) == "frozen"
    assert refusal(draft.remove_item, row) == "frozen"
    assert refusal(draft.discard) == "frozen"


@pytest.mark.engine
def test_the_database_itself_refuses_to_change_rows_of_a_frozen_scheme(draft: Scheme) -> None:
    draft.freeze(at=AT)
    for rows, column in (
        (draft.items, "points"),
        (draft.aspects, "max_points_units"),
        (draft.sources, "weight"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.update(**{column: 1})  # type: ignore[attr-defined]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Scheme.objects.filter(pk=draft.pk).update(combine="source_total")


@pytest.mark.engine
def test_a_frozen_scheme_may_come_into_use_and_go_out_of_it(scheme: Scheme, draft: Scheme) -> None:
    draft.freeze(at=AT)
    draft.make_default(at=AT)
    scheme.refresh_from_db()
    assert (draft.is_default, draft.in_use_since, scheme.is_default) == (True, AT, False)
    assert Item.objects.current().count() == 42
    assert {row.scheme_id for row in Item.objects.current()} == {draft.pk}
    scheme.make_default(at=AT)
    draft.refresh_from_db()
    assert (scheme.is_default, draft.is_default, draft.in_use_since) == (True, False, AT)


def test_a_draft_goes_and_a_version_that_was_in_use_stays(scheme: Scheme, draft: Scheme) -> None:
    draft.make_default(at=AT)
    scheme.refresh_from_db()
    assert refusal(scheme.discard) == refusal(draft.discard) == "in_use"
    assert refusal(scheme.remove_item, scheme.items.get(code="A1-01")) == "in_use"
    third = scheme.copy(at=AT)
    third.discard()
    assert not Item.objects.filter(scheme_id=third.pk).exists()
    assert sorted(Scheme.objects.values_list("version", flat=True)) == [1, 2]


# --- editing ----------------------------------------------------------------------------------------------------
def test_the_second_of_two_changes_of_one_item_is_told_that_it_came_late(draft: Scheme) -> None:
    one, other = (draft.items.get(code="A1-01") for _ in range(2))
    draft.change_item(one, revision=1, aspect=one.aspect, points=30_000)
    assert one.revision == 2
    assert refusal(draft.change_item, other, revision=1, aspect=other.aspect, points=20_000) == "changed"
    assert draft.items.get(code="A1-01").points == 30_000
    assert [fault.code for fault in draft.problems()] == ["aspect_sum"]


def test_head_and_sources_are_stored_together(draft: Scheme) -> None:
    rows = [SourceRow("self", "自评", "Self", 40), SourceRow("visit", "暗访", "Visit", 60)]
    draft.change(revision=1, sources=rows, combine="source_total", name_en="New")
    assert {row.code: row.weight for row in draft.sources.all()} == {"self": 40, "visit": 60}
    assert (draft.combine, draft.name_en, draft.revision) == ("source_total", "New", 2)
    assert "unknown_source" in {fault.code for fault in draft.problems()}
    assert refusal(draft.change, revision=2, sources=[]) == "one_source"
    assert refusal(draft.change, revision=1, sources=rows) == "changed"


def test_rows_move_and_items_stay_numbered_through_all_aspects(draft: Scheme) -> None:
    draft.move_item(draft.items.get(code="A1-01"), down=True)
    draft.move_item(draft.items.get(code="A1-02"), down=False)  # already first
    assert [row.code for row in draft.items.order_by("position")][:3] == ["A1-02", "A1-01", "A1-03"]
    draft.move_aspect(draft.aspects.get(code="A2"), down=False)
    codes = [row.code for row in draft.items.order_by("position")]
    assert codes[0] == "A2-01" and sorted(codes) == sorted(set(codes))
    assert [row.position for row in draft.items.order_by("position")] == list(range(1, 43))


def test_an_aspect_goes_only_when_it_is_empty(draft: Scheme) -> None:
    aspect = draft.add_aspect(code="A9", name_zh="其他", name_en="Others", max_points_units=10_000)
    moved = draft.items.get(code="A1-01")
    draft.change_item(moved, revision=1, aspect=aspect)
    assert moved.position == 42
    assert refusal(draft.remove_aspect, aspect) == "aspect_not_empty"
    draft.remove_item(moved)
    draft.remove_aspect(aspect)
    assert draft.aspects.count() == 8 and draft.items.count() == 41
    assert all("A1-01" not in pair for pair in Scheme.objects.get(pk=draft.pk).precedence)


# --- examples ---------------------------------------------------------------------------------------------------
def picture(seed: int = 1) -> ContentFile:
    return ContentFile(jpeg(seed, (640, 480)), "x.jpg")


def test_an_example_is_kept_as_clean_copies_and_shown_by_the_copy_of_the_scheme(
    scheme: Scheme, item: Item, hso: User, django_capture_on_commit_callbacks: Any
) -> None:
    shown = ExamplePhoto.objects.show(
        item, kind="good", file=picture(), by=hso, at=AT, caption_zh="干净的村口", caption_en=""
    )
    assert (shown.width, shown.height, shown.caption) == (640, 480, "干净的村口")
    draft = scheme.copy(at=AT)
    copied = ExamplePhoto.objects.get(item__scheme=draft)
    assert copied.large.name == shown.large.name and copied.pk != shown.pk
    with django_capture_on_commit_callbacks(execute=True):
        draft.discard()
    storage, name = shown.small.storage, shown.small.name
    assert storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        shown.take_away()
    assert not storage.exists(name)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (b"%PDF-1.4", "unsupported"), (jpeg(3, (64, 64))[:400], "unreadable")],
)
def test_what_is_no_sound_picture_is_refused(item: Item, hso: User, content: bytes, code: str) -> None:
    with pytest.raises(ExampleRefused) as refused:
        ExamplePhoto.objects.show(item, kind="bad", file=ContentFile(content, "x"), by=hso, at=AT)
    assert refused.value.code == code
    assert str(refused.value)


def test_the_same_picture_twice_and_a_seventh_are_refused(item: Item, hso: User) -> None:
    def show(seed: int) -> ExamplePhoto:
        return ExamplePhoto.objects.show(item, kind="bad", file=picture(seed), by=hso, at=AT)

    show(1)
    with pytest.raises(ExampleRefused, match="已经有"):
        show(1)
    for seed in range(2, 7):
        show(seed)
    with pytest.raises(ExampleRefused, match="6"):
        show(7)
    assert item.examples.count() == 6


# --- who sees which ---------------------------------------------------------------------------------------------
def test_drafts_are_for_those_who_write_them(
    scheme: Scheme, draft: Scheme, hso_staff: User, department: User, auditor: User, jinpu_office: User,
    huajia_official: User, inspector: User, sysadmin: User,
) -> None:  # fmt: skip
    on = AT.date()
    for user in (hso_staff, department, auditor):
        assert list(Scheme.objects.visible_to(user, on).in_order()) == [draft, scheme]
    for user in (jinpu_office, huajia_official):
        assert list(Scheme.objects.visible_to(user, on)) == [scheme]
    for user in (inspector, sysadmin):
        assert not Scheme.objects.visible_to(user, on).exists()
    draft.freeze(at=AT)
    assert Scheme.objects.visible_to(jinpu_office, on).count() == 2
