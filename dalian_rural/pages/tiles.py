"""Villages at a glance: the tile diagram, and the same figures as a table."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from accounts.places import Places
from dalian_rural.pages import tile_drawing, tile_values
from dalian_rural.pages.tile_drawing import Drawing, Spot, Township, Unit
from dalian_rural.pages.tile_values import Painting, Seen

READERS = (
    Role.CITY_OFFICE,
    Role.COUNTY_OFFICE,
    Role.TOWNSHIP,
    Role.LEADER,
    Role.AUDITOR,
    Role.DEPARTMENT,
)
ROWS = 20
NOWHERE = uuid.UUID(int=0)


@dataclass(frozen=True)
class Asked:
    """What the address asks for; nonsense shows what is shown without it."""

    show: str
    seen: Seen | None
    unit: uuid.UUID | None
    township: uuid.UUID | None
    table: bool


@dataclass(frozen=True)
class Tile:
    """One village as it is drawn: where, in which colour, and what is said of it."""

    url: str
    square: tuple[str, str, str, str]
    shade: str
    words: str
    mark: tuple[str, str] | None


@dataclass(frozen=True)
class DrawnTownship:
    """A township with its tiles; those outside the reader's places are one grey path."""

    township: Township
    tiles: list[Tile]
    grey: str


@dataclass(frozen=True)
class DrawnUnit:
    """A unit with its townships, and what its villages come to."""

    unit: Unit
    townships: list[DrawnTownship]
    own: list[Spot]
    total: str
    label: tuple[str, str]

    @property
    def villages(self) -> int:
        """Return how many villages it has."""
        return len(self.unit.spots)


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    spot: Spot
    url: str
    township: Any
    unit: Any
    shade: int
    words: str


@require(*READERS)
@require_safe
def tiles(request: HttpRequest) -> HttpResponse:
    """Show every village as a tile in the colour of a figure, or the same figures as a table."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    seen = tile_values.rounds_seen(user, on)
    drawing = tile_drawing.draw(on)
    asked = _read(request, seen, drawing)
    painting = _paint(asked, user, at)
    places = user.places(on, *READERS)
    own = [spot for spot in drawing.spots if _covers(places, spot)]
    context = {
        "asked": asked,
        "painting": painting,
        "tabs": _tabs(request, asked, seen),
        "rounds": seen if painting.key in ("coverage", "score") else [],
        "legend": painting.legend([spot.village for spot in own]),
        "own": own,
        "whole": len(own) == len(drawing.spots),
        "drawing": drawing,
        "units": [_unit(unit, painting, places) for unit in drawing.units],
    }
    if asked.table:
        return render(
            request, "pages/tiles_table.html", context | _table(request, asked, painting, drawing, own)
        )
    return render(request, "pages/tiles.html", context)


# --- what is asked for --------------------------------------------------------------------------------------------
def _read(request: HttpRequest, seen: Sequence[Seen], drawing: Drawing) -> Asked:
    show = request.GET.get("show", "")
    if show not in tile_values.WORDS or not (seen or show == "overdue"):
        show = "score" if seen else "overdue"
    wanted = request.GET.get("round", "")
    chosen = next((row for row in seen if str(row.pk) == wanted), seen[0] if seen else None)
    units = {str(unit.division.pk): unit for unit in drawing.units}
    unit = units.get(request.GET.get("unit", ""))
    inside = unit.townships if unit else [row for each in drawing.units for row in each.townships]
    townships = {str(row.division.pk): row.division.pk for row in inside}
    return Asked(
        show=show,
        seen=chosen,
        unit=unit.division.pk if unit else None,
        township=townships.get(request.GET.get("township", "")),
        table=request.GET.get("view") == "table",
    )


def _paint(asked: Asked, user: User, at: datetime) -> Painting:
    on = timezone.localdate(at)
    if asked.seen and asked.show == "coverage":
        return tile_values.coverage(user, on, asked.seen)
    if asked.seen and asked.show == "score":
        return tile_values.score(user, on, asked.seen)
    return tile_values.overdue(user, at)


def _covers(places: Places, spot: Spot) -> bool:
    return places.covers(county=spot.county, township=spot.township, village=spot.village)


def _tabs(request: HttpRequest, asked: Asked, seen: Sequence[Seen]) -> list[dict[str, Any]]:
    kept = {name: request.GET[name] for name in ("unit", "view", "round") if request.GET.get(name)}
    return [
        {"label": word, "url": "?" + urlencode({**kept, "show": key}), "active": key == asked.show}
        for key, word in tile_values.WORDS.items()
        if seen or key == "overdue"
    ]


# --- the picture --------------------------------------------------------------------------------------------------
def _unit(unit: Unit, painting: Painting, places: Places) -> DrawnUnit:
    own = [spot for spot in unit.spots if _covers(places, spot)]
    known = {spot.village for spot in own}
    return DrawnUnit(
        unit=unit,
        townships=[_township(row, unit, painting, known) for row in unit.townships],
        own=own,
        total=painting.total([painting.value(spot.village) for spot in own]) if own else "",
        label=(f"{unit.label[0]:g}", f"{unit.label[1]:g}"),
    )


def _township(row: Township, unit: Unit, painting: Painting, known: set[uuid.UUID]) -> DrawnTownship:
    around = f" · {row.division.label} · {unit.division.label} · "
    tiles = [_tile(spot, around, painting) for spot in row.spots if spot.village in known]
    return DrawnTownship(row, tiles, _grey(spot for spot in row.spots if spot.village not in known))


def _tile(spot: Spot, around: str, painting: Painting) -> Tile:
    value = painting.value(spot.village)
    shade = painting.scale.shade(value)
    x, y = spot.cell
    return Tile(
        url=_address(spot),
        square=spot.square,
        shade="none" if shade < 0 else str(shade),
        words=f"{spot.name}{around}{painting.word(value)}",
        mark=(f"{x + 0.5:g}", f"{y + 0.5:g}")
        if painting.marked and shade == tile_values.FIFTHS - 1
        else None,
    )


def _grey(spots: Any) -> str:
    return "".join(
        f"M{x} {y}h{width}v{height}h-{width}z" for x, y, width, height in (spot.square for spot in spots)
    )


def _address(spot: Spot) -> str:
    return _village_address().replace(str(NOWHERE), str(spot.village))


def _village_address() -> str:
    return reverse("village", args=[NOWHERE])


# --- the table ----------------------------------------------------------------------------------------------------
def _table(
    request: HttpRequest, asked: Asked, painting: Painting, drawing: Drawing, own: list[Spot]
) -> dict[str, Any]:
    units = {unit.division.pk: unit.division for unit in drawing.units}
    townships = {row.division.pk: row.division for unit in drawing.units for row in unit.townships}
    rows = [
        spot for spot in own if asked.unit in (None, spot.county) and asked.township in (None, spot.township)
    ]
    worst = request.GET.get("order") != "place"
    if worst:
        rows.sort(key=lambda spot: painting.badness(painting.value(spot.village)))
    page: Page[Any] = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    page.object_list = [
        Line(
            spot, _address(spot), townships[spot.township], units[spot.county],
            painting.scale.shade(painting.value(spot.village)), painting.word(painting.value(spot.village)),
        )
        for spot in page.object_list
    ]  # fmt: skip
    held, inside = {spot.county for spot in own}, {spot.township for spot in own}
    return {
        "page": page,
        "worst": worst,
        "unit_choices": [row for pk, row in units.items() if pk in held],
        "township_choices": [
            row.division
            for unit in drawing.units
            for row in unit.townships
            if row.division.pk in inside and asked.unit in (None, unit.division.pk)
        ],
    }
