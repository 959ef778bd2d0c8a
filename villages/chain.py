"""The chain of responsible persons of a village on a day."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from audit.prepared import Prepared
from villages.models import AreaLink, Person, Responsibility, Village

LISTS = {"municipal": "municipal", "county": "county", "township": "township"}


@dataclass
class Chain:
    """Who covers a village: leaders of three levels, the township's secretary, the village's secretary."""

    municipal: list[Person] = field(default_factory=list)
    county: list[Person] = field(default_factory=list)
    township: list[Person] = field(default_factory=list)
    secretary: Person | None = None
    village_secretary: Person | None = None

    def gaps(self) -> list[str]:
        """Return the kinds of responsibility that nobody holds."""
        return [kind for kind in Responsibility.Kind.values if not getattr(self, kind)]

    def add(self, kind: str, person: Person) -> None:
        """Put a person in their place."""
        if kind in LISTS:
            getattr(self, kind).append(person)
        else:
            setattr(self, kind, person)

    def as_json(self) -> dict[str, Any]:
        """Return the chain as plain data, to be kept with a finding."""
        return {
            **{kind: [_plain(person) for person in getattr(self, kind)] for kind in LISTS},
            "secretary": _plain(self.secretary) if self.secretary else None,
            "village_secretary": _plain(self.village_secretary) if self.village_secretary else None,
        }


# what every issue asks of one village
AREA: Prepared[tuple[UUID]] = Prepared(
    lambda village, day: AreaLink.objects.on(day).filter(village_id=village).values_list("area_id"),
    UUID,
    date,
)
HOLDERS: Prepared[Responsibility] = Prepared(
    lambda village, township, county, area, day: (
        Responsibility.objects.on(day)
        .filter(Q(village_id=village) | Q(township_id=township) | Q(county_id=county) | Q(area_id=area))
        .select_related("person")
        .order_by("since", F("id"))
    ),
    UUID,
    UUID,
    UUID,
    UUID,
    date,
)


def chain_on(village: Village, day: date) -> Chain:
    """Return the chain of one village on the day."""
    township = village.township_on(day)
    county = township.parent_on(day) if township else None
    return chain_at(village.pk, township.pk if township else None, county.pk if county else None, day)


def chain_at(village: UUID, township: UUID | None, county: UUID | None, day: date) -> Chain:
    """Return the chain of a village whose township and unit of the day are known, in two prepared questions."""
    area = AREA.first(village, day)
    chain = Chain()
    for row in HOLDERS(village, township, county, area[0] if area else None, day):
        chain.add(row.kind, row.person)
    return chain


def chains_on(villages: Iterable[Village], day: date) -> dict[UUID, Chain]:
    """Return the chains of many villages on the day, by village id, in three queries."""
    ids = [village.pk for village in villages]
    places = Village.objects.with_places(day).filter(pk__in=ids).values_list("pk", "township_id", "county_id")
    areas = dict(AreaLink.objects.on(day).filter(village__in=ids).values_list("village", "area"))
    holders = _holders(list(places), areas, day)
    chains = {pk: Chain() for pk in ids}
    for pk, township, county in places:
        for place in (pk, township, county, areas.get(pk)):
            for kind, person in holders.get(place, []):
                chains[pk].add(kind, person)
    return chains


def _holders(
    places: list[tuple[UUID, UUID | None, UUID | None]], areas: dict[UUID, UUID], day: date
) -> dict[UUID | None, list[tuple[str, Person]]]:
    """Return who holds what on the day at these places, by place."""
    at_places = (
        Q(village__in=[pk for pk, _township, _county in places])
        | Q(township__in={township for _pk, township, _county in places})
        | Q(county__in={county for _pk, _township, county in places})
        | Q(area__in=set(areas.values()))
    )
    rows = (
        Responsibility.objects.on(day).filter(at_places).select_related("person").order_by("since", F("id"))
    )
    holders: dict[UUID | None, list[tuple[str, Person]]] = {}
    for row in rows:
        place = row.village_id or row.township_id or row.county_id or row.area_id
        holders.setdefault(place, []).append((row.kind, row.person))
    return holders


def _plain(person: Person) -> dict[str, str]:
    return {"id": str(person.pk), "name": person.name, "title": person.title}
