"""The tile diagram: every village a square, by township and unit, roughly where they lie. A schema, not a map.

Pure: the same seats give the same picture, in whatever order they come. Coordinates are whole cells, x to the east and
y to the south. Townships lie about where `places` (or their own villages' positions) say; the size of everything is
the number of villages. Units never touch. No outline of any district goes into it or can be read from it.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import cos, exp, isqrt, pi, radians, sqrt

Cell = tuple[int, int]
Point = tuple[float, float]
Sized = tuple[Hashable, Point, int]  # something that takes so many cells about there

KM_PER_DEGREE = 111.2
CELL_KM = 4.3  # about the distance of two neighbouring villages
BLUR = 2.6  # cells over which a township's villages spread when a landmass takes its form
MARGIN = 7
GATHER = 3
APART = 6.0  # cells between things of which nobody knows where they lie


@dataclass(frozen=True, order=True)
class Place:
    """Where a township lies roughly, in degrees; `land` names an island or another landmass of its own."""

    lon: float
    lat: float
    land: str = ""


@dataclass(frozen=True)
class Seat:
    """One village that wants a tile; place names are codes or other stable keys; its own position where known."""

    key: str
    township: str
    unit: str
    at: tuple[float, float] | None = None  # longitude and latitude


def arrange(seats: Iterable[Seat], places: Mapping[str, Place]) -> dict[str, Cell]:
    """Give each village a cell of its own; the smallest x and y are 0."""
    towns: dict[str, list[Seat]] = defaultdict(list)
    for seat in sorted(seats, key=lambda seat: (seat.unit, seat.township, seat.key)):
        towns[seat.township].append(seat)
    if not towns:
        return {}
    centres = _centres(towns, places)
    pieces: dict[tuple[str, str], list[Sized]] = defaultdict(list)
    for name, rows in towns.items():
        land = places[name].land if name in places else ""
        pieces[rows[0].unit, land].append((name, centres[name], len(rows)))
    found: dict[str, Cell] = {}
    for piece, cells in _landmasses(pieces).items():
        for key, own in share(cells, pieces[piece]).items():
            found.update(_settle(towns[str(key)], own, centres[str(key)]))
    return _from_zero(found)


def _from_zero(found: dict[str, Cell]) -> dict[str, Cell]:
    left, top = min(x for x, _y in found.values()), min(y for _x, y in found.values())
    return {key: (x - left, y - top) for key, (x, y) in found.items()}


# --- where townships lie ------------------------------------------------------------------------------------------
def project(lon: float, lat: float) -> Point:
    """Return the cell at a position, as fractions."""
    width = KM_PER_DEGREE * cos(radians(39.4)) / CELL_KM
    return (lon - 120.9) * width, (40.3 - lat) * KM_PER_DEGREE / CELL_KM


def _centres(towns: Mapping[str, Sequence[Seat]], places: Mapping[str, Place]) -> dict[str, Point]:
    """Find each township's centre: the mean of its villages where most are known, what is stored, or beside others."""
    known: dict[str, Point] = {}
    for name, rows in towns.items():
        at = [project(*row.at) for row in rows if row.at]
        if 2 * len(at) > len(rows):
            known[name] = _mean(at)
        elif name in places:
            known[name] = project(places[name].lon, places[name].lat)
    units: dict[str, list[str]] = defaultdict(list)
    for name, rows in towns.items():
        units[rows[0].unit].append(name)
    spare = _spare(known, sum(any(name not in known for name in names) for names in units.values()))
    for names in units.values():
        if missing := [name for name in names if name not in known]:
            there = [known[name] for name in names if name in known]
            middle = _mean(there) if there else next(spare)
            known.update(zip(missing, _spiral(middle, len(missing)), strict=True))
    return known


def _mean(points: Sequence[Point]) -> Point:
    return sum(x for x, _y in points) / len(points), sum(y for _x, y in points) / len(points)


