"""The township's verbs: rectify, plan, ask for time, claim another ending."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.verbs import alters_data
from inspections import deadlines, notices
from inspections.models.issuing import IssuingVerbs
from inspections.models.photos import Photo
from inspections.models.records import (
    AfterPhotoRule,
    Claim,
    Extension,
    FindingEvent,
    Milestone,
    Rectification,
    RectificationPlan,
)
from inspections.steps import State, StepRefused
from villages.models import Division, Holiday

if TYPE_CHECKING:
    from accounts.models import User
    from inspections.models.finding import Finding


class RectifyingVerbs(IssuingVerbs):
    """Verbs of the inspected side."""

    class Meta:
        abstract = True

    def after_photo_policy(self) -> str:
        """Return whether this finding needs after-photos: the item's own rule, else required if photographed."""
        own = AfterPhotoRule.objects.filter(item_id=self.item_id, kind=self.kind).first()
        if own:
            return own.policy
        photographed = self.photo_uses.filter(side="before").exists()  # type: ignore[attr-defined]
        required = photographed and self.kind == self.Kind.AT_ONCE
        return AfterPhotoRule.Policy.REQUIRED if required else AfterPhotoRule.Policy.OPTIONAL

    @alters_data
    @transaction.atomic
    def rectify(
        self, *, by: "User", at: datetime, measures: str, result: str, photos: Sequence[UUID] = ()
    ) -> FindingEvent:
        """Submit what was done and how it looks now; the county office or the issuer reviews it next."""
        if refused := self.refusal("rectify", by, at):
            raise refused
        if not measures.strip() or not result.strip():
            raise StepRefused(_("Say what was done and with what result."), "invalid")
        if not photos and self.after_photo_policy() == AfterPhotoRule.Policy.REQUIRED:
            raise StepRefused(_("Add at least one photo that shows the place now."), "photos_missing")
        Photo.objects.attach(finding=self, ids=photos, side="after", by=by, at=at)
        row = Rectification(finding_id=self.pk, measures=measures, result=result, by=by, at=at)
        event = self.take(
            "rectify", by=by, at=at, remark=result, to=State.SUBMITTED, creates=[row],
            tells={"photos": [str(key) for key in photos]},
            measures=measures, result=result, submitted_at=at, checked_at=None, check_due_on=self._check_due(at),
        )  # fmt: skip
        notices.submitted(self, at)
        return event

    def _check_due(self, at: datetime) -> date | None:
        """Return the last day of the county's check, or None where there is none."""
        if not settings.COUNTY_CHECK or self.issuing_office.level != Division.Level.CITY:
            return None
        on, days = timezone.localdate(at), settings.COUNTY_CHECK_WORKING_DAYS
        return deadlines.working_days_after(on, days, Holiday.objects.calendar()) or on + timedelta(days=days)

    @alters_data
    @transaction.atomic
    def file_plan(
        self,
        *,
        by: "User",
        at: datetime,
        measures: str,
        owner: str,
        date: date,
        milestones: Sequence[tuple[str, date]] = (),
    ) -> FindingEvent:
        """File the plan of a by-date or continuing rectification for the issuer's approval."""
        if self.kind == self.Kind.AT_ONCE:
            raise StepRefused(
                _("This finding is to be put right at once. Ask for an extension instead."), "invalid"
            )
        if date < timezone.localdate(at):
            raise StepRefused(_("The date of the plan lies in the past."), "invalid")
        self._only_one(RectificationPlan)
        plan = RectificationPlan(
            finding_id=self.pk, measures=measures, owner=owner, date=date, asked_by=by, asked_at=at,
            file_by=self.first_due_on,
        )  # fmt: skip
        stages = [Milestone(plan=plan, title=title, date=day) for title, day in milestones]
        event = self.take("file_plan", by=by, at=at, remark=measures, creates=[plan, *stages])
        notices.asked(self, "file_plan", at)
        return event

    @alters_data
    @transaction.atomic
    def complete_milestone(
        self, milestone: Milestone, *, by: "User", at: datetime, remark: str = ""
    ) -> FindingEvent:
        """Report a stage of the plan as done."""
        event = self.take("complete_milestone", by=by, at=at, remark=remark or milestone.title)
        mine = {"plan__finding_id": self.pk, "plan__state": "approved"}
        if not Milestone.objects.filter(pk=milestone.pk, done_at=None, **mine).update(done_at=at, done_by=by):
            raise StepRefused(_("This milestone has already been reported."), "conflict")
        return event

    @alters_data
    @transaction.atomic
    def ask_extension(self, *, by: "User", at: datetime, until: date, reason: str) -> FindingEvent:
        """Ask for a later due date; until it is decided the clock runs on."""
        if not reason.strip():
            raise StepRefused(_("Give a reason."), "reason_missing")
        if until <= max(self.due_on or date.min, timezone.localdate(at) - timedelta(days=1)):
            raise StepRefused(
                _("The new date must lie after the present due date and not in the past."), "invalid"
            )
        self._only_one(Extension)
        row = Extension(
            finding_id=self.pk,
            cause=Extension.Cause.ASKED,
            until=until,
            reason=reason,
            asked_by=by,
            asked_at=at,
        )
        event = self.take("ask_extension", by=by, at=at, remark=reason, creates=[row])
        notices.asked(self, "ask_extension", at)
        return event

    @alters_data
    @transaction.atomic
    def claim(
        self, *, by: "User", at: datetime, ending: str, reason: str, duplicate_of: "Finding | None" = None
    ) -> FindingEvent:
        """Claim that the finding is a duplicate, not ours, or cannot be fixed for now."""
        if ending not in {self.Ending.DUPLICATE, self.Ending.NOT_OURS, self.Ending.CANNOT}:
            raise StepRefused(
                _("Only “duplicate”, “not ours” and “cannot be fixed for now” can be claimed."), "invalid"
            )
        if not reason.strip():
            raise StepRefused(_("Give a reason."), "reason_missing")
        self._only_one(Claim)
        row = Claim(
            finding_id=self.pk,
            ending=ending,
            duplicate_of=duplicate_of,
            reason=reason,
            asked_by=by,
            asked_at=at,
        )
        event = self.take("claim", by=by, at=at, remark=reason, creates=[row])
        notices.asked(self, "claim", at)
        return event

    def _only_one(self, model: type[RectificationPlan] | type[Extension] | type[Claim]) -> None:
        if model._default_manager.filter(finding_id=self.pk, state="asked").exists():
            raise StepRefused(_("A request of this kind already waits for a decision."), "conflict")
