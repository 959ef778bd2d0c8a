"""Places, the persons responsible for them, and the days on which nobody works."""

from villages.models.dated import BEGINNING, Dated, DatedQuerySet
from villages.models.difficulties import Difficulty
from villages.models.divisions import Area, Division, DivisionCode, DivisionLink
from villages.models.holidays import Holiday
from villages.models.importing import ImportFile
from villages.models.persons import Person, Responsibility, RosterRefused
from villages.models.villages import AreaLink, NaturalVillage, Village, VillageCode, VillageLink

__all__ = [
    "BEGINNING",
    "Area",
    "AreaLink",
    "Dated",
    "DatedQuerySet",
    "Difficulty",
    "Division",
    "DivisionCode",
    "DivisionLink",
    "Holiday",
    "ImportFile",
    "NaturalVillage",
    "Person",
    "Responsibility",
    "RosterRefused",
    "Village",
    "VillageCode",
    "VillageLink",
]
