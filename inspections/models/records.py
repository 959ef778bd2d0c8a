"""The rows around a finding: its events, its two sides, and each request with its decision."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self, cast

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.prepared import Prepared
from audit.verbs import alters_data
from inspections import deadlines
from inspections.steps import PartName, State, StepRefused
from villages.models import Division, Holiday

if TYPE_CHECKING:
    from accounts.models import Post, User


class FindingEvent(models.Model):
    """One step of one finding: timeline, audit trail and statistics in one row that is never edited.

    `data["before"]` keeps what an undo restores; `version` is the finding's version after the step.
    """

    append_only = True

    finding = models.ForeignKey("inspections.Finding", models.PROTECT, related_name="events")
    step = models.CharField(max_length=30)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    remark = models.TextField(blank=True)
    from_state = models.CharField(max_length=10, choices=State.choices)
    to_state = models.CharField(max_length=10, choices=State.choices)
    version = models.PositiveIntegerField()
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # the inspected side does not read what happened before the finding was issued
    internal = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("event")
        constraints = [
            # one event per version: two steps can never both have come from the same state
            models.UniqueConstraint(fields=["finding", "version"], name="finding_event_version"),
        ]


class Part(models.Model):
    """Which side of a finding a user is on: unique, so that nobody both rectifies and decides."""

    finding = models.ForeignKey("inspections.Finding", models.CASCADE, related_name="parts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    part = models.CharField(max_length=10, choices=PartName.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["finding", "user"], name="one_side_per_person")]


class NumberSeries(models.Model):
    """The last number given in one unit and year; its row lock keeps public numbers free of gaps."""

    county = models.ForeignKey(Division, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["county", "year"], name="one_series_per_year")]

    @classmethod
    def next_number(cls, county: Division, year: int) -> str:
        """Give the next public number, as `JP-2026-000123`; call inside the issuing transaction."""
        key = county._meta.pk.get_db_prep_value(county.pk, connection)
        with connection.cursor() as cursor:
            cursor.execute(_NEXT_NUMBER, [key, year])
            last: int = cursor.fetchone()[0]
        return f"{county.number_prefix}-{year}-{last:06d}"


# one statement that makes, locks and raises the row
_NEXT_NUMBER = """INSERT INTO inspections_numberseries AS series (county_id, year, last) VALUES (%s, %s, 1)
ON CONFLICT (county_id, year) DO UPDATE SET last = series.last + 1 RETURNING last"""

OBSTACLES = {
    "no_days": _("A rule gives at least one day."),
    "table_ends": _(
        "The holiday table ends within 60 days of that day. Add the next year to the table first."
    ),
}


class DeadlineRuleQuerySet(models.QuerySet["DeadlineRule"]):
    def for_office(self, office: Division, on: date) -> "DeadlineRule | None":
        """Return the rule in force at the office on that day, if it has set one."""
        return _RULES.first(office.pk, on)

    @alters_data
    def add(
        self,
        *,
        post: "Post",
        by: "User",
        at: datetime,
        since: date,
        days: int,
        counting: str,
        severity_days: dict[str, int],
        start: str = "issue",
    ) -> "DeadlineRule":
        """Set how the post's office counts from a day on; findings that are issued already keep their rule."""
        on = timezone.localdate(at)
        if not post.may_sign:
            raise StepRefused(_("A rule is set by someone of the office who may sign."), "not_yours")
        if since < on:
            raise StepRefused(_("A rule cannot begin in the past."), "invalid")
        rule = self.model(
            office=post.division, since=since, days=days, counting=counting, severity_days=severity_days,
            start=start, created_by=by, created_at=at,
        )  # fmt: skip
        obstacle = deadlines.can_activate(rule.as_rule(), Holiday.objects.calendar(), max(since, on))
        if obstacle:
            raise StepRefused(OBSTACLES[obstacle], "invalid")
        rule.save(force_insert=True)
        return rule


class DeadlineRule(models.Model):
    """How an issuing office counts the days; a change is a new row from a day on."""

    class Counting(models.TextChoices):
        CALENDAR = "calendar", _("Calendar days")
        WORKING = "working", _("Working days")

    class Start(models.TextChoices):
        ISSUE = "issue", _("The day of issue is day 0")
        NEXT_DAY = "next_day_after_17", _("An issue after 17:00 counts as of the next day")

    office = models.ForeignKey(Division, models.PROTECT, related_name="+")
    since = models.DateField(_("from"))
    days = models.PositiveSmallIntegerField(_("days"), default=5)
    counting = models.CharField(
        _("counting"), max_length=10, choices=Counting.choices, default=Counting.CALENDAR
    )
    severity_days = models.JSONField(_("days by severity"), default=dict, blank=True)
    start = models.CharField(_("start"), max_length=20, choices=Start.choices, default=Start.ISSUE)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = DeadlineRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("deadline rule")
        constraints = [models.CheckConstraint(condition=Q(days__gte=1), name="deadline_rule_has_days")]

    def as_rule(self) -> deadlines.Rule:
        """Return the pure rule."""
        return deadlines.Rule(
            days=self.days,
            counting=cast("deadlines.Counting", self.counting),
            severity_days=self.severity_days,
            start=cast("deadlines.Start", self.start),
        )


