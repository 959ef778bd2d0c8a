"""The order of a team's visits on one day: pure, from positions where they are known.

The route is no part of the draw and of its commitment: positions may come or change after the list was frozen, and in
which order a day is driven decides nothing. It is applied to the drawn visits of one team and day, as often as wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Stop:
    """A visit of the day; the position in degrees, or None where it is not known."""

    id: str
    township: str
    latitude: float | None = None
    longitude: float | None = None


def order(stops: Sequence[Stop]) -> list[str]:
    """Return the ids in the order of driving; the same stops in whatever order give the same route."""
    raise NotImplementedError