def _spare(known: Mapping[str, Point], wanted: int) -> Iterator[Point]:
    """Yield places for units of which nothing is known: a square field of them to the east of all others."""
    east = max((x for x, _y in known.values()), default=-4 * APART) + 4 * APART
    side = isqrt(max(wanted - 1, 0)) + 1
    return iter([(east + 3 * APART * (n % side), 3 * APART * (n // side)) for n in range(wanted)])


def _spiral(middle: Point, n: int) -> list[Point]:
    """Return points around a middle, evenly and always the same."""
    turn = pi * (3 - sqrt(5))
    return [
        (middle[0] + 3 * sqrt(k) * cos(k * turn), middle[1] + 3 * sqrt(k) * cos(k * turn - pi / 2))
        for k in range(n)
    ]


# --- the form of a landmass ---------------------------------------------------------------------------------------
def _landmasses(pieces: Mapping[tuple[str, str], list[Sized]]) -> dict[tuple[str, str], list[Cell]]:
    """Give each landmass as many cells as it has villages: it grows where they lie densest, never beside another."""
    densities = {piece: _density(towns) for piece, towns in pieces.items()}
    whole = {piece: sum(size for _name, _at, size in towns) for piece, towns in pieces.items()}
    left = dict(whole)
    owner: dict[Cell, tuple[str, str]] = {}
    shore = [min((-density, piece, cell) for cell, density in densities[piece].items()) for piece in pieces]
    seen = {(piece, cell) for _density_there, piece, cell in shore}
    heapify(shore)
    while shore:
        _density_there, piece, cell = heappop(shore)
        fits = cell not in owner and all(owner.get(near, piece) == piece for near in _around(cell))
        if fits and left[piece]:
            owner[cell] = piece
            left[piece] -= 1
        if (
            owner.get(cell) == piece or left[piece] == whole[piece]
        ):  # from land, or in search of the first free cell
            for near in _beside(cell):
                if near in densities[piece] and (piece, near) not in seen:
                    seen.add((piece, near))
                    heappush(shore, (-densities[piece][near], piece, near))
    _float_off(owner, left)
    found: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell, piece in owner.items():
        found[piece].append(cell)
    return found


def _float_off(owner: dict[Cell, tuple[str, str]], left: Mapping[tuple[str, str], int]) -> None:
    """Give what found no room among the others a block of its own to the east of them."""
    for piece, size in sorted(left.items()):
        east = max((x for x, _y in owner), default=0) + 2
        side = isqrt(max(size - 1, 0)) + 1
        owner.update({(east + n % side, n // side): piece for n in range(size)})


def _density(towns: Sequence[Sized]) -> dict[Cell, float]:
    """Return how densely villages lie on the cells in and around a landmass."""
    size = sum(n for _name, _at, n in towns)
    margin = MARGIN + isqrt(size)
    xs, ys = [at[0] for _name, at, _n in towns], [at[1] for _name, at, _n in towns]
    columns = range(int(min(xs)) - margin, int(max(xs)) + margin + 1)
    lines = range(int(min(ys)) - margin, int(max(ys)) + margin + 1)
    across = [[exp(-((x - at[0]) ** 2) / (2 * BLUR**2)) * n for _name, at, n in towns] for x in columns]
    down = [[exp(-((y - at[1]) ** 2) / (2 * BLUR**2)) for _name, at, _n in towns] for y in lines]
    return {
        (x, y): sum(a * b for a, b in zip(across[i], down[j], strict=True))
        for i, x in enumerate(columns)
        for j, y in enumerate(lines)
    }


def _around(cell: Cell) -> list[Cell]:
    x, y = cell
    return [(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]


def _beside(cell: Cell) -> list[Cell]:
    x, y = cell
    return [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]


# --- who gets which cell ------------------------------------------------------------------------------------------
def share(cells: Sequence[Cell], wanted: Sequence[Sized]) -> dict[Hashable, list[Cell]]:
    """Deal all cells out so that each gets its number of them, together as near to its point as may be.

    Begins with whoever is nearest, then lets pairs swap as long as both together come nearer: the sum of the squared
    distances falls with every swap, so it ends. Then again around the middle of what each has got, so that each
    holds together.
    """
    points = {name: at for name, at, _size in wanted}
    own = _nearest(cells, wanted)
    _swap_all(own, points)
    for _round in range(GATHER):
        _swap_all(own, {name: _mean(mine) if mine else points[name] for name, mine in own.items()})
    return own


def _nearest(cells: Sequence[Cell], wanted: Sequence[Sized]) -> dict[Hashable, list[Cell]]:
    left = {name: size for name, _at, size in wanted}
    own: dict[Hashable, list[Cell]] = {name: [] for name in left}
    wishes = sorted(
        (_squared(cell, at) - size / pi, str(name), cell, name) for name, at, size in wanted for cell in cells
    )
    free = set(cells)
    for _cost, _name, cell, name in wishes:
        if cell in free and left[name]:
            free.discard(cell)
            own[name].append(cell)
            left[name] -= 1
    return own


def _swap_all(own: dict[Hashable, list[Cell]], points: Mapping[Hashable, Point]) -> None:
    names = sorted(own, key=str)
    pairs = [(a, b) for n, a in enumerate(names) for b in names[n + 1 :]]
    while sum(_swap(own, points, a, b) for a, b in pairs):
        pass


def _swap(
    own: dict[Hashable, list[Cell]], points: Mapping[Hashable, Point], a: Hashable, b: Hashable
) -> bool:
    """Let two swap their worst cells as long as it brings them nearer; tell whether any was swapped."""
    swapped = False
    while own[a] and own[b]:
        gain, mine = max((_squared(cell, points[a]) - _squared(cell, points[b]), cell) for cell in own[a])
        more, yours = max((_squared(cell, points[b]) - _squared(cell, points[a]), cell) for cell in own[b])
        if gain + more < 1e-9:
            break
        own[a][own[a].index(mine)], own[b][own[b].index(yours)] = yours, mine
        swapped = True
    return swapped


def _squared(cell: Point, at: Point) -> float:
    return (cell[0] - at[0]) ** 2 + (cell[1] - at[1]) ** 2


def _settle(rows: Sequence[Seat], cells: Sequence[Cell], centre: Point) -> dict[str, Cell]:
    """Seat a township's villages: by position where all are known, else by code, line after line, back and forth."""
    if all(row.at for row in rows):
        at = [project(*row.at) for row in rows if row.at]
        by_place = share(cells, [(row.key, point, 1) for row, point in zip(rows, at, strict=True)])
        return {str(key): own[0] for key, own in by_place.items()}
    lines = sorted(cells, key=lambda cell: (cell[1], cell[0] if cell[1] % 2 else -cell[0]))
    return {row.key: cell for row, cell in zip(rows, lines, strict=True)}


# --- what is drawn around the tiles -------------------------------------------------------------------------------
def outline(cells: Iterable[Cell]) -> str:
    """Return the edges of a set of cells as the path of an SVG: those sides that no other cell of the set shares."""
    own = set(cells)
    parts = []
    for x, y in sorted(own):
        sides = (
            ((x, y - 1), f"M{x} {y}h1"), ((x, y + 1), f"M{x} {y + 1}h1"),
            ((x - 1, y), f"M{x} {y}v1"), ((x + 1, y), f"M{x + 1} {y}v1"),
        )  # fmt: skip
        parts += [path for beside, path in sides if beside not in own]
    return "".join(parts)


def middle_of(cells: Sequence[Cell]) -> Point:
    """Return the centre of the cell nearest to the middle of all: inside, whatever the form."""
    x, y = _mean(cells)
    near = min(cells, key=lambda cell: (_squared(cell, (x, y)), cell))
    return near[0] + 0.5, near[1] + 0.5


def label_spots(groups: Sequence[Sequence[Cell]], sizes: Sequence[tuple[float, float]]) -> list[Point]:
    """Find a free rectangle for each group's label, over no tile and no other label; return the middles.

    The one nearest to the group is taken, and of several the one nearest to its middle.
    """
    taken = {cell for cells in groups for cell in cells}
    found: list[Point] = []
    for cells, (width, height) in zip(groups, sizes, strict=True):
        w, h = -int(-width // 1), -int(-height // 1)
        corner = _free_corner(cells, w, h, taken)
        taken |= {(corner[0] + i, corner[1] + j) for i in range(w) for j in range(h)}
        found.append((corner[0] + w / 2, corner[1] + h / 2))
    return found


def _free_corner(cells: Sequence[Cell], w: int, h: int, taken: set[Cell]) -> Cell:
    middle = _mean(cells)
    xs, ys = [x for x, _y in cells], [y for _x, y in cells]
    corners = [(x, y) for x in range(min(xs) - w, max(xs) + 2) for y in range(min(ys) - h, max(ys) + 2)]

    def badness(corner: Cell) -> tuple[float, Cell]:
        centre = (corner[0] + (w - 1) / 2, corner[1] + (h - 1) / 2)
        away = min(abs(x - centre[0]) / w + abs(y - centre[1]) / h for x, y in cells)
        return away + 0.05 * sqrt(_squared(centre, middle)), corner

    free = [
        (x, y) for x, y in corners if not any((x + i, y + j) in taken for j in range(h) for i in range(w))
    ]
    return min(free, key=badness) if free else (max(xs) + 2, min(ys))
