"""The arithmetic of the standings, in tables."""

from fractions import Fraction

import pytest

from assessments import scoring
from assessments.scoring import Item, Part, Scheme, Sums

A = Item("A1-01", "A1", 40_000, ("visit",))
B = Item("A1-02", "A1", 20_000, ("visit", "dept"))
C = Item("A2-01", "A2", 40_000, ("self", "visit"))
WEIGHTS = {"self": 20, "dept": 30, "visit": 50}
SCHEME = Scheme((A, B, C), WEIGHTS, top=100_000)


def marks(**values: Fraction | int | None) -> dict[tuple[str, str], Fraction | None]:
    """Read `visit_A1_01=…` as a mark."""
    found = {}
    for name, value in values.items():
        source, aspect, number = name.split("_")
        found[source, f"{aspect}-{number}"] = None if value is None else Fraction(value)
    return found


WHOLE = marks(
    visit_A1_01=30_000, visit_A1_02=10_000, dept_A1_02=20_000, self_A2_01=40_000, visit_A2_01=20_000
)


def test_an_item_is_the_weighted_mean_of_its_own_sources() -> None:
    result = scoring.place(SCHEME, WHOLE)
    # B: (10000·50 + 20000·30) / 80 = 13750; C: (40000·20 + 20000·50) / 70
    assert [part.value for part in result.items] == [30_000, 13_750, Fraction(180_000, 7)]
    assert result.total == 30_000 + 13_750 + Fraction(180_000, 7)
    assert not result.provisional


def test_source_by_source_each_source_is_scored_on_its_own_items_first() -> None:
    result = scoring.place(Scheme(SCHEME.items, WEIGHTS, scoring.SOURCE_TOTAL, 100_000), WHOLE)
    totals = {part.code: part.value for part in result.sources}
    assert totals == {"self": 100_000, "dept": 100_000, "visit": 60_000}
    assert result.total == 80_000


def test_a_missing_source_makes_provisional_and_is_not_zero() -> None:
    there = {key: value for key, value in WHOLE.items() if key != ("dept", "A1-02")}
    result = scoring.place(SCHEME, there)
    assert result.provisional and result.items[1].value == 10_000 and result.items[1].missing == ("dept",)
    assert [part.provisional for part in result.aspects] == [True, False]
    assert {part.code: (part.value, part.provisional) for part in result.sources}["dept"] == (None, True)


def test_what_does_not_apply_is_left_out_and_the_rest_stands_for_the_whole() -> None:
    result = scoring.place(SCHEME, {**WHOLE, **marks(visit_A1_01=None)})
    assert result.total == (13_750 + Fraction(180_000, 7)) * 100_000 / 60_000
    assert not result.provisional and not result.items[0].applies


def test_a_source_for_which_an_item_does_not_apply_leaves_its_weight_to_the_others() -> None:
    result = scoring.place(SCHEME, {**WHOLE, **marks(dept_A1_02=None)})
    assert result.items[1].value == 10_000 and not result.items[1].provisional and result.items[1].applies


def test_sources_that_weigh_nothing_count_equally_among_themselves() -> None:
    result = scoring.place(Scheme((B,), {"dept": 0, "visit": 0}, top=20_000), WHOLE)
    assert result.total == 15_000
    assert {part.code: part.weight for part in result.sources} == {
        "dept": Fraction(1, 2),
        "visit": Fraction(1, 2),
    }


def test_nothing_there_is_no_total() -> None:
    result = scoring.place(SCHEME, {}, [10_000])
    assert result.total is None and result.base is None and result.provisional


def test_effective_weights_are_those_of_the_items_that_count() -> None:
    weights = {part.code: part.weight for part in scoring.place(SCHEME, WHOLE).sources}
    assert weights["visit"] == Fraction(4, 10) + Fraction(2, 10) * Fraction(5, 8) + Fraction(
        4, 10
    ) * Fraction(5, 7)
    assert sum(weights.values()) == 1


@pytest.mark.parametrize(
    ("rows", "cap", "change"),
    [
        ([], 50_000, 0),
        ([30_000, 30_000], 50_000, 50_000),
        ([-30_000, -30_000, 10_000], 50_000, -40_000),
        ([70_000], None, 70_000),
    ],
)
def test_bonus_and_penalty_each_end_at_the_cap(rows: list[int], cap: int | None, change: int) -> None:
    result = scoring.place(SCHEME, WHOLE, rows, cap)
    assert result.adjusted == change and result.base is not None and result.total == result.base + change


