"""What the system proposes when a finding stays overdue; people sign or dismiss it."""

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from audit.verbs import alters_data
from inspections.steps import State as FindingState
from inspections.steps import StepRefused

if TYPE_CHECKING:
    from accounts.models import User

OFFICES = (Role.CITY_OFFICE, Role.COUNTY_OFFICE)
IN_HAND = (FindingState.OPEN, FindingState.RETURNED)


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def visible_to(self, user: "User", on: date) -> "ProposalQuerySet":
        """Limit to the proposals of the user's own offices; an auditor reads all."""
        posts = user.posts_on(on)
        if any(post.role == Role.AUDITOR for post in posts):
            return self
        return self.filter(office__in=[post.division_id for post in posts if post.role in OFFICES])

    def waiting(self) -> "ProposalQuerySet":
        """Limit to those still to be signed whose finding is still in the township's hands."""
        in_hand = Q(finding=None) | Q(finding__state__in=IN_HAND)
        return self.filter(in_hand, state=Proposal.State.PROPOSED)


class Proposal(models.Model):
    """One proposed measure, for a finding or for a township as a whole; `occasion` keeps it from coming twice."""

    class Level(models.TextChoices):
        URGE = "urge", _("Urge")
        SUPERVISE = "supervise", _("Supervision notice")
        CIRCULATE = "circulate", _("Circular of criticism")
        SUMMON = "summon", _("Summons to a talk")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        SIGNED = "signed", _("Signed")
        DISMISSED = "dismissed", _("Dismissed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    level = models.CharField(_("measure"), max_length=10, choices=Level.choices)
    office = models.ForeignKey("villages.Division", models.PROTECT, related_name="+")
    township = models.ForeignKey("villages.Division", models.PROTECT, related_name="+")
    county = models.ForeignKey("villages.Division", models.PROTECT, related_name="+")
    finding = models.ForeignKey("inspections.Finding", models.PROTECT, null=True, related_name="proposals")
    occasion = models.CharField(max_length=120)
    # {"days": days overdue} for a finding, {"findings": count, "days": least days overdue} for a township
    facts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    proposed_at = models.DateTimeField(_("proposed"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PROPOSED)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(_("decided"), null=True)
    remark = models.TextField(_("remark"), blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposal")
        constraints = [
            # the sweep proposes once, however often it runs
            models.UniqueConstraint(fields=["level", "occasion"], name="one_proposal_per_occasion"),
            models.CheckConstraint(
                condition=Q(state="proposed", signed_by=None, signed_at=None)
                | Q(~Q(state="proposed"), signed_by__isnull=False, signed_at__isnull=False),
                name="proposal_decided_by_somebody",
            ),
        ]
        indexes = [
            # read by the list of what waits for a signature
            models.Index(
                fields=["office", "proposed_at"], condition=Q(state="proposed"), name="proposal_waiting"
            ),
        ]

    @property
    def reason(self) -> str:
        """Say why it is proposed, in the active language."""
        days = int(self.facts["days"])
        if "findings" not in self.facts:
            return ngettext("%(days)s day overdue", "%(days)s days overdue", days) % {"days": days}
        text = gettext("%(findings)s findings of the township are overdue by %(days)s days or more")
        return str(text % self.facts)

    def refusal(self, user: "User", on: date) -> StepRefused | None:
        """Return why the user may not decide on it, or None."""
        posts = [
            post for post in user.posts_on(on) if post.role in OFFICES and post.division_id == self.office_id
        ]
        if not any(post.may_sign for post in posts):
            return StepRefused(
                _("Only somebody of the issuing office who may sign decides on this."), "not_yours"
            )
        if self.state != self.State.PROPOSED:
            return StepRefused(_("This proposal has already been decided."), "wrong_state")
        return None

    @alters_data
    @transaction.atomic
    def sign(self, *, by: "User", at: datetime, remark: str = "") -> None:
        """Sign the measure. An urge is carried out at once; the others have their documents."""
        self._decide(self.State.SIGNED, by, at, remark)
        if self.level == self.Level.URGE and self.finding and self.finding.state in IN_HAND:
            self.finding.urge(by=by, at=at)

    @alters_data
    @transaction.atomic
    def dismiss(self, *, by: "User", at: datetime, remark: str) -> None:
        """Decide that the measure is not needed, with a reason."""
        if not remark.strip():
            raise StepRefused(_("Say why this measure is not needed."), "invalid")
        self._decide(self.State.DISMISSED, by, at, remark)

    def _decide(self, state: str, by: "User", at: datetime, remark: str) -> None:
        if refused := self.refusal(by, timezone.localdate(at)):
            raise refused
        decided = {"state": state, "signed_by": by, "signed_at": at, "remark": remark}
        waiting = Proposal.objects.filter(pk=self.pk, state=self.State.PROPOSED)
        if not waiting.update(**decided):
            raise StepRefused(_("This proposal has already been decided."), "conflict")
        for name, value in decided.items():
            setattr(self, name, value)
