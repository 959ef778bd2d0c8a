"""Standard errors and bands, by hand and by property."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from assessments import uncertainty
from assessments.uncertainty import Stratum


def test_a_whole_that_was_seen_has_no_error() -> None:
    assert uncertainty.standard_error([Stratum([8000, 9000], 2), Stratum([7000], 1)]) == 0


def test_two_townships_by_hand() -> None:
    # V = (2/4)²·(1 − 2/10)·500000/2 + (2/4)²·(1 − 2/4)·20000/2 = 50000 + 1250
    strata = [Stratum([8000, 9000], 10), Stratum([7000, 7200], 4)]
    assert uncertainty.mean_variance(strata) == 51_250
    assert uncertainty.standard_error(strata) == 226  # √51250 = 226.4
    assert uncertainty.standard_error(strata, Fraction(1, 2)) == 113


def test_a_township_with_one_visited_village_takes_the_spread_of_all() -> None:
    strata = [Stratum([8000], 5), Stratum([9000, 9000], 2)]
    overall = uncertainty.variance([8000, 9000, 9000])
    assert overall is not None
    assert uncertainty.mean_variance(strata) == Fraction(1, 9) * Fraction(4, 5) * overall


def test_one_village_alone_says_nothing_of_the_rest() -> None:
    assert uncertainty.standard_error([Stratum([8000], 5)]) is None
    assert uncertainty.standard_error([]) is None


def test_bands_say_which_ranks_are_possible() -> None:
    found = uncertainty.bands({"a": 9000, "b": 8900, "c": 8000}, {"a": 50, "b": 50, "c": None})
    assert (found["a"].low, found["a"].high) == (8902, 9098)
    assert [(found[key].best, found[key].worst) for key in "abc"] == [(1, 2), (1, 2), (3, 3)]


strata = st.lists(
    st.lists(st.integers(0, 10_000), max_size=6).flatmap(
        lambda scores: st.builds(Stratum, st.just(scores), st.integers(len(scores), len(scores) + 5))
    ),
    max_size=5,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(strata, st.randoms(use_true_random=False))
def test_order_never_matters_and_the_root_is_right(rows, random) -> None:  # type: ignore[no-untyped-def]
    found = uncertainty.mean_variance(rows)
    random.shuffle(rows)
    assert uncertainty.mean_variance(rows) == found
    if found is not None:
        root = uncertainty.root(found)
        assert (root - Fraction(1, 2)) ** 2 <= found or root == 0
        assert found < (root + Fraction(1, 2)) ** 2


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.dictionaries(st.integers(0, 9), st.tuples(st.integers(0, 10_000), st.integers(0, 300))))
def test_possible_ranks_hold_the_rank_itself(rows: dict[int, tuple[int, int]]) -> None:
    scores = {key: score for key, (score, _error) in rows.items()}
    found = uncertainty.bands(scores, {key: error for key, (_score, error) in rows.items()})
    for key, band in found.items():
        rank = 1 + sum(other > scores[key] for other in scores.values())
        assert band.best <= rank <= band.worst <= len(scores)
