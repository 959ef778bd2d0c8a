"""Ledgers handed upwards: a frozen snapshot with control totals, and the receiver's decision on it."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from audit.verbs import alters_data
from inspections.steps import StepRefused
from notifications.models import Notice
from villages.models import Division

ROLE_OF_LEVEL: dict[str, str] = {
    Division.Level.CITY: Role.CITY_OFFICE,
    Division.Level.COUNTY: Role.COUNTY_OFFICE,
    Division.Level.TOWNSHIP: Role.TOWNSHIP,
}


@dataclass(frozen=True)
class Snapshot:
    """What is frozen: the ledger's lines, their SHA-256, the control totals, and the parts it is gathered from."""

    rows: Sequence[Mapping[str, Any]]
    sha256: str
    totals: Mapping[str, Any]
    parts: Sequence[Mapping[str, Any]] = ()


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Sets of submitted ledgers; who sees which, and the verb that submits one."""

    def visible_to(self, user: "User", on: date) -> "SubmissionQuerySet":
        """Return what the user's places have submitted or received; the auditor reads all."""
        places = user.places(on, Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.TOWNSHIP, Role.AUDITOR)
        if places.everything or user.has_role(Role.AUDITOR, on):
            return self.all()
        own = Q(division__in=[*places.counties, *places.townships])
        return self.filter(own | Q(receiver__in=places.counties))

    def with_decision(self) -> "SubmissionQuerySet":
        """Fetch places, people and the decision along; leave the frozen rows in the database."""
        joined = self.select_related("division", "receiver", "submitted_by", "decision__by")
        return joined.defer("rows", "parts")

    def newest(self) -> "SubmissionQuerySet":
        """Return only the newest version of each place and period."""
        newer = Submission.objects.filter(
            division=models.OuterRef("division"), since=models.OuterRef("since"), until=models.OuterRef("until"),
            version__gt=models.OuterRef("version"),
        )  # fmt: skip
        return self.filter(~models.Exists(newer))

    def of_period(self, since: date, until: date) -> "SubmissionQuerySet":
        """Return the ledgers of exactly this period."""
        return self.filter(since=since, until=until)

    def waiting(self) -> "SubmissionQuerySet":
        """Return what its receiver has not decided on."""
        return self.filter(decision=None)

    @alters_data
    @transaction.atomic
    def submit(
        self,
        *,
        division: Division,
        receiver: Division,
        by: "User",
        at: datetime,
        since: date,
        until: date,
        snapshot: Snapshot,
        remark: str = "",
    ) -> "Submission":
        """Freeze a place's ledger of a period and hand it to its receiver; a new version stands beside the old."""
        on = timezone.localdate(at)
        if not any(
            p.division_id == division.pk and p.role == ROLE_OF_LEVEL[division.level] for p in by.posts_on(on)
        ):
            raise StepRefused(_("Only officials of the place submit its ledger."), "not_yours")
        if until < since or until > on:
            raise StepRefused(_("The period must have ended, at the latest today."), "invalid")
        before = self.of_period(since, until).filter(division=division)
        last = before.order_by("-version").select_related("decision").first()
        if last and last.state != Submission.State.RETURNED:
            raise StepRefused(
                _("This ledger was submitted already; a new version follows when it is returned."), "conflict"
            )
        frozen = self._freeze(
            division=division, receiver=receiver, since=since, until=until, version=(last.version if last else 0) + 1,
            due_on=until + timedelta(days=settings.SUBMISSION_DUE_DAYS), submitted_by=by, submitted_at=at,
            remark=remark, rows=snapshot.rows, totals=snapshot.totals, sha256=snapshot.sha256,
            parts=snapshot.parts, row_count=len(snapshot.rows),
        )  # fmt: skip
        frozen.tell(User.objects.at(receiver, on, ROLE_OF_LEVEL[receiver.level]), "submitted", at)
        return frozen

    def _freeze(self, **columns: Any) -> "Submission":
        try:
            with transaction.atomic():
                return self.create(**columns)
        except IntegrityError as error:
            raise StepRefused(_("A colleague has just submitted this ledger."), "conflict") from error


