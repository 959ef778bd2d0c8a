"""City, county-level units, townships, and the areas that county leaders cover."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from audit.prepared import Prepared
from audit.verbs import alters_data
from villages.models.dated import Dated, DatedQuerySet, id_of


# Methods that annotate return Any: the stubs do not know annotated columns.
class DivisionQuerySet(models.QuerySet["Division"]):
    def current(self, on: date) -> "DivisionQuerySet":
        """Keep the divisions that are not retired on the day."""
        return self.filter(Q(retired_on__isnull=True) | Q(retired_on__gt=on))

    def counties(self, on: date) -> "DivisionQuerySet":
        """Return the county-level units of the day in diagram order."""
        return self.current(on).filter(level=Division.Level.COUNTY).order_by("position", "name")

    def townships(self, on: date) -> Any:
        """Return the townships and streets of the day, each with its `county_id`."""
        return (
            self.current(on)
            .filter(level=Division.Level.TOWNSHIP)
            .with_parent(on)
            .order_by("position", "name")
        )

    def with_parent(self, on: date) -> Any:
        """Annotate `county_id` and `county_name`: the unit a township belongs to on the day."""
        parents = DivisionLink.objects.on(on).filter(child=OuterRef("pk"))
        return self.annotate(
            county_id=id_of(parents.values("parent")[:1]),
            county_name=Subquery(parents.values("parent__name")[:1]),
        )

    def with_code(self, on: date) -> Any:
        """Annotate `code`: the statistics code of the day."""
        codes = DivisionCode.objects.on(on).filter(division=OuterRef("pk"))
        return self.annotate(code=Subquery(codes.values("code")[:1]))

    def visible_to(self, user: Any, on: date) -> Any:
        """Keep the units and townships that lie in the user's places."""
        places = user.places(on)
        townships = Q(level=Division.Level.TOWNSHIP) & places.q(
            county="county_id", township="pk", village="pk"
        )
        counties = Q(level=Division.Level.COUNTY) & places.q(county="pk", township="pk", village="pk")
        seen = self.current(on).with_parent(on)
        return seen if places.everything else seen.filter(townships | counties)


class Division(models.Model):
    """The city, a county-level unit (not always an adcode: functional zones), or a township or street."""

    class Level(models.TextChoices):
        CITY = "city", _("city")
        COUNTY = "county", _("county-level unit")
        TOWNSHIP = "township", _("township or street")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    level = models.CharField(_("level"), max_length=10, choices=Level)
    kind = models.CharField(_("kind"), max_length=20, blank=True)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=120, blank=True)
    official_name = models.CharField(_("official name"), max_length=120)
    adcode = models.CharField(_("adcode"), max_length=6, blank=True)
    number_prefix = models.CharField(_("prefix of public numbers"), max_length=4, blank=True)
    position = models.PositiveIntegerField(_("position in diagrams"), default=0)
    retired_on = models.DateField(_("retired on"), null=True, blank=True)
    successor = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="predecessors",
        verbose_name=_("successor"),
    )

    objects = DivisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("division")
        constraints = [
            # Public finding numbers begin with it, so two units may never share one.
            models.UniqueConstraint(
                fields=["number_prefix"], condition=~Q(number_prefix=""), name="villages_division_prefix"
            ),
            models.CheckConstraint(
                condition=Q(level__in=["city", "county", "township"]), name="villages_division_level"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Return the name in the reader's language where there is one."""
        return self.name_en if self.name_en and get_language() == "en" else self.name

    def parent_on(self, day: date) -> "Division | None":
        """Return the division this one belonged to on the day."""
        link = PARENTS.first(self.pk, day)
        return link.parent if link else None


class DivisionLink(Dated):
    """To which unit a township belongs, and to which city a unit."""

    child = models.ForeignKey(Division, models.CASCADE, related_name="parent_links")
    parent = models.ForeignKey(Division, models.PROTECT, related_name="child_links")

    class Meta:
        constraints = [
            *Dated.Meta.constraints,
            # A division belongs to one parent on a day.
            models.UniqueConstraint(
                fields=["child"], condition=Q(until__isnull=True), name="villages_divisionlink_open"
            ),
            models.UniqueConstraint(fields=["child", "since"], name="villages_divisionlink_since"),
        ]


PARENTS: Prepared[DivisionLink] = Prepared(
    lambda child, day: (
        DivisionLink.objects.on(day).filter(child_id=child).select_related("parent").order_by("pk")
    ),
    uuid.UUID,
    date,
)


class DivisionCode(Dated):
    """The statistics code of a division, an attribute that changes."""

    division = models.ForeignKey(Division, models.CASCADE, related_name="codes")
    code = models.CharField(_("code"), max_length=20)

    class Meta:
        constraints = [
            *Dated.Meta.constraints,
            # The import matches by code: an open code names one division, a division has one.
            models.UniqueConstraint(
                fields=["code"], condition=Q(until__isnull=True), name="villages_divisioncode_open_code"
            ),
            models.UniqueConstraint(
                fields=["division"],
                condition=Q(until__isnull=True),
                name="villages_divisioncode_open_division",
            ),
        ]


class AreaQuerySet(DatedQuerySet):
    def visible_to(self, user: Any, on: date, *roles: str) -> "AreaQuerySet":
        """Keep the areas that lie in the user's places (those of the given roles' posts)."""
        return self.filter(
            user.places(on, *roles).q(county="county_id", township="township_id", village="pk")
        )


class Area(Dated):
    """What one county leader covers (片): by default a township, or a part of one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    county = models.ForeignKey(Division, models.PROTECT, related_name="areas", verbose_name=_("unit"))
    township = models.ForeignKey(
        Division,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="township_areas",
        verbose_name=_("township"),
    )
    name = models.CharField(_("name"), max_length=60)

    objects: ClassVar[Any] = AreaQuerySet.as_manager()

    class Meta:
        verbose_name = _("area")
        constraints = [*Dated.Meta.constraints]

    def __str__(self) -> str:
        return self.name

    @alters_data
    @transaction.atomic
    def settle(self, *, name: str, villages: Iterable[Any], since: date) -> None:
        """Name the area (a new one begins on the day) and let exactly these villages lie in it from the day on."""
        self.name = name
        if self._state.adding:
            self.since = since
        self.save()
        self._hold({village.pk for village in villages}, since)

    def _hold(self, wanted: set[uuid.UUID], since: date) -> None:
        """Those let go join the township's first other area, if there is one."""
        links = self.village_links.model.objects
        held = set(self.village_links.open().values_list("village", flat=True))
        links.filter(village__in=wanted ^ held).end(since)
        homes: dict[Area, set[uuid.UUID]] = {self: wanted - held}
        rest = Area.objects.open().filter(township=self.township).exclude(pk=self.pk)
        if other := rest.order_by("since", "name").first():
            homes[other] = held - wanted
        links.bulk_create(
            links.model(village_id=pk, area=area, since=since) for area, ids in homes.items() for pk in ids
        )

    @alters_data
    @transaction.atomic
    def dissolve(self, *, on: date) -> None:
        """End the area and its leaders' responsibilities on the day; its villages join the township's first area."""
        self._hold(set(), on)
        self.responsibilities.end(on)
        Area.objects.filter(pk=self.pk, since__lt=on).update(until=on)
