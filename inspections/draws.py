"""The draw of a round: which places are visited, by which team, on which day, by which two inspectors.

Pure arithmetic, without a clock, a database or Python's `random`: the same wishes, seed and public number always give
the same plan. RULE.en.md and RULE.zh.md in `verification` say it in words. This file, `draw_wishes` and `draw_sharing`
are in the package that outsiders download, so they need only the standard library and keep to Python 3.8.

Before the public number falls: `check` (is it possible at all), `seed_hash`, `commitment`. After it: `draw`.
At the end anyone: `verify`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import combinations
from typing import Any

from inspections.draw_sharing import Sharing
from inspections.draw_wishes import (
    DIFFERENCES,
    RULES,
    SEED_BYTES,
    Difference,
    Infeasible,
    Place,
    Plan,
    Planned,
    Team,
    Wishes,
    as_json,
    canonical,
    commitment,
    inputs_hash,
    read,
    seed_hash,
)

__all__ = [
    "DIFFERENCES", "RULES", "SEED_BYTES", "Difference", "Infeasible", "Place", "Plan", "Planned", "Team", "Wishes",
    "canonical", "check", "commitment", "draw", "inputs_hash", "read", "seed_hash", "verify",
]  # fmt: skip

WORD = 2**64


class Lot:
    """Whole numbers by lot: SHA-256 in counter mode, keyed by seed, public number and the hash of the wishes."""

    def __init__(self, seed: bytes, public_number: str, inputs: bytes) -> None:
        seed_hash(seed)  # it has 32 bytes
        self._words = _words(sha256(seed + public_number.encode() + sha256(inputs).digest()).digest())

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
        block = sha256(key + counter.to_bytes(8, "big")).digest()
        for start in range(0, len(block), 8):
            yield int.from_bytes(block[start : start + 8], "big")
        counter += 1


# --- how many places of each unit and township ------------------------------------------------------------------------


def check(wishes: Wishes) -> None:
    """Raise `Infeasible` if the wishes cannot be met; whether they can does not depend on the lot."""
    wishes = read(canonical(wishes))
    shares = _unit_shares(wishes)
    Sharing(shares, wishes, list(shares), wishes.teams)


def _unit_shares(wishes: Wishes) -> dict[str, int]:
    """Return how many places of each unit are visited; the lot has no part in it."""
    _check_parts(wishes)
    if wishes.total is None:
        townships = _grouped(wishes.places, "township")
        largest = max(len(places) for places in townships.values())
        if (wishes.per_township or 0) > largest:
            raise Infeasible("sample_too_big", wanted=wishes.per_township, places=largest)
        shares: Counter[str] = Counter()
        for township, places in townships.items():
            shares[places[0].unit] += _portion(township, places, wishes)
    else:
        units = _grouped(wishes.places, "unit")
        shares = Counter(_rounded(wishes.total, _drawable(wishes), units, list(units)))
    needed, available = sum(shares.values()), len(wishes.teams) * len(wishes.days) * wishes.per_day
    if needed > available:
        raise Infeasible("capacity", needed=needed, available=available)
    return dict(shares)


def _check_parts(wishes: Wishes) -> None:
    for things, rule in (
        (wishes.places, "no_places"),
        (wishes.teams, "no_teams"),
        (wishes.days, "no_days"),
    ):
        if not things:
            raise Infeasible(rule)
    for team in wishes.teams:
        if len(team.members) < 2:
            raise Infeasible("pair", team=team.id)


def _grouped(places: Iterable[Place], by: str) -> dict[str, list[Place]]:
    """Return the places by unit or township, in the order of its id."""
    groups: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        groups[getattr(place, by)].append(place)
    return dict(sorted(groups.items()))


def _portion(township: str, places: Sequence[Place], wishes: Wishes) -> int:
    """Return how many places of a township are visited under full coverage or with so many per township."""
    if wishes.per_township is None:
        return len(places)
    wanted, left = min(wishes.per_township, len(places)), sum(place.drawable for place in places)
    if not left:
        raise Infeasible("empty_township", township=township, wanted=wanted)
    if left < wanted:
        raise Infeasible("rested", township=township, wanted=wanted, left=left)
    return wanted


def _drawable(wishes: Wishes) -> int:
    """Return how many places a sample of so many in all may be drawn from."""
    wanted, left = wishes.total or 0, sum(place.drawable for place in wishes.places)
    if wanted > len(wishes.places):
        raise Infeasible("sample_too_big", wanted=wanted, places=len(wishes.places))
    if wanted > left:
        raise Infeasible("rested", wanted=wanted, left=left)
    return left


def _rounded(
    seats: int,
    drawable: int,
    groups: Mapping[str, Sequence[Place]],
    order: Sequence[str],
    given: int | None = None,
) -> dict[str, int]:
    """Return each group's share: its exact quota, seats × its drawable places ÷ all drawable, rounded down or up.

    What is missing to the seats (of these groups: `given`) goes to groups with a place to be drawn again that would
    otherwise be left out, then by largest remainder, then in the given order.
    """
    shares, remainders, eager = {}, {}, {}
    for name in order:
        quota = seats * sum(place.drawable for place in groups[name])
        shares[name], remainders[name] = divmod(quota, drawable)
        eager[name] = sum(place.again for place in groups[name]) > shares[name]
    queue = sorted((name for name in order if remainders[name]), key=lambda n: (not eager[n], -remainders[n]))
    missing = (seats if given is None else given) - sum(shares.values())
    for name in queue[:missing]:
        shares[name] += 1
    return shares


def _portions(wishes: Wishes, shares: Mapping[str, int], lot: Lot) -> dict[str, int]:
    """Return how many places of each township are visited; with equal remainders the lot decides."""
    townships = _grouped(wishes.places, "township")
    if wishes.total is None:
        return {township: _portion(township, places, wishes) for township, places in townships.items()}
    portions: dict[str, int] = {}
    drawable = _drawable(wishes)
    for unit, places in _grouped(wishes.places, "unit").items():
        order = lot.shuffled(_grouped(places, "township"))
        portions.update(_rounded(wishes.total, drawable, townships, order, shares[unit]))
    return portions


def _drawn(places: Sequence[Place], count: int, wishes: Wishes, lot: Lot) -> list[Place]:
    """Return the places of one township that are visited, in an order by lot."""
    if wishes.coverage == "full":
        return lot.shuffled(places)
    again = [place for place in places if place.again]
    others = [place for place in places if place.drawable and not place.again]
    drawn = lot.tickets(again, min(count, len(again)))
    return lot.shuffled(drawn + lot.tickets(others, count - len(drawn)))


# --- the draw ---------------------------------------------------------------------------------------------------------


def draw(wishes: Wishes, seed: bytes, public_number: str) -> Plan:
    """Draw the plan; raise `Infeasible` exactly when `check` does. What the plan keeps:

    - Full coverage visits every place once. A sample has its size: `per_township` in each township (all where there are
      fewer), or `total` with each unit's and each township's share within one of its exact quota.
    - Places to be drawn again come first in their township; rested ones are in no sample unless drawn again.
    - No team in a unit that is barred to it, and no more than `per_day` visits a team and day.
    - The teams' loads are as even as the bars allow: no other plan has a smaller sum of their squares, so none has a
      smaller largest or a larger smallest load. A team's days differ by at most one visit; so do the days' totals.
    - Each team works through runs of whole townships: the townships of all team-days, added up, are at most the
      townships with visits + the team-days.
    - Of a team of three or more no pair goes out on two of the team's days running, and pairs go to townships they went
      to in the last round as seldom as that allows.
    """
    form = canonical(wishes)
    wishes, lot = read(form), Lot(seed, public_number, form)
    shares = _unit_shares(wishes)
    portions = _portions(wishes, shares, lot)
    units, teams = lot.shuffled(shares), lot.shuffled(wishes.teams)
    sharing = Sharing(shares, wishes, units, teams)
    sharing.level()
    sharing.disentangle()
    runs = _runs(wishes, portions, sharing, lot)
    visits = [
        visit for team, days in _days(runs, wishes.days, lot) for visit in _planned(team, days, wishes, lot)
    ]
    return Plan(tuple(sorted(visits, key=lambda visit: (visit.day, visit.team, visit.order))))


def _runs(
    wishes: Wishes, portions: Mapping[str, int], sharing: Sharing, lot: Lot
) -> list[tuple[Team, list[Place]]]:
    """Return each team's places in the order of its work: each unit is a row of whole townships, cut for the teams."""
    groups = _grouped(wishes.places, "unit")
    runs: dict[str, list[Place]] = {team: [] for team in sharing.load}
    for unit, parts in sharing.given.items():
        townships = _grouped(groups[unit], "township")
        row = [
            place
            for name in lot.shuffled(townships)
            for place in _drawn(townships[name], portions[name], wishes, lot)
        ]
        for team, count in parts.items():
            runs[team] += row[:count]
            del row[:count]
    teams = {team.id: team for team in wishes.teams}
    return [(teams[name], run) for name, run in runs.items()]


