"""Visits: begun in the village, submitted once and whole, corrected only by a reasoned new version.

A visit becomes visible to the inspected side when its first finding is issued, or when the office releases it.
"""

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Role
from audit.verbs import alters_data
from inspections.models.beginning import BeginningSet
from inspections.models.records import FindingEvent
from inspections.models.rounds import SCORING_KINDS, Round, VisitKind
from inspections.models.visiting import MARGIN, VisitVerbs
from inspections.points import Point, PointStatus
from schemes.models import decimal_text
from schemes.scoring import rounded
from villages.models import Division, Village

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from accounts.models import User
    from inspections.models.finding import Finding

INSPECTED = (Role.COUNTY_OFFICE, Role.TOWNSHIP, Role.LEADER)


class VisitQuerySet(BeginningSet):
    """Sets of visits; who reads which."""

    def visible_to(self, user: "User", on: date) -> "VisitQuerySet":
        """Return the user's own and his agency's visits, what his office has ordered, and what was released to him."""
        posts = user.posts_on(on)
        own = Q(inspector=user) | Q(present=user)
        agencies = [
            post.organisation_id for post in posts if post.role == Role.INSPECTOR and post.organisation_id
        ]
        if agencies:
            own |= Q(organisation__in=agencies, submitted_at__isnull=False)
        offices = [p.division_id for p in posts if p.role in {Role.CITY_OFFICE, Role.COUNTY_OFFICE}]
        if offices:
            own |= Q(office__in=offices, submitted_at__isnull=False)
        return self.filter(pk__in=self.model.objects.filter(own | self._released_to(user, on)).values("pk"))

    @staticmethod
    def _released_to(user: "User", on: date) -> Q:
        released = Q(released_at__isnull=False)
        if user.roles(on) & {Role.CITY_OFFICE, Role.AUDITOR}:
            return released
        places = user.places(on, *INSPECTED)
        return released & places.q() if places else Q(pk__in=[])

    def submitted(self) -> "VisitQuerySet":
        """Return the visits that are done."""
        return self.filter(submitted_at__isnull=False)

    def scoring(self) -> "VisitQuerySet":
        """Return the submitted visits that count for a score."""
        return self.submitted().filter(kind__in=SCORING_KINDS)

    def stale(self, since: datetime | None = None) -> "VisitQuerySet":
        """Return the visits whose findings have moved since they were scored: the sweep's reader.

        `since` is a moment up to which all were looked at: only later events are read then, by their own index.
        """
        moved = self.submitted().filter(findings__events__at__gt=F("scored_at"))
        if since is None:
            return moved.distinct()
        recent = FindingEvent.objects.filter(at__gt=since, finding__visit__isnull=False).order_by()
        visits = list(recent.values_list("finding__visit", flat=True).distinct())
        return moved.filter(pk__in=visits).distinct()

    @alters_data
    def rescore_stale(self, at: datetime, since: datetime | None = None) -> int:
        """Score anew what has changed since it was scored; return how many scores changed."""
        stale = self.stale(since - MARGIN if since else None)
        return sum(visit.rescore(at=at) for visit in self.filter(pk__in=stale.values("pk")))

    def for_list(self) -> "VisitQuerySet":
        """Fetch what a line shows in the same query."""
        return self.select_related(
            "village", "township", "county", "inspector__person", "organisation", "round"
        )


