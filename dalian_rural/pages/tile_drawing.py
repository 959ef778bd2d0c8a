"""Draw the tile diagram: cells, labels, and the thin lines between townships, once for each state of the registry."""

import csv
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from villages import registry, tiles
from villages.models import Division, Village
from villages.tiles import Cell, Place, Seat

PLACES = Path(registry.__file__).parent / "data" / "tile_places.csv"
TOWNSHIP_DIGITS = 9  # of a statistics code; what follows is the village
EDGE = 1  # cells around everything
THIN, WIDE_GAP = 0.05, 0.16  # cells left free on a tile's side: towards its township's tiles, towards others
LABEL_HEIGHT = 2  # cells
WIDE, NARROW = 1.4, 0.75  # cells that a letter of a label takes: Chinese ones, Latin ones
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Spot:
    """One village with its cell, and the names around it."""

    village: uuid.UUID
    name: str
    township: uuid.UUID
    county: uuid.UUID
    cell: Cell
    square: tuple[str, str, str, str] = ("", "", "", "")  # x, y, width and height of what is drawn


@dataclass(frozen=True)
class Township:
    """One township or street: its spots, the lines around them, and where its name may stand."""

    division: Division
    spots: list[Spot]
    outline: str
    middle: tuple[str, str]


@dataclass(frozen=True)
class Unit:
    """One county-level unit: its townships, the part of the picture it fills, and where its name stands."""

    division: Division
    townships: list[Township]
    box: str
    label: tuple[float, float]

    @property
    def spots(self) -> list[Spot]:
        """Return the unit's villages."""
        return [spot for township in self.townships for spot in township.spots]


@dataclass(frozen=True)
class Drawing:
    """The whole city."""

    units: list[Unit]
    box: str

    @property
    def spots(self) -> list[Spot]:
        """Return every village."""
        return [spot for unit in self.units for spot in unit.spots]


@cache
def stored_places() -> dict[str, Place]:
    """Read where townships lie roughly, by code: our own estimate, no survey and no boundary."""
    with PLACES.open(encoding="utf-8") as file:
        return {
            row["code"]: Place(float(row["lon"]), float(row["lat"]), row["land"])
            for row in csv.DictReader(file)
        }


@lru_cache(maxsize=4)
def _arranged(seats: tuple[Seat, ...]) -> dict[str, Cell]:
    return tiles.arrange(seats, stored_places())


@lru_cache(maxsize=8)
def _label_spots(
    cells: tuple[tuple[Cell, ...], ...], lengths: tuple[float, ...]
) -> list[tuple[float, float]]:
    return tiles.label_spots(cells, [(length, LABEL_HEIGHT) for length in lengths])


def draw(on: date) -> Drawing:
    """Draw the villages of the day: two queries, whoever looks."""
    divisions = {row.pk: row for row in Division.objects.current(on).with_code(on)}
    villages = list(Village.objects.current(on).with_places(on))
    found = _spots([row for row in villages if row.county_id and row.township_id], divisions)
    units: dict[uuid.UUID, dict[uuid.UUID, list[Spot]]] = defaultdict(lambda: defaultdict(list))
    for spot in found:
        units[spot.county][spot.township].append(spot)
    order = sorted(units, key=lambda pk: (divisions[pk].position, divisions[pk].name))
    labels = _label_spots(
        tuple(tuple(sorted(spot.cell for rows in units[pk].values() for spot in rows)) for pk in order),
        tuple(_length(divisions[pk].label) for pk in order),
    )
    drawn = [_unit(divisions, pk, units[pk], label) for pk, label in zip(order, labels, strict=True)]
    return Drawing(drawn, _box([spot.cell for spot in found], drawn))


def _spots(villages: Sequence[Any], divisions: dict[uuid.UUID, Any]) -> list[Spot]:
    def code_of(pk: uuid.UUID) -> str:
        return str(divisions[pk].code or pk)

    seats = {
        row.pk: Seat(
            str(row.code or row.pk),
            code_of(row.township_id)[:TOWNSHIP_DIGITS] if divisions[row.township_id].code else str(row.township_id),
            code_of(row.county_id),
            (float(row.lon), float(row.lat)) if row.lat is not None and row.lon is not None else None,
        )
        for row in villages
    }  # fmt: skip
    cells = _arranged(tuple(sorted(seats.values(), key=lambda seat: seat.key)))
    return [
        Spot(row.pk, row.name, row.township_id, row.county_id, cells[seats[row.pk].key])
        for row in sorted(villages, key=lambda row: seats[row.pk].key)
    ]


def _length(label: str) -> float:
    return sum(NARROW if letter.isascii() else WIDE for letter in label) + 0.5


def _unit(
    divisions: dict[uuid.UUID, Any],
    pk: uuid.UUID,
    towns: dict[uuid.UUID, list[Spot]],
    label: tuple[float, float],
) -> Unit:
    order = sorted(towns, key=lambda town: (divisions[town].position, divisions[town].name))
    rows = [_township(divisions[town], towns[town]) for town in order]
    cells = [spot.cell for spots in towns.values() for spot in spots]
    return Unit(divisions[pk], rows, _words(_around(cells, 1)), label)


def _township(division: Division, spots: list[Spot]) -> Township:
    cells = {spot.cell for spot in spots}
    x, y = tiles.middle_of(sorted(cells))
    drawn = [replace(spot, square=_square(spot.cell, cells)) for spot in spots]
    return Township(division, drawn, tiles.outline(cells), (f"{x:g}", f"{y:g}"))


def _square(cell: Cell, township: set[Cell]) -> tuple[str, str, str, str]:
    """Return what is drawn of a cell: nearer to the tiles of its township than to those of others."""
    x, y = cell
    left, right, top, bottom = (
        THIN if near in township else WIDE_GAP for near in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1))
    )
    return f"{x + left:g}", f"{y + top:g}", f"{1 - left - right:g}", f"{1 - top - bottom:g}"


def _around(cells: Iterable[Cell], edge: float) -> Box:
    xs, ys = zip(*cells, strict=True)
    left, top = min(xs) - edge, min(ys) - edge
    return left, top, max(xs) + 1 + edge - left, max(ys) + 1 + edge - top


def _box(cells: list[Cell], units: list[Unit]) -> str:
    """Return what the picture shows: every tile, and the units' names."""
    if not cells:
        return "0 0 1 1"
    corners = [
        (unit.label[0] + side * _length(unit.division.label) / 2, unit.label[1] + side * LABEL_HEIGHT / 2)
        for unit in units
        for side in (-1, 1)
    ]
    left, top, width, height = _around(cells, EDGE)
    xs = [x for x, _y in corners] + [left, left + width]
    ys = [y for _x, y in corners] + [top, top + height]
    return _words((min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)))


def _words(box: Box) -> str:
    return " ".join(f"{part:g}" for part in box)