def _days(
    runs: Sequence[tuple[Team, list[Place]]], days: Sequence[str], lot: Lot
) -> Iterator[tuple[Team, list[tuple[str, list[Place]]]]]:
    """Cut each team's run into days; the days with one visit more go round, from team to team, from a day by lot."""
    turn = lot.below(len(days))
    for team, run in runs:
        each, more = divmod(len(run), len(days))
        longer = {(turn + step) % len(days) for step in range(more)}
        turn = (turn + more) % len(days)
        cut, start = [], 0
        for number, day in enumerate(days):
            end = start + each + (number in longer)
            if end > start:
                cut.append((day, run[start:end]))
            start = end
        yield team, cut


def _planned(
    team: Team, days: Sequence[tuple[str, list[Place]]], wishes: Wishes, lot: Lot
) -> Iterator[Planned]:
    """Plan a team's visits: its days with their places, and a pair for each."""
    pairs = _pairs(team, [{place.township for place in places} for _, places in days], wishes, lot)
    for number, (day, places) in enumerate(days):
        for order, place in enumerate(places, 1):
            yield Planned(place.id, team.id, day, order, pairs[number])


def _pairs(team: Team, days: Sequence[set[str]], wishes: Wishes, lot: Lot) -> list[tuple[str, str]]:
    """Choose a pair for each of a team's days: never yesterday's, then fewest repeats, then least used, then by lot."""
    choices = lot.shuffled(combinations(team.members, 2))
    if len(choices) == 1:
        return choices * len(days)
    met = set(wishes.previous_pairs)
    repeats = [[sum((pair, township) in met for township in day) for pair in choices] for day in days]
    used, chosen = [0] * len(choices), [-1]
    for ahead in _repeats_ahead(repeats):
        free = [number for number in range(len(choices)) if number != chosen[-1]]
        best = min(free, key=lambda number: (ahead[number], used[number]))
        used[best] += 1
        chosen.append(best)
    return [choices[number] for number in chosen[1:]]


