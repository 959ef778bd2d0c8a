"""The draw of a round: which places are visited, by which team, on which day, by which two inspectors.

Pure arithmetic, without a clock, a database or Python's `random`: the same wishes, seed and public number always give
the same plan. RULE.en.md and RULE.zh.md beside `verification` say the rule in words. This very file is in the package
that outsiders download, so it needs nothing but the standard library and keeps to Python 3.8.

Before the public number falls: `check` (is it possible at all), `seed_hash`, `commitment`. After it: `draw`.
At the end anyone: `verify`.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import combinations
from typing import Any

FORMAT = "dalian-rural-draw-1"
SEED_BYTES = 32
WEIGHT_MAX = 1_000_000
WORD = 2**64

# the rules that can stand in the way of a draw; `draw_messages` has a sentence for each
RULES = (
    "no_places", "no_teams", "no_days", "pair", "sample_too_big", "empty_township", "rested", "capacity", "own_unit",
)  # fmt: skip
# what `verify` can find; `draw_messages` and verify.py have a sentence for each
DIFFERENCES = ("malformed", "numbering", "seed", "commitment", "visits", "infeasible")


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
        _require(
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
        _require(type(self.per_day) is int and self.per_day >= 1, f"per_day: {self.per_day}")
        _require(self.coverage in ("full", "sample"), f"coverage: {self.coverage}")
        _require(len(sizes) == (self.coverage == "sample"), "a sample has one size, full coverage none")
        _require(all(type(size) is int and size >= 1 for size in sizes), f"size of the sample: {sizes}")
        _require(len({place.id for place in self.places}) == len(self.places), "a place is listed twice")
        _require(len({team.id for team in self.teams}) == len(self.teams), "a team is listed twice")
        _require(len(set(self.days)) == len(self.days), "a day is listed twice")
        _require(
            all(date.fromisoformat(day).isoformat() == day for day in self.days), "a day is not an ISO date"
        )
        homes = {(place.township, place.unit) for place in self.places}
        _require(len({township for township, _ in homes}) == len(homes), "a township lies in two units")


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
        return [{**asdict(visit), "pair": list(visit.pair)} for visit in self.visits]


@dataclass(frozen=True)
class Difference:
    """Something that `verify` found: the number of the draw (0: the whole), one of DIFFERENCES, and its facts."""

    draw: int
    what: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"draw {self.draw}: {self.what} {dict(self.facts) or ''}".rstrip()


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise ValueError(problem)


# --- what is committed ------------------------------------------------------------------------------------------------


def _json(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def canonical(wishes: Wishes) -> bytes:
    """Return the one form of the wishes: UTF-8 JSON, keys sorted, no spaces, everything in the order of its id."""
    places = sorted((vars(place) for place in wishes.places), key=lambda place: place["id"])
    teams = [
        {"id": t.id, "members": sorted(set(t.members)), "barred_units": sorted(set(t.barred_units))}
        for t in sorted(wishes.teams, key=lambda team: team.id)
    ]
    pairs = sorted([sorted(pair), township] for pair, township in set(wishes.previous_pairs))
    changed = {"places": places, "teams": teams, "days": sorted(wishes.days), "previous_pairs": pairs}
    return _json({**vars(wishes), **changed})


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
    _require(len(seed) == SEED_BYTES, "a seed has 32 bytes")
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
    return hashlib.sha256(_json(promised)).hexdigest()


# --- the lot ----------------------------------------------------------------------------------------------------------


class Lot:
    """Whole numbers by lot: SHA-256 in counter mode, keyed by seed, public number and the hash of the wishes."""

    def __init__(self, seed: bytes, public_number: str, inputs: bytes) -> None:
        _require(len(seed) == SEED_BYTES, "a seed has 32 bytes")
        self._words = _words(_sha256(seed + public_number.encode() + _sha256(inputs)))

    def below(self, bound: int) -> int:
        """Return 0, 1, … or bound − 1, each as likely: words that would favour the small ones are thrown away."""
        fair = WORD - WORD % bound
        word = next(self._words)
        while word >= fair:
            word = next(self._words)
        return word % bound

    def shuffled(self, things: Iterable[Any]) -> list[Any]:
        """Return the things in an order by lot (Fisher–Yates, from the end)."""
        order = list(things)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def tickets(self, places: Sequence[Place], count: int) -> list[Place]:
        """Draw places one by one; each has as many tickets as its weight, and all leave the box when one is drawn."""
        boxes: dict[int, list[Place]] = defaultdict(list)
        for place in places:
            boxes[place.weight].append(place)
        drawn = []
        for _ in range(count):
            ticket = self.below(sum(weight * len(box) for weight, box in boxes.items()))
            for weight, box in sorted(boxes.items()):
                if ticket < weight * len(box):
                    drawn.append(box.pop(ticket // weight))
                    break
                ticket -= weight * len(box)
        return drawn


def _words(key: bytes) -> Iterator[int]:
    """Walk the 64-bit words of SHA-256(key ‖ counter), the counter as 8 bytes, all big-endian."""
    counter = 0
    while True:
        block = _sha256(key + counter.to_bytes(8, "big"))
        for start in range(0, len(block), 8):
            yield int.from_bytes(block[start : start + 8], "big")
        counter += 1


# --- how many places of each unit and township ------------------------------------------------------------------------


def check(wishes: Wishes) -> None:
    """Raise `Infeasible` if the wishes cannot be met; whether they can does not depend on the lot."""
    _assign(_unit_shares(wishes), wishes, [team.id for team in wishes.teams])


def _unit_shares(wishes: Wishes) -> dict[str, int]:
    """Return how many places of each unit are visited, the units in the order of their ids."""
    raise NotImplementedError


def _assign(shares: Mapping[str, int], wishes: Wishes, order: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return unit → team → number of visits."""
    raise NotImplementedError


def draw(wishes: Wishes, seed: bytes, public_number: str) -> Plan:
    """Draw the plan; raise `Infeasible` exactly when `check` does."""
    raise NotImplementedError


def verify(data: Mapping[str, Any]) -> list[Difference]:
    """Recompute all draws of a round as `verification.package` wrote them; an empty list means that all is well."""
    raise NotImplementedError


_ = combinations
