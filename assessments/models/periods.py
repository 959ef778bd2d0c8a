"""Periods of assessment: what is assessed by which scheme and rounds, and the way from planning to publication."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Role, User
from assessments.steps import PERIOD_STEPS, Actor, PeriodState
from audit.verbs import alters_data
from inspections.models import Round
from inspections.models.rounds import SCORING_KINDS
from inspections.steps import StepRefused

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from assessments.models.adjustments import Adjustment
    from assessments.models.sheets import Sheet

# who learns of a period once it is open; inspectors see no rankings
READERS = (Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.TOWNSHIP, Role.DEPARTMENT, Role.LEADER, Role.AUDITOR)
TOO_FEW_VISITS = _("A month has too few visits to rank anybody by them. Choose a round, a quarter or a year.")


def sealed() -> Storage:
    """Return the storage of what is kept exactly as received."""
    return storages["sealed"]


def scan_name(row: "Period", _filename: str) -> str:
    """Name the scan of an approval by day and id; the uploader's file name is never used."""
    return f"approvals/{timezone.now():%Y/%m/%d}/{row.pk}-{uuid.uuid4()}"


class PeriodQuerySet(models.QuerySet["Period"]):
    """Sets of periods by who may know of them."""

    def visible_to(self, user: User, on: date) -> "PeriodQuerySet":
        """Return the periods a user may know of: the city office all, other readers those that are open or further."""
        roles = user.roles(on)
        if Role.CITY_OFFICE in roles:
            return self.all()
        return self.exclude(state=PeriodState.PLANNING) if roles & set(READERS) else self.none()

    def for_list(self) -> "PeriodQuerySet":
        """Fetch what a line shows in the same query."""
        return self.select_related("scheme", "previous")

    def newest_first(self) -> "PeriodQuerySet":
        """Order by what ended last."""
        return self.order_by("-ends_on", "-begins_on", "-created_at", "pk")

    @alters_data
    @transaction.atomic
    def plan(
        self,
        *,
        by: User,
        at: datetime,
        rounds: Iterable[Round] = (),
        parts: "Mapping[Period, int] | None" = None,
        **columns: Any,
    ) -> "Period":
        """Begin to plan a period."""
        if not by.has_role(Role.CITY_OFFICE, timezone.localdate(at)):
            raise StepRefused(_("Only people of the city office plan a period."), "not_yours")
        refuse_kind(columns["kind"])
        if self.filter(pk=columns.get("id")).exists():
            raise StepRefused(_("Reload the page and send it again."), "id_taken")
        made = self.create(created_by=by, created_at=at, **columns)
        made.write_rounds(rounds, at)
        made.write_parts(parts or {})
        made.note("plan", by=by, at=at)
        return made