def test_no_penalty_takes_a_total_below_nothing() -> None:
    assert scoring.place(SCHEME, marks(visit_A1_01=0), [-50_000]).total == 0


def test_the_gap_is_what_a_unit_gave_itself_above_what_was_seen() -> None:
    assert scoring.place(SCHEME, WHOLE).gap == Fraction(20_000 * 100_000, 40_000)
    assert scoring.place(SCHEME, marks(visit_A1_01=1)).gap is None


def test_a_mean_goes_over_the_visits_of_a_village_first_and_then_over_villages() -> None:
    rows = [Sums("A1-01", 1, 2, 50_000), Sums("A1-01", 2, 1, 50_000), Sums("A1-01", 0, 3, 0, without=2)]
    found = scoring.seen(rows)["A1-01"]
    assert (found.value, found.villages, found.without, found.passed) == (Fraction(75_000, 3), 3, 2, 1)


def test_an_item_that_applies_in_no_visited_village_is_left_out_one_not_looked_at_is_missing() -> None:
    found = scoring.seen([Sums("A1-01", 0, 3, 0, without=3), Sums("A1-02", 0, 3, 0, without=2)])
    assert scoring.visit_marks(found) == {("visit", "A1-01"): None}


def test_ranks_of_equal_totals_are_shared() -> None:
    totals = {"a": Fraction(9), "b": Fraction(8), "c": Fraction(16, 2), "d": Fraction(7), "e": None}
    assert scoring.ranks(totals) == {"a": 1, "b": 2, "c": 2, "d": 4}


def test_fractions_that_differ_by_little_are_told_apart() -> None:
    near = Fraction(10**30 + 1, 10**30)
    assert scoring.ranks({"a": Fraction(1), "b": near, "c": near * 1}) == {"b": 1, "c": 1, "a": 3}


def test_groups_have_ranks_of_their_own_and_who_is_in_none_has_none() -> None:
    totals = {"a": Fraction(3), "b": Fraction(2), "c": Fraction(1), "d": Fraction(5)}
    groups = {"a": "county", "b": "zone", "c": "county", "d": ""}
    assert scoring.ranks_in_groups(totals, groups) == {"a": 1, "b": 1, "c": 2}


def test_improvement_compares_the_same_items_alone() -> None:
    now = {"A1-01": Fraction(40_000), "A1-02": Fraction(20_000)}
    before = {"A1-01": Fraction(20_000), "A2-01": Fraction(40_000)}
    found = scoring.improvement(now, before, SCHEME)
    assert (found.value, found.items) == (Fraction(20_000 * 100_000, 40_000), 1)
    assert scoring.improvement(now, {}, SCHEME) == scoring.Improvement(None, 0)


def test_what_a_missing_source_makes_provisional_is_not_compared() -> None:
    parts = [Part("x", Fraction(1), 1), Part("y", Fraction(1), 1, provisional=True), Part("z", None, 1)]
    assert scoring.comparable(parts) == {"x": 1}


def test_a_village_is_compared_with_itself_on_sums() -> None:
    rows = [(1, 2, 50_000, 60_000, 60_000, 2), (2, 1, 40_000, 10_000, 20_000, 1)]
    found = scoring.village_improvement(rows, 100_000)
    assert (found.value, found.items) == (Fraction((20_000 + 10_000) * 100_000, 80_000), 3)


def test_a_year_is_the_weighted_mean_of_its_parts() -> None:
    assert scoring.over_parts({1: Fraction(80), 2: Fraction(90)}, {1: 40, 2: 60}) == (86, False)
    assert scoring.over_parts({1: Fraction(80), 2: None}, {1: 40, 2: 60}) == (80, True)
    assert scoring.over_parts({}, {1: 40, 2: 60}) == (None, True)


@pytest.mark.parametrize(
    ("units", "shown"),
    [(0, 0), (49, 0), (50, 1), (Fraction(149, 3), 0), (876_550, 8766), (876_549, 8765), (-50, -1), (-49, 0)],
)
def test_display_rounds_halves_away_from_zero(units: int | Fraction, shown: int) -> None:
    assert scoring.hundredths(units) == shown