def _repeats_ahead(repeats: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return for each day and pair the fewest repeats from that day on, no pair going twice running."""
    ahead: list[list[int]] = []
    for day in reversed(repeats):
        later = ahead[-1] if ahead else [0] * len(day)
        first, second = sorted(range(len(later)), key=lambda number: later[number])[:2]
        ahead.append([own + later[second if number == first else first] for number, own in enumerate(day)])
    return ahead[::-1]


# --- what anyone can recompute ----------------------------------------------------------------------------------------


def verify(data: Mapping[str, Any]) -> list[Difference]:
    """Recompute all draws of a round as `verification.data` has them; an empty list means that all is well."""
    try:
        draws = list(data["draws"])
        numbers, rounds = [record["number"] for record in draws], {record["round"] for record in draws}
    except (KeyError, TypeError) as problem:
        return [Difference(0, "malformed", {"problem": repr(problem)})]
    found = []
    if numbers != list(range(1, len(draws) + 1)) or len(rounds) != 1:
        found.append(Difference(0, "numbering", {"numbers": numbers, "rounds": len(rounds)}))
    for record in draws:
        try:
            found += _differences(record)
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            found.append(Difference(record["number"], "malformed", {"problem": repr(problem)}))
    return found


def _differences(record: Mapping[str, Any]) -> Iterator[Difference]:
    """Walk what is wrong with one draw; without its seed or public number only its promise can be checked."""
    number, wishes = record["number"], read(as_json(record["wishes"]))
    names = ("seed_sha256", "round", "number", "public_number_name", "public_number_falls_on")
    if record["commitment"] != commitment(wishes, *(record[name] for name in names)):
        yield Difference(number, "commitment", {"published": record["commitment"]})
    if record["seed"] is None:
        yield Difference(number, "sealed")
        return
    seed = bytes.fromhex(record["seed"])
    if record["seed_sha256"] != seed_hash(seed):
        yield Difference(number, "seed", {"published": record["seed_sha256"]})
    try:
        plan = draw(wishes, seed, record["public_number"]).as_list() if record["public_number"] else []
    except Infeasible as problem:
        yield Difference(number, "infeasible", {"rule": problem.rule, **problem.facts})
        return
    wrong = sorted(_visited(record["visits"]) ^ _visited(plan))
    if wrong or len(record["visits"]) != len(plan):
        facts = {"count": len(wrong), "places": sorted({place for place, *_ in wrong})[:10]}
        yield Difference(number, "visits", facts)


def _visited(visits: Iterable[Mapping[str, Any]]) -> set[tuple[str, ...]]:
    """Return who goes where on which day; in which order is a matter of the route."""
    return {(v["place"], v["team"], v["day"], *v["pair"]) for v in visits}
