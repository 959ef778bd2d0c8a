"""What a plan drawn by lot keeps, whatever is wished."""

from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from inspections import draws
from inspections.draws import Infeasible, Lot, Place, Plan, Wishes
from tests.inspections.drawing import (
    NUMBER,
    SEED,
    days,
    loads,
    numbers,
    places,
    planned,
    seeds,
    teams,
    wishes,
)


def by_team_day(wanted: Wishes, plan: Plan) -> dict[tuple[str, str], list[draws.Planned]]:
    found = defaultdict(list)
    for visit in plan.visits:
        found[visit.team, visit.day].append(visit)
    return found


def sizes(wanted: Wishes, by: str) -> Counter[str]:
    return Counter(getattr(place, by) for place in wanted.places)


# --- coverage and shares ---------------------------------------------------------------------------------------------


@given(wishes(coverage="full"), seeds, numbers)
def test_full_coverage_visits_every_place_once(wanted: Wishes, seed: bytes, number: str) -> None:
    plan = planned(wanted, seed, number)
    assert sorted(visit.place for visit in plan.visits) == sorted(place.id for place in wanted.places)


@given(wishes(coverage="per_township"), seeds)
def test_sample_per_township_has_its_size_in_each(wanted: Wishes, seed: bytes) -> None:
    drawn = visited(wanted, planned(wanted, seed))
    shares = Counter(place.township for place in drawn)
    assert wanted.per_township is not None
    assert shares == {t: min(wanted.per_township, size) for t, size in sizes(wanted, "township").items()}


@given(wishes(coverage="total"), seeds)
def test_shares_of_a_sample_are_within_one_of_the_exact_quota(wanted: Wishes, seed: bytes) -> None:
    drawn = visited(wanted, planned(wanted, seed))
    assert len(drawn) == wanted.total
    drawable = [place for place in wanted.places if place.again or not place.rested]
    for stratum in ("unit", "township"):
        there = Counter(getattr(place, stratum) for place in drawable)
        shares = Counter(getattr(place, stratum) for place in drawn)
        for name, count in there.items():
            assert abs(shares[name] - Fraction(len(drawn) * count, len(drawable))) < 1


@given(wishes(), seeds)
def test_nothing_rested_is_in_a_sample_unless_drawn_again(wanted: Wishes, seed: bytes) -> None:
    drawn = visited(wanted, planned(wanted, seed))
    assert wanted.coverage == "full" or not [place for place in drawn if place.rested and not place.again]


@given(wishes(), seeds)
def test_last_places_are_drawn_again_before_all_others_of_their_township(wanted: Wishes, seed: bytes) -> None:
    drawn = visited(wanted, planned(wanted, seed))
    for township in sizes(wanted, "township"):
        left_out = [p for p in wanted.places if p.township == township and p.again and p not in drawn]
        others = [p for p in drawn if p.township == township and not p.again]
        assert not (left_out and others)


def test_last_place_decides_where_a_share_is_rounded_up() -> None:
    villages = places(*((f"u{number}", f"t{number}", 4) for number in range(5)))
    again = Place("last", "t9", "u3", again=True)
    wanted = Wishes((*villages, again), teams("a"), days(3), 9, "sample", total=1)
    for seed in range(9):
        assert [visit.place for visit in planned(wanted, bytes([seed]) * 32).visits] == ["last"]


def visited(wanted: Wishes, plan: Plan) -> list[Place]:
    homes = {place.id: place for place in wanted.places}
    found = [homes[visit.place] for visit in plan.visits]
    assert len({place.id for place in found}) == len(found)
    return found


# --- teams and days --------------------------------------------------------------------------------------------------


@given(wishes(), seeds)
def test_no_team_inspects_a_barred_unit_or_more_than_it_can(wanted: Wishes, seed: bytes) -> None:
    plan = planned(wanted, seed)
    units = {place.id: place.unit for place in wanted.places}
    barred = {team.id: team.barred_units for team in wanted.teams}
    assert not [visit for visit in plan.visits if units[visit.place] in barred[visit.team]]
    for (_team, day), visits in by_team_day(wanted, plan).items():
        assert len(visits) <= wanted.per_day
        assert day in wanted.days
        assert [visit.order for visit in visits] == list(range(1, len(visits) + 1))


