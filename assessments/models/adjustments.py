"""Bonuses and penalties beside the items: a record with reason and document, proposed by one and approved by another.

There is no category for media, for leaders' instructions or for the use of any system, and no "other".
"""

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Role, User
from assessments.models.periods import Period
from assessments.models.sheets import assessed_units
from assessments.steps import PeriodState
from audit.verbs import alters_data
from inspections.steps import StepRefused
from schemes.models import UNITS, decimal_text
from villages.models import Division

ADJUSTABLE = (PeriodState.OPEN, PeriodState.PROVISIONAL)


class AdjustmentQuerySet(models.QuerySet["Adjustment"]):
    """Sets of adjustments; the unit concerned and who reads the whole city see them."""

    def visible_to(self, user: User, on: date) -> "AdjustmentQuerySet":
        """Return all for the city office and the auditor; the approved ones of his units for everybody else."""
        if user.roles(on) & {Role.CITY_OFFICE, Role.AUDITOR}:
            return self.all()
        counties = user.places(on, Role.COUNTY_OFFICE, Role.LEADER).counties
        return self.filter(state=Adjustment.State.APPROVED, unit__in=counties)

    def approved(self) -> "AdjustmentQuerySet":
        """Return what counts."""
        return self.filter(state=Adjustment.State.APPROVED)

    def waiting(self) -> "AdjustmentQuerySet":
        """Return what waits for a second person."""
        return self.filter(state=Adjustment.State.PROPOSED)

    def for_list(self) -> "AdjustmentQuerySet":
        """Fetch what a line shows, the newest first."""
        rows = self.select_related("unit", "period", "proposed_by", "approved_by", "refused_by")
        return rows.order_by("-proposed_at", "pk")

    @alters_data
    @transaction.atomic
    def propose(
        self,
        *,
        period: Period,
        by: User,
        at: datetime,
        unit: Division,
        kind: str,
        units: int,
        reason: str,
        document: str,
        category: str,
    ) -> "Adjustment":
        """Propose a bonus or a penalty for a unit; it counts once a second person has approved it."""
        if refused := period.refusal("adjust", by, timezone.localdate(at)):
            raise refused
        if unit.pk not in {row.pk for row in assessed_units(period)}:
            raise StepRefused(_("This unit is not assessed in this period."), "invalid")
        if category not in CATEGORIES_OF[kind]:
            raise StepRefused(_("This category does not go with the kind."), "invalid")
        if not 0 < units <= cap():
            message = _("An adjustment is more than 0 and at most %(points)s points.")
            raise StepRefused(message % {"points": decimal_text(cap())}, "over_cap")
        return self.create(
            period=period, unit=unit, kind=kind, units=units, reason=reason, document=document, category=category,
            proposed_by=by, proposed_at=at,
        )  # fmt: skip


