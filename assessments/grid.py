"""A sheet as a table: its items by aspect, one cell for each unit, and how far it is filled in."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from django.db.models import Count, QuerySet

from accounts.models import Role, User
from assessments.models import Entry, Sheet
from assessments.steps import Actor
from schemes.models import Aspect, Item
from villages.models import Division


@dataclass(frozen=True)
class Cell:
    """What the sheet says of one item of one unit, if it says anything yet."""

    unit: Division
    item: Item
    entry: Entry | None


@dataclass(frozen=True)
class Line:
    """One item with a cell for each unit."""

    item: Item
    cells: list[Cell]


@dataclass(frozen=True)
class Grid:
    """The whole table; `groups` are the lines of each aspect."""

    units: list[Division]
    lines: list[Line]
    groups: list[tuple[Aspect, list[Line]]] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """Return how many cells there are."""
        return len(self.units) * len(self.lines)

    @property
    def filled(self) -> int:
        """Return how many cells say something."""
        return sum(cell.entry is not None for cell in self.cells())

    @property
    def left(self) -> int:
        """Return how many cells are empty."""
        return self.asked - self.filled

    def cells(self) -> Iterator[Cell]:
        """Walk all cells, unit by unit, in the order of the scheme."""
        for place, _unit in enumerate(self.units):
            yield from (line.cells[place] for line in self.lines)

    def after(self, unit: uuid.UUID, code: str) -> Cell | None:
        """Return the next empty cell behind this one, else the first empty one of all."""
        cells = list(self.cells())
        here = next((n for n, cell in enumerate(cells) if cell.unit.pk == unit and cell.item.code == code), 0)
        return next((cell for cell in cells[here + 1 :] + cells[:here] if cell.entry is None), None)


def grid_of(sheet: Sheet, units: list[Division], entries: QuerySet[Entry]) -> Grid:
    """Build the table of a sheet from these of its entries; a constant number of queries."""
    counted = (
        entries.filter(sheet=sheet)
        .select_related("item")
        .annotate(fact_count=Count("facts", distinct=True), file_count=Count("files", distinct=True))
    )
    known = {(entry.unit_id, entry.item_id): entry for entry in counted}
    lines = [
        Line(item, [Cell(unit, item, known.get((unit.pk, item.pk))) for unit in units])
        for item in sheet.items()
    ]
    return Grid(units, lines, list(_by_aspect(lines)))


def _by_aspect(lines: Iterable[Line]) -> Iterator[tuple[Aspect, list[Line]]]:
    for _key, group in groupby(lines, key=lambda line: line.item.aspect_id):
        rows = list(group)
        yield rows[0].item.aspect, rows


def units_shown(sheet: Sheet, user: User, on: date) -> list[Division]:
    """Return the units of a sheet that the user may read there."""
    units = sheet.units()
    whole = Actor.OWNER in sheet.actors(user, on) or user.roles(on) & {Role.CITY_OFFICE, Role.AUDITOR}
    if whole:
        return units
    counties = user.places(on, Role.COUNTY_OFFICE, Role.LEADER).counties
    return [unit for unit in units if unit.pk in counties]


def progress_of(sheets: Iterable[Sheet]) -> list[tuple[Sheet, int, int]]:
    """Return for each sheet how many items are filled in and how many it asks for; its owner's business alone."""
    rows = list(sheets)
    counts = dict(
        Entry.objects.filter(sheet__in=rows).order_by().values_list("sheet").annotate(number=Count("pk"))
    )
    return [(sheet, counts.get(sheet.pk, 0), len(sheet.units()) * len(sheet.items())) for sheet in rows]
