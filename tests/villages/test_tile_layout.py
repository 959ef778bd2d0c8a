"""The tile diagram's layout: pure, the same for the same villages, everybody seated once, units apart."""

import csv
import itertools
import random
from collections import defaultdict
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dalian_rural.pages.tile_drawing import stored_places
from villages import tiles
from villages.management.commands.import_registry import SHIPPED
from villages.tiles import Place, Seat, arrange


@cache
def shipped() -> list[Seat]:
    with SHIPPED.open(encoding="utf-8") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    return [
        Seat(code, row["parent_code"], rows[row["parent_code"]]["parent_code"])
        for code, row in rows.items()
        if row["level"] == "village"
    ]


@cache
def city() -> dict[str, tuple[int, int]]:
    return arrange(shipped(), stored_places())


def pieces(cells: Any) -> int:
    """Count the parts of a set of cells that do not touch by a side."""
    left, found = set(cells), 0
    while left:
        found += 1
        edge = [left.pop()]
        while edge:
            x, y = edge.pop()
            for near in {(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)} & left:
                left.discard(near)
                edge.append(near)
    return found


def test_every_village_of_the_city_has_a_tile_of_its_own():
    assert len(city()) == 853
    assert len(set(city().values())) == 853
    assert min(x for x, _y in city().values()) == min(y for _x, y in city().values()) == 0


def test_every_township_that_is_shipped_has_a_stored_place():
    assert {seat.township for seat in shipped()} == set(stored_places())


def test_units_never_touch_not_even_at_a_corner():
    owner = {city()[seat.key]: seat.unit for seat in shipped()}
    for (x, y), unit in owner.items():
        around = {owner.get((x + i, y + j), unit) for i, j in itertools.product((-1, 0, 1), repeat=2)}
        assert around == {unit}


def test_townships_hang_together():
    towns = defaultdict(list)
    for seat in shipped():
        towns[seat.township].append(city()[seat.key])
    assert sum(pieces(cells) > 1 for cells in towns.values()) <= 2


def test_units_lie_as_they_do_in_the_country():
    middle = {}
    for unit in ("210212", "210213", "210214", "210224", "210281", "210283", "2102Z1"):
        cells = [city()[seat.key] for seat in shipped() if seat.unit == unit]
        middle[unit] = (sum(x for x, _y in cells) / len(cells), sum(y for _x, y in cells) / len(cells))
    west_to_east = sorted(middle, key=lambda unit: middle[unit][0])
    assert west_to_east[0] == "210212"  # Lüshunkou in the south-west
    assert max(middle, key=lambda unit: middle[unit][1]) == "210212"
    assert west_to_east.index("210281") < west_to_east.index("210214") < west_to_east.index("210283")
    assert middle["210224"][1] > middle["210283"][1]  # the islands south of Zhuanghe
    assert middle["2102Z1"][0] < middle["210281"][0]  # Changxing Island west of Wafangdian


def test_order_of_the_villages_does_not_matter():
    mixed = shipped()[:]
    random.Random(1).shuffle(mixed)
    assert arrange(mixed, stored_places()) == city()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(0, 4),
            st.none() | st.tuples(st.floats(121, 123), st.floats(38, 40)),
        ),
        max_size=60,
    )
)
def test_whatever_is_known_of_places_everybody_sits_once(rows):
    seats = [Seat(f"{n:03d}", f"{unit}-{town}", str(unit), at) for n, (unit, town, at) in enumerate(rows)]
    places = {"0-0": Place(121.5, 39.0), "1-1": Place(121.5, 39.0, "island")}
    cells = arrange(seats, places)
    assert set(cells) == {seat.key for seat in seats}
    assert len(set(cells.values())) == len(seats)
    assert cells == arrange(reversed(seats), places)


def test_villages_whose_places_are_known_lie_as_they_do():
    seats = [Seat(f"{n}", "t", "u", (121 + n % 3 * 0.1, 39 - n // 3 * 0.1)) for n in range(9)]
    cells = arrange(seats, {})
    assert [cells[str(n)] for n in range(9)] == [(n % 3, n // 3) for n in range(9)]


def test_an_outline_goes_around_and_not_between():
    assert tiles.outline([(0, 0), (1, 0)]).count("M") == 6


def test_labels_stand_on_no_tile_and_on_no_other_label():
    groups = [[(0, 0), (1, 0)], [(0, 2), (1, 2)]]
    spots = tiles.label_spots(groups, [(3, 1), (3, 1)])
    boxes = [{(int(x - 1.5) + i, int(y - 0.5)) for i in range(3)} for x, y in spots]
    assert not boxes[0] & boxes[1]
    assert not (boxes[0] | boxes[1]) & {cell for cells in groups for cell in cells}