class Visit(VisitVerbs):
    """One visit to one village, under the client's id."""

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField(_("kind"), max_length=14, choices=VisitKind.choices)
    round = models.ForeignKey(
        Round, models.PROTECT, null=True, related_name="visits", verbose_name=_("round")
    )
    # the office that ordered it and reads it first: the city's, a county's for its patrols
    office = models.ForeignKey(Division, models.PROTECT, related_name="+")
    village = models.ForeignKey(Village, models.PROTECT, related_name="visits", verbose_name=_("village"))
    township = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("township"))
    county = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("unit"))
    scheme = models.ForeignKey("schemes.Scheme", models.PROTECT, related_name="+")
    inspector = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    present = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, null=True, related_name="+")
    # for a re-check: the sheet it is held against
    rechecks = models.ForeignKey("self", models.PROTECT, null=True, related_name="rechecked_by")

    # server receipt decides; the phone's time and place are claims
    begun_at = models.DateTimeField(_("begun"))
    claimed_at = models.DateTimeField(null=True)
    lat = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    lon = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    accuracy = models.PositiveIntegerField(null=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    claimed_submitted_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True)  # of the first accepted final body
    released_at = models.DateTimeField(_("released"), null=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    # as of the newest version
    number = models.PositiveSmallIntegerField(default=0)  # of the version; 0 until submitted
    notes = models.TextField(_("notes"), blank=True)
    named_findings = models.JSONField(default=list)  # ids of the findings that the sheet names
    got = models.PositiveIntegerField(null=True)  # 1/10,000 points
    possible = models.PositiveIntegerField(null=True)
    scored_at = models.DateTimeField(null=True)

    objects = VisitQuerySet.as_manager()

    if TYPE_CHECKING:
        findings: RelatedManager[Finding]
        points: RelatedManager["VisitPoint"]
        items: RelatedManager["VisitItem"]
        versions: RelatedManager["VisitVersion"]
        photos: RelatedManager["VisitPhoto"]

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        indexes = [
            # read by the lists of offices and units, newest first
            models.Index(fields=["office", "-submitted_at", "id"], name="visit_by_office"),
            models.Index(fields=["county", "-submitted_at", "id"], name="visit_by_county"),
            models.Index(fields=["township", "-submitted_at", "id"], name="visit_by_township"),
            models.Index(fields=["village", "-submitted_at"], name="visit_by_village"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(submitted_at=None, number=0) | Q(submitted_at__isnull=False, number__gte=1),
                name="visit_submitted_has_a_version",
            ),
            models.CheckConstraint(
                condition=Q(released_at=None) | Q(submitted_at__isnull=False),
                name="visit_released_is_submitted",
            ),
            models.CheckConstraint(
                condition=Q(got=None, possible=None) | Q(got__lte=F("possible")), name="visit_score_in_bounds"
            ),
            models.CheckConstraint(
                condition=Q(rechecks=None) | Q(kind="recheck"), name="visit_recheck_is_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.village} {self.begun_at:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        """Return the visit's page."""
        return reverse("visit", args=[self.pk])

    @property
    def score_text(self) -> str:
        """Return what was got of a hundred, with two places, half up; nothing where nothing was scored."""
        if not self.possible or self.got is None:
            return ""
        hundredths = rounded(self.got * 10_000, self.possible)
        return f"{hundredths // 100}.{hundredths % 100:02d}"

    def names(self, finding_id: uuid.UUID) -> bool:
        """Tell whether the submitted sheet names this finding."""
        return self.submitted_at is not None and str(finding_id) in self.named_findings


class VisitPoint(models.Model):
    """What was seen at one observation point, as of the newest version."""

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="points")
    code = models.CharField(max_length=12, choices=Point.choices)
    status = models.CharField(max_length=8, choices=PointStatus.choices)
    remark = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visit", "code"], name="visit_point_once")]

    def __str__(self) -> str:
        return f"{self.get_code_display()}: {self.get_status_display()}"

    @property
    def position(self) -> int:
        """Return the place of the point on the walk."""
        return Point.values.index(self.code)


class VisitItem(models.Model):
    """One item as seen in one visit, as of the newest version; the score follows from the rule, nobody types it."""

    class Status(models.TextChoices):
        SCORED = "scored", _("Scored")
        NOT_APPLICABLE = "not_applicable", _("Not applicable")
        NOT_LOOKED_AT = "not_looked_at", pgettext_lazy("visit", "Not looked at")

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="items")
    item = models.ForeignKey("schemes.Item", models.PROTECT, related_name="+")
    status = models.CharField(max_length=14, choices=Status.choices)
    sampled = models.PositiveSmallIntegerField(null=True)
    met = models.PositiveSmallIntegerField(null=True)
    answer = models.BooleanField(null=True)  # yes/no items
    counted = models.PositiveSmallIntegerField(default=0)  # findings that deduct
    repeated = models.PositiveSmallIntegerField(default=0)  # recorded, not deducted
    zeroed = models.BooleanField(default=False)
    units = models.PositiveIntegerField(null=True)  # 1/10,000 points
    remark = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["visit", "item"], name="visit_item_once"),
            models.CheckConstraint(
                condition=Q(status="scored", units__isnull=False) | (~Q(status="scored") & Q(units=None)),
                name="visit_item_scored_has_units",
            ),
            models.CheckConstraint(
                condition=Q(sampled=None, met=None) | Q(met__lte=F("sampled")),
                name="visit_item_met_of_sampled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item.code} {self.get_status_display()}"

    @property
    def result_text(self) -> str:
        """Return the points got, or why there are none."""
        return self.get_status_display() if self.units is None else decimal_text(self.units)


class VisitVersion(models.Model):
    """A sheet as it was submitted, corrected or scored anew; never changed."""

    class Cause(models.TextChoices):
        SUBMITTED = "submitted", pgettext_lazy("visit", "Submitted")
        CORRECTED = "corrected", _("Corrected")
        RESCORED = "rescored", _("Scored anew after findings changed")

    append_only = True

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    cause = models.CharField(max_length=10, choices=Cause.choices)
    body = models.JSONField()  # points, items and findings as the client sent them
    scores = models.JSONField(default=dict)  # item code → units or null
    got = models.PositiveIntegerField(null=True)
    possible = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["visit", "number"], name="visit_version_once"),
            models.CheckConstraint(
                condition=~Q(cause="corrected") | ~Q(reason=""), name="visit_correction_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.visit} · {self.number}"


class VisitPhoto(models.Model):
    """A photo of an observation point."""

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="photos")
    photo = models.OneToOneField("inspections.Photo", models.PROTECT, related_name="visit_use")
    point = models.CharField(max_length=12, choices=Point.choices)

    def __str__(self) -> str:
        return f"{self.point}"
