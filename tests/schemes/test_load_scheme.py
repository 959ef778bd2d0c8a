"""Loading a scheme: what is written, what is refused, what a second run changes."""

import copy
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from schemes.definition import PARTS, DefinitionError, full_width
from schemes.management.commands.load_scheme import DATA
from schemes.models import Aspect, Item, Scheme, SchemeSource
from schemes.reading import parse
from schemes.wording import sentences

# half-width punctuation touching a Chinese character
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!()\"']|[,;:?!()\"'][\u4e00-\u9fff]|[\u4e00-\u9fff]\.(?!\d)")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
AT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def data() -> tuple[dict[str, Any], dict[str, Any]]:
    return _yaml("scheme_2023.yaml"), _yaml("guidance.yaml")


def _yaml(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    return read


@pytest.fixture
def scheme(db: None) -> Scheme:
    call_command("load_scheme", verbosity=0)
    return Scheme.objects.default()


@pytest.mark.engine
def test_the_shipped_scheme_has_8_aspects_42_items_and_100_points(scheme: Scheme) -> None:
    assert scheme.aspects.count() == 8
    assert scheme.items.count() == 42
    assert sum(item.points for item in scheme.items.all()) == 100 * 10_000
    assert sum(aspect.max_points_units for aspect in scheme.aspects.all()) == 100 * 10_000
    assert {s.code: s.weight for s in scheme.sources.all()} == {
        "self": 20,
        "dept": 30,
        "visit": 50,
        "system": 30,
    }


def test_loading_twice_gives_the_same_rows(scheme: Scheme) -> None:
    def rows() -> list[Any]:
        return [list(model.objects.order_by("pk").values()) for model in (Scheme, SchemeSource, Aspect, Item)]

    before = rows()
    call_command("load_scheme", verbosity=0)
    assert rows() == before


def test_points_and_deductions_are_whole_numbers(scheme: Scheme) -> None:
    for item in scheme.items.all():
        assert "." not in str(item.rule), item.code
    assert scheme.items.get(code="A2-05").deduction_text == "0.25"
    assert scheme.items.get(code="A1-01").points_text == "4"


def test_every_item_has_every_part_of_its_guidance_in_both_languages(scheme: Scheme) -> None:
    for item in scheme.items.all():
        for part in PARTS:
            chinese, english = getattr(item, f"{part}_zh"), getattr(item, f"{part}_en")
            assert len(chinese) >= 20, (item.code, part)
            assert len(english.split()) >= 10, (item.code, part)
            assert CHINESE.search(chinese) and not CHINESE.search(english), (item.code, part)
            assert len(chinese.splitlines()) == len(english.splitlines()), (item.code, part)


def test_chinese_text_has_full_width_punctuation_only(scheme: Scheme) -> None:
    for item in scheme.items.all():
        texts = [getattr(item, f"{name}_zh") for name in (*PARTS, "name", "unit", "zero_if", "department")]
        for text in [*texts, *item.evidence_zh]:
            assert not HALF_WIDTH.search(text), (item.code, text)


def test_guidance_names_only_items_that_exist(scheme: Scheme) -> None:
    codes = set(scheme.items.values_list("code", flat=True))
    for item in scheme.items.all():
        for part in PARTS:
            for language in ("zh", "en"):
                named = set(re.findall(r"A\d-\d\d", getattr(item, f"{part}_{language}")))
                assert named <= codes, (item.code, part)


def test_both_languages_of_a_part_name_the_same_items(scheme: Scheme) -> None:
    for item in scheme.items.all():
        for part in PARTS:
            named = [set(re.findall(r"A\d-\d\d", getattr(item, f"{part}_{lang}"))) for lang in ("zh", "en")]
            assert named[0] == named[1], (item.code, part)


def test_the_order_of_precedence_is_said_in_the_guidance_of_both_items(scheme: Scheme) -> None:
    items = {item.code: item for item in Item.objects.current()}
    assert len(scheme.precedence) == 4
    for first, second in scheme.precedence:
        assert second in items[first].goes_before
        assert first in items[second].gives_way_to
        assert any(first in getattr(items[second], f"{part}_zh") for part in PARTS), (first, second)
        assert any(second in getattr(items[first], f"{part}_zh") for part in PARTS), (first, second)


def test_an_item_applies_only_to_villages_that_have_what_it_is_about(scheme: Scheme, village: Any) -> None:
    coast = scheme.items.get(code="A7-03")
    assert not coast.applies_to(village)
    village.coast = True
    assert coast.applies_to(village)
    assert scheme.items.get(code="A1-01").applies_to(village)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda s, g: s["aspects"].pop(), "The file states 8 aspects and holds 7."),
        (
            lambda s, g: s["aspects"][0]["items"].pop(),
            "A1: its items have 14 points together; the aspect has 16.",
        ),
        (
            lambda s, g: s["aspects"][0].update(max_points=17),
            "The aspects have 101 points together; the scheme has 100.",
        ),
        (
            lambda s, g: s["aspects"][1]["items"][0].update(code="A1-01"),
            "The code A1-01 is used by more than one item.",
        ),
        (
            lambda s, g: s["aspects"][1]["items"][0].update(code="A9-01"),
            "A9-01 does not begin with the code of its aspect, A2-.",
        ),
        (
            lambda s, g: s["aspects"][2]["items"][0].update(level="street"),
            "“street” is not one of: village, county",
        ),
        (lambda s, g: s["aspects"][2]["items"][0].update(sources=["drone"]), "“drone” is not one of: self"),
        (
            lambda s, g: s["aspects"][2]["items"][0].update(applies_if=["airport"]),
            "“airport” is not one of: coast",
        ),
        (
            lambda s, g: s["aspects"][2]["items"][0]["rule"].update(type="guess"),
            "“guess” is not one of: deduction",
        ),
        (
            lambda s, g: s["aspects"][2]["items"][0]["rule"].update(target_pct=70),
            "A3-01: the target must lie above",
        ),
        (
            lambda s, g: s["aspects"][0]["items"][0]["rule"].update(per_finding=9),
            "A1-01: one finding costs 9 of 4 points.",
        ),
        (
            lambda s, g: s["scheme"]["sources"]["visit"].update(weight=0.4),
            "Unannounced visit are 90 per cent together instead of 100.",
        ),
        (lambda s, g: g["items"].pop("A4-02"), "A4-02: not written yet: Standard (Chinese)"),
        (
            lambda s, g: g["items"]["A4-02"]["bad"].update(en=" "),
            "A4-02: not written yet: Bad signs (English)",
        ),
        (lambda s, g: g["precedence"].append(["A1-01", "A9-09"]), "does not name two items"),
        (
            lambda s, g: g["departments"].pop("住建部门"),
            "A1-01: not written yet: Responsible department (English)",
        ),
    ],
)
def test_what_does_not_add_up_is_named(data: Any, change: Any, error: str) -> None:
    scheme, guidance = copy.deepcopy(data)
    change(scheme, guidance)
    with pytest.raises(DefinitionError) as refused:
        parse(scheme, guidance)
    with translation.override("en"):
        lines = sentences(refused.value.faults)
    assert any(error in line for line in lines), lines