@given(wishes(), seeds, numbers)
def test_whether_a_plan_exists_does_not_depend_on_the_lot(wanted: Wishes, seed: bytes, number: str) -> None:
    try:
        draws.check(wanted)
    except Infeasible as before:
        try:
            draws.draw(wanted, seed, number)
        except Infeasible as after:
            assert (before.rule, before.facts.keys()) == (after.rule, after.facts.keys())
            return
        raise
    draws.draw(wanted, seed, number)


@given(wishes(), seeds)
def test_teams_without_bars_differ_by_at_most_one_visit(wanted: Wishes, seed: bytes) -> None:
    free = replace(wanted, teams=tuple(replace(team, barred_units=()) for team in wanted.teams))
    done = loads(free, planned(free, seed)).values()
    assert max(done) - min(done) <= 1


@given(wishes(), seeds)
def test_days_differ_by_at_most_one_visit(wanted: Wishes, seed: bytes) -> None:
    plan = planned(wanted, seed)
    for some in ({team.id} for team in wanted.teams):
        assert uneven(wanted, plan, some) <= 1
    assert uneven(wanted, plan, {team.id for team in wanted.teams}) <= 1


def uneven(wanted: Wishes, plan: Plan, some: set[str]) -> int:
    done = Counter(visit.day for visit in plan.visits if visit.team in some)
    counts = [done[day] for day in wanted.days]
    return max(counts) - min(counts)


@given(wishes(most=60), seeds)
def test_days_stay_in_few_townships(wanted: Wishes, seed: bytes) -> None:
    plan = planned(wanted, seed)
    towns = {place.id: place.township for place in wanted.places}
    rows = [[towns[visit.place] for visit in visits] for visits in by_team_day(wanted, plan).values()]
    assert sum(len(set(row)) for row in rows) <= len({town for row in rows for town in row}) + len(rows)
    for row in rows:
        assert len({*row}) == 1 + sum(before != after for before, after in pairwise(row))


# --- pairs -----------------------------------------------------------------------------------------------------------


@given(wishes(), seeds)
def test_each_day_of_a_team_has_one_pair_and_never_yesterdays(wanted: Wishes, seed: bytes) -> None:
    plan = planned(wanted, seed)
    for team in wanted.teams:
        rows = {
            day: {v.pair for v in visits}
            for (t, day), visits in by_team_day(wanted, plan).items()
            if t == team.id
        }
        assert all(len(row) == 1 for row in rows.values())
        pairs = [row.pop() for _, row in sorted(rows.items())]
        assert all(set(pair) <= set(team.members) and pair[0] < pair[1] for pair in pairs)
        assert len(team.members) == 2 or all(one != next_ for one, next_ in pairwise(pairs))


@given(wishes(), seeds)
def test_no_choice_of_pairs_meets_old_townships_less_often(wanted: Wishes, seed: bytes) -> None:
    plan = planned(wanted, seed)
    towns = {place.id: place.township for place in wanted.places}
    met = {(tuple(sorted(pair)), township) for pair, township in wanted.previous_pairs}
    for team in wanted.teams:
        rows = sorted((d, v) for (t, d), v in by_team_day(wanted, plan).items() if t == team.id)
        went = [{towns[visit.place] for visit in visits} for _, visits in rows]
        chosen = [visits[0].pair for _, visits in rows]
        choices = [tuple(sorted(pair)) for pair in combinations(team.members, 2)]
        best = min(
            repeats(went, way, met)
            for way in product(choices, repeat=len(went))
            if len(choices) == 1 or all(one != other for one, other in pairwise(way))
        )
        assert repeats(went, chosen, met) == best


