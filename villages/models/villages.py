"""Administrative villages and where they lie."""

import uuid
from datetime import date
from typing import Any

from django.db import models, transaction
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit.prepared import Prepared
from audit.verbs import alters_data
from villages.models.dated import Dated, id_of
from villages.models.divisions import Area, Division, DivisionLink


# Methods that annotate return Any: the stubs do not know annotated columns.
class VillageQuerySet(models.QuerySet["Village"]):
    def current(self, on: date) -> "VillageQuerySet":
        """Keep the villages that are not retired on the day."""
        return self.filter(Q(retired_on__isnull=True) | Q(retired_on__gt=on))

    def with_places(self, on: date) -> Any:
        """Annotate `township_id`, `township_name`, `county_id`, `county_name` and `code` of the day."""
        links = VillageLink.objects.on(on).filter(village=OuterRef("pk"))
        units = DivisionLink.objects.on(on).filter(child=OuterRef("township_id"))
        codes = VillageCode.objects.on(on).filter(village=OuterRef("pk"))
        return self.annotate(
            township_id=id_of(links.values("township")[:1]),
            township_name=Subquery(links.values("township__name")[:1]),
        ).annotate(
            county_id=id_of(units.values("parent")[:1]),
            county_name=Subquery(units.values("parent__name")[:1]),
            code=Subquery(codes.values("code")[:1]),
        )

    def visible_to(self, user: Any, on: date, *roles: str) -> Any:
        """Keep the villages in the user's places of the day (those of the given roles' posts)."""
        places = user.places(on, *roles)
        return self.with_places(on).filter(places.q(county="county_id", township="township_id", village="pk"))

    def search(self, text: str) -> Any:
        """Find by part of the name, the township's name (needs `with_places`), or the start of the code."""
        found: Any = self
        for word in text.split():
            found = found.filter(
                Q(name__icontains=word)
                | Q(name_en__icontains=word)
                | Q(township_name__icontains=word)
                | Q(county_name__icontains=word)
                | Q(code__startswith=word)
            )
        return found

    def in_order(self) -> Any:
        """Order by unit, township and code (needs `with_places`)."""
        position = Division.objects.filter(pk=OuterRef("county_id")).values("position")[:1]
        rows: Any = self
        return rows.annotate(unit_position=Subquery(position)).order_by("unit_position", "code", "name", "pk")


class Village(models.Model):
    """One administrative village or rural community."""

    ATTRIBUTES = (
        "coast",
        "river_or_reservoir",
        "farmland",
        "livestock",
        "treatment_plant",
        "public_toilet",
        "sensitive_area",
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=60)
    official_name = models.CharField(_("official name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=120, blank=True)
    kind = models.CharField(_("kind"), max_length=20, blank=True)
    retired_on = models.DateField(_("retired on"), null=True, blank=True)
    successor = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="predecessors",
        verbose_name=_("merged into"),
    )
    coast = models.BooleanField(_("on the coast"), default=False)
    river_or_reservoir = models.BooleanField(_("river or reservoir"), default=False)
    farmland = models.BooleanField(_("farmland"), default=True)
    livestock = models.BooleanField(_("livestock"), default=False)
    treatment_plant = models.BooleanField(_("sewage treatment plant"), default=False)
    public_toilet = models.BooleanField(_("public toilet"), default=False)
    sensitive_area = models.BooleanField(
        _("sensitive area"), default=False, help_text=_("No positions are taken in a sensitive area.")
    )
    households = models.PositiveIntegerField(_("households"), null=True, blank=True)
    population = models.PositiveIntegerField(_("population"), null=True, blank=True)
    lat = models.DecimalField(_("latitude"), max_digits=8, decimal_places=5, null=True, blank=True)
    lon = models.DecimalField(_("longitude"), max_digits=8, decimal_places=5, null=True, blank=True)

    objects = VillageQuerySet.as_manager()

    class Meta:
        verbose_name = _("village")
        constraints = [
            # Domain rule: in a sensitive area no position is kept.
            models.CheckConstraint(
                condition=Q(sensitive_area=False) | Q(lat__isnull=True, lon__isnull=True),
                name="villages_village_sensitive",
            ),
            models.CheckConstraint(
                condition=~Q(successor=models.F("id")), name="villages_village_not_own_successor"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the village's file."""
        return reverse("village", args=[self.pk])

    @property
    def attributes(self) -> dict[str, bool]:
        """Return what is there and what is not, by attribute name."""
        return {name: getattr(self, name) for name in self.ATTRIBUTES}

    @alters_data
    @transaction.atomic
    def merge_into(self, successor: "Village", *, on: date) -> None:
        """Retire this village from the day on; its rows stay and it points to the village it went into."""
        Village.objects.filter(pk=self.pk).update(retired_on=on, successor=successor)
        self.links.end(on)
        self.codes.end(on)
        self.area_links.end(on)
        self.responsibilities.end(on)

    def township_on(self, day: date) -> Division | None:
        """Return the township or street the village belonged to on the day."""
        link = TOWNSHIPS.first(self.pk, day)
        return link.township if link else None

    def county_on(self, day: date) -> Division | None:
        """Return the county-level unit the village belonged to on the day."""
        township = self.township_on(day)
        return township.parent_on(day) if township else None

    def area_on(self, day: date) -> Area | None:
        """Return the area (片) of the village on the day."""
        link = AreaLink.objects.on(day).filter(village=self).select_related("area").first()
        return link.area if link else None


class VillageLink(Dated):
    """To which township a village belongs."""

    village = models.ForeignKey(Village, models.CASCADE, related_name="links")
    township = models.ForeignKey(Division, models.PROTECT, related_name="village_links")

    class Meta:
        constraints = [
            *Dated.Meta.constraints,
            # A village lies in one township on a day.
            models.UniqueConstraint(
                fields=["village"], condition=Q(until__isnull=True), name="villages_villagelink_open"
            ),
            models.UniqueConstraint(fields=["village", "since"], name="villages_villagelink_since"),
        ]


TOWNSHIPS: Prepared[VillageLink] = Prepared(
    lambda village, day: (
        VillageLink.objects.on(day).filter(village_id=village).select_related("township").order_by("pk")
    ),
    uuid.UUID,
    date,
)


class VillageCode(Dated):
    """The statistics code of a village, an attribute that changes."""

    village = models.ForeignKey(Village, models.CASCADE, related_name="codes")
    code = models.CharField(_("code"), max_length=20)

    class Meta:
        constraints = [
            *Dated.Meta.constraints,
            # The import matches by code: an open code names one village, a village has one.
            models.UniqueConstraint(
                fields=["code"], condition=Q(until__isnull=True), name="villages_villagecode_open_code"
            ),
            models.UniqueConstraint(
                fields=["village"], condition=Q(until__isnull=True), name="villages_villagecode_open_village"
            ),
        ]


class AreaLink(Dated):
    """In which area a village lies: at most one on a day."""

    village = models.ForeignKey(Village, models.CASCADE, related_name="area_links")
    area = models.ForeignKey(Area, models.PROTECT, related_name="village_links")

    class Meta:
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["village"], condition=Q(until__isnull=True), name="villages_arealink_open"
            ),
            models.UniqueConstraint(fields=["village", "since"], name="villages_arealink_since"),
        ]


class NaturalVillage(models.Model):
    """A settlement inside an administrative village (自然屯)."""

    village = models.ForeignKey(Village, models.CASCADE, related_name="natural_villages")
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("natural village")
        constraints = [
            models.UniqueConstraint(fields=["village", "name"], name="villages_naturalvillage_name")
        ]

    def __str__(self) -> str:
        return self.name