_RULES: Prepared[DeadlineRule] = Prepared(
    lambda office, on: DeadlineRule.objects.filter(office_id=office, since__lte=on).order_by("-since", "-id")[
        :1
    ],
    uuid.UUID,
    date,
)


class AfterPhotoRuleQuerySet(models.QuerySet["AfterPhotoRule"]):
    @transaction.atomic
    def settle(self, policies: Mapping[tuple[uuid.UUID, str], str]) -> None:
        """Replace all rules by these; a cell that is not named follows the shipped rule."""
        self.all().delete()
        self.bulk_create(
            self.model(item_id=item, kind=kind, policy=policy)
            for (item, kind), policy in policies.items()
            if policy
        )


class AfterPhotoRule(models.Model):
    """Whether an item and kind need after-photos, where the shipped rule does not fit."""

    class Policy(models.TextChoices):
        REQUIRED = "required", _("After-photos required")
        OPTIONAL = "optional", _("After-photos optional")
        ON_SITE = "on_site", _("Replaced by an on-site check")

    item = models.ForeignKey("schemes.Item", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    policy = models.CharField(max_length=10, choices=Policy.choices)

    objects = AfterPhotoRuleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "kind"], name="one_after_photo_rule")]


class Rectification(models.Model):
    """One submission by the township, kept as it was sent."""

    class Outcome(models.TextChoices):
        CLOSED = "closed", _("Closed")
        RETURNED = "returned", _("Returned")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    finding = models.ForeignKey("inspections.Finding", models.PROTECT, related_name="rectifications")
    measures = models.TextField(_("measures"))
    result = models.TextField(_("result"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, null=True)  # noqa: DJ001


class Decision(models.TextChoices):
    """How a request stands."""

    ASKED = "asked", _("Waiting for a decision")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")


class RequestQuerySet(models.QuerySet[Any]):
    def to_decide(self, offices: Iterable[uuid.UUID | None]) -> Self:
        """Keep what waits for one of the issuing offices; an ending decides what was still asked."""
        waits = self.filter(state=Decision.ASKED, finding__issuing_office__in=offices)
        return waits.exclude(finding__state=State.CLOSED)

    def in_place(self, division: uuid.UUID) -> Self:
        """Keep what concerns findings of a unit or a township."""
        return self.filter(Q(finding__county=division) | Q(finding__township=division))


class Request(models.Model):
    """What plan, extension and claim share: asked by one side, decided with a reason by the other."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reason = models.TextField(_("reason"), blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=Decision.choices, default=Decision.ASKED)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(blank=True)

    objects = RequestQuerySet.as_manager()

    class Meta:
        abstract = True

    @staticmethod
    def decision(by: "User", at: object, accept: bool, reason: str) -> dict[str, object]:
        """Return the columns that a decision sets."""
        state = Decision.APPROVED if accept else Decision.REFUSED
        return {"state": state, "decided_by": by, "decided_at": at, "decision_reason": reason}


class RectificationPlan(Request):
    """A by-date or continuing rectification: measures, owner and the date the clock then runs to."""

    finding = models.ForeignKey("inspections.Finding", models.PROTECT, related_name="plans")
    measures = models.TextField(_("measures"))
    owner = models.CharField(_("owner"), max_length=100)
    date = models.DateField(_("to be finished by"))
    # the finding's first due date when it was filed: with approval the clock moves, this stays
    file_by = models.DateField(null=True)

    class Meta:
        constraints = [
            # one plan at a time waits for the issuer's decision
            models.UniqueConstraint(fields=["finding"], condition=Q(state="asked"), name="one_plan_asked"),
        ]

    @property
    def is_late(self) -> bool:
        """Tell whether the plan was filed after the days that the finding first had."""
        return self.file_by is not None and timezone.localdate(self.asked_at) > self.file_by


class Milestone(models.Model):
    """A stage of a plan; continuing rectifications are followed by these."""

    plan = models.ForeignKey(RectificationPlan, models.CASCADE, related_name="milestones")
    title = models.CharField(max_length=200)
    date = models.DateField()
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")


class Extension(Request):
    """A later due date as a record of its own; the clock never restarts silently."""

    class Cause(models.TextChoices):
        ASKED = "asked", _("Asked for by the township")
        RETURN = "return", _("Sent back")
        REOPEN = "reopen", _("Re-opened")
        PLAN = "plan", _("Plan approved")

    finding = models.ForeignKey("inspections.Finding", models.PROTECT, related_name="extensions")
    cause = models.CharField(max_length=10, choices=Cause.choices)
    until = models.DateField(_("new due date"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finding"], condition=Q(state="asked"), name="one_extension_asked"
            ),
        ]


class Claim(Request):
    """The township says that the finding ends another way; the issuing office decides."""

    finding = models.ForeignKey("inspections.Finding", models.PROTECT, related_name="claims")
    ending = models.CharField(max_length=12)
    duplicate_of = models.ForeignKey("inspections.Finding", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["finding"], condition=Q(state="asked"), name="one_claim_asked"),
        ]


class Instruction(models.Model):
    """A leader's instruction on a finding: a task of the issuing office, with a reply."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    finding = models.ForeignKey("inspections.Finding", models.PROTECT, related_name="instructions")
    text = models.TextField(_("instruction"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reply = models.TextField(_("reply"), blank=True)
    replied_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    replied_at = models.DateTimeField(null=True)
