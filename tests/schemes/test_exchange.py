"""Schemes as files: what is written is read again word for word, and every error has its place."""

import dataclasses
import io
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import openpyxl
import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from schemes import workbook, yaml_form
from schemes.definition import Definition, full_width
from schemes.importing import Plan, plan_import
from schemes.models import Item, Scheme
from schemes.reading import read
from tests.cast import shipped_scheme
from villages.spreadsheet import Unreadable

AT = datetime(2026, 11, 25, 8, tzinfo=UTC)
WRITERS: dict[str, Callable[[Definition], bytes]] = {
    "yaml": lambda definition: yaml_form.write(definition).encode(),
    "xlsx": workbook.write,
}


def again(form: str, definition: Definition) -> Definition:
    """Write a definition as a file and read the file."""
    if form == "yaml":
        found, faults = read(yaml_form.read(yaml_form.write(definition)).data)
    else:
        found, faults = read(workbook.read(workbook.write(definition)).data)
    assert faults == []
    return dataclasses.replace(found, version=definition.version)


def changed(item: dict[str, Any] | None = None, **head: Any) -> Definition:
    """Return the shipped scheme with another head or another first item."""
    scheme = shipped_scheme()
    first, *others = scheme.aspects
    if item:
        first = dataclasses.replace(
            first, items=(dataclasses.replace(first.items[0], **item), *first.items[1:])
        )
    return dataclasses.replace(scheme, aspects=(first, *others), **head)


@pytest.mark.parametrize("form", WRITERS)
def test_the_shipped_scheme_is_the_same_after_writing_and_reading(form: str) -> None:
    assert again(form, shipped_scheme()) == shipped_scheme()


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize(
    "item",
    [
        {"rule": {"type": "yes_no"}, "unit_zh": "有无保洁制度", "zero_if_zh": "无制度"},
        {"rule": {"type": "deduction", "per_finding": 1, "floor": 20_001, "cap_per_point": 3}},
        {"rule": {"type": "proportion", "target_pct": 90, "zero_at_or_below_pct": 0, "target_basis": "省里文件"}},
        {"rule": {"type": "yes_no", "system": "coverage"}, "sources": ["system"], "level": "county"},
        {"name_zh": "=SUM(A1)", "name_en": "'+1", "evidence_zh": ["-甲", "@乙"], "points": 12_345},
        {"applies_if": ["coast", "farmland"], "sources": ["self", "visit"], "evidence_en": []},
        {"name_en": "No", "unit_en": "2026-01-01", "department_zh": "城管部门", "department_en": "Urban management"},
    ],
)  # fmt: skip
def test_every_rule_and_odd_text_is_the_same_after_writing_and_reading(
    form: str, item: dict[str, Any]
) -> None:
    assert again(form, changed(item)) == changed(item)


words = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), include_characters="\n"), max_size=30
).map(lambda text: text.strip())


@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(words, words, st.integers(1, 10**8), st.integers(0, 100))
def test_any_text_and_number_is_the_same_after_writing_and_reading(
    form: str, chinese: str, english: str, points: int, weight: int
) -> None:
    texts = {**shipped_scheme().aspects[0].items[0].texts, "standard_zh": chinese, "bad_en": english}
    scheme = changed({"texts": texts, "points": points, "unit_zh": full_width(chinese), "unit_en": english})
    sources = (dataclasses.replace(scheme.sources[0], weight=weight), *scheme.sources[1:])
    scheme = dataclasses.replace(scheme, sources=sources, aspects=scheme.aspects[:1])
    assert again(form, scheme) == scheme


@pytest.mark.parametrize("form", WRITERS)
def test_an_exported_version_imported_as_a_draft_is_identical(
    form: str, item: Item, department: User
) -> None:
    scheme = item.scheme
    Item.objects.filter(pk=item.pk).update(department=department.posts.get().organisation)
    plan = plan_import(WRITERS[form](scheme.definition()))
    assert (plan.errors, plan.problems) == ([], [])
    made = Scheme.objects.draft(plan.definition, at=AT)
    assert (made.version, made.is_draft, made.is_default) == (2, True, False)
    assert dataclasses.replace(made.definition(), version=1) == scheme.definition()
    assert made.items.get(code="A1-01").department == department.posts.get().organisation
    assert scheme.items.count() == made.items.count() == 42


@cache
def shipped_workbook() -> bytes:
    return workbook.write(shipped_scheme())


