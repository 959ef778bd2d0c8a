"""What a draw is given and what it gives: wishes, plan, what can stand in the way, and what is committed beforehand.

Like `draws` it is part of the package that outsiders download: the standard library only, Python 3.8.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

FORMAT = "dalian-rural-draw-1"
SEED_BYTES = 32
WEIGHT_MAX = 1_000_000

# the rules that can stand in the way of a draw; `draw_messages` has a sentence for each
RULES = (
    "no_places", "no_teams", "no_days", "pair", "sample_too_big", "empty_township", "rested", "capacity", "own_unit",
)  # fmt: skip
# what `verify` can find; `draw_messages` and verify.py have a sentence for each
DIFFERENCES = ("malformed", "numbering", "seed", "sealed", "commitment", "visits", "infeasible")


class Infeasible(Exception):
    """Wishes that cannot be met: `rule` names what is in the way, `facts` are its numbers and names."""

    def __init__(self, rule: str, **facts: Any) -> None:
        super().__init__(rule, facts)
        self.rule = rule
        self.facts = facts


@dataclass(frozen=True)
class Place:
    """A place that may be visited.

    weight: how many tickets it has in a sample, 1 to 1,000,000; full coverage does not look at it.
    again: drawn before all others of its township ("last place is drawn again"), even if rested.
    rested: visited the last time, hence barred from a sample; full coverage visits it all the same.
    """

    id: str
    township: str
    unit: str
    weight: int = 1
    again: bool = False
    rested: bool = False

    def __post_init__(self) -> None:
        require(
            type(self.weight) is int and 1 <= self.weight <= WEIGHT_MAX, f"weight of {self.id}: {self.weight}"
        )

    @property
    def drawable(self) -> bool:
        """Tell whether a sample may contain the place."""
        return self.again or not self.rested


@dataclass(frozen=True)
class Team:
    """A team of at least two inspectors and the units in which none of them may inspect."""

    id: str
    members: tuple[str, ...]
    barred_units: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wishes:
    """What a planner wants; the order in which places, teams, days and pairs are listed does not matter.

    days: ISO dates. per_day: visits a team can do in one day.
    coverage: "full", or "sample" with either per_township (that many in each township, all where there are fewer)
    or total (that many in all, in proportion to the drawable places of each unit and township).
    previous_pairs: ((inspector, inspector), township) of the last round.
    """

    places: tuple[Place, ...]
    teams: tuple[Team, ...]
    days: tuple[str, ...]
    per_day: int
    coverage: str = "full"
    per_township: int | None = None
    total: int | None = None
    previous_pairs: tuple[tuple[tuple[str, str], str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is not a wish at all with a ValueError (what cannot be met is `Infeasible`)."""
        sizes = [size for size in (self.per_township, self.total) if size is not None]
        require(type(self.per_day) is int and self.per_day >= 1, f"per_day: {self.per_day}")
        require(self.coverage in ("full", "sample"), f"coverage: {self.coverage}")
        require(len(sizes) == (self.coverage == "sample"), "a sample has one size, full coverage none")
        require(all(type(size) is int and size >= 1 for size in sizes), f"size of the sample: {sizes}")
        require(all(place.id for place in self.places), "a place has no id")
        require(all(team.id for team in self.teams), "a team has no id")
        require(len({place.id for place in self.places}) == len(self.places), "a place is listed twice")
        require(len({team.id for team in self.teams}) == len(self.teams), "a team is listed twice")
        require(len(set(self.days)) == len(self.days), "a day is listed twice")
        require(
            all(date.fromisoformat(day).isoformat() == day for day in self.days), "a day is not an ISO date"
        )
        homes = {(place.township, place.unit) for place in self.places}
        require(len({township for township, _ in homes}) == len(homes), "a township lies in two units")


@dataclass(frozen=True)
class Planned:
    """One planned visit; `order` counts from 1 within the team's day, as drawn (no route yet)."""

    place: str
    team: str
    day: str
    order: int
    pair: tuple[str, str]


@dataclass(frozen=True)
class Plan:
    """The planned visits, by day, team and order."""

    visits: tuple[Planned, ...]

    def as_list(self) -> list[dict[str, Any]]:
        """Return the visits as JSON has them."""
        return [{**vars(visit), "pair": list(visit.pair)} for visit in self.visits]


@dataclass(frozen=True)
class Difference:
    """Something that `verify` found: the number of the draw (0: the whole), one of DIFFERENCES, and its facts."""

    draw: int
    what: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"draw {self.draw}: {self.what} {dict(self.facts) or ''}".rstrip()


def require(condition: bool, problem: str) -> None:
    """Raise a ValueError about input that is no input."""
    if not condition:
        raise ValueError(problem)


def as_json(content: object) -> bytes:
    """Return the one form in which things are hashed: UTF-8, keys sorted, no spaces."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def canonical(wishes: Wishes) -> bytes:
    """Return the one form of the wishes: UTF-8 JSON, keys sorted, no spaces, everything in the order of its id."""
    places = sorted((vars(place) for place in wishes.places), key=lambda place: place["id"])
    teams = [
        {"id": t.id, "members": sorted(set(t.members)), "barred_units": sorted(set(t.barred_units))}
        for t in sorted(wishes.teams, key=lambda team: team.id)
    ]
    pairs = sorted({(tuple(sorted(pair)), township) for pair, township in wishes.previous_pairs})
    changed = {"places": places, "teams": teams, "days": sorted(wishes.days), "previous_pairs": pairs}
    return as_json({**vars(wishes), **changed})


def read(form: bytes | str) -> Wishes:
    """Return the wishes of a canonical form; ValueError, TypeError or KeyError where it is none."""
    given = json.loads(form)
    return Wishes(
        **{
            **given,
            "places": tuple(Place(**place) for place in given["places"]),
            "teams": tuple(
                Team(team["id"], tuple(team["members"]), tuple(team["barred_units"]))
                for team in given["teams"]
            ),
            "days": tuple(given["days"]),
            "previous_pairs": tuple((tuple(pair), township) for pair, township in given["previous_pairs"]),
        }
    )


def inputs_hash(wishes: Wishes) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(wishes)).hexdigest()


def seed_hash(seed: bytes) -> str:
    """Return the SHA-256 of a seed of 32 bytes, in hexadecimal."""
    require(len(seed) == SEED_BYTES, "a seed has 32 bytes")
    return hashlib.sha256(seed).hexdigest()


def commitment(
    wishes: Wishes,
    seed_sha256: str,
    round_id: str,
    number: int,
    public_number_name: str,
    public_number_falls_on: str,
) -> str:
    """Return what is published before the public number falls: one hash over all that is promised.

    number: 1 for the round's first draw, then 2, 3, …; public_number_falls_on: an ISO date.
    """
    promised = {
        "format": FORMAT,
        "inputs_sha256": inputs_hash(wishes),
        "seed_sha256": seed_sha256,
        "round": round_id,
        "number": number,
        "public_number_name": public_number_name,
        "public_number_falls_on": public_number_falls_on,
    }
    return hashlib.sha256(as_json(promised)).hexdigest()
