"""Sheets: what a county office says of its unit and a department of all units, sealed until the office opens them."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organisation, Role, User
from assessments.models import notices
from assessments.models.entries import Entry, EntryFile, Values
from assessments.models.periods import Period
from assessments.steps import SHEET_STEPS, Actor, PeriodState, SheetState
from audit.verbs import alters_data
from inspections.steps import StepRefused
from schemes.models import Item, SchemeSource
from villages.models import Division

if TYPE_CHECKING:
    from django.core.files import File
    from django.db.models.fields.related_descriptors import RelatedManager

OWED = (SheetState.DRAFT, SheetState.RETURNED)


class SheetQuerySet(models.QuerySet["Sheet"]):
    """Sets of sheets by who owns and who may read them."""

    def owned_by(self, user: User, on: date) -> "SheetQuerySet":
        """Return the sheets that the user's office or department fills in."""
        posts = user.posts_on(on)
        units = [post.division_id for post in posts if post.role == Role.COUNTY_OFFICE]
        bureaus = [post.organisation_id for post in posts if post.role == Role.DEPARTMENT]
        return self.filter(Q(unit__in=units) | Q(organisation__in=bureaus))

    def visible_to(self, user: User, on: date) -> "SheetQuerySet":
        """Return the sheets the user may read: his own, and of the opened ones those that speak of his units."""
        roles = user.roles(on)
        opened = Q(state=SheetState.OPENED)
        shown = Q(pk__in=self.model.objects.owned_by(user, on).values("pk"))
        if roles & {Role.CITY_OFFICE, Role.AUDITOR}:
            return self.filter(shown | opened)
        counties = user.places(on, Role.COUNTY_OFFICE, Role.LEADER).counties
        if counties:
            shown |= opened & (Q(organisation__isnull=False) | Q(unit__in=counties))
        return self.filter(shown)

    def owed(self) -> "SheetQuerySet":
        """Return what somebody still has to hand in, while its period takes sheets."""
        return self.filter(state__in=OWED, period__state=PeriodState.OPEN)

    def late(self, on: date) -> "SheetQuerySet":
        """Return what is owed since a day that is over."""
        return self.owed().filter(period__sheets_due_on__lt=on)

    def for_list(self) -> "SheetQuerySet":
        """Fetch what a line shows in the same query."""
        return self.select_related("period", "period__scheme", "unit", "organisation", "submitted_by")

    def in_order(self) -> "SheetQuerySet":
        """Order the units as the city lists them, then the departments."""
        return self.order_by(F("unit__position").asc(nulls_last=True), "organisation__name", "pk")


