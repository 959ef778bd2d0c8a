"""The observation points that every visit walks, the same in every village (domain rule; the words are ours)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Point(models.TextChoices):
    ENTRANCE = "entrance", _("Village entrance")
    MAIN_STREET = "main_street", _("Main street")
    LANE_1 = "lane_1", _("First lane")
    LANE_2 = "lane_2", _("Second lane")
    WATER = "water", _("Ditch or pond")
    WASTE_POINT = "waste_point", _("Waste point")
    TOILET = "toilet", _("Public toilet")
    HOUSEHOLDS = "households", _("5 to 10 households")
    FIELDS = "fields", _("Fields")


class PointStatus(models.TextChoices):
    """What was seen at a point."""

    CLEAN = "clean", _("Clean")
    FINDING = "finding", _("Finding")
    NONE = "none", _("None here")


# a village entrance, a main street and households are everywhere: these cannot be "none here"
EVERYWHERE = frozenset({Point.ENTRANCE, Point.MAIN_STREET, Point.HOUSEHOLDS})
