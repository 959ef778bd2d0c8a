"""Where a user may look: the geographic half of every scope, decided here and nowhere else."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from villages.models import AreaLink, Division, Responsibility

Kind = Responsibility.Kind


@dataclass(frozen=True)
class Places:
    """A set of places: the whole city, or counties, townships and single villages by id."""

    everything: bool = False
    counties: frozenset[UUID] = field(default_factory=frozenset)
    townships: frozenset[UUID] = field(default_factory=frozenset)
    villages: frozenset[UUID] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return self.everything or bool(self.counties or self.townships or self.villages)

    def __or__(self, other: "Places") -> "Places":
        return Places(
            self.everything or other.everything,
            self.counties | other.counties,
            self.townships | other.townships,
            self.villages | other.villages,
        )

    def q(self, county: str = "county_id", township: str = "township_id", village: str = "village_id") -> Q:
        """Return the condition on rows that keep their places under these column names."""
        if self.everything:
            return Q()
        parts = ((county, self.counties), (township, self.townships), (village, self.villages))
        condition = Q(pk__in=[])
        for column, ids in parts:
            if ids:
                condition |= Q(**{f"{column}__in": ids})
        return condition

    def covers(self, *, county: UUID | None, township: UUID | None, village: UUID | None = None) -> bool:
        """Tell whether a row with these places is inside."""
        return (
            self.everything
            or county in self.counties
            or township in self.townships
            or village in self.villages
        )


NOWHERE = Places()
EVERYWHERE = Places(everything=True)


def of_division(division: Division) -> Places:
    """Return what a post at this division covers."""
    if division.level == Division.Level.CITY:
        return EVERYWHERE
    if division.level == Division.Level.COUNTY:
        return Places(counties=frozenset({division.pk}))
    return Places(townships=frozenset({division.pk}))


def of_persons(person_ids: Iterable[UUID | None], on: dt.date) -> Places:
    """Return what these persons answer for on the day, in two queries."""
    duties = list(
        Responsibility.objects.on(on)
        .filter(person_id__in=person_ids)
        .values_list("kind", "county_id", "area_id", "township_id", "village_id")
    )
    areas = {area for kind, _county, area, _township, _village in duties if kind == Kind.COUNTY}
    in_areas = (
        AreaLink.objects.on(on).filter(area_id__in=areas).values_list("village_id", flat=True)
        if areas
        else ()
    )
    return Places(
        counties=frozenset(row[1] for row in duties if row[0] == Kind.MUNICIPAL and row[1]),
        townships=frozenset(row[3] for row in duties if row[0] == Kind.SECRETARY and row[3]),
        villages=frozenset(row[4] for row in duties if row[4]) | frozenset(in_areas),
    )