class Adjustment(models.Model):
    """Points added to or taken from a unit's total, beside the items."""

    class Kind(models.TextChoices):
        BONUS = "bonus", _("Bonus")
        PENALTY = "penalty", _("Penalty")

    class Category(models.TextChoices):
        HONOUR = "honour", _("Honour on an authorised list")
        PILOT = "pilot", _("Pilot task of the city or province completed")
        LASTING = "lasting", _("Lasting upkeep arrangement proven")
        FALSE_RECORD = "false_record", _("False records or claims")
        INCIDENT = "incident", _("Grave pollution or safety incident")
        FEEDBACK = "feedback", _("Feedback of the province or state not put right")
        OBSTRUCTION = "obstruction", _("Inspection obstructed or announced to villages")

    class State(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("adjustment", "Waits for a second person")
        APPROVED = "approved", pgettext_lazy("adjustment", "Approved")
        REFUSED = "refused", _("Not approved")
        WITHDRAWN = "withdrawn", pgettext_lazy("adjustment", "Withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    period = models.ForeignKey(Period, models.PROTECT, related_name="adjustments")
    unit = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("unit"))
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    category = models.CharField(_("category"), max_length=12, choices=Category.choices)
    units = models.PositiveIntegerField(_("points, in 1/10,000"))
    reason = models.CharField(_("reason"), max_length=500)
    document = models.CharField(_("document"), max_length=200)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    refused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_remark = models.CharField(max_length=300, blank=True)

    # what is decided stays; a mistake is put right by another record
    append_only_when = "OLD.state <> 'proposed'"

    objects = AdjustmentQuerySet.as_manager()

    if TYPE_CHECKING:
        proposed_by_id: uuid.UUID
        period_id: uuid.UUID
        unit_id: uuid.UUID

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        constraints = [
            models.CheckConstraint(condition=Q(units__gt=0), name="adjustment_has_points"),
            models.CheckConstraint(
                condition=Q(reason__gt="", document__gt=""), name="adjustment_is_documented"
            ),
            # nobody proposes and approves the same
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("proposed_by")),
                name="adjustment_by_two_persons",
            ),
            models.CheckConstraint(
                condition=(Q(state="approved") & Q(approved_by__isnull=False, decided_at__isnull=False))
                | (~Q(state="approved") & Q(approved_by__isnull=True)),
                name="adjustment_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(kind="bonus", category__in=["honour", "pilot", "lasting"])
                | Q(kind="penalty", category__in=["false_record", "incident", "feedback", "obstruction"]),
                name="adjustment_category_of_its_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.points_text} · {self.unit}"

    @property
    def points_text(self) -> str:
        """Return the points as people write them."""
        return decimal_text(self.units)

    @property
    def signed_units(self) -> int:
        """Return the units with their sign."""
        return self.units if self.kind == self.Kind.BONUS else -self.units

    def refusal(self, step: str, user: User, on: date) -> StepRefused | None:
        """Return why the user may not approve, refuse or withdraw this now, or None."""
        if not user.has_role(Role.CITY_OFFICE, on):
            return StepRefused(_("Only people of the city office do this."), "not_yours")
        if self.state != self.State.PROPOSED:
            return StepRefused(_("This has been decided already."), "wrong_state")
        if self.period.state not in ADJUSTABLE:
            return StepRefused(
                _("Adjustments are made before the period is submitted for approval."), "wrong_state"
            )
        mine = self.proposed_by_id == user.pk
        if step == "withdraw" and not mine:
            return StepRefused(_("Who proposed it withdraws it."), "not_yours")
        if step != "withdraw" and mine:
            return StepRefused(_("A second person decides: you have proposed it yourself."), "both_sides")
        return None

    def steps_for(self, user: User, on: date) -> list[str]:
        """Return what the user may do with it now."""
        return [step for step in ("approve", "refuse", "withdraw") if self.refusal(step, user, on) is None]

    @alters_data
    @transaction.atomic
    def approve(self, *, by: User, at: datetime, remark: str = "") -> None:
        """Let it count, as long as the unit's sum of the kind stays within the cap."""
        Period.objects.select_for_update().get(pk=self.period_id)
        same = Adjustment.objects.approved().filter(period=self.period_id, unit=self.unit_id, kind=self.kind)
        if (same.aggregate(sum=Sum("units"))["sum"] or 0) + self.units > cap():
            message = _("Together the unit's adjustments of this kind are more than %(points)s points.")
            raise StepRefused(message % {"points": decimal_text(cap())}, "over_cap")
        self._decide("approve", by, at, state=self.State.APPROVED, approved_by=by, decision_remark=remark)

    @alters_data
    @transaction.atomic
    def refuse(self, *, by: User, at: datetime, remark: str) -> None:
        """Do not approve it, with a reason."""
        if not remark.strip():
            raise StepRefused(_("Say why it is not approved."), "invalid")
        self._decide("refuse", by, at, state=self.State.REFUSED, refused_by=by, decision_remark=remark)

    @alters_data
    @transaction.atomic
    def withdraw(self, *, by: User, at: datetime) -> None:
        """Withdraw one's own proposal."""
        self._decide("withdraw", by, at, state=self.State.WITHDRAWN)

    def _decide(self, step: str, by: User, at: datetime, **changes: object) -> None:
        if refused := self.refusal(step, by, timezone.localdate(at)):
            raise refused
        mine = Adjustment.objects.filter(pk=self.pk, state=self.State.PROPOSED, period__state__in=ADJUSTABLE)
        if not mine.update(decided_at=at, **changes):
            raise StepRefused(_("Someone else has just decided this."), "conflict")
        self.refresh_from_db()


CATEGORIES_OF: dict[str, frozenset[str]] = {
    Adjustment.Kind.BONUS: frozenset(
        {Adjustment.Category.HONOUR, Adjustment.Category.PILOT, Adjustment.Category.LASTING}
    ),
    Adjustment.Kind.PENALTY: frozenset(
        {
            Adjustment.Category.FALSE_RECORD,
            Adjustment.Category.INCIDENT,
            Adjustment.Category.FEEDBACK,
            Adjustment.Category.OBSTRUCTION,
        }
    ),
}


def cap() -> int:
    """Return the most that the adjustments of one kind may add or take in a period, in 1/10,000 point."""
    return int(settings.ADJUSTMENT_CAP_POINTS) * UNITS
