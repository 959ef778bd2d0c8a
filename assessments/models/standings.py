"""Standings (考核结果): what a period's rows came to, edition by edition.

An edition is rebuilt whole while it is provisional. Once published its rows are frozen by the database; a correction is
a new edition beside it. Exact values are fractions of 1/10,000 point, what people read whole 1/100 points.
"""

import uuid
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from assessments.models.fractions import FractionField
from assessments.models.periods import READERS, Period
from assessments.scoring import hundredths
from assessments.steps import PeriodState
from villages.models import Area, Division, Village

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class Level(models.TextChoices):
    UNIT = "unit", _("Units")
    TOWNSHIP = "township", _("Townships and streets")
    AREA = "area", _("Areas")
    VILLAGE = "village", _("Villages")


def sealed() -> Storage:
    """Return the storage of what is kept byte for byte."""
    return storages["sealed"]


def package_name(row: "Edition", _filename: str) -> str:
    """Name the package of an edition."""
    return f"packages/{row.period_id}-{row.number}-{uuid.uuid4()}"


class EditionQuerySet(models.QuerySet["Edition"]):
    """Sets of editions by who may read them."""

    def visible_to(self, user: User, on: date) -> "EditionQuerySet":
        """Return the published ones, those sent to the units while it is so, and all for the city office.

        Provisional figures go to the assessed side and the offices, not to the departments.
        """
        roles = user.roles(on)
        if Role.CITY_OFFICE in roles:
            return self.all()
        if not roles & set(READERS):
            return self.none()
        shown = Q(state=Edition.State.PUBLISHED)
        if roles & {Role.COUNTY_OFFICE, Role.LEADER, Role.AUDITOR}:
            sent = [PeriodState.PROVISIONAL, PeriodState.SUBMITTED, PeriodState.APPROVED]
            shown |= Q(period__state__in=sent)
        return self.filter(shown)

    def published(self) -> "EditionQuerySet":
        """Return the published ones."""
        return self.filter(state=Edition.State.PUBLISHED)

    def latest_of(self, period: Period) -> "Edition | None":
        """Return the newest edition of a period in this set."""
        return self.filter(period=period).order_by("-number").first()