def test_a_rule_may_ask_for_yes_or_no_and_may_set_its_own_cap(data: Any) -> None:
    scheme, guidance = copy.deepcopy(data)
    asked, capped = scheme["aspects"][0]["items"][:2]
    asked["rule"] = {
        "type": "yes_no",
        "measure_zh": "有无保洁制度",
        "measure_en": "are there rules for cleaning",
    }
    capped["rule"]["cap_per_point"] = 3
    rows = parse(scheme, guidance).aspects[0].items
    assert (rows[0].rule, rows[0].unit_zh) == ({"type": "yes_no"}, "有无保洁制度")
    assert rows[1].rule == {"type": "deduction", "per_finding": 5_000, "floor": 0, "cap_per_point": 3}


def test_the_command_writes_nothing_when_a_file_is_wrong(db: None, data: Any, tmp_path: Path) -> None:
    scheme = copy.deepcopy(data[0])
    scheme["aspects"].pop()
    (tmp_path / "scheme.yaml").write_text(yaml.safe_dump(scheme), encoding="utf-8")
    with pytest.raises(CommandError, match=r"holds 7|7 个"):
        call_command("load_scheme", scheme=tmp_path / "scheme.yaml")
    assert not Scheme.objects.exists()


def test_half_width_punctuation_in_the_source_becomes_full_width() -> None:
    assert full_width("现场照片(带时间与位置),台账") == "现场照片（带时间与位置），台账"
    assert full_width("A1-01, 0.5 (net)") == "A1-01, 0.5 (net)"


@pytest.mark.engine
def test_the_database_refuses_to_change_a_frozen_item(scheme: Scheme) -> None:
    scheme.freeze(at=AT)
    item = scheme.items.get(code="A1-01")
    for statement in ("UPDATE schemes_item SET points = 1", "DELETE FROM schemes_item"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert Item.objects.get(pk=item.pk).points == 40_000


@pytest.mark.engine
def test_a_frozen_scheme_keeps_its_text_but_may_hand_over(scheme: Scheme) -> None:
    scheme.freeze(at=AT)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Scheme.objects.filter(pk=scheme.pk).update(max_total=99)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Scheme.objects.filter(pk=scheme.pk).update(frozen_at=None)
    assert Scheme.objects.filter(pk=scheme.pk).update(is_default=False) == 1


def test_a_frozen_scheme_is_not_loaded_over(scheme: Scheme) -> None:
    scheme.freeze(at=AT)
    with pytest.raises(CommandError):
        call_command("load_scheme", verbosity=0)
