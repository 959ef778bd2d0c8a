"""The demo's places: the shipped registry, its items, the holiday table, areas, and what villages are like."""

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from io import StringIO

from django.core.management import call_command

from villages.models import BEGINNING, Area, AreaLink, Division, DivisionLink, Holiday, Village, VillageLink

# The article counts 107 county leaders, each with an area: the 90 townships, the 17 largest of them in two parts.
SPLIT = 17


@dataclass(frozen=True)
class Places:
    """The demo's map: counties by name, townships with their county, villages by township."""

    city: Division
    counties: list[Division]
    townships: list[Division]
    county_of: dict[object, Division]
    villages_of: dict[object, list[Village]]


def load() -> Places:
    """Import registry, scheme and holidays, and lay out the areas."""
    call_command("load_scheme", verbosity=0)
    Holiday.objects.seed()
    call_command("import_registry", verbosity=0, stdout=StringIO())
    places = read()
    _areas(places, BEGINNING)
    _attributes(places)
    return places


def read() -> Places:
    """Read the demo's map from the database."""
    counties = list(Division.objects.filter(level="county").order_by("position"))
    by_pk = {county.pk: county for county in counties}
    links = (
        DivisionLink.objects.filter(parent__level="county").select_related("child").order_by("child__name")
    )
    townships = sorted((link.child for link in links), key=lambda t: (t.position, t.name, str(t.pk)))
    villages_of: dict[object, list[Village]] = defaultdict(list)
    for row in VillageLink.objects.select_related("village").order_by("village__name", "village_id"):
        villages_of[row.township_id].append(row.village)
    city = Division.objects.get(level="city")
    return Places(
        city, counties, townships, {link.child_id: by_pk[link.parent_id] for link in links}, villages_of
    )


def _areas(places: Places, since: date) -> None:
    """Cut the areas of the largest townships, which are whole townships after the import, in two."""
    size = {t.pk: len(places.villages_of[t.pk]) for t in places.townships}
    largest = sorted(places.townships, key=lambda t: (-size[t.pk], t.name))[:SPLIT]
    for township in largest:
        whole = Area.objects.get(township=township)
        villages = places.villages_of[township.pk]
        western = Area.objects.create(
            county=whole.county, township=township, name=f"{whole.name}西片", since=since
        )
        Area.objects.filter(pk=whole.pk).update(name=f"{whole.name}东片")
        half = [village.pk for village in villages[len(villages) // 2 :]]
        AreaLink.objects.filter(area=whole, village__in=half).update(area=western)


def _attributes(places: Places) -> None:
    """Give villages plausible attributes: islands lie at the sea, farmland is the rule."""
    dice = random.Random(853)  # noqa: S311 - a demonstration, not a secret
    villages: list[Village] = []
    for township in places.townships:
        at_sea = places.county_of[township.pk].number_prefix in {"CH", "CX", "LS"}
        for village in places.villages_of[township.pk]:
            village.households = dice.randrange(120, 900)
            village.population = int(village.households * dice.uniform(2.4, 3.2))
            village.coast = at_sea and dice.random() < 0.7
            village.farmland = dice.random() < 0.95
            village.livestock = dice.random() < 0.6
            village.river_or_reservoir = dice.random() < 0.5
            village.treatment_plant = dice.random() < 0.35
            village.public_toilet = dice.random() < 0.7
            villages.append(village)
    fields = [
        "households",
        "population",
        "coast",
        "farmland",
        "livestock",
        "river_or_reservoir",
        "treatment_plant",
        "public_toilet",
    ]
    Village.objects.bulk_update(villages, fields, batch_size=200)
