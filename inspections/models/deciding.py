"""The reviewing side's verbs: check, close, send back, decide on requests, re-open, and the leader's instruction."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.core.files import File
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.verbs import alters_data
from inspections import deadlines, notices
from inspections.models.files import FindingFile
from inspections.models.photo_uses import PhotoUse
from inspections.models.records import (
    AfterPhotoRule,
    Claim,
    Extension,
    FindingEvent,
    Instruction,
    Milestone,
    Rectification,
    RectificationPlan,
    Request,
)
from inspections.models.rectifying import RectifyingVerbs
from inspections.on_site import OnSiteCheck
from inspections.steps import State, StepRefused

if TYPE_CHECKING:
    from accounts.models import User

R = TypeVar("R", RectificationPlan, Extension, Claim)

# which request a step makes or decides: buttons show a step only where there is something to ask or to decide
RequestModel = type[RectificationPlan] | type[Extension] | type[Claim]
_ASKS: dict[str, RequestModel] = {
    "file_plan": RectificationPlan,
    "ask_extension": Extension,
    "claim": Claim,
}
_DECIDES: dict[str, RequestModel] = {
    "decide_plan": RectificationPlan,
    "decide_extension": Extension,
    "decide_claim": Claim,
}


class DecidingVerbs(RectifyingVerbs):
    """Verbs of the offices that review, and of leaders."""

    class Meta:
        abstract = True

    def _special_refusal(self, step: str, user: "User", at: datetime) -> StepRefused | None:
        if step in _DECIDES and not self._waits(_DECIDES[step]):
            return StepRefused(_("No request of this kind waits for a decision."), "wrong_state")
        if step in _ASKS and self._waits(_ASKS[step]):
            return StepRefused(_("A request of this kind already waits for a decision."), "conflict")
        if step == "file_plan" and self.kind == self.Kind.AT_ONCE:
            return StepRefused(
                _("This finding is to be put right at once. Ask for an extension instead."), "invalid"
            )
        if step == "reconsider" and self.duplicate_of_id:
            message = _(
                "A merged report stays with the finding that shows its photos. Have it recorded anew."
            )
            return StepRefused(message, "merged")
        if step == "complete_milestone" and not self.open_milestones().exists():
            return StepRefused(_("There is no open milestone."), "wrong_state")
        if step == "reply" and not self._unanswered().exists():
            return StepRefused(_("There is no instruction without a reply."), "wrong_state")
        return super()._special_refusal(step, user, at)

    def _waits(self, model: "RequestModel") -> bool:
        return model._default_manager.filter(finding_id=self.pk, state="asked").exists()

    def open_milestones(self) -> "models.QuerySet[Milestone]":
        """Return the stages of the approved plan that are not reported as done, the earliest first."""
        plan = {"plan__finding_id": self.pk, "plan__state": "approved"}
        return Milestone.objects.filter(done_at=None, **plan).order_by("date", "pk")

    def _unanswered(self) -> "models.QuerySet[Instruction]":
        return Instruction.objects.filter(finding_id=self.pk, replied_at=None)

    def needs_on_site(self) -> bool:
        """Tell whether the next decision must record an on-site check: it replaces after-photos and is not there."""
        if self.after_photo_policy() != AfterPhotoRule.Policy.ON_SITE:
            return False
        return self.state != State.CHECKED or self._on_site_of_check() is None

    def _on_site_of_check(self) -> OnSiteCheck | None:
        """Return what the county's check of this submission has recorded; an undone check leaves `submitted`."""
        last = self.events.filter(step="check").order_by("-version").first()
        return OnSiteCheck.read(last.data) if last else None

    def _on_site(self, check: OnSiteCheck | None, at: datetime) -> dict[str, Any]:
        """Return what the decision's event keeps of the on-site check; refuse one that is missing or impossible."""
        if check is None:
            if self.needs_on_site():
                message = _(
                    "After-photos are replaced by an on-site check: say who looked, when, and the result."
                )
                raise StepRefused(message, "on_site_missing")
            return {}
        if not (self.issued_at and timezone.localdate(self.issued_at) <= check.day <= timezone.localdate(at)):
            raise StepRefused(_("The on-site check was after the issue and not in the future."), "invalid")
        return {"on_site": check.as_json()}

    @alters_data
    @transaction.atomic
    def pass_check(
        self, *, by: "User", at: datetime, remark: str = "", on_site: OnSiteCheck | None = None
    ) -> FindingEvent:
        """Pass the county office's check of a city finding on to the city."""
        if refused := self.refusal("check", by, at):
            raise refused
        tells = self._on_site(on_site, at)
        event = self.take("check", by=by, at=at, remark=remark, to=State.CHECKED, checked_at=at, tells=tells)
        notices.checked(self, at)
        return event

    @alters_data
    @transaction.atomic
    def close(
        self,
        *,
        by: "User",
        at: datetime,
        remark: str = "",
        document: str = "",
        on_site: OnSiteCheck | None = None,
    ) -> FindingEvent:
        """Close as fixed: on time if the submission came before the first due date."""
        if refused := self.refusal("close", by, at):
            raise refused
        if self.kind == self.Kind.CONTINUING and not document:
            raise StepRefused(_("Name the signed decision that ends a continuing rectification."), "invalid")
        event = self.take(
            "close", by=by, at=at, remark=remark, to=State.CLOSED, ending=self.Ending.FIXED,
            closed_at=at, closed_by=by, closing_document=document, on_time=self._was_on_time(),
            tells=self._on_site(on_site, at),
        )  # fmt: skip
        self._outcome(Rectification.Outcome.CLOSED)
        notices.decided(self, "close", at)
        return event

    def _was_on_time(self) -> bool | None:
        if self.first_due_on is None or self.submitted_at is None:
            return None
        return timezone.localdate(self.submitted_at) <= self.first_due_on

    @alters_data
    @transaction.atomic
    def send_back(self, *, by: "User", at: datetime, reason: str) -> FindingEvent:
        """Send a rectification back; the township gets at least two more days, on record."""
        if not reason.strip():
            raise StepRefused(_("Say what is still missing."), "reason_missing")
        until = self._later(at)
        event = self.take(
            "send_back", by=by, at=at, remark=reason, to=State.RETURNED, times_returned=self.times_returned + 1,
            due_on=until, checked_at=None, creates=self._extension(Extension.Cause.RETURN, until, reason, by, at),
        )  # fmt: skip
        self._outcome(Rectification.Outcome.RETURNED)
        notices.decided(self, "send_back", at, reason)
        return event

    def _later(self, at: datetime) -> date | None:
        """Return the due date after a return; a finding whose due date is not set yet keeps waiting for it."""
        if self.due_on is None:
            return None
        return deadlines.after_return(self.due_on, timezone.localdate(at), settings.RETURN_EXTRA_DAYS)

    def _extension(
        self, cause: str, until: date | None, reason: str, by: "User", at: datetime
    ) -> list[Extension]:
        """Return the record that a due date moved, if it did."""
        if until is None or until == self.due_on:
            return []
        row = Extension(
            finding_id=self.pk, cause=cause, until=until, reason=reason, asked_by=None, asked_at=at
        )
        row.state, row.decided_by, row.decided_at = "approved", by, at
        return [row]

    def _outcome(self, outcome: str) -> None:
        """Mark the latest submission with what became of it."""
        latest = Rectification.objects.filter(finding_id=self.pk).order_by("-at").first()
        if latest:
            Rectification.objects.filter(pk=latest.pk).update(outcome=outcome)

    @alters_data
    @transaction.atomic
    def decide_plan(self, *, by: "User", at: datetime, accept: bool, reason: str = "") -> FindingEvent:
        """Approve the plan, whose date the clock then runs to, or refuse it with a reason."""
        plan = self._asked(RectificationPlan, accept, reason)
        changes: dict[str, Any] = {}
        creates: list[Extension] = []
        if accept:
            until = None if self.kind == self.Kind.CONTINUING else plan.date
            # only the first plan sets the date that on-time looks at: a later one is more time, like an extension
            again = RectificationPlan.objects.filter(finding_id=self.pk, state="approved").exists()
            first = self.first_due_on if again else until
            changes = {"due_on": until, "first_due_on": first, "awaits_calendar": False}
            creates = self._extension(Extension.Cause.PLAN, until, plan.measures, by, at)
        return self._decide_request("decide_plan", plan, by, at, accept, reason, creates, changes)

    @alters_data
    @transaction.atomic
    def decide_extension(self, *, by: "User", at: datetime, accept: bool, reason: str = "") -> FindingEvent:
        """Grant the later due date or refuse it; on-time still looks at the first one."""
        request = self._asked(Extension, accept, reason)
        # asked for before a return moved the due date: granting it never takes days away
        until = max(request.until, self.due_on or request.until)
        # a first due date that awaits the holiday table still does: on-time needs it
        changes = {"due_on": until} if accept else {}
        return self._decide_request("decide_extension", request, by, at, accept, reason, [], changes)

    @alters_data
    @transaction.atomic
    def decide_claim(self, *, by: "User", at: datetime, accept: bool, reason: str = "") -> FindingEvent:
        """Accept the claimed ending, which closes the finding, or refuse it."""
        claim = self._asked(Claim, accept, reason)
        changes: dict[str, Any] = {}
        if accept and (refused := self._unsigned(by, at)):
            raise refused
        if accept:
            changes = {
                "ending": claim.ending,
                "duplicate_of": claim.duplicate_of,
                "closed_at": at,
                "closed_by": by,
            }
        to = State.CLOSED if accept else None
        return self._decide_request("decide_claim", claim, by, at, accept, reason, [], changes, to)

    def _asked(self, model: type[R], accept: bool, reason: str) -> R:
        """Return the request of this kind that waits; a refusal needs a reason."""
        if not accept and not reason.strip():
            raise StepRefused(_("Give a reason."), "reason_missing")
        request = model._default_manager.filter(finding_id=self.pk, state="asked").first()
        if request is None:
            raise StepRefused(_("No request of this kind waits for a decision."), "wrong_state")
        return request

    def _decide_request(
        self,
        step: str,
        request: Request,
        by: "User",
        at: datetime,
        accept: bool,
        reason: str,
        creates: list[Extension],
        changes: dict[str, Any],
        to: str | None = None,
    ) -> FindingEvent:
        event = self.take(
            step, by=by, at=at, remark=reason, to=to, creates=creates,
            decides=(request, Request.decision(by, at, accept, reason)), **changes,
        )  # fmt: skip
        notices.answered(self, step, at, reason, accept=accept)
        return event

    @alters_data
    @transaction.atomic
    def reopen(self, *, by: "User", at: datetime, reason: str) -> FindingEvent:
        """Correct a wrong decision on the same row; a problem that came back is a new finding instead."""
        if not reason.strip():
            raise StepRefused(_("Give a reason."), "reason_missing")
        until = self._later(at)
        event = self.take(
            "reopen", by=by, at=at, remark=reason, to=State.OPEN, ending="", closed_at=None, closed_by=None,
            closing_document="", on_time=None, duplicate_of=None, due_on=until, checked_at=None,
            creates=self._extension(Extension.Cause.REOPEN, until, reason, by, at),
        )  # fmt: skip
        notices.decided(self, "reopen", at, reason)
        return event

    @alters_data
    @transaction.atomic
    def instruct(self, *, by: "User", at: datetime, text: str) -> FindingEvent:
        """Leave a leader's instruction, which becomes a task of the issuing office."""
        if not text.strip():
            raise StepRefused(_("Write the instruction first."), "invalid")
        row = Instruction(finding_id=self.pk, text=text, by=by, at=at)
        event = self.take("instruct", by=by, at=at, remark=text, creates=[row])
        notices.instructed(self, at)
        return event

    @alters_data
    @transaction.atomic
    def reply(self, instruction: Instruction, *, by: "User", at: datetime, text: str) -> FindingEvent:
        """Answer a leader's instruction for the issuing office; the leader is told."""
        if not text.strip():
            raise StepRefused(_("Write the reply first."), "invalid")
        event = self.take("reply", by=by, at=at, remark=text)
        answer = {"reply": text, "replied_by": by, "replied_at": at}
        if not self._unanswered().filter(pk=instruction.pk).update(**answer):
            raise StepRefused(_("A colleague has already replied."), "conflict")
        notices.replied(self, instruction, at)
        return event

    @alters_data
    @transaction.atomic
    def sample(self, *, by: "User", at: datetime, accept: bool, remark: str = "") -> FindingEvent:
        """Record what the city office saw when it sampled a county's closed finding; nothing else changes."""
        if not accept and not remark.strip():
            raise StepRefused(_("Say what is not in order."), "reason_missing")
        event = self.take("sample", by=by, at=at, remark=remark, tells={"accept": accept})
        notices.sampled(self, at, remark, accept=accept)
        return event

    def note(self, *, by: "User", at: datetime, remark: str) -> FindingEvent:
        """Add a remark to the timeline."""
        if not remark.strip():
            raise StepRefused(_("Write the remark first."), "invalid")
        return self.take("note", by=by, at=at, remark=remark)

    def attach(self, *, by: "User", at: datetime, file: "File[Any]", kind: str) -> FindingEvent:
        """Keep a file beside the finding, exactly as received; `kind` comes from `attachments.check_file`."""
        if refused := self.refusal("attach", by, at):
            raise refused
        row = FindingFile.objects.prepare(self.pk, by=by, at=at, file=file, kind=kind)
        return self.take("attach", by=by, at=at, remark=row.name, creates=[row])

    def after_undo(self, event: FindingEvent, at: datetime) -> None:
        """Withdraw the waiting notices, reopen the submission's outcome, take a merged report's photos back."""
        notices.take_back(self, event.step, event.version, at)
        if event.step in {"close", "send_back"}:
            latest = Rectification.objects.filter(finding_id=self.pk).order_by("-at").first()
            if latest:
                Rectification.objects.filter(pk=latest.pk).update(outcome=None)
        if event.step == "merge":
            PhotoUse.objects.take_back(self, event.at)
