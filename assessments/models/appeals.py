"""Applications for review (复核申请): raised by the assessed unit in the window, decided by the city office.

A decision that changes a score leaves an override: a row that is only appended, and that the package contains.
"""

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files import File
from django.db import models
from django.db.models import F, Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Role, User
from assessments.models.fractions import FractionField
from assessments.models.periods import Period, sealed
from assessments.steps import PeriodState
from audit.verbs import alters_data
from inspections.attachments import TYPES, FileRefused, name_of
from inspections.steps import StepRefused
from inspections.uploads import sha256_of
from schemes.models import Item, SchemeSource, decimal_text
from villages.models import Division, Village

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

# what a unit can ask to have looked at again; what the system counts is put right in the rows it counts
SOURCES = (
    SchemeSource.Code.SELF,
    SchemeSource.Code.DEPARTMENT,
    SchemeSource.Code.VISIT,
    SchemeSource.Code.SYSTEM,
)
MOST_FILES = 5
File_ = tuple["File[Any]", str]  # an upload and its kind, from `check_file`


class AppealQuerySet(models.QuerySet["Appeal"]):
    """Sets of appeals: the unit's own and who decides see them."""

    def visible_to(self, user: User, on: date) -> "AppealQuerySet":
        """Return all for the city office and the auditor, their unit's for county offices and leaders."""
        if user.roles(on) & {Role.CITY_OFFICE, Role.AUDITOR}:
            return self.all()
        return self.filter(unit__in=user.places(on, Role.COUNTY_OFFICE, Role.LEADER).counties)

    def for_list(self) -> "AppealQuerySet":
        """Fetch what a line shows, the newest first."""
        rows = self.select_related("period", "unit", "item", "village", "raised_by", "decided_by")
        return rows.order_by("-raised_at", "pk")

    def waiting(self) -> "AppealQuerySet":
        """Return what is not decided."""
        return self.filter(state=Appeal.State.OPEN)


class Appeal(models.Model):
    """One application of a unit for the review of one item."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("appeal", "Waits for a decision")
        UPHELD = "upheld", pgettext_lazy("appeal", "Score changed")
        REJECTED = "rejected", pgettext_lazy("appeal", "Score stays")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    period = models.ForeignKey(Period, models.PROTECT, related_name="appeals")
    number = models.PositiveIntegerField()
    unit = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("unit"))
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", verbose_name=_("item"))
    source = models.CharField(_("source"), max_length=10, choices=SchemeSource.Code.choices)
    # a visit scores a village: the review is about that village's score
    village = models.ForeignKey(
        Village, models.PROTECT, null=True, related_name="+", verbose_name=_("village")
    )
    text = models.TextField(_("what is asked, and why"))
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision = models.TextField(_("reason of the decision"), blank=True)
    # the unit's total and rank before and after
    before = FractionField(null=True)
    after = FractionField(null=True)
    before_display = models.IntegerField(null=True)
    after_display = models.IntegerField(null=True)
    before_rank = models.PositiveIntegerField(null=True)
    after_rank = models.PositiveIntegerField(null=True)

    append_only_when = "OLD.state <> 'open'"

    objects = AppealQuerySet.as_manager()

    if TYPE_CHECKING:
        files: RelatedManager["AppealFile"]
        override: "Override"
        period_id: uuid.UUID
        unit_id: uuid.UUID
        village_id: uuid.UUID | None
        raised_by_id: uuid.UUID

    class Meta:
        verbose_name = _("application for review")
        verbose_name_plural = _("applications for review")
        constraints = [
            models.UniqueConstraint(fields=["period", "number"], name="appeal_number_once"),
            # one at a time about the same score
            models.UniqueConstraint(
                fields=["period", "unit", "item", "source"],
                condition=Q(state="open", village__isnull=True),
                name="appeal_open_once",
            ),
            models.UniqueConstraint(
                fields=["period", "item", "village"],
                condition=Q(state="open", village__isnull=False),
                name="appeal_of_a_visit_open_once",
            ),
            models.CheckConstraint(
                condition=Q(source="visit", village__isnull=False)
                | (~Q(source="visit") & Q(village__isnull=True)),
                name="appeal_of_a_visit_names_the_village",
            ),
            # never decided by whoever raised it, and never without a reason
            models.CheckConstraint(
                condition=Q(state="open", decided_by__isnull=True, decided_at__isnull=True)
                | (
                    Q(state__in=["upheld", "rejected"], decided_by__isnull=False, decided_at__isnull=False)
                    & Q(decision__gt="")
                ),
                name="appeal_decided_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("raised_by")),
                name="appeal_by_two_sides",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.item.code}"

    def get_absolute_url(self) -> str:
        """Return the page of the application."""
        return reverse("appeal", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Tell whether nobody has decided yet."""
        return self.state == self.State.OPEN

    def refusal(self, user: User, on: date) -> StepRefused | None:
        """Return why the user may not decide this now, or None."""
        signs = any(post.role == Role.CITY_OFFICE and post.may_sign for post in user.posts_on(on))
        if not signs:
            return StepRefused(_("Only people of the city office who may sign decide this."), "not_yours")
        if not self.is_open:
            return StepRefused(_("This has been decided already."), "wrong_state")
        if self.period.state != PeriodState.PROVISIONAL:
            return StepRefused(
                _("Applications are decided while the standings are provisional."), "wrong_state"
            )
        if self.raised_by_id == user.pk:
            return StepRefused(_("Who raised it does not decide it."), "both_sides")
        return None


