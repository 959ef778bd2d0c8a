"""How the visits of units are shared among teams that may not all go everywhere."""

from collections.abc import Iterator, Mapping
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspections.draw_sharing import Sharing
from inspections.draws import Infeasible, Team, Wishes
from tests.inspections.drawing import days, teams

UNITS = "uvwxy"
Needs = tuple[dict[str, int], tuple[Team, ...]]


@st.composite
def needs(draw: st.DrawFn, crews: int = 4, most: int = 9) -> Needs:
    """Make units with their visits, and teams with many bars."""
    shares = {unit: draw(st.integers(1, most)) for unit in UNITS[: draw(st.integers(1, 5))]}
    barred = {
        name: tuple(draw(st.sets(st.sampled_from(UNITS)))) for name in "abcdef"[: draw(st.integers(1, crews))]
    }
    return shares, teams(*barred, **barred)


def shared(given: Needs, most: int = 45) -> Sharing:
    shares, crews = given
    sharing = Sharing(shares, Wishes((), crews, days(1), most), list(shares), crews)
    sharing.level()
    return sharing


def going(crews: tuple[Team, ...], units: set[str]) -> set[str]:
    return {team.id for team in crews if units - set(team.barred_units)}


def possible(given: Needs, most: int) -> bool:
    """Tell by Hall's condition: the teams that may go to any unit of a set can do the visits of all of the set."""
    shares, crews = given
    return all(
        sum(shares[unit] for unit in some) <= most * len(going(crews, set(some)))
        for count in range(1, len(shares) + 1)
        for some in combinations(shares, count)
    )


@given(needs(), st.integers(1, 20))
def test_sharing_is_found_exactly_when_there_is_one(given: Needs, most: int) -> None:
    shares, crews = given
    if possible(given, most):
        assert max(shared(given, most).load.values()) <= most
        return
    with pytest.raises(Infeasible) as refused:
        shared(given, most)
    units, facts = refused.value.facts["units"], refused.value.facts
    assert facts["needed"] == sum(shares[unit] for unit in units) > facts["available"]
    assert facts["available"] == most * len(going(crews, set(units)))


@given(needs(crews=3, most=6))
def test_no_sharing_is_more_even(given: Needs) -> None:
    if possible(given, 30):
        loads = shared(given).load.values()
        assert sum(load**2 for load in loads) == min(
            sum(x**2 for x in sharing) for sharing in sharings(given)
        )


def sharings(given: Needs) -> Iterator[tuple[int, ...]]:
    """Try all loads of the teams: some teams together do at least what nobody else may do."""
    shares, crews = given
    total, names = sum(shares.values()), [team.id for team in crews]
    floors = {
        some: sum(
            visits for unit, visits in shares.items() if going(crews, {unit}) <= {names[n] for n in some}
        )
        for count in range(1, len(names) + 1)
        for some in combinations(range(len(names)), count)
    }
    for loads in product(range(total + 1), repeat=len(names)):
        if sum(loads) == total and all(
            sum(loads[n] for n in some) >= floor for some, floor in floors.items()
        ):
            yield loads


@given(needs(crews=6))
def test_disentangling_leaves_no_ring_and_all_loads(given: Needs) -> None:
    shares, crews = given
    if not possible(given, 45):
        return
    sharing = shared(given)
    before = dict(sharing.load)
    sharing.disentangle()
    assert {name: done(sharing.given, name) for name in before} == before == sharing.load
    assert {unit: sum(by.values()) for unit, by in sharing.given.items()} == shares
    assert all(count >= 0 for by in sharing.given.values() for count in by.values())
    assert not [t for t in crews for unit in t.barred_units if sharing.given.get(unit, {}).get(t.id)]
    assert not has_ring(sharing.given)


def test_ring_of_two_units_and_two_teams_is_disentangled() -> None:
    sharing = shared(({"u": 4, "v": 4}, teams("a", "b")))
    sharing.given = {"u": {"a": 2, "b": 2}, "v": {"a": 2, "b": 2}}
    sharing.disentangle()
    assert sorted(sum(1 for count in by.values() if count) for by in sharing.given.values()) == [1, 1]


def test_visits_are_passed_on_through_a_team_that_may_go_to_both_units() -> None:
    """Team b takes all of v first; for u to have room, b has to pass v on to c."""
    crews = teams("b", "a", "c", a=("v",), c=("u",))
    sharing = Sharing({"u": 6, "v": 3}, Wishes((), crews, days(1), 3), ["v", "u"], crews)
    assert sharing.given == {"v": {"b": 0, "c": 3}, "u": {"b": 3, "a": 3}}


def done(given: Mapping[str, Mapping[str, int]], team: str) -> int:
    return sum(by.get(team, 0) for by in given.values())


def has_ring(given: Mapping[str, Mapping[str, int]]) -> bool:
    """Take away ends until none is left; what remains is a ring."""
    links = {(unit, team) for unit, by in given.items() for team, count in by.items() if count}
    while ends := {
        link for link in links for side in (0, 1) if sum(other[side] == link[side] for other in links) == 1
    }:
        links -= ends
    return bool(links)