class Sheet(models.Model):
    """One sheet of a period: of a unit (self-assessment) or of a department."""

    class Source(models.TextChoices):
        SELF = SchemeSource.Code.SELF.value, _("Self-assessment")
        DEPARTMENT = SchemeSource.Code.DEPARTMENT.value, _("Departmental assessment")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1)
    period = models.ForeignKey(Period, models.PROTECT, related_name="sheets")
    source = models.CharField(max_length=4, choices=Source.choices)
    unit = models.ForeignKey(Division, models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=9, choices=SheetState.choices, default=SheetState.DRAFT)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    returned_at = models.DateTimeField(null=True)
    returned_reason = models.CharField(max_length=300, blank=True)

    objects = SheetQuerySet.as_manager()

    if TYPE_CHECKING:
        entries: RelatedManager[Entry]
        events: RelatedManager["SheetEvent"]
        unit_id: uuid.UUID | None
        organisation_id: uuid.UUID | None
        period_id: uuid.UUID

    class Meta:
        verbose_name = _("sheet")
        verbose_name_plural = _("sheets")
        constraints = [
            models.UniqueConstraint(
                fields=["period", "unit"], condition=Q(unit__isnull=False), name="sheet_unit_once"
            ),
            models.UniqueConstraint(
                fields=["period", "organisation"],
                condition=Q(organisation__isnull=False),
                name="sheet_department_once",
            ),
            models.CheckConstraint(
                condition=Q(source="self", unit__isnull=False, organisation__isnull=True)
                | Q(source="dept", unit__isnull=True, organisation__isnull=False),
                name="sheet_has_its_owner",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["submitted", "opened"])
                | Q(submitted_at__isnull=False, submitted_by__isnull=False),
                name="sheet_handed_in_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="returned") | Q(returned_reason__gt=""), name="sheet_returned_with_reason"
            ),
        ]
        indexes = [
            # the reminders' sweep
            models.Index(fields=["period"], condition=Q(state__in=["draft", "returned"]), name="sheet_owed"),
        ]

    def __str__(self) -> str:
        return f"{self.owner} · {self.period}"

    def get_absolute_url(self) -> str:
        """Return the sheet's page."""
        return reverse("sheet", args=[self.pk])

    @property
    def owner(self) -> str:
        """Return the name of the unit or department."""
        return self.unit.label if self.unit else str(self.organisation)

    @property
    def is_sealed(self) -> bool:
        """Tell whether only its owner may know what is in it."""
        return self.state != SheetState.OPENED

    def is_late(self, on: date) -> bool:
        """Tell whether it is owed since a day that is over."""
        due = self.period.sheets_due_on
        return self.state in OWED and due is not None and on > due

    @property
    def came_late(self) -> bool:
        """Tell whether it was handed in after the day it was due."""
        due = self.period.sheets_due_on
        return bool(self.submitted_at and due and timezone.localdate(self.submitted_at) > due)

    # --- what it asks for -------------------------------------------------------------------------------------
    def items(self) -> list[Item]:
        """Return the items its owner assesses, in the order of the scheme."""
        rows = self.period.scheme.items.select_related("aspect", "scheme", "department").order_by("position")
        return [
            item
            for item in rows
            if self.source in item.sources
            and (self.organisation_id is None or item.department_id == self.organisation_id)
        ]

    def units(self) -> list[Division]:
        """Return the units it speaks of: its own, or for a department those that the period assesses."""
        if self.unit is not None:
            return [self.unit]
        return assessed_units(self.period)

    # --- the one way a sheet moves ----------------------------------------------------------------------------
    def actors(self, user: User, on: date) -> set[Actor]:
        """Return what the user is to this sheet today."""
        found = self.period.actors(user, on)
        for post in user.posts_on(on):
            unit = post.role == Role.COUNTY_OFFICE and self.unit_id and post.division_id == self.unit_id
            bureau = (
                post.role == Role.DEPARTMENT
                and self.organisation_id
                and post.organisation_id == self.organisation_id
            )
            if unit or bureau:
                found.add(Actor.OWNER)
        return found

    def refusal(self, step: str, user: User, on: date) -> StepRefused | None:
        """Return why the user may not take this step now, or None."""
        row = SHEET_STEPS[step]
        if row.actor not in self.actors(user, on):
            return StepRefused(_("This sheet belongs to another office."), "not_yours")
        if self.period.state != PeriodState.OPEN:
            message = _(
                "The period is now “%(state)s” and takes no sheets; "
                "once it is provisional an application for review is the way."
            )
            return StepRefused(message % {"state": self.period.get_state_display()}, "wrong_state")
        if self.state not in row.states:
            message = _("This sheet is now “%(state)s”; the step is not possible from there.")
            return StepRefused(message % {"state": self.get_state_display()}, "wrong_state")
        return None

    def steps_for(self, user: User, on: date) -> list[str]:
        """Return the steps this user may take now, in the order of the table."""
        return [step for step in SHEET_STEPS if self.refusal(step, user, on) is None]

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
    ) -> "SheetEvent":
        """Refuse, or write the columns if nobody else has moved the sheet meanwhile, with one event row."""
        if refused := self.refusal(step, by, timezone.localdate(at)):
            raise refused
        mine = Sheet.objects.filter(pk=self.pk, version=self.version, period__state=PeriodState.OPEN)
        if not mine.update(version=F("version") + 1, **changes):
            raise StepRefused(
                _("Someone else has just changed this sheet. Reload it and look again."), "conflict"
            )
        self.refresh_from_db()
        return self.events.create(
            step=step, by=by, at=at, remark=remark, version=self.version, data=dict(data or {})
        )

    # --- filling in -------------------------------------------------------------------------------------------
    def hold(self, *, by: User, at: datetime) -> None:
        """Refuse unless the sheet may be written now, and keep it from moving until the transaction ends."""
        if refused := self.refusal("fill", by, timezone.localdate(at)):
            raise refused
        states = SHEET_STEPS["fill"].states
        if not Sheet.objects.filter(pk=self.pk, state__in=states).update(version=F("version")):
            raise StepRefused(_("This sheet has just been handed in."), "conflict")

    @alters_data
    @transaction.atomic
    def fill(
        self,
        *,
        by: User,
        at: datetime,
        unit: Division,
        item: Item,
        values: Values,
        version: int | None = None,
    ) -> tuple[Entry, bool]:
        """Store what the owner says of one item of one unit; return the entry and whether it is new.

        The points follow from the facts by the item's rule. `version` is the entry that its sender looked at: an
        older one is told that a colleague was faster. Twice the same changes nothing.
        """
        self.hold(by=by, at=at)
        return self._store(by=by, at=at, unit=unit, item=item, values=values, version=version)

    @alters_data
    @transaction.atomic
    def fill_all(self, *, by: User, at: datetime, rows: Mapping[tuple[Division, Item], Values]) -> int:
        """Store many entries, all or none; return how many."""
        self.hold(by=by, at=at)
        for (unit, item), values in rows.items():
            self._store(by=by, at=at, unit=unit, item=item, values=values, version=None)
        return len(rows)

    def _store(
        self, *, by: User, at: datetime, unit: Division, item: Item, values: Values, version: int | None
    ) -> tuple[Entry, bool]:
        if not self.asks_for(unit, item):
            raise StepRefused(_("This sheet has no such item or unit."), "not_here")
        return Entry.objects.store(self, unit=unit, item=item, values=values, by=by, at=at, version=version)

    def asks_for(self, unit: Division, item: Item) -> bool:
        """Tell whether the owner says something of this item of this unit."""
        return any(unit.pk == mine.pk for mine in self.units()) and any(
            item.pk == row.pk for row in self.items()
        )

    @alters_data
    @transaction.atomic
    def attach(self, entry: Entry, *, by: User, at: datetime, file: "File[Any]", kind: str) -> EntryFile:
        """Keep a file as evidence of an entry, exactly as received; `kind` comes from `check_file`."""
        self.hold(by=by, at=at)
        return EntryFile.objects.keep(entry, by=by, at=at, file=file, kind=kind)

    @alters_data
    @transaction.atomic
    def detach(self, file: EntryFile, *, by: User, at: datetime) -> None:
        """Take a file away again, before the sheet is handed in."""
        self.hold(by=by, at=at)
        file.remove()

    # --- handing in -------------------------------------------------------------------------------------------
    def missing(self) -> list[tuple[Division, Item]]:
        """Return what is not filled in yet: unit and item."""
        there = set(self.entries.values_list("unit_id", "item_id"))
        items = self.items()
        return [(unit, item) for unit in self.units() for item in items if (unit.pk, item.pk) not in there]

    @alters_data
    @transaction.atomic
    def submit(self, *, by: User, at: datetime) -> None:
        """Hand the whole sheet in: sealed until the office opens all; after that it is opened at once."""
        if refused := self.refusal("submit", by, timezone.localdate(at)):
            raise refused
        missing = self.missing()
        if missing:
            message = _("%(count)s items are not filled in yet: %(first)s …")
            first = "、".join(item.code for _unit, item in missing[:3])
            raise StepRefused(message % {"count": len(missing), "first": first}, "incomplete")
        state = SheetState.OPENED if self.period.has_opened_sheets else SheetState.SUBMITTED
        event = self.take("submit", by=by, at=at, state=state, submitted_at=at, submitted_by=by)
        # nobody fills from here on: the row is ours until the transaction ends
        SheetSnapshot.objects.create(event=event, rows=Entry.objects.filter(sheet=self).as_rows())

    @alters_data
    @transaction.atomic
    def take_back(self, *, by: User, at: datetime) -> None:
        """Take a sealed sheet back to change it."""
        self.take("take_back", by=by, at=at, state=SheetState.DRAFT)

    @alters_data
    @transaction.atomic
    def send_back(self, *, by: User, at: datetime, reason: str) -> None:
        """Send a sheet back to its owner with a reason; its contents are its owner's alone until it comes again."""
        if not reason.strip():
            raise StepRefused(_("Say why the sheet is sent back."), "invalid")
        changes: dict[str, Any] = {
            "state": SheetState.RETURNED,
            "returned_at": at,
            "returned_reason": reason.strip()[:300],
        }
        self.take("send_back", by=by, at=at, remark=reason, **changes)
        notices.sent_back(self, at)