class Submission(models.Model):
    """One version of a place's ledger of one period, frozen when it was submitted.

    `rows` are the official lines in order, `totals` the control totals counted from them, `parts` (of a county's
    ledger) how each township's own submission stood at that moment.
    """

    append_only = True

    class State(models.TextChoices):
        SUBMITTED = "submitted", _("Submitted")
        ACCEPTED = "accepted", _("Accepted")
        RETURNED = "returned", _("Returned")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+")
    receiver = models.ForeignKey(Division, models.PROTECT, related_name="+")
    since = models.DateField(_("from"))
    until = models.DateField(_("to"))
    due_on = models.DateField(_("due"))
    version = models.PositiveSmallIntegerField(_("version"))
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(_("submitted"))
    remark = models.TextField(_("remark"), blank=True)
    rows = models.JSONField(encoder=DjangoJSONEncoder)
    row_count = models.PositiveIntegerField()
    totals = models.JSONField(encoder=DjangoJSONEncoder)
    sha256 = models.CharField(max_length=64)
    parts = models.JSONField(default=list, encoder=DjangoJSONEncoder)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("submitted ledger")
        constraints = [
            models.UniqueConstraint(
                fields=["division", "since", "until", "version"], name="submission_version_once"
            ),
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="submission_period"),
        ]
        indexes = [
            # the receiver's list, newest first
            models.Index(fields=["receiver", "-submitted_at"], name="submission_received"),
        ]

    def __str__(self) -> str:
        return f"{self.division} {self.since:%Y-%m-%d} – {self.until:%Y-%m-%d} v{self.version}"

    def get_absolute_url(self) -> str:
        """Return the submission's page."""
        return reverse("submission", args=[self.pk])

    @property
    def state(self) -> str:
        """Return where it stands: it waits until it has a decision."""
        decision = getattr(self, "decision", None)
        if decision is None:
            return self.State.SUBMITTED
        return self.State.ACCEPTED if decision.accepted else self.State.RETURNED

    @property
    def state_label(self) -> str:
        """Return the word for where it stands."""
        return str(self.State(self.state).label)

    @property
    def days_late(self) -> int:
        """Return how many days after its due date it came."""
        return max(0, (timezone.localdate(self.submitted_at) - self.due_on).days)

    def refusal(self, user: "User", on: date) -> StepRefused | None:
        """Return why the user may not decide on it, or None."""
        role = ROLE_OF_LEVEL[self.receiver.level]
        if not any(p.division_id == self.receiver_id and p.role == role for p in user.posts_on(on)):
            return StepRefused(_("The office that received it decides."), "not_yours")
        if self.submitted_by_id == user.pk:
            return StepRefused(_("Who submitted it does not decide on it."), "both_sides")
        if self.state != self.State.SUBMITTED:
            return StepRefused(_("It has been decided already."), "wrong_state")
        return None

    @alters_data
    @transaction.atomic
    def decide(self, *, by: "User", at: datetime, accepted: bool, reason: str = "") -> "SubmissionDecision":
        """Accept the ledger, or return it with a reason."""
        if refused := self.refusal(by, timezone.localdate(at)):
            raise refused
        if not accepted and not reason.strip():
            raise StepRefused(_("Give a reason."), "reason_missing")
        row = SubmissionDecision(submission=self, accepted=accepted, reason=reason, by=by, at=at)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise StepRefused(_("It has been decided already."), "conflict") from error
        senders = User.objects.at(self.division, timezone.localdate(at), ROLE_OF_LEVEL[self.division.level])
        self.tell(senders, "accepted" if accepted else "returned", at)
        return row

    def tell(self, users: Iterable[User], what: str, at: datetime) -> None:
        """Tell the other side: the receiver that a ledger came, the senders what became of it."""
        Notice.objects.tell(
            users, key=f"submission:{self.pk}:{what}", url=self.get_absolute_url(), at=at, step=f"ledger_{what}",
            text=lambda: _SAID[what]() % {"place": self.division.label, "since": self.since, "until": self.until},
        )  # fmt: skip


_SAID: dict[str, Callable[[], str]] = {
    "submitted": lambda: gettext("%(place)s handed in its ledger of %(since)s to %(until)s; please decide."),
    "accepted": lambda: gettext("The ledger of %(place)s of %(since)s to %(until)s was accepted."),
    "returned": lambda: gettext(
        "The ledger of %(place)s of %(since)s to %(until)s was returned; please read why."
    ),
}


class SubmissionDecision(models.Model):
    """The receiver's one decision on one version; never changed: a return is answered by a new version."""

    append_only = True

    submission = models.OneToOneField(Submission, models.PROTECT, related_name="decision")
    accepted = models.BooleanField()
    reason = models.TextField(_("reason"), blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted=True) | Q(reason__gt=""), name="submission_return_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id} {self.accepted}"
