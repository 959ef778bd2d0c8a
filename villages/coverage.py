"""Full coverage, or the list of gaps: who is missing where, and how many persons cover how much."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, UUIDField
from django.db.models.functions import Coalesce

from audit.prepared import Prepared
from villages.models import AreaLink, Division, Responsibility, Village
from villages.models.dated import id_of

KINDS = tuple(Responsibility.Kind.values)
LEADERS = ("municipal", "county", "township")


@dataclass(frozen=True)
class Gap:
    """A village that misses somebody."""

    id: UUID
    name: str
    code: str
    township: str
    county: str
    county_id: UUID
    township_id: UUID
    missing: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """Name what is missing."""
        return [str(Responsibility.Kind(kind).label) for kind in self.missing]


@dataclass
class UnitCoverage:
    """The figures of one unit, or of all."""

    name: str
    id: UUID | None = None
    villages: int = 0
    covered: int = 0
    missing: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    holders: dict[str, set[UUID]] = field(default_factory=lambda: {kind: set() for kind in KINDS})

    @property
    def persons(self) -> dict[str, int]:
        """Return how many different persons hold each kind."""
        return {kind: len(people) for kind, people in self.holders.items()}

    def count(self, missing: tuple[str, ...]) -> None:
        """Count one village in."""
        self.villages += 1
        self.covered += not set(missing) & set(LEADERS)
        for kind in missing:
            self.missing[kind] += 1


@dataclass
class Coverage:
    """Coverage of the places somebody may see, on a day."""

    units: list[UnitCoverage]
    total: UnitCoverage
    gaps: list[Gap]

    @property
    def complete(self) -> bool:
        """Say whether nobody is missing anywhere."""
        return not self.gaps

    def filtered(self, *, kind: str = "", county: str = "", township: str = "") -> list[Gap]:
        """Return the gaps of a kind, unit and township."""
        return [
            gap
            for gap in self.gaps
            if (not kind or kind in gap.missing)
            and (not county or str(gap.county_id) == county)
            and (not township or str(gap.township_id) == township)
        ]


def coverage_for(user: Any, on: date) -> Coverage:
    """Return the coverage of the user's places on the day, in four queries whatever their number."""
    villages = Village.objects.current(on).visible_to(user, on).in_order()
    return _coverage(
        list(
            villages.values_list(
                "pk", "name", "code", "township_id", "township_name", "county_id", "county_name"
            )
        ),
        on,
    )


@dataclass(frozen=True)
class CoverageLine:
    """How many villages there are, and how many of them miss somebody."""

    villages: int
    gaps: int


def coverage_line(user: Any, on: date) -> CoverageLine:
    """Return what one line says of the coverage of the user's places: two queries, no names and no persons."""
    area = id_of(AreaLink.objects.on(on).filter(village=OuterRef("pk")).values("area")[:1])
    rows = Village.objects.current(on).visible_to(user, on).annotate(area_id=area)
    places = list(rows.values_list("pk", "township_id", "county_id", "area_id"))
    held = set(_HELD(on))
    gaps = sum(any(all((kind, spot) not in held for spot in spots) for kind in KINDS) for spots in places)
    return CoverageLine(len(places), gaps)


_HELD: Prepared[tuple[str, UUID]] = Prepared(
    lambda on: (
        Responsibility.objects.on(on)
        .annotate(place=Coalesce("village", "township", "county", "area", output_field=UUIDField()))
        .values_list("kind", "place")
    ),
    date,
)


def _coverage(villages: list[tuple[Any, ...]], on: date) -> Coverage:
    areas = dict(AreaLink.objects.on(on).values_list("village", "area"))
    holders = _holders(on)
    names = {row.pk: row.label for row in Division.objects.filter(level=Division.Level.COUNTY)}
    units: dict[UUID, UnitCoverage] = {}
    total = UnitCoverage("")
    gaps = []
    for pk, name, code, township, township_name, county, county_name in villages:
        unit = units.setdefault(county, UnitCoverage(names.get(county, county_name or ""), county))
        missing = _count(holders, (pk, township, county, areas.get(pk)), (unit, total))
        if missing:
            gaps.append(Gap(pk, name, code or "", township_name, county_name, county, township, missing))
    return Coverage(list(units.values()), total, gaps)


def _holders(on: date) -> dict[tuple[str, UUID], set[UUID]]:
    """Return the persons of each kind at each place."""
    rows = Responsibility.objects.on(on).values_list(
        "kind", "person", "village", "township", "county", "area"
    )
    holders: defaultdict[tuple[str, UUID], set[UUID]] = defaultdict(set)
    for kind, person, *places in rows:
        place = next(place for place in places if place)
        holders[kind, place].add(person)
    return holders


def _count(
    holders: dict[tuple[str, UUID], set[UUID]], places: Iterable[UUID | None], counted: Iterable[UnitCoverage]
) -> tuple[str, ...]:
    """Count a village in and return the kinds that nobody holds for it."""
    spots = [place for place in places if place]
    found = {kind: set().union(*(holders.get((kind, place), set()) for place in spots)) for kind in KINDS}
    missing = tuple(kind for kind in KINDS if not found[kind])
    for unit in counted:
        unit.count(missing)
        for kind in KINDS:
            unit.holders[kind] |= found[kind]
    return missing
