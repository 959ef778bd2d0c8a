"""Wishes for draws, large enough to be interesting and small enough to check by trying everything."""

from collections import Counter
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from inspections import draws
from inspections.draws import Infeasible, Place, Plan, Team, Wishes

SEED = bytes(range(32))
NUMBER = "03 08 14 22 27 31 + 05"

seeds = st.binary(min_size=32, max_size=32)
numbers = st.text(min_size=1, max_size=12)


def places(*sizes: tuple[str, str, int], **more: Any) -> tuple[Place, ...]:
    """Return so many places per (unit, township, number)."""
    return tuple(
        Place(f"{township}-{number}", township, unit, **more)
        for unit, township, count in sizes
        for number in range(count)
    )


def teams(*names: str, members: int = 3, **barred: tuple[str, ...]) -> tuple[Team, ...]:
    """Return teams with their members, and the units barred to them by keyword."""
    return tuple(
        Team(name, tuple(f"{name}{number}" for number in range(members)), barred.get(name, ()))
        for name in names
    )


def days(count: int) -> tuple[str, ...]:
    """Return working days."""
    return tuple(f"2026-03-{day:02}" for day in range(1, count + 1))


@st.composite
def wishes(draw: st.DrawFn, coverage: str = "", most: int = 30) -> Wishes:
    """Make wishes, some of which cannot be met."""
    units = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    towns = [(f"u{unit}", f"u{unit}t{town}") for unit, count in enumerate(units) for town in range(count)]
    homes = draw(st.lists(st.sampled_from(towns), min_size=1, max_size=most))
    villages = tuple(
        Place(
            f"v{number:02}", town, unit,
            draw(st.integers(1, 5)), draw(st.integers(0, 4)) == 0, draw(st.integers(0, 3)) == 0,
        )
        for number, (unit, town) in enumerate(homes)
    )  # fmt: skip
    crews = tuple(
        Team(
            f"team{number}",
            tuple(f"m{number}{member}" for member in range(draw(st.integers(2, 4)))),
            tuple(draw(st.sets(st.sampled_from([f"u{unit}" for unit in range(len(units))]), max_size=2))),
        )
        for number in range(draw(st.integers(1, 4)))
    )
    pairs = [tuple(team.members[:2]) for team in crews] + [tuple(team.members[-2:]) for team in crews]
    met = draw(st.sets(st.tuples(st.sampled_from(pairs), st.sampled_from([town for _, town in towns]))))
    coverage = coverage or draw(st.sampled_from(("full", "per_township", "total")))
    size = draw(st.integers(1, 8)) if coverage != "full" else None
    return Wishes(
        villages, crews, days(draw(st.integers(1, 4))), draw(st.integers(1, 12)),
        coverage="full" if coverage == "full" else "sample",
        previous_pairs=tuple(met),  # type: ignore[arg-type]
        **({} if size is None else {coverage: size}),
    )  # fmt: skip


def planned(wanted: Wishes, seed: bytes = SEED, number: str = NUMBER) -> Plan:
    """Return the plan of wishes that can be met."""
    try:
        return draws.draw(wanted, seed, number)
    except Infeasible:
        assume(False)
        raise


def loads(wanted: Wishes, plan: Plan) -> dict[str, int]:
    """Return how many visits each team makes."""
    done = Counter(visit.team for visit in plan.visits)
    return {team.id: done[team.id] for team in wanted.teams}
