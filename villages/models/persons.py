"""Who covers which place, from when to when."""

import uuid
from datetime import date
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit.verbs import alters_data
from villages.models.dated import Dated, DatedQuerySet
from villages.models.divisions import Area, Division, DivisionLink
from villages.models.villages import Village, VillageLink


class RosterRefused(Exception):
    """A change of the roster that a rule forbids."""


class Person(models.Model):
    """A leader, secretary or official; exists with or without an account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=60)
    title = models.CharField(_("title"), max_length=120, blank=True)
    employer = models.CharField(_("employer"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)

    class Meta:
        verbose_name = _("person")
        indexes = [models.Index(fields=["name"], name="villages_person_name")]  # roster import, person search

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the person's page."""
        return reverse("person", args=[self.pk])


class ResponsibilityQuerySet(DatedQuerySet):
    def with_places(self, on: date) -> Any:
        """Annotate `in_township_id` and `in_county_id`: where the place of each row lies on the day."""
        villages = VillageLink.objects.on(on).filter(village=OuterRef("village_id"))
        units = DivisionLink.objects.on(on).filter(child=OuterRef("in_township_id"))
        township = (F("township_id"), F("area__township_id"), Subquery(villages.values("township")[:1]))
        county = (F("county_id"), F("area__county_id"), Subquery(units.values("parent")[:1]))
        return self.annotate(in_township_id=Coalesce(*township, output_field=models.UUIDField())).annotate(
            in_county_id=Coalesce(*county, output_field=models.UUIDField())
        )

    def visible_to(self, user: Any, on: date, *roles: str) -> Any:
        """Keep the responsibilities for the user's places (those of the given roles' posts)."""
        places = user.places(on, *roles)
        return self.with_places(on).filter(
            places.q(county="in_county_id", township="in_township_id", village="village_id")
        )

    def for_list(self) -> Self:
        """Fetch what a line of the roster shows."""
        return self.select_related("person", "county", "area", "area__county", "township", "village")

    def in_order(self) -> Any:
        """Order by unit, level and place (needs `with_places`)."""
        position = Division.objects.filter(pk=OuterRef("in_county_id")).values("position")[:1]
        ranks = [When(kind=kind, then=Value(rank)) for rank, kind in enumerate(Responsibility.ORDER)]
        order = ("unit_position", "rank", "in_township_id", "village_id", "since", "pk")
        return self.annotate(unit_position=Subquery(position), rank=Case(*ranks, default=Value(9))).order_by(
            *order
        )

    def search(self, text: str) -> Self:
        """Find by parts of the person's name or title and of the place's name."""
        found = self
        for word in text.split():
            found = found.filter(
                Q(person__name__icontains=word)
                | Q(person__title__icontains=word)
                | Q(village__name__icontains=word)
                | Q(township__name__icontains=word)
                | Q(area__name__icontains=word)
                | Q(county__name__icontains=word)
            )
        return found

    @alters_data
    @transaction.atomic
    def assign(
        self,
        *,
        person: Person,
        kind: str,
        place: "Division | Area | Village",
        since: date,
        basis: str = "",
        replace: bool = False,
    ) -> "Responsibility":
        """Let a person cover a place from a day; `replace` ends whoever covers it now on that day."""
        target = {Responsibility.TARGETS[kind]: place}
        holders = Responsibility.objects.open().filter(kind=kind, **target)
        others = holders.exclude(person=person)
        if replace and (later := others.filter(since__gt=since).select_related("person").first()):
            raise RosterRefused(
                _("%(person)s began only on %(day)s.") % {"person": later.person, "day": later.since}
            )
        still = self.model.objects.filter(Q(until__isnull=True) | Q(until__gt=since), kind=kind, **target)
        if replace:
            others.end(since)
            still.exclude(person=person).filter(since__lt=since).update(until=since)
        if holders.filter(person=person).exists():
            raise RosterRefused(
                _("%(person)s already covers %(place)s.") % {"person": person, "place": place}
            )
        if kind in Responsibility.SINGLE and (holder := still.select_related("person").first()):
            raise RosterRefused(
                _("%(person)s holds this until replaced: %(place)s.")
                % {"person": holder.person, "place": place}
            )
        row: Responsibility = self.create(person=person, kind=kind, since=since, basis=basis, **target)
        return row


