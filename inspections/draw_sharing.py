"""Which team does how many visits in which unit: pure, part of the package that outsiders download (Python 3.8)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from inspections.draw_wishes import Infeasible, Team, Wishes


class Sharing:
    """The visits of each unit given to teams that may go there: a flow, made and levelled along chains of exchanges.

    A chain: team A gives visits of a unit to team B, B gives as many of another unit to C. As with every maximum flow:
    if no chain finds room for a visit there is none, and what the chains reach names the units in the way.

    given: unit → team that may go there → visits; load: team → visits. `Infeasible` if a visit finds no team.
    """

    def __init__(
        self, shares: Mapping[str, int], wishes: Wishes, units: Sequence[str], teams: Sequence[Team]
    ) -> None:
        self.given = {unit: {t.id: 0 for t in teams if unit not in t.barred_units} for unit in units}
        self.load = {team.id: 0 for team in teams}
        self.shares, self.most = shares, len(wishes.days) * wishes.per_day
        fair = min(-(-sum(shares.values()) // len(teams)), self.most)
        for limit in (fair, self.most):
            for unit in sorted(units, key=lambda name: len(self.given[name])):
                self._place(unit, limit)

    def _place(self, unit: str, limit: int) -> None:
        """Give the unit's remaining visits to teams with less than the limit."""
        while self.shares[unit] > sum(self.given[unit].values()):
            came = self._chains([(unit, "")])
            team = next((name for name in came if self.load[name] < limit), None)
            if team:
                rest = self.shares[unit] - sum(self.given[unit].values())
                self._pass_on(came, team, min(rest, limit - self.load[team]))
            elif limit < self.most:
                return
            else:
                filling = {u for u, by in self.given.items() if any(by.get(team) for team in came)}
                units = sorted({unit} | filling)
                needed = sum(self.shares[name] for name in units)
                raise Infeasible("own_unit", units=units, needed=needed, available=len(came) * limit)

    def level(self) -> None:
        """Pass visits from heavy to light teams until no chain leads to a team with at least two fewer."""
        settled: set[str] = set()
        while len(settled) < len(self.load):
            heavy = max((team for team in self.load if team not in settled), key=lambda team: self.load[team])
            came = self._chains([(unit, heavy) for unit, by in self.given.items() if by.get(heavy)])
            light = min(came, key=lambda team: self.load[team], default=heavy)
            if self.load[heavy] - self.load[light] < 2:
                settled |= {heavy, *came}
            else:
                self._pass_on(came, light, (self.load[heavy] - self.load[light]) // 2)

    def _chains(self, starts: Sequence[tuple[str, str]]) -> dict[str, tuple[str, str]]:
        """Return the teams that can be reached, nearest first: team → (unit whose visits it takes, from which team)."""
        came: dict[str, tuple[str, str]] = {}
        seen, queue = {unit for unit, _ in starts}, deque(starts)
        while queue:
            unit, before = queue.popleft()
            for team in self.given[unit]:
                if team not in came and team != starts[0][1]:
                    came[team] = (unit, before)
                    further = [u for u, by in self.given.items() if u not in seen and by.get(team)]
                    seen.update(further)
                    queue.extend((u, team) for u in further)
        return came

    def _pass_on(self, came: Mapping[str, tuple[str, str]], last: str, most: int) -> None:
        """Pass visits along the chain that ends at a team: as many as every team on it has to give."""
        chain, team = [], last
        while team in came:
            unit, before = came[team]
            chain.append((unit, before, team))
            team = before
        count = min([most, *(self.given[unit][before] for unit, before, _ in chain if before)])
        for unit, before, after in chain:
            self.given[unit][after] += count
            if before:
                self.given[unit][before] -= count
        self.load[last] += count
        if team:
            self.load[team] -= count

    def disentangle(self) -> None:
        """Exchange visits around each ring of units and teams until one of its links is gone; no load changes.

        What remains has no ring, so units and teams have fewer links than there are units and teams.
        """
        links: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for unit, team in [(unit, team) for unit, by in self.given.items() for team in by if by[team]]:
            way = _way(links, ("unit", unit), ("team", team))
            ring = [(unit, team), *((a[1], b[1]) if a[0] == "unit" else (b[1], a[1]) for a, b in way)]
            if way:
                self._turn(ring)
            for u, t in ring:
                _link(links, u, t, bool(self.given[u][t]))

    def _turn(self, ring: Sequence[tuple[str, str]]) -> None:
        """Move visits from every second link of a ring to the others, until one has none."""
        count = min(self.given[unit][team] for unit, team in ring[::2])
        for number, (unit, team) in enumerate(ring):
            self.given[unit][team] += count if number % 2 else -count


def _link(links: dict[tuple[str, str], set[tuple[str, str]]], unit: str, team: str, there: bool) -> None:
    """Set or remove the link between a unit and a team."""
    ends = ("unit", unit), ("team", team)
    for one, other in (ends, ends[::-1]):
        linked = links.setdefault(one, set())
        linked.add(other) if there else linked.discard(other)


def _way(
    links: Mapping[tuple[str, str], set[tuple[str, str]]], start: tuple[str, str], end: tuple[str, str]
) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Return the links from one node to another; there is one way or none, as the links have no ring."""
    came, queue = {start: start}, deque([start])
    while queue and end not in came:
        node = queue.popleft()
        for other in links.get(node, ()):
            if other not in came:
                came[other] = node
                queue.append(other)
    way, node = [], end
    while came.get(node, node) != node:
        way.append((came[node], node))
        node = came[node]
    return way[::-1]
