"""Effective weights and differences of two versions: pure arithmetic on plain data."""

import dataclasses
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from schemes.checks import problems
from schemes.differences import compare
from schemes.weights import effective, hundredths, item_weights, nominal, total_weights
from tests.cast import shipped_scheme

SCHEME = shipped_scheme()
ITEMS = {item.code: item for item in SCHEME.items()}


def test_weights_of_an_item_are_renormalised_over_its_own_sources() -> None:
    assert item_weights(["self", "dept"], SCHEME.weights) == {"self": Fraction(2, 5), "dept": Fraction(3, 5)}
    assert item_weights(["visit"], SCHEME.weights) == {"visit": Fraction(1)}
    assert item_weights(["visit"], {"visit": 0}) == {}
    assert item_weights(["drone"], SCHEME.weights) == {}


def test_item_by_item_an_item_counts_what_its_points_say() -> None:
    for item in SCHEME.items():
        assert sum(effective(SCHEME, item).values()) == nominal(SCHEME, item)


def test_source_by_source_the_whole_is_one_and_items_count_otherwise() -> None:
    scheme = dataclasses.replace(SCHEME, combine="source_total")
    shares = {item.code: sum(effective(scheme, item).values()) for item in scheme.items()}
    assert sum(shares.values()) == 1
    assert shares["A1-01"] != nominal(scheme, ITEMS["A1-01"])
    assert sum(total_weights(scheme).values()) == 1


@given(st.lists(st.sampled_from(["self", "dept", "visit", "system"]), unique=True), st.data())
def test_renormalised_weights_are_one_together_or_nothing(sources: list[str], data: st.DataObject) -> None:
    weights = {source: data.draw(st.integers(0, 100)) for source in ("self", "dept", "visit", "system")}
    found = item_weights(sources, weights)
    assert sum(found.values()) in (0, 1)
    assert set(found) in (set(), set(sources))


def test_shares_are_shown_in_hundredths_of_a_per_cent_rounded_half_up() -> None:
    assert [hundredths(Fraction(*one)) for one in ((2, 7), (1, 1), (0, 1), (1, 20_000))] == [
        2857,
        10_000,
        0,
        1,
    ]


# --- what does not add up ---------------------------------------------------------------------------------------
def with_item(**columns: object) -> object:
    first, *others = SCHEME.aspects
    item = dataclasses.replace(first.items[0], **columns)  # type: ignore[arg-type]
    aspect = dataclasses.replace(first, items=(item, *first.items[1:]))
    return dataclasses.replace(SCHEME, aspects=(aspect, *others))


def test_the_shipped_scheme_adds_up() -> None:
    assert problems(SCHEME) == []


def test_each_fault_has_its_code_and_its_place() -> None:
    cases = {
        "aspect_sum": {"points": 50_000},
        "no_source": {"sources": []},
        "per_finding": {"rule": {"type": "deduction", "per_finding": 50_000}},
        "floor": {"rule": {"type": "deduction", "per_finding": 1, "floor": 40_000}},
        "cap": {"rule": {"type": "deduction", "per_finding": 1, "cap_per_point": 99}},
        "visit_level": {"level": "county"},
        "texts_missing": {"unit_en": " "},
        "item_elsewhere": {"code": "A9-01"},
    }
    for code, columns in cases.items():
        assert code in [fault.code for fault in problems(with_item(**columns))], code  # type: ignore[arg-type]


def test_a_source_without_items_matters_only_where_sources_are_added_up() -> None:
    nobody = tuple(
        dataclasses.replace(
            aspect,
            items=tuple(
                dataclasses.replace(item, sources=["visit"], level="village") for item in aspect.items
            ),
        )
        for aspect in SCHEME.aspects
    )
    scheme = dataclasses.replace(SCHEME, aspects=nobody)
    assert problems(scheme) == []
    total = dataclasses.replace(scheme, combine="source_total")
    assert {fault.facts["source"] for fault in problems(total)} == {"self", "dept", "system"}


# --- differences ------------------------------------------------------------------------------------------------
def test_a_version_does_not_differ_from_itself() -> None:
    assert not compare(SCHEME, dataclasses.replace(SCHEME, version=9))


def test_a_difference_names_item_and_field() -> None:
    found = compare(SCHEME, with_item(points=50_000, rule={"type": "yes_no"}, name_en="Clean"))  # type: ignore[arg-type]
    (pair,) = found.items
    assert (pair.code, pair.kind) == ("A1-01", "changed")
    assert {change.field for change in pair.changes} == {
        "points",
        "rule_type",
        "per_finding",
        "floor",
        "name_en",
    }
    assert (found.head, found.sources, found.aspects) == ((), (), ())


def test_added_removed_and_moved_items_are_told_apart() -> None:
    first, second, *others = SCHEME.aspects
    moved = (first.items[1], first.items[0], *first.items[2:-1])
    new = dataclasses.replace(second.items[0], code="A2-99")
    after = dataclasses.replace(
        SCHEME,
        aspects=(
            dataclasses.replace(first, items=moved),
            dataclasses.replace(second, items=(*second.items, new)),
            *others,
        ),
    )
    found = compare(SCHEME, after)
    kinds = {pair.code: pair.kind for pair in found.items}
    assert kinds["A2-99"] == "added"
    assert kinds[first.items[-1].code] == "removed"
    assert kinds["A1-01"] == kinds["A1-02"] == "changed"
    assert (found.count("added"), found.count("removed"), found.count("changed")) == (1, 1, 2)


def test_weights_that_differ_are_named() -> None:
    sources = (dataclasses.replace(SCHEME.sources[0], weight=25), *SCHEME.sources[1:])
    (pair,) = compare(SCHEME, dataclasses.replace(SCHEME, sources=sources)).sources
    assert [(change.field, change.before, change.after) for change in pair.changes] == [("weight", 20, 25)]
