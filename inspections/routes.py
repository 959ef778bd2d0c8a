"""The order of a team's visits on one day: pure, from positions where they are known.

The route is no part of the draw and of its commitment: positions may come or change after the list was frozen, and in
which order a day is driven decides nothing. It is applied to the drawn visits of one team and day, as often as wanted.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

Position = tuple[float, float]

EARTH_KM = 6371.0088


@dataclass(frozen=True)
class Stop:
    """A visit of the day; the position in degrees, or None where it is not known."""

    id: str
    township: str
    latitude: float | None = None
    longitude: float | None = None

    @property
    def position(self) -> Position | None:
        """Return latitude and longitude, if both are known."""
        if self.latitude is None or self.longitude is None:
            return None
        return self.latitude, self.longitude


def order(stops: Sequence[Stop], start: Position | None = None) -> list[str]:
    """Return the ids in the order of driving; the same stops, however listed, give the same route.

    Nearest neighbour (as the crow flies) from the start, or from the first stop by township and id where there is none.
    Stops without a position follow the last one of their township, or stand at the end, township by township.
    """
    rest = sorted(stops, key=lambda stop: (stop.township, stop.id))
    lost: dict[str, list[Stop]] = defaultdict(list)
    for stop in rest:
        if stop.position is None:
            lost[stop.township].append(stop)
    route = _nearest([(stop, at) for stop in rest if (at := stop.position) is not None], start)
    last = {stop.township: stop for stop in route}
    driven: list[str] = []
    for stop in route:
        after = lost.pop(stop.township, []) if last[stop.township] is stop else []
        driven += [stop.id, *(one.id for one in after)]
    return driven + [stop.id for group in lost.values() for stop in group]


def _nearest(known: Sequence[tuple[Stop, Position]], start: Position | None) -> list[Stop]:
    """Return the stops, each the nearest to the one before; among equals the first by township and id."""
    left, route = list(known), []
    here = start or (left[0][1] if left else (0.0, 0.0))
    while left:
        nearest = min(left, key=lambda one: _km(here, one[1]))
        left.remove(nearest)
        route.append(nearest[0])
        here = nearest[1]
    return route


def _km(one: Position, other: Position) -> float:
    """Return the great-circle distance (haversine)."""
    (lat1, lon1), (lat2, lon2) = ((radians(lat), radians(lon)) for lat, lon in (one, other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))