OTHER_EVENTS = {"create": pgettext_lazy("sheet", "Begun"), "open": pgettext_lazy("sheet", "Opened")}


class SheetEvent(models.Model):
    """One step of a sheet: who, when; never changed."""

    append_only = True

    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="events")
    step = models.CharField(max_length=20)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    version = models.PositiveIntegerField()
    remark = models.TextField(blank=True)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("step of a sheet")

    def __str__(self) -> str:
        return f"{self.step} {self.at:%Y-%m-%d %H:%M}"

    @property
    def label(self) -> Any:
        """Return the step in words."""
        step = SHEET_STEPS.get(self.step)
        return step.label if step else OTHER_EVENTS.get(self.step, self.step)


class SheetSnapshot(models.Model):
    """What a sheet said when it was handed in; as sealed as the sheet, and never changed."""

    append_only = True

    event = models.OneToOneField(SheetEvent, models.PROTECT, related_name="snapshot")
    rows = models.JSONField(encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("sheet as handed in")


def assessed_units(period: Period) -> list[Division]:
    """Return the units a period assesses: those that were given a sheet of their own when it opened."""
    own = Sheet.objects.filter(period=period, unit=OuterRef("pk"))
    return list(Division.objects.filter(Exists(own)).order_by("position", "pk"))
