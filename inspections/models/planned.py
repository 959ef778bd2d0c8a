"""What a round plans: one row per visit as drawn or added, never edited; changes are amendments with a reason."""

import uuid
from datetime import date, datetime

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.verbs import alters_data
from inspections.models.rounds import Round, RoundState, Team
from inspections.steps import StepRefused
from villages.models import Division, Village


class MissReason(models.TextChoices):
    """Why a planned visit was not made."""

    NO_FERRY = "no_ferry", _("No ferry")
    WEATHER = "weather", _("Weather")
    ROAD_CLOSED = "road_closed", _("Road closed")
    ILLNESS = "illness", _("Illness or accident")
    VEHICLE = "vehicle", _("Vehicle")
    OTHER = "other", _("Another reason")


class PlannedVisitQuerySet(models.QuerySet["PlannedVisit"]):
    """Sets of planned visits. None of these may be reached from a page of somebody who is not meant to know."""

    def standing(self) -> "PlannedVisitQuerySet":
        """Return the plan in force: drawn by the last draw or added since, and not cancelled."""
        return self.filter(Q(draw=F("round__draw")) | Q(draw=None), cancelled=None)

    def outstanding(self) -> "PlannedVisitQuerySet":
        """Return what is neither made nor given a reason."""
        return self.filter(Q(visit=None) | Q(visit__submitted_at=None), missed_reason="")

    def late(self, on: date) -> "PlannedVisitQuerySet":
        """Return what should have been made before this day."""
        return self.outstanding().filter(day__lt=on)

    def current(self) -> "PlannedVisitQuerySet":
        """Return one row per planned visit: of those planned again only the newest."""
        return self.standing().filter(again=None)

    def revealed_to(self, user: User, at: datetime) -> "PlannedVisitQuerySet":
        """Return what an inspector may see now: the days of his teams whose moment has come."""
        mine = self.standing().filter(team__memberships__user=user, round__state=RoundState.RUNNING)
        return mine.filter(reveals_at__lte=at)

    def in_order(self) -> "PlannedVisitQuerySet":
        """Order as the day is driven."""
        return self.order_by("day", "team__name", "order", "id")

    def for_list(self) -> "PlannedVisitQuerySet":
        """Fetch what a line shows in the same query."""
        return self.select_related("village", "township", "county", "team", "visit", "round", "again")


class PlannedVisit(models.Model):
    """One village, one team, one day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="planned")
    # the draw that chose it; none where an amendment added it
    draw = models.ForeignKey("inspections.Draw", models.PROTECT, null=True, related_name="planned")
    added = models.ForeignKey("inspections.Amendment", models.PROTECT, null=True, related_name="adds")
    cancelled = models.ForeignKey("inspections.Amendment", models.PROTECT, null=True, related_name="cancels")
    # the row in whose place it was planned: once for each
    instead_of = models.OneToOneField("self", models.PROTECT, null=True, related_name="again")
    village = models.ForeignKey(Village, models.PROTECT, related_name="+")
    township = models.ForeignKey(Division, models.PROTECT, related_name="+")
    county = models.ForeignKey(Division, models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, related_name="planned")
    pair = models.JSONField(default=list)  # ids of the two inspectors drawn for the day
    day = models.DateField()
    order = models.PositiveSmallIntegerField()
    reveals_at = models.DateTimeField()
    # what came of it
    visit = models.OneToOneField("inspections.Visit", models.PROTECT, null=True, related_name="+")
    missed_reason = models.CharField(max_length=12, choices=MissReason.choices, blank=True)
    missed_remark = models.CharField(max_length=300, blank=True)
    missed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    missed_at = models.DateTimeField(null=True)

    # the plan is never edited: only what came of it, and the amendment that took it out
    append_only_when = "OLD.id IS NOT NULL"
    append_only_except = frozenset(
        {"cancelled", "visit", "missed_reason", "missed_remark", "missed_by", "missed_at"}
    )

    objects = PlannedVisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("planned visit")
        verbose_name_plural = _("planned visits")
        indexes = [
            # read by the plan and the day pages
            models.Index(fields=["round", "day", "team"], name="planned_by_day"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(draw__isnull=False) ^ Q(added__isnull=False), name="planned_by_draw_or_amendment"
            ),
            models.CheckConstraint(
                condition=Q(missed_reason="") | Q(missed_by__isnull=False, missed_at__isnull=False),
                name="planned_miss_is_signed",
            ),
            models.CheckConstraint(
                condition=Q(missed_reason="") | Q(cancelled=None), name="planned_missed_or_cancelled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.village}"

    def is_late(self, on: date) -> bool:
        """Tell whether it should have been made before this day."""
        return self.day < on and not self.missed_reason and not (self.visit and self.visit.submitted_at)

    @alters_data
    @transaction.atomic
    def miss(self, *, by: User, at: datetime, reason: str, remark: str = "") -> None:
        """Say why the visit was not made; an inspector of the team or a planner does."""
        if reason == MissReason.OTHER and not remark.strip():
            raise StepRefused(_("Say what the reason was."), "reason_missing")
        in_team = self.team.memberships.filter(user=by).exists() and self.reveals_at <= at
        his = in_team and self.round.state == RoundState.RUNNING
        if not his and (refused := self.round.refusal("miss", by)):
            raise refused
        # a visit that was begun and never sent may be given up too; if its sheet still comes, it counts
        open_ = PlannedVisit.objects.standing().outstanding().filter(pk=self.pk)
        # what a row waiting for a lock is asked again stands outside of the subquery
        missed = PlannedVisit.objects.filter(pk__in=open_.values("pk"), missed_reason="", cancelled=None)
        if not missed.update(missed_reason=reason, missed_remark=remark, missed_by=by, missed_at=at):
            raise StepRefused(_("This visit was made, missed or cancelled already."), "conflict")
        self.refresh_from_db()


class Amendment(models.Model):
    """One reasoned change of a drawn plan; it adds and cancels planned visits and edits none."""

    class Kind(models.TextChoices):
        ADD = "add", _("Added")
        CANCEL = "cancel", _("Cancelled")
        MOVE = "move", _("Rescheduled")
        SWAP = "swap", _("Swapped")
        REPLAN = "replan", _("Planned again")

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="amendments")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=6, choices=Kind.choices)
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("amendment")
        verbose_name_plural = _("amendments")
        constraints = [
            models.UniqueConstraint(fields=["round", "number"], name="amendment_number_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="amendment_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.number}"
