"""What holds of the standings whatever the numbers are."""

from collections import Counter
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from assessments import scoring
from assessments.scoring import Item, Scheme, Sums

SOURCES = ("self", "dept", "visit", "system")
codes = [f"A{n // 4 + 1}-{n % 4 + 1:02}" for n in range(8)]
sources = st.lists(st.sampled_from(SOURCES), min_size=1, max_size=3, unique=True).map(tuple)
schemes = st.builds(
    lambda points, listed, weights, combine: Scheme(
        tuple(Item(code, code[:2], p, s) for code, p, s in zip(codes, points, listed, strict=True)),
        dict(zip(SOURCES, weights, strict=True)), combine,
    ),
    st.lists(st.integers(1, 50_000), min_size=8, max_size=8), st.lists(sources, min_size=8, max_size=8),
    st.lists(st.integers(0, 100), min_size=4, max_size=4), st.sampled_from([scoring.ITEM, scoring.SOURCE_TOTAL]),
)  # fmt: skip


@st.composite
def marked(draw: st.DrawFn) -> tuple[Scheme, dict[tuple[str, str], Fraction | None]]:
    """Draw a scheme and marks: there, not applicable or missing."""
    scheme, found = draw(schemes), {}
    for item in scheme.items:
        for source in item.sources:
            kind = draw(st.sampled_from(["there", "there", "there", "without", "missing"]))
            share = st.fractions(0, 1, max_denominator=12)
            if kind != "missing":
                found[source, item.code] = draw(share) * item.points if kind == "there" else None
    return scheme, found


quick = settings(max_examples=60, deadline=None, derandomize=True)


@quick
@given(marked(), st.permutations(range(8)), st.randoms(use_true_random=False))
def test_the_order_of_input_never_matters(case, order, random) -> None:  # type: ignore[no-untyped-def]
    scheme, marks = case
    shuffled = list(marks.items())
    random.shuffle(shuffled)
    other = Scheme(tuple(scheme.items[n] for n in order), scheme.weights, scheme.combine)
    one, two = scoring.place(scheme, marks), scoring.place(other, dict(shuffled))
    assert (one.total, one.provisional, one.gap) == (two.total, two.provisional, two.gap)
    assert {part.code: part for part in one.items} == {part.code: part for part in two.items}
    assert {part.code: part for part in one.aspects} == {part.code: part for part in two.aspects}


@quick
@given(marked())
def test_a_total_lies_between_nothing_and_everything_and_weights_make_one(case) -> None:  # type: ignore[no-untyped-def]
    scheme, marks = case
    result = scoring.place(scheme, marks)
    there = [part for part in result.items if part.value is not None]
    assert (result.total is None) == (not there)
    assert result.total is None or 0 <= result.total <= scheme.top
    assert not there or sum(part.weight for part in result.sources) == 1
    assert result.provisional == (any(part.missing for part in result.items) or not there)


@quick
@given(marked())
def test_all_points_everywhere_is_everything(case) -> None:  # type: ignore[no-untyped-def]
    scheme, marks = case
    points = {item.code: Fraction(item.points) for item in scheme.items}
    full = {key: None if value is None else points[key[1]] for key, value in marks.items()}
    assert scoring.place(scheme, full).total in (None, scheme.top)


@quick
@given(marked(), st.sampled_from(SOURCES))
def test_a_source_that_is_missing_never_counts_as_zero(case, source) -> None:  # type: ignore[no-untyped-def]
    scheme, marks = case
    without = {key: value for key, value in marks.items() if key[0] != source}
    zero = {
        key: Fraction() if key[0] == source and value is not None else value for key, value in marks.items()
    }
    there, nothing = scoring.place(scheme, without).total, scoring.place(scheme, zero).total
    assert there is None or nothing is None or there >= nothing or scheme.combine == scoring.ITEM


villages = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 40_000)), min_size=1, max_size=30)


@quick
@given(villages, st.randoms(use_true_random=False))
def test_sums_by_number_of_visits_give_the_mean_of_the_villages_means(rows, random) -> None:  # type: ignore[no-untyped-def]
    sums: dict[int, list[int]] = {}
    for visits, units in rows:
        count = sums.setdefault(visits, [0, 0])
        count[0], count[1] = count[0] + 1, count[1] + units
    grouped = [Sums("x", visits, count, units) for visits, (count, units) in sums.items()]
    random.shuffle(grouped)
    expected = sum((Fraction(units, visits) for visits, units in rows), Fraction()) / len(rows)
    assert scoring.seen(grouped)["x"].value == expected


totals = st.dictionaries(
    st.integers(0, 40), st.one_of(st.none(), st.fractions(0, 10, max_denominator=7)), max_size=25
)


@quick
@given(totals)
def test_a_rank_is_one_more_than_those_who_are_better(rows: dict[int, Fraction | None]) -> None:
    ranks = scoring.ranks(rows)
    there = {key: value for key, value in rows.items() if value is not None}
    assert ranks == {key: 1 + sum(other > value for other in there.values()) for key, value in there.items()}
    assert all(Counter(ranks.values())[rank] == sum(rows[key] == rows[one] for key in there)
               for one, rank in ranks.items())  # fmt: skip


@quick
@given(
    st.lists(st.integers(-90_000, 90_000), max_size=6),
    st.integers(0, 100_000),
    st.randoms(use_true_random=False),
)
def test_bonus_and_penalty_never_exceed_the_cap(rows, cap, random) -> None:  # type: ignore[no-untyped-def]
    scheme = Scheme((Item("x", "X", 10_000, ("visit",)),), {"visit": 100})
    result = scoring.place(scheme, {("visit", "x"): Fraction(5_000)}, rows, cap)
    random.shuffle(rows)
    assert result == scoring.place(scheme, {("visit", "x"): Fraction(5_000)}, rows, cap)
    assert -cap <= result.adjusted <= cap and result.total is not None and result.total >= 0


seen_items = st.dictionaries(st.sampled_from(codes), st.tuples(st.integers(1, 3), st.integers(0, 30_000)))


@quick
@given(schemes, seen_items, seen_items)
def test_a_village_from_sums_is_a_village_item_by_item(scheme, now, before) -> None:  # type: ignore[no-untyped-def]
    visited = Scheme(scheme.items, {"visit": 1}, scoring.ITEM, scheme.top)
    points = {item.code: item.points for item in scheme.items}
    rows: dict[int, list[int]] = {}
    for code, (visits, units) in now.items():
        row = rows.setdefault(visits, [0, 0])
        row[0], row[1] = row[0] + units, row[1] + points[code]
    items = {code: Fraction(units, visits) for code, (visits, units) in now.items()}
    parts = scoring.scaled(((value, points[code]) for code, value in items.items()), scheme.top)
    assert scoring.village_total(((n, got, all_) for n, (got, all_) in rows.items()), scheme.top) == parts
    pairs = [(now[code][0], before[code][0], now[code][1], before[code][1], points[code], 1)
             for code in now if code in before]  # fmt: skip
    had = {code: Fraction(units, visits) for code, (visits, units) in before.items()}
    assert scoring.village_improvement(pairs, scheme.top) == scoring.improvement(items, had, visited)
