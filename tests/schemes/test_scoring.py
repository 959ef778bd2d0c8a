"""The rule that scores one item: tables that people can check by hand, and what holds for every sheet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemes import scoring
from schemes.scoring import Fact, Measure, NotMeasured, score

DEDUCTION = {"type": "deduction", "per_finding": 5_000, "floor": 0}
PROPORTION = {"type": "proportion", "target_pct": 90, "zero_at_or_below_pct": 60}

facts = st.lists(
    st.builds(Fact, point=st.sampled_from(["", "entrance", "lane_1"]), repeats=st.booleans(), zero_if=st.just(False)),
    max_size=12,
)  # fmt: skip
deductions = st.builds(
    lambda each, floor, cap: {"type": "deduction", "per_finding": each, "floor": floor, "cap_per_point": cap},
    st.integers(1, 40_000), st.integers(0, 40_000), st.integers(1, 5),
)  # fmt: skip


def at(*points, **more):
    return [Fact(point=point, **more) for point in points]


@pytest.mark.parametrize(
    ("points", "rule", "found", "units", "counted"),
    [
        (40_000, DEDUCTION, [], 40_000, 0),
        (40_000, DEDUCTION, at("entrance"), 35_000, 1),
        (40_000, DEDUCTION, at("entrance", "lane_1"), 30_000, 2),
        # the third of one point is recorded and does not deduct
        (40_000, DEDUCTION, at("entrance", "entrance", "entrance"), 30_000, 2),
        (40_000, DEDUCTION, at("", "", ""), 30_000, 2),
        (40_000, DEDUCTION | {"cap_per_point": 3}, at("water", "water", "water", "water"), 25_000, 3),
        (40_000, DEDUCTION | {"floor": 32_000}, at("water", "lane_1"), 32_000, 2),
        (40_000, DEDUCTION, at("entrance") + at("entrance", repeats=True), 35_000, 1),
        (8_000, DEDUCTION, at("entrance", "lane_1"), 0, 2),
    ],
)
def test_deductions_are_taken_off_down_to_the_floor(points, rule, found, units, counted):
    assert (score(points, rule, found).units, score(points, rule, found).counted) == (units, counted)


@pytest.mark.parametrize(
    ("sampled", "met", "units"),
    [
        (10, 10, 30_000),
        (10, 9, 30_000),
        (10, 8, 20_000),
        (10, 6, 0),
        (10, 0, 0),
        (7, 5, 11_429),  # 30000 × (500 − 420) / (30 × 7) = 11428.57…
        (3, 2, 6_667),  # 30000 × (200 − 180) / 90 = 6666.66…
        (1, 1, 30_000),
    ],
)
def test_proportions_run_between_the_lower_bound_and_the_target(sampled, met, units):
    assert score(30_000, PROPORTION, measure=Measure(sampled, met)).units == units


def test_half_a_unit_is_rounded_up():
    rule = {"type": "proportion", "target_pct": 100, "zero_at_or_below_pct": 0}
    assert score(1, rule, measure=Measure(2, 1)).units == 1
    assert score(3, rule, measure=Measure(2, 1)).units == 2
    assert [scoring.rounded(n, 4) for n in range(7)] == [0, 0, 1, 1, 1, 1, 2]


def test_yes_gives_all_and_no_gives_nothing():
    rule = {"type": "yes_no"}
    assert score(20_000, rule, measure=Measure(answer=True)).units == 20_000
    assert score(20_000, rule, measure=Measure(answer=False)).units == 0


@pytest.mark.parametrize("rule", [DEDUCTION | {"floor": 10_000}, PROPORTION, {"type": "yes_no"}])
def test_what_leaves_no_point_takes_even_the_floor(rule):
    found = score(40_000, rule, at("toilet", zero_if=True), Measure(10, 10, True))
    assert found.units == 0
    assert found.zeroed


def test_a_repeat_never_counts_not_even_as_what_leaves_no_point():
    found = score(40_000, DEDUCTION, at("toilet", zero_if=True, repeats=True))
    assert (found.units, found.counted, found.repeated, found.zeroed) == (40_000, 0, 1, False)


@pytest.mark.parametrize(
    ("rule", "measure"),
    [
        (PROPORTION, Measure()),
        (PROPORTION, Measure(0, 0)),
        (PROPORTION, Measure(5, 6)),
        (PROPORTION, Measure(5, -1)),
        (PROPORTION, Measure(5)),
        ({"type": "yes_no"}, Measure()),
    ],
)
def test_what_was_not_measured_is_refused(rule, measure):
    with pytest.raises(NotMeasured):
        score(10_000, rule, measure=measure)


def test_a_rule_that_nobody_knows_is_an_error():
    with pytest.raises(ValueError, match="stars"):
        score(10_000, {"type": "stars"})


@given(st.integers(1, 200_000), deductions, facts)
def test_a_deduction_stays_within_bounds_and_counts_each_fact_once(points, rule, found):
    result = score(points, rule | {"floor": min(points, rule["floor"])}, found)
    assert min(points, rule["floor"]) <= result.units <= points
    assert result.counted + result.repeated <= len(found)


@given(st.integers(1, 200_000), deductions, facts, st.randoms(use_true_random=False))
def test_the_order_of_findings_does_not_matter(points, rule, found, random):
    shuffled = random.sample(found, len(found))
    assert score(points, rule, shuffled) == score(points, rule, found)


@given(
    st.integers(1, 200_000),
    deductions,
    facts,
    st.builds(Fact, point=st.just("lane_1"), zero_if=st.booleans()),
)
def test_one_more_finding_never_raises_a_score(points, rule, found, more):
    assert score(points, rule, [*found, more]).units <= score(points, rule, found).units


@given(st.integers(1, 200_000), st.integers(1, 300), st.data())
def test_a_proportion_rises_with_what_is_met_and_stays_within_bounds(points, sampled, data):
    target = data.draw(st.integers(1, 100))
    rule = PROPORTION | {"target_pct": target, "zero_at_or_below_pct": data.draw(st.integers(0, target - 1))}
    met = data.draw(st.integers(0, sampled - 1))
    less, more = (score(points, rule, measure=Measure(sampled, n)).units for n in (met, met + 1))
    assert 0 <= less <= more <= points
    assert isinstance(less, int)