class Period(models.Model):
    """One period of assessment."""

    class Kind(models.TextChoices):
        ROUND = "round", _("One round of visits")
        QUARTER = "quarter", _("Quarter")
        YEAR = "year", pgettext_lazy("assessment", "Year")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(
        _("state"), max_length=11, choices=PeriodState.choices, default=PeriodState.PLANNING
    )
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    title = models.CharField(_("name of the period"), max_length=100)
    scheme = models.ForeignKey(
        "schemes.Scheme", models.PROTECT, related_name="periods", verbose_name=_("scheme")
    )
    begins_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    rounds = models.ManyToManyField(
        Round, related_name="periods", blank=True, verbose_name=_("rounds that score")
    )
    # without these two a period does not open
    basis_document = models.CharField(_("basis document"), max_length=200, blank=True)
    plan_number = models.CharField(_("number in the approved inspection plan"), max_length=60, blank=True)
    sheets_due_on = models.DateField(_("sheets are due on"), null=True, blank=True)
    # whose ranks the movement is told from
    previous = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="followers",
        verbose_name=_("compared with"),
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    # the moment the office opened all sheets at once, and why without those that were missing
    sheets_opened_at = models.DateTimeField(null=True)
    missing_reason = models.CharField(max_length=300, blank=True)
    appeals_until = models.DateField(_("applications for review until"), null=True, blank=True)
    approval_document = models.CharField(_("approving document"), max_length=200, blank=True)
    approval_number = models.CharField(_("number of the approval"), max_length=60, blank=True)
    approved_on = models.DateField(_("approved on"), null=True, blank=True)
    approval_scan = models.FileField(storage=sealed, upload_to=scan_name, max_length=200, blank=True)
    approval_scan_kind = models.CharField(max_length=4, blank=True)
    approval_scan_sha256 = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True)

    append_only_when = "OLD.state = 'published'"

    objects = PeriodQuerySet.as_manager()

    if TYPE_CHECKING:
        events: RelatedManager["PeriodEvent"]
        parts: RelatedManager["PeriodPart"]
        sheets: RelatedManager[Sheet]
        adjustments: RelatedManager[Adjustment]
        scheme_id: int
        previous_id: uuid.UUID | None

    class Meta:
        verbose_name = _("assessment period")
        verbose_name_plural = _("assessment periods")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["round", "quarter", "year"]), name="period_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("begins_on")), name="period_ends_after_it_begins"
            ),
            # a period opens only on the approved plan
            models.CheckConstraint(
                condition=Q(state="planning")
                | Q(basis_document__gt="", plan_number__gt="", opened_at__isnull=False),
                name="period_opens_on_its_basis",
            ),
            # nothing is computed for the units from sheets that are still sealed
            models.CheckConstraint(
                condition=Q(state__in=["planning", "open"]) | Q(sheets_opened_at__isnull=False),
                name="period_goes_on_with_opened_sheets",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "published"])
                | Q(approval_document__gt="", approval_number__gt="", approved_on__isnull=False),
                name="period_approval_is_documented",
            ),
            models.CheckConstraint(
                condition=Q(previous__isnull=True) | ~Q(previous=F("id")), name="period_follows_another"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the period's page."""
        return reverse("period", args=[self.pk])

    @property
    def is_of_parts(self) -> bool:
        """Tell whether the period is made of others and has no sheets and rounds of its own."""
        return self.kind == self.Kind.YEAR and self.parts.exists()

    @property
    def has_opened_sheets(self) -> bool:
        """Tell whether the office has opened the sheets."""
        return self.sheets_opened_at is not None

    # --- the one way a period moves ---------------------------------------------------------------------------
    def actors(self, user: User, on: date) -> set[Actor]:
        """Return what the user is to this period today."""
        posts = [post for post in user.posts_on(on) if post.role == Role.CITY_OFFICE]
        signs = {Actor.SIGNER} if any(post.may_sign for post in posts) else set()
        return ({Actor.STAFF} | signs) if posts else set()

    def refusal(self, step: str, user: User, on: date) -> StepRefused | None:
        """Return why the user may not take this step now, or None."""
        row = PERIOD_STEPS[step]
        if row.actor not in self.actors(user, on):
            return StepRefused(
                _("Only people of the city office who may do this take this step."), "not_yours"
            )
        if self.state not in row.states:
            message = _("This period is now “%(state)s”; the step is not possible from there.")
            return StepRefused(message % {"state": self.get_state_display()}, "wrong_state")
        return None

    def steps_for(self, user: User, on: date) -> list[str]:
        """Return the steps this user may take now, in the order of the table."""
        mine = self.actors(user, on)
        return [name for name, row in PERIOD_STEPS.items() if row.actor in mine and self.state in row.states]

    @alters_data
    @transaction.atomic
    def take(
        self,
        step: str,
        *,
        by: User,
        at: datetime,
        remark: str = "",
        data: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> "PeriodEvent":
        """Refuse, or write the columns if nobody else has changed the period meanwhile, with one event row."""
        if refused := self.refusal(step, by, timezone.localdate(at)):
            raise refused
        if leads_to := PERIOD_STEPS[step].leads_to:
            changes["state"] = leads_to
        mine = Period.objects.filter(pk=self.pk, version=self.version)
        if not mine.update(version=F("version") + 1, **changes):
            raise StepRefused(
                _("Someone else has just changed this period. Reload it and look again."), "conflict"
            )
        self.refresh_from_db()
        return self.note(step, by=by, at=at, remark=remark, data=data)

    @alters_data
    def note(
        self,
        step: str,
        *,
        by: User | None,
        at: datetime,
        remark: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> "PeriodEvent":
        """Append one event row."""
        return self.events.create(
            step=step, by=by, at=at, remark=remark, version=self.version, data=dict(data or {})
        )

    @alters_data
    @transaction.atomic
    def change(
        self,
        *,
        by: User,
        at: datetime,
        rounds: Iterable[Round] | None = None,
        parts: "Mapping[Period, int] | None" = None,
        **columns: Any,
    ) -> None:
        """Change what is planned."""
        refuse_kind(columns.get("kind", self.kind))
        if (previous := columns.get("previous")) is not None and previous.pk == self.pk:
            raise StepRefused(_("A period is compared with another one."), "invalid")
        if rounds is not None:
            rounds = list(rounds)
            refuse_rounds(rounds, columns.get("scheme", self.scheme).pk, at)
        self.refuse_parts(columns.get("kind", self.kind), parts or {})
        self.take("change", by=by, at=at, **columns)
        if rounds is not None:
            self.write_rounds(rounds, at)
        if parts is not None:
            self.write_parts(parts)

    @alters_data
    @transaction.atomic
    def set_rounds(self, *, by: User, at: datetime, rounds: Iterable[Round]) -> None:
        """Choose the rounds whose visits score in this period; possible while sheets and visits come in."""
        chosen = list(rounds)
        refuse_rounds(chosen, self.scheme_id, at)
        self.take("set_rounds", by=by, at=at, data={"rounds": [str(row.pk) for row in chosen]})
        self.write_rounds(chosen, at)

    @alters_data
    def write_rounds(self, rounds: Iterable[Round], at: datetime) -> None:
        """Store the rounds; only what has been revealed can be chosen, so that no period tells of a sealed round."""
        chosen = list(rounds)
        refuse_rounds(chosen, self.scheme_id, at)
        self.rounds.set(chosen)

    @alters_data
    def write_parts(self, parts: "Mapping[Period, int]") -> None:
        """Store what a year is made of, with weights in per cent."""
        self.refuse_parts(self.kind, parts)
        self.parts.all().delete()
        PeriodPart.objects.bulk_create(
            [PeriodPart(year=self, part=part, weight=weight) for part, weight in parts.items()]
        )

    def refuse_parts(self, kind: str, parts: "Mapping[Period, int]") -> None:
        """Raise StepRefused where a period of this kind cannot be made of these parts."""
        if parts and kind != self.Kind.YEAR:
            raise StepRefused(_("Only a year is made of other periods."), "invalid")
        if parts and sum(parts.values()) != 100:
            message = _("The weights of the parts make %(sum)s %%, not 100 %%.")
            raise StepRefused(message % {"sum": sum(parts.values())}, "invalid")
        if any(part.pk == self.pk or part.kind == self.Kind.YEAR for part in parts):
            raise StepRefused(_("The parts of a year are rounds or quarters."), "invalid")


class PeriodPart(models.Model):
    """One period that a year is made of, with its weight in per cent."""

    year = models.ForeignKey(Period, models.CASCADE, related_name="parts")
    part = models.ForeignKey(Period, models.PROTECT, related_name="part_of", verbose_name=_("part"))
    weight = models.PositiveSmallIntegerField(_("weight, per cent"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "part"], name="period_part_once"),
            models.CheckConstraint(condition=Q(weight__gte=1, weight__lte=100), name="period_part_per_cent"),
            models.CheckConstraint(condition=~Q(year=F("part")), name="period_part_is_another"),
        ]


class PeriodEvent(models.Model):
    """One step of a period: who, when, what; never changed."""

    append_only = True

    period = models.ForeignKey(Period, models.PROTECT, related_name="events")
    step = models.CharField(max_length=20)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    version = models.PositiveIntegerField()
    remark = models.TextField(blank=True)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("step of a period")

    def __str__(self) -> str:
        return f"{self.step} {self.at:%Y-%m-%d %H:%M}"

    @property
    def label(self) -> Any:
        """Return the step in words."""
        step = PERIOD_STEPS.get(self.step)
        return step.label if step else _("Begin to plan")


def refuse_kind(kind: str) -> None:
    """Refuse a kind that is not ranked by; a month has too few visits."""
    if kind not in Period.Kind.values:
        raise StepRefused(TOO_FEW_VISITS, "too_few_visits")


def rounds_to_choose(at: datetime) -> QuerySet[Round]:
    """Return the rounds that a period can be made of: revealed to everybody, and with visits that score."""
    return Round.objects.revealed(at).filter(kind__in=SCORING_KINDS).order_by("-begins_on", "pk")


def refuse_rounds(rounds: Iterable[Round], scheme: int, at: datetime) -> None:
    """Raise StepRefused for a round that is not revealed, does not score, or is scored by another scheme."""
    chosen = list(rounds)
    known = rounds_to_choose(at).filter(pk__in=[row.pk for row in chosen])
    allowed = set(known.values_list("pk", flat=True))
    for row in chosen:
        if row.pk not in allowed:
            message = _("A round can be chosen once it is revealed, if its visits score.")
            raise StepRefused(message, "invalid")
        if row.scheme_id not in (None, scheme):
            message = _("“%(round)s” is scored by another scheme than this period.")
            raise StepRefused(message % {"round": row}, "other_scheme")