class Responsibility(Dated):
    """One person covers one place (包保责任)."""

    class Kind(models.TextChoices):
        MUNICIPAL = "municipal", _("municipal leader, covers a unit")
        COUNTY = "county", _("county leader, covers an area")
        TOWNSHIP = "township", _("township leader, covers a village")
        SECRETARY = "secretary", _("secretary of the township")
        VILLAGE_SECRETARY = "village_secretary", _("secretary of the village")

    # Which column holds the place of each kind.
    TARGETS = {
        "municipal": "county",
        "county": "area",
        "township": "village",
        "secretary": "township",
        "village_secretary": "village",
    }
    # From the top down, as rosters list them.
    ORDER = ("municipal", "county", "secretary", "township", "village_secretary")
    # One holder at a time.
    SINGLE = ("secretary", "village_secretary")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="responsibilities", verbose_name=_("person")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    county = models.ForeignKey(
        Division,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="county_responsibilities",
        verbose_name=_("unit"),
    )
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="responsibilities", verbose_name=_("area")
    )
    township = models.ForeignKey(
        Division,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="township_responsibilities",
        verbose_name=_("township"),
    )
    village = models.ForeignKey(
        Village,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="responsibilities",
        verbose_name=_("village"),
    )
    basis = models.CharField(_("basis"), max_length=200, blank=True)

    objects: ClassVar[Any] = ResponsibilityQuerySet.as_manager()

    class Meta:
        verbose_name = _("responsibility")
        constraints = [
            *Dated.Meta.constraints,
            # Each kind has exactly its own place set.
            models.CheckConstraint(
                name="villages_responsibility_target",
                condition=(
                    Q(kind="municipal", county__isnull=False, area=None, township=None, village=None)
                    | Q(kind="county", county=None, area__isnull=False, township=None, village=None)
                    | Q(kind="secretary", county=None, area=None, township__isnull=False, village=None)
                    | Q(
                        kind__in=["township", "village_secretary"],
                        county=None,
                        area=None,
                        township=None,
                        village__isnull=False,
                    )
                ),
            ),
            # The chain of a day has one secretary of the township and one of the village.
            models.UniqueConstraint(
                fields=["township"],
                condition=Q(kind="secretary", until__isnull=True),
                name="villages_responsibility_one_secretary",
            ),
            models.UniqueConstraint(
                fields=["village"],
                condition=Q(kind="village_secretary", until__isnull=True),
                name="villages_responsibility_one_village_secretary",
            ),
            # The same line may not stand twice on the roster.
            models.UniqueConstraint(
                fields=["person", "county"],
                condition=Q(kind="municipal", until__isnull=True),
                name="villages_responsibility_once_county",
            ),
            models.UniqueConstraint(
                fields=["person", "area"],
                condition=Q(kind="county", until__isnull=True),
                name="villages_responsibility_once_area",
            ),
            models.UniqueConstraint(
                fields=["person", "village"],
                condition=Q(kind="township", until__isnull=True),
                name="villages_responsibility_once_village",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} → {self.place}"

    @alters_data
    def end(self, *, on: date) -> None:
        """Let this responsibility end: `on` is the first day without it."""
        if on <= self.since:
            raise RosterRefused(_("The end must come after the beginning, %(day)s.") % {"day": self.since})
        still_open = Responsibility.objects.filter(pk=self.pk, until__isnull=True)
        if not still_open.update(until=on):
            raise RosterRefused(_("Someone else has just ended this responsibility."))

    @property
    def place(self) -> Division | Area | Village:
        """Return the place this responsibility is for."""
        place: Division | Area | Village = getattr(self, self.TARGETS[self.kind])
        return place