class Edition(models.Model):
    """One edition of a period's standings: number 1, and a higher one for each correction."""

    class State(models.TextChoices):
        PROVISIONAL = "provisional", _("Provisional")
        PUBLISHED = "published", _("Published")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    period = models.ForeignKey(Period, models.PROTECT, related_name="editions")
    number = models.PositiveSmallIntegerField(_("edition"))
    state = models.CharField(max_length=11, choices=State.choices, default=State.PROVISIONAL)
    reason = models.CharField(_("reason of the correction"), max_length=500, blank=True)
    computed_at = models.DateTimeField(_("computed"))
    # what it was computed from: the sweep compares it with what is there now
    inputs_sha256 = models.CharField(max_length=64)
    visits = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(
        default=0
    )  # visits under another scheme, or of villages retired by then
    # what the system counted for its own items: unit, item, sampled, met, found, points
    measured = models.JSONField(default=list)
    # made when it is submitted for approval; whoever approves approves these bytes
    package = models.FileField(storage=sealed, upload_to=package_name, max_length=200, blank=True)
    package_sha256 = models.CharField(max_length=64, blank=True)
    package_size = models.PositiveIntegerField(default=0)
    # a copy, because a correction is approved on its own
    approval_document = models.CharField(max_length=200, blank=True)
    approval_number = models.CharField(max_length=60, blank=True)
    approved_on = models.DateField(null=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    append_only_when = "OLD.state = 'published'"

    objects = EditionQuerySet.as_manager()

    if TYPE_CHECKING:
        standings: RelatedManager["Standing"]
        village_items: RelatedManager["VillageItem"]
        period_id: uuid.UUID

    class Meta:
        verbose_name = _("edition of the standings")
        constraints = [
            models.UniqueConstraint(fields=["period", "number"], name="edition_number_once"),
            # there is one that is rebuilt
            models.UniqueConstraint(
                fields=["period"], condition=Q(state="provisional"), name="edition_one_provisional"
            ),
            models.CheckConstraint(
                condition=Q(number=1) | Q(reason__gt=""), name="edition_corrects_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(state="provisional")
                | Q(
                    package_sha256__gt="",
                    published_at__isnull=False,
                    approval_number__gt="",
                    approved_on__isnull=False,
                ),
                name="edition_published_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period} · {self.number}"

    def get_absolute_url(self) -> str:
        """Return the page of the edition."""
        return reverse("edition", args=[self.period_id, self.number])

    @property
    def is_published(self) -> bool:
        """Tell whether nothing of it changes any more."""
        return self.state == self.State.PUBLISHED


class FrozenWithEdition(models.Model):
    """A row that the database refuses to change once its edition is published."""

    # repeats the edition's state: a trigger's condition may look at its own row only
    frozen = models.BooleanField(default=False, editable=False)
    append_only_when = "OLD.frozen"

    class Meta:
        abstract = True


class StandingQuerySet(models.QuerySet["Standing"]):
    """Sets of standings."""

    def of(self, edition: Edition, level: str) -> "StandingQuerySet":
        """Return one level of an edition in the order of its ranks; who is not ranked comes last."""
        rows = self.filter(edition=edition, level=level)
        return rows.order_by(models.F("rank").asc(nulls_last=True), "name", "place")


class Standing(FrozenWithEdition):
    """What one place came to."""

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="standings")
    level = models.CharField(max_length=8, choices=Level.choices)
    place = models.UUIDField()  # of the unit, township, area or village
    name = models.CharField(max_length=60)
    unit = models.ForeignKey(Division, models.PROTECT, related_name="+")
    township = models.ForeignKey(Division, models.PROTECT, null=True, related_name="+")
    area = models.ForeignKey(Area, models.PROTECT, null=True, related_name="+")
    village = models.ForeignKey(Village, models.PROTECT, null=True, related_name="+")
    group = models.CharField(_("ranking group"), max_length=40, blank=True)

    total = FractionField(null=True)  # after bonus and penalty
    base = FractionField(null=True)
    adjusted = models.IntegerField(default=0)
    display = models.IntegerField(_("score"), null=True)
    provisional = models.BooleanField(_("provisional"), default=False)
    rank = models.PositiveIntegerField(_("rank"), null=True)
    group_rank = models.PositiveIntegerField(null=True)  # of units: in the group; of others: in their unit
    previous_rank = models.PositiveIntegerField(null=True)
    improvement = FractionField(null=True)
    improvement_display = models.IntegerField(_("improvement"), null=True)
    compared = models.PositiveSmallIntegerField(default=0)  # items compared
    gap = FractionField(null=True)
    gap_display = models.IntegerField(null=True)
    covered = models.PositiveIntegerField(default=0)
    whole = models.PositiveIntegerField(default=0)
    visits = models.PositiveIntegerField(default=0)
    # where a sample stands for a whole, in 1/100 point
    error = models.PositiveIntegerField(null=True)
    low = models.IntegerField(null=True)
    high = models.IntegerField(null=True)
    best_rank = models.PositiveIntegerField(null=True)
    worst_rank = models.PositiveIntegerField(null=True)

    objects = StandingQuerySet.as_manager()

    if TYPE_CHECKING:
        parts: RelatedManager["StandingPart"]
        edition_id: uuid.UUID
        unit_id: uuid.UUID
        township_id: uuid.UUID | None
        village_id: uuid.UUID | None

    class Meta:
        verbose_name = _("standing")
        constraints = [
            models.UniqueConstraint(fields=["edition", "level", "place"], name="standing_once"),
            models.CheckConstraint(
                condition=Q(total__isnull=True, display__isnull=True, rank__isnull=True)
                | Q(total__isnull=False, display__isnull=False, rank__isnull=False),
                name="standing_ranked_by_its_total",
            ),
            models.CheckConstraint(
                condition=Q(covered__lte=models.F("whole")), name="standing_covers_at_most_all"
            ),
        ]
        indexes = [
            # ranking pages, with and without a unit
            models.Index(fields=["edition", "level", "rank"], name="standing_by_rank"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.rank or '–'}"

    @property
    def movement(self) -> int | None:
        """Return by how many ranks the place rose (negative: fell)."""
        return None if self.rank is None or self.previous_rank is None else self.previous_rank - self.rank

    @property
    def is_sample(self) -> bool:
        """Tell whether some of its villages stand for all of them."""
        return 0 < self.covered < self.whole

    def parts_now(self) -> "list[StandingPart]":
        """Return its parts; a village's follow from its items."""
        if self.level != Level.VILLAGE:
            return list(self.parts.order_by("pk"))
        rows = self.edition.village_items.filter(village=self.place).select_related("item__aspect")
        return parts_of_village(list(rows.order_by("item__position")))


class StandingPart(FrozenWithEdition):
    """An aspect, an item or a source of one standing: what was got of how many points."""

    class Kind(models.TextChoices):
        ASPECT = "aspect", _("Aspect")
        ITEM = "item", _("Item")
        SOURCE = "source", _("Source")
        PERIOD = "period", _("Part of the year")  # code: its number in the order of time

    standing = models.ForeignKey(Standing, models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    code = models.CharField(max_length=10)
    source = models.CharField(max_length=10, blank=True)  # of an item as one source scored it; "" as combined
    value = FractionField(null=True)
    display = models.IntegerField(null=True)
    points = models.PositiveIntegerField()  # 1/10,000 points that could be got
    provisional = models.BooleanField(default=False)
    applies = models.BooleanField(default=True)
    villages = models.PositiveIntegerField(null=True)  # that carry the visits' mean
    without = models.PositiveIntegerField(null=True)  # visited villages where it does not apply
    weight = FractionField(null=True)  # of a source: what it counts in this total, of 1

    class Meta:
        verbose_name = _("part of a standing")
        constraints = [
            models.UniqueConstraint(fields=["standing", "kind", "code", "source"], name="standing_part_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.display}"


class VillageItem(FrozenWithEdition):
    """One item of one village: its scored visits and the sum of their points; the mean is units / visits."""

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="village_items", db_index=False)
    village = models.ForeignKey(Village, models.PROTECT, related_name="+", db_index=False)
    township = models.ForeignKey(Division, models.PROTECT, related_name="+", db_index=False)
    county = models.ForeignKey(Division, models.PROTECT, related_name="+", db_index=False)
    area = models.ForeignKey(Area, models.PROTECT, null=True, related_name="+", db_index=False)
    item = models.ForeignKey("schemes.Item", models.PROTECT, related_name="+", db_index=False)
    visits = models.PositiveIntegerField()
    units = models.BigIntegerField()
    not_applicable = models.PositiveIntegerField()
    skipped = models.PositiveIntegerField()  # visits that did not look at it

    class Meta:
        verbose_name = _("item of a village")
        constraints = [
            # also the way to one village's items
            models.UniqueConstraint(fields=["edition", "village", "item"], name="village_item_once"),
        ]

    def __str__(self) -> str:
        return f"{self.units}/{self.visits}"

    @property
    def value(self) -> Fraction | None:
        """Return the mean over the village's visits."""
        return Fraction(self.units, self.visits) if self.visits else None


def parts_of_village(rows: list[VillageItem]) -> list[StandingPart]:
    """Return the parts of a village, made from its items (in the order of the scheme) and not stored."""
    kinds, aspects = StandingPart.Kind, dict[str, StandingPart]()
    found: list[StandingPart] = []
    for row in rows:
        aspect = aspects.setdefault(
            row.item.aspect.code,
            StandingPart(kind=kinds.ASPECT, code=row.item.aspect.code, points=0, applies=False),
        )
        applies = bool(row.visits or row.skipped)
        item = StandingPart(kind=kinds.ITEM, code=row.item.code, points=row.item.points, applies=applies)
        found.append(_told(item, row.value))
        aspect.applies |= applies
        if row.value is not None:
            _told(aspect, (aspect.value or Fraction()) + row.value)
            aspect.points += row.item.points
    return [*aspects.values(), *found]


def _told(part: StandingPart, value: Fraction | None) -> StandingPart:
    part.value, part.display = value, None if value is None else hundredths(value)
    return part