def refusal_to_raise(period: Period, user: User, unit: Division, on: date) -> StepRefused | None:
    """Return why nobody of this unit can apply for a review now, or None."""
    if not any(post.role == Role.COUNTY_OFFICE and post.division_id == unit.pk for post in user.posts_on(on)):
        return StepRefused(_("The assessed unit's office applies for a review."), "not_yours")
    if period.state != PeriodState.PROVISIONAL or period.appeals_until is None:
        return StepRefused(
            _("Applications are possible once the provisional standings are sent."), "wrong_state"
        )
    if on > period.appeals_until:
        message = _("The window for applications ended on %(day)s.")
        return StepRefused(message % {"day": period.appeals_until}, "too_late")
    return None


@alters_data
def raise_appeal(
    period: Period, *, by: User, at: datetime, unit: Division, item: Item, source: str, text: str,
    village: Village | None = None, files: Iterable[File_] = (),
) -> Appeal:  # fmt: skip
    """Store an application, in a transaction that holds the period (see `publication.appeal`)."""
    if refused := refusal_to_raise(period, by, unit, timezone.localdate(at)):
        raise refused
    _refuse_unfit(period, item, source, village)
    if not text.strip():
        raise StepRefused(_("Say what is to be looked at again, and why."), "invalid")
    last = period.appeals.aggregate(last=Max("number"))["last"] or 0
    waiting = Appeal.objects.waiting().filter(
        period=period, unit=unit, item=item, source=source, village=village
    )
    if waiting.exists():
        raise StepRefused(_("An application about this score waits for its decision already."), "waiting")
    row = Appeal.objects.create(
        period=period, number=last + 1, unit=unit, item=item, source=source, village=village, text=text.strip(),
        raised_by=by, raised_at=at,
    )  # fmt: skip
    for file, kind in files:
        AppealFile.objects.keep(row, file=file, kind=kind, by=by, at=at)
    return row


def _refuse_unfit(period: Period, item: Item, source: str, village: Village | None) -> None:
    if item.scheme_id != period.scheme_id or source not in item.sources:
        raise StepRefused(_("This source does not score this item."), "invalid")
    if (source == SchemeSource.Code.VISIT) != (village is not None):
        raise StepRefused(_("About a visit's score, name the village; otherwise none."), "invalid")


class Override(models.Model):
    """A score that a decision put in another's place; the newest of the same score counts. Never changed."""

    append_only = True

    period = models.ForeignKey(Period, models.PROTECT, related_name="overrides")
    appeal = models.OneToOneField(Appeal, models.PROTECT, related_name="override")
    unit = models.ForeignKey(Division, models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, models.PROTECT, related_name="+")
    source = models.CharField(max_length=10, choices=SchemeSource.Code.choices)
    village = models.ForeignKey(Village, models.PROTECT, null=True, related_name="+")
    units = models.PositiveIntegerField(_("points, in 1/10,000"))
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("score changed by a review")

    def __str__(self) -> str:
        return f"{self.item.code} {decimal_text(self.units)}"


def file_name(row: "AppealFile", _filename: str) -> str:
    """Name a file by day and id; the uploader's file name is never used."""
    return f"appeals/{row.at:%Y/%m/%d}/{row.pk}"


class AppealFileQuerySet(models.QuerySet["AppealFile"]):
    """Files of applications; whoever reads the application reads its files."""

    @alters_data
    def keep(self, appeal: Appeal, *, file: "File[Any]", kind: str, by: User, at: datetime) -> "AppealFile":
        """Store one file exactly as it came."""
        if self.filter(appeal=appeal).count() >= MOST_FILES:
            raise FileRefused(
                _("An application has at most %(n)s files.") % {"n": MOST_FILES}, "file_too_many"
            )
        return self.create(
            appeal=appeal, name=name_of(file.name or "", kind), kind=kind, size=file.size, sha256=sha256_of(file),
            uploaded_by=by, at=at, file=File(file.file, name="file"),
        )  # fmt: skip


class AppealFile(models.Model):
    """Evidence as it came."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="files")
    file = models.FileField(storage=sealed, upload_to=file_name, max_length=200)
    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(max_length=4)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = AppealFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of evidence")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(TYPES)), name="appeal_file_kind"),
        ]

    def __str__(self) -> str:
        return self.name