# --- errors -----------------------------------------------------------------------------------------------------
def spoilt(edit: Callable[[openpyxl.Workbook], None]) -> bytes:
    """Return the shipped scheme as a workbook after somebody has worked in it."""
    book = openpyxl.load_workbook(io.BytesIO(shipped_workbook()))
    edit(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def put(sheet: str, cell: str, value: Any) -> Callable[[openpyxl.Workbook], None]:
    return lambda book: book[sheet].__setitem__(cell, value)


def said(plan: Plan) -> list[tuple[str, int, str, str]]:
    """Return the errors with their places, in English."""
    return [(one.spot.sheet, one.spot.row, one.spot.column, one.sentence) for one in plan.errors]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("edit", "place", "words"),
    [
        (put("事项", "E3", "many"), ("事项", 3, "分值"), "A number is expected"),
        (put("事项", "E4", "0.00001"), ("事项", 4, "分值"), "finer than 1/10000"),
        (put("事项", "E5", None), ("事项", 5, "分值"), "missing"),
        (put("事项", "G6", "街道"), ("事项", 6, "层级"), "“街道” is not one of"),
        (put("事项", "F7", "暗访、无人机"), ("事项", 7, "评分来源"), "“无人机” is not one of"),
        (put("事项", "I2", "打分"), ("事项", 2, "计分规则"), "“打分” is not one of"),
        (put("事项", "A8", "Z9"), ("事项", 8, "方面"), "no “Z9”"),
        (put("事项", "B9", "A1 99/x"), ("事项", 9, "编码"), "letters, digits"),
        (put("事项", "B3", "A1-01"), ("事项", 3, "编码"), "used by more than one item"),
        (put("方面", "D2", "-1"), ("方面", 2, "分值"), "between 0 and"),
        (put("来源", "A2", "媒体"), ("来源", 2, "来源"), "“媒体” is not one of"),
        (put("来源", "D3", "ninety"), ("来源", 3, "权重百分比"), "A number is expected"),
        (put("细则", "D2", ""), ("细则", 2, "总分"), "missing"),
        (put("业务指导", "A3", "B7-77"), ("业务指导", 3, "编码"), "no “B7-77”"),
    ],
)
def test_an_error_in_a_workbook_has_its_sheet_row_and_column(edit: Any, place: Any, words: str) -> None:
    with translation.override("en"):
        found = said(plan_import(spoilt(edit)))
    assert any(error[:3] == place and words in error[3] for error in found), found


@pytest.mark.django_db
def test_a_department_that_the_system_does_not_know_is_an_error() -> None:
    letters = list(workbook.COLUMNS["items"]).index("organisation")
    column = openpyxl.utils.get_column_letter(letters + 1)
    plan = plan_import(spoilt(put("事项", f"{column}2", "市无名局")))
    assert [(one.spot.row, one.spot.column) for one in plan.errors] == [(2, "系统内部门")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ("level: village", "level: street", 1, "“street” is not one of"),
        ("max_points: 16", "max_points: sixteen", 0, "A number is expected"),
        ("item_count: 42", "item_count: 43", 0, "states 43 items and holds 42"),
        ("type: deduction", "type: guess", 0, "“guess” is not one of"),
    ],
)
def test_an_error_in_a_yaml_file_has_its_line(before: str, after: str, line: int, words: str) -> None:
    text = yaml_form.write(shipped_scheme()).replace(before, after, 1)
    wanted = text[: text.index(after)].count("\n") + 1
    with translation.override("en"):
        plan = plan_import(text.encode())
        found = [(one.spot.row, one.sentence) for one in plan.errors]
    assert any(row == wanted and words in sentence for row, sentence in found), (found, wanted)


@pytest.mark.django_db
def test_what_does_not_add_up_is_named_and_may_wait_for_the_editor() -> None:
    plan = plan_import(spoilt(put("事项", "E2", "5")))
    assert plan.errors == []
    assert [(one.spot.sheet, one.spot.row) for one in plan.problems] == [("方面", 2)]
    assert "A1" in plan.problems[0].sentence and "17" in plan.problems[0].sentence


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00nothing",
        b"PK\x03\x04 no archive",
        b"a: [1, 2",
        b"a: &x [1]\nb: *x\n",
        b"!!python/object:os.system {}",
        workbook.write(None)[:2000],
    ],
)
def test_a_file_that_is_no_scheme_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(Unreadable):
        plan_import(content)


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"[]", b"scheme: 3\naspects: {}\n", b"42", b"scheme: {sources: [1]}"])
def test_yaml_of_another_shape_is_an_error_and_no_crash(content: bytes) -> None:
    assert plan_import(content).errors


@pytest.mark.django_db
def test_the_empty_template_says_what_is_missing() -> None:
    assert plan_import(workbook.write(None)).errors
