"""The finding's columns, what a user is to it, and the one way it moves: compare-and-swap, then the event row."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

from django.apps import apps
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from audit.prepared import insert
from audit.verbs import alters_data
from inspections.models.records import FindingEvent, Part
from inspections.points import Point
from inspections.steps import STEPS, Actor, PartName, State, StepRefused
from villages.models import Division

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from accounts.models import User
    from inspections.models.finding import Finding

# what happens here stays with the issuing side
_BEFORE_ISSUE = {State.REPORTED, State.REJECTED}


def _undoable(step: str) -> bool:
    return step in STEPS and STEPS[step].undoable


# what is said of a report that cannot be issued yet, by what it lacks
NOT_COMPLETE = {
    "photos": _("Declared photos have not arrived yet. After %(hours)s hours it can be issued without them."),
    "sheet": _(
        "The sheet of its visit is not there yet, or does not name it. After %(hours)s hours it can be issued without."
    ),
    "both": _(
        "Declared photos and the sheet of its visit have not arrived yet. "
        "After %(hours)s hours it can be issued without them."
    ),
}


class FindingBase(models.Model):
    """Columns and the step mechanism; the verbs build on it layer by layer up to `Finding`."""

    State = State

    class Ending(models.TextChoices):
        FIXED = "fixed", _("Fixed")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        DUPLICATE = "duplicate", _("Duplicate")
        NOT_OURS = "not_ours", _("Not ours")
        CANNOT = "cannot", _("Cannot be fixed for now")

    class Kind(models.TextChoices):
        AT_ONCE = "at_once", _("At once")
        BY_DATE = "by_date", _("By date")
        CONTINUING = "continuing", _("Continuing")

    class Severity(models.TextChoices):
        MINOR = "minor", _("Minor")
        MAJOR = "major", _("Major")
        GRAVE = "grave", _("Grave")

    class Source(models.TextChoices):
        CITY_VISIT = "city_visit", _("City visit")
        THIRD_PARTY = "third_party", _("Third party")
        COUNTY_PATROL = "county_patrol", _("County patrol")
        PROVINCIAL = "provincial", _("Provincial feedback")
        HOTLINE = "hotline", _("12345 hotline")
        MEDIA = "media", _("Media")
        INSTRUCTION = "instruction", _("Leader's instruction")
        LOOK_BACK = "look_back", _("Look-back")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(_("number"), max_length=20, unique=True, null=True)  # noqa: DJ001 - none until issued
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.REPORTED)
    ending = models.CharField(_("ending"), max_length=12, choices=Ending.choices, blank=True)
    kind = models.CharField(
        _("kind of rectification"), max_length=12, choices=Kind.choices, default=Kind.AT_ONCE
    )

    # what and where; township and county are those of the day of issue
    village = models.ForeignKey(
        "villages.Village", models.PROTECT, related_name="findings", verbose_name=_("village")
    )
    township = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("township"))
    county = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("unit"))
    place = models.CharField(_("place"), max_length=200, blank=True)
    item = models.ForeignKey("schemes.Item", models.PROTECT, related_name="findings", verbose_name=_("item"))
    description = models.TextField(_("problem"))
    severity = models.CharField(_("severity"), max_length=6, choices=Severity.choices, default=Severity.MINOR)

    # where it comes from
    source = models.CharField(_("source"), max_length=14, choices=Source.choices)
    outside_number = models.CharField(_("outside number"), max_length=60, blank=True)
    outside_deadline = models.DateField(_("outside deadline"), null=True, blank=True)
    outside_document = models.CharField(_("outside document"), max_length=200, blank=True)
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(_("found"))
    claimed_at = models.DateTimeField(null=True)
    declared_photos = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    direct = models.BooleanField(default=False)
    incomplete_reason = models.TextField(blank=True)

    # the visit that found it; the sheet may arrive after its findings, so the database does not insist on the row
    visit = models.ForeignKey(
        "inspections.Visit", models.PROTECT, null=True, related_name="findings", db_constraint=False
    )
    # came before its visit was begun: until then it is its reporter's alone
    early = models.BooleanField(default=False)
    point = models.CharField(_("observation point"), max_length=12, choices=Point.choices, blank=True)
    repeats = models.BooleanField(default=False)  # the same fact stands in this visit already: not deducted
    zero_if = models.BooleanField(default=False)  # the item gets no point for this

    # the office and its clock
    # no index of its own: finding_office_ledger begins with it
    issuing_office = models.ForeignKey(Division, models.PROTECT, related_name="+", db_index=False)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField(_("issued"), null=True)
    rule = models.ForeignKey("inspections.DeadlineRule", models.PROTECT, null=True, related_name="+")
    due_on = models.DateField(_("due"), null=True)
    first_due_on = models.DateField(null=True)
    awaits_calendar = models.BooleanField(default=False)
    chain = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    # how it went
    measures = models.TextField(_("measures"), blank=True)
    result = models.TextField(_("result"), blank=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    check_due_on = models.DateField(null=True)
    checked_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(_("closed on"), null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closing_document = models.CharField(_("document"), max_length=100, blank=True)
    on_time = models.BooleanField(_("on time"), null=True)
    times_returned = models.PositiveSmallIntegerField(_("times returned"), default=0)
    recurrence_of = models.ForeignKey("inspections.Finding", models.PROTECT, null=True, related_name="+")
    duplicate_of = models.ForeignKey("inspections.Finding", models.PROTECT, null=True, related_name="+")

    if TYPE_CHECKING:
        events: RelatedManager[FindingEvent]
        parts: RelatedManager[Part]

        def is_complete(self) -> bool: ...
        def may_issue_incomplete(self, at: datetime) -> bool: ...
        def lacks(self) -> str: ...

    class Meta:
        abstract = True

    def get_absolute_url(self) -> str:
        """Return the finding's page."""
        return reverse("finding", args=[self.pk])

    # --- who is who -------------------------------------------------------------------------------------------
    def actors(self, user: "User", on: date) -> set[Actor]:
        """Return what the user is to this finding on that day."""
        found: set[Actor] = set()
        for post in user.posts_on(on):
            found |= self._actors_of_post(post.role, post.division_id, post.may_sign)
            if post.role == Role.INSPECTOR and post.issues_directly and self.reported_by_id == user.pk:
                found.add(Actor.DIRECT)
        if self.reported_by_id == user.pk:
            found.add(Actor.REPORTER)
        if user.has_role(Role.LEADER, on) and self._is_covered_by(user, on):
            found.add(Actor.LEADER)
        return found

    def _actors_of_post(self, role: str, division_id: uuid.UUID | None, may_sign: bool) -> set[Actor]:
        if role in {Role.CITY_OFFICE, Role.COUNTY_OFFICE} and division_id == self.issuing_office_id:
            return {Actor.ISSUER, Actor.SIGNER} if may_sign else {Actor.ISSUER}
        if role == Role.COUNTY_OFFICE and division_id == self.county_id:
            return {Actor.CHECKER}
        if role == Role.TOWNSHIP and division_id == self.township_id:
            return {Actor.TOWNSHIP}
        if role == Role.CITY_OFFICE and self.issuing_office_id == self.county_id:
            return {Actor.OVERSEER}
        return set()

    def _is_covered_by(self, user: "User", on: date) -> bool:
        places = user.places(on, Role.LEADER)
        return (
            self.county_id in places.counties
            or self.township_id in places.townships
            or self.village_id in places.villages
        )

    # --- what may be done now ---------------------------------------------------------------------------------
    def refusal(self, step: str, user: "User", at: datetime) -> StepRefused | None:
        """Return why the user may not take this step now, or None."""
        rule = STEPS[step]
        if not rule.actors & self.actors(user, timezone.localdate(at)):
            return StepRefused(_("This step belongs to another office or post."), "not_yours")
        if self.state not in rule.states:
            message = _("This finding is now “%(state)s”; the step is not possible from there.")
            return StepRefused(message % {"state": self.get_state_display()}, "wrong_state")
        if rule.part and self._part_of(user) not in {None, rule.part}:
            message = _(
                "You have already acted for the other side of this finding; a colleague has to do this."
            )
            return StepRefused(message, "both_sides")
        return self._special_refusal(step, user, at)

    def _part_of(self, user: "User") -> str | None:
        """Return the side the user is on; read once for all the steps that a page asks about."""
        known = self.__dict__.setdefault("_known_parts", {})
        if user.pk not in known:
            known[user.pk] = self.parts.filter(user=user).values_list("part", flat=True).first()
        part: str | None = known[user.pk]
        return part

    def _special_refusal(self, step: str, user: "User", at: datetime) -> StepRefused | None:
        if step == "issue" and not self.is_complete() and not self.may_issue_incomplete(at):
            message = NOT_COMPLETE[self.lacks()] % {"hours": settings.ISSUE_INCOMPLETE_AFTER_HOURS}
            return StepRefused(message, "incomplete")
        if step in {"close", "send_back"} and self.awaits_check(at) and not self._is_checker(user, at):
            return StepRefused(_("The county office checks this finding first."), "awaits_check")
        if step in {"check", "send_back"} and self._check_is_over(at) and self._only_checks(user, at):
            return StepRefused(_("The county's check is over; the city office decides."), "check_over")
        if step == "attach" and not self._may_attach(user, at):
            return StepRefused(_("The township adds files while the finding is in its hands."), "wrong_state")
        return self._unsigned(user, at) if step in {"close", "withdraw"} else None

    def _may_attach(self, user: "User", at: datetime) -> bool:
        """Tell whether files are the user's to add now: the issuing side's always, the township's while in hand."""
        in_hand = self.state in {State.OPEN, State.RETURNED}
        return in_hand or bool(self.actors(user, timezone.localdate(at)) & {Actor.ISSUER, Actor.REPORTER})

    def _unsigned(self, user: "User", at: datetime) -> StepRefused | None:
        """Return why the user may not end a continuing rectification, or None: that takes a signature."""
        if self.kind != self.Kind.CONTINUING or self._may_sign(user, at):
            return None
        return StepRefused(_("A continuing rectification ends only by a signed decision."), "needs_signature")

    def _is_checker(self, user: "User", at: datetime) -> bool:
        return Actor.CHECKER in self.actors(user, timezone.localdate(at))

    def _only_checks(self, user: "User", at: datetime) -> bool:
        return Actor.ISSUER not in self.actors(user, timezone.localdate(at))

    def _check_is_over(self, at: datetime) -> bool:
        """Tell whether a submission waits for the issuing office alone."""
        return self.state == State.SUBMITTED and not self.awaits_check(at)

    def _may_sign(self, user: "User", at: datetime) -> bool:
        return Actor.SIGNER in self.actors(user, timezone.localdate(at))

    def awaits_check(self, at: datetime) -> bool:
        """Tell whether the county office still has its working day to check."""
        return bool(
            self.state == State.SUBMITTED
            and self.check_due_on
            and timezone.localdate(at) <= self.check_due_on
        )

    def steps_for(self, user: "User", at: datetime) -> list[str]:
        """Return the steps this user may take now, in the order of the table."""
        return [step for step in STEPS if self.refusal(step, user, at) is None]

    # --- the one way a finding moves --------------------------------------------------------------------------
    @alters_data
    @transaction.atomic
    def take(
        self,
        step: str,
        *,
        by: "User",
        at: datetime,
        remark: str = "",
        to: str | None = None,
        creates: Iterable[models.Model] = (),
        decides: tuple[models.Model, Mapping[str, Any]] | None = None,
        tells: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> FindingEvent:
        """Take one step: refuse or swap version and columns, save what goes with it, append the event.

        `creates` are unsaved rows that belong to the step, `decides` is a request row with the columns its decision
        sets, `tells` is what the event alone keeps. The event's data keep enough to undo all of it. Raises
        StepRefused; then nothing has changed.
        """
        if refused := self.refusal(step, by, at):
            raise refused
        undo: dict[str, Any] = {"before": self._columns(changes)}
        from_state, changes = self.state, {"state": to or self.state, **changes}
        self._swap(changes)
        if part := STEPS[step].part:
            undo["part"] = self._stand_on(part, by)
        undo["created"] = [self._create(row) for row in creates]
        if decides:
            undo["decided"] = self._decide(*decides)
        self._adopt(changes)
        event = FindingEvent(
            finding=cast("Finding", self), step=step, by=by, at=at, remark=remark, from_state=from_state,
            to_state=self.state, version=self.version, data=undo | dict(tells or {}),
            internal=from_state in _BEFORE_ISSUE and step != "issue",
        )  # fmt: skip
        return insert(event)

    def _columns(self, names: Iterable[str]) -> dict[str, Any]:
        """Return the stored values behind field names, under their column names."""
        return {attname: getattr(self, attname) for attname in (self._column(name).attname for name in names)}

    def _column(self, name: str) -> "models.Field[Any, Any]":
        return cast("models.Field[Any, Any]", self._meta.get_field(name))

    def _swap(self, changes: Mapping[str, Any]) -> None:
        """Write columns if nobody else has changed the finding meanwhile, and raise its version by one."""
        mine = type(self)._default_manager.filter(pk=self.pk, version=self.version)
        if not mine.update(version=F("version") + 1, **changes):
            raise StepRefused(
                _("Someone else has just changed this finding. Reload it and look again."), "conflict"
            )

    def _adopt(self, changes: Mapping[str, Any]) -> None:
        """Let the instance show what was written, once nothing can refuse any more."""
        self.version += 1
        self.__dict__.pop("_known_parts", None)
        for name, value in changes.items():
            setattr(self, name, value)

    def _stand_on(self, part: PartName, user: "User") -> bool:
        """Put the user on one side; the unique constraint refuses the other one. Tell whether the row is new."""
        try:
            row, created = Part.objects.get_or_create(finding_id=self.pk, user=user, defaults={"part": part})
        except IntegrityError:  # pragma: no cover - get_or_create reads the winner's row
            row, created = Part.objects.get(finding_id=self.pk, user=user), False
        if row.part != part:
            raise StepRefused(_("You have already acted for the other side of this finding."), "both_sides")
        return created

    def _create(self, row: models.Model) -> list[str]:
        row.save(force_insert=True)
        return [row._meta.label, str(row.pk)]

    def _decide(self, row: models.Model, columns: Mapping[str, Any]) -> list[Any]:
        waiting = type(row)._default_manager.filter(pk=row.pk, state="asked")
        if not waiting.update(**columns):
            raise StepRefused(_("This request has already been decided."), "conflict")
        return [row._meta.label, str(row.pk)]

    # --- undo -------------------------------------------------------------------------------------------------
    def undo_refusal(self, event: FindingEvent | None, user: "User", at: datetime) -> StepRefused | None:
        """Return why this latest event cannot be undone by this user now, or None."""
        if event is None or event.by_id != user.pk or not _undoable(event.step):
            return StepRefused(_("There is no decision of yours to undo."), "undo_over")
        if event.version != self.version:
            return StepRefused(_("Someone else has already gone on from there."), "conflict")
        if (at - event.at).total_seconds() >= settings.UNDO_SECONDS:
            return StepRefused(
                _("A decision can only be undone for a few seconds. Re-open the finding instead."),
                "undo_over",
            )
        return None

    @alters_data
    @transaction.atomic
    def undo(self, *, by: "User", at: datetime) -> FindingEvent:
        """Take back one's own latest decision within the seconds allowed; its notices have not gone out yet."""
        event = self.events.order_by("-version").first()
        refused = self.undo_refusal(event, by, at)
        if event is None or refused:
            raise refused or StepRefused(_("There is no decision of yours to undo."), "undo_over")
        before = {name: self._from_json(name, value) for name, value in event.data["before"].items()}
        from_state, changes = self.state, {"state": event.from_state, **before}
        self._swap(changes)
        self._restore_rows(event)
        self._adopt(changes)
        self.after_undo(event, at)
        return self.events.create(
            step="undo", by=by, at=at, from_state=from_state, to_state=self.state, version=self.version,
            data={"undone": event.pk}, internal=event.internal,
        )  # fmt: skip

    def after_undo(self, event: FindingEvent, at: datetime) -> None:
        """Hook of the layers above: withdraw the notices that have waited."""

    def _from_json(self, name: str, value: Any) -> Any:
        field = self._column(name)
        return (
            field.target_field.to_python(value)
            if isinstance(field, models.ForeignKey)
            else field.to_python(value)
        )

    def _restore_rows(self, event: FindingEvent) -> None:
        for label, pk in event.data["created"]:
            apps.get_model(label)._default_manager.filter(pk=pk).delete()
        if decided := event.data.get("decided"):
            apps.get_model(decided[0])._default_manager.filter(pk=decided[1]).update(
                state="asked", decided_by=None, decided_at=None, decision_reason=""
            )
        if event.data.get("part") and event.by_id:
            Part.objects.filter(finding_id=self.pk, user_id=event.by_id).delete()