def test_only_new_pair_for_a_township_still_rests_every_second_day() -> None:
    met = ((("a0", "a1"), "t"), (("a0", "a2"), "t"))
    wanted = Wishes(places(("u", "t", 12)), teams("a"), days(4), 3, previous_pairs=met)
    pairs = [pair for _, pair in sorted({(visit.day, visit.pair) for visit in planned(wanted).visits})]
    assert pairs.count(("a1", "a2")) == 2
    assert all(one != other for one, other in pairwise(pairs))


def repeats(went: list[set[str]], pairs: object, met: set) -> int:
    return sum((pair, town) in met for day, pair in zip(went, pairs, strict=True) for town in day)


def test_every_pair_of_a_team_takes_its_turn() -> None:
    wanted = Wishes(places(("u", "t", 60)), teams("a", members=4), days(12), 5)
    used = Counter(pair for _, pair in {(visit.day, visit.pair) for visit in planned(wanted).visits})
    assert set(used.values()) == {2}
    assert len(used) == 6


# --- the lot ---------------------------------------------------------------------------------------------------------


@given(wishes(), st.randoms(use_true_random=False), seeds, numbers)
def test_same_seed_and_wishes_in_any_order_give_the_same_plan(wanted: Wishes, shuffle, seed, number) -> None:
    plan = planned(wanted, seed, number)
    parts = {}
    for name in ("places", "teams", "days", "previous_pairs"):
        parts[name] = tuple(shuffle.sample(getattr(wanted, name), len(getattr(wanted, name))))
    again = Wishes(**{**vars(wanted), **parts})
    assert draws.canonical(again) == draws.canonical(wanted)
    assert draws.read(draws.canonical(again)) == draws.read(draws.canonical(wanted))
    assert draws.draw(again, seed, number) == plan


def test_seed_number_and_list_all_move_the_lot() -> None:
    wanted = Wishes(places(("u", "t", 40)), teams("a"), days(5), 9, "sample", total=20)
    heavier = Wishes(places(("u", "t", 40), weight=2), teams("a"), days(5), 9, "sample", total=20)
    plans = {
        draws.draw(wanted, SEED, NUMBER), draws.draw(wanted, SEED[::-1], NUMBER),
        draws.draw(wanted, SEED, NUMBER + "0"), draws.draw(heavier, SEED, NUMBER),
    }  # fmt: skip
    assert len(plans) == 4


@given(seeds, st.integers(1, 50), st.integers(1, 2**64))
def test_numbers_by_lot_stay_below_their_bound(seed: bytes, small: int, big: int) -> None:
    lot = Lot(seed, NUMBER, b"list")
    assert all(0 <= lot.below(bound) < bound for bound in (small, big))
    assert lot.below(1) == 0


class Chosen(Lot):
    """A lot whose words are given."""

    def __init__(self, *words: int) -> None:
        self._words = iter(words)


def test_words_that_would_favour_small_numbers_are_thrown_away() -> None:
    assert 2**64 % 3 == 1
    assert Chosen(2**64 - 1, 5).below(3) == 2
    assert Chosen(2**64 - 2).below(3) == 2


def test_place_of_weight_two_wins_twice_as_many_of_all_possible_tickets() -> None:
    """Try every ticket there is, first and second: chances are exactly those of the weights."""
    box = [Place("light", "t", "u", 1), Place("middle", "t", "u", 2), Place("heavy", "t", "u", 3)]
    won: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for first in range(6):
        rest = 6 - Chosen(first).tickets(box, 1)[0].weight
        for second in range(rest):
            drawn = Chosen(first, second).tickets(box, 2)
            won[drawn[0].id, drawn[1].id] += Fraction(1, 6 * rest)
    weights = {place.id: place.weight for place in box}
    assert won == {
        (one, other): Fraction(weights[one], 6) * Fraction(weights[other], 6 - weights[one])
        for one in weights
        for other in weights
        if one != other
    }


def test_shuffling_makes_every_order_once_of_all_choices() -> None:
    orders = Counter(
        tuple(Chosen(*words).shuffled("abcd")) for words in product(range(4), range(3), range(2))
    )
    assert len(orders) == 24
    assert set(orders.values()) == {1}
