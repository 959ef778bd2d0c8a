"""What a round plans: one row per visit as drawn or added, never edited; changes are amendments with a reason."""

import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.verbs import alters_data
from inspections.models.rounds import Round, RoundState, Team
from inspections.steps import StepRefused
from villages.models import Division, Village


class MissReason(models.TextChoices):
    """Why a planned visit was not made."""

    NO_FERRY = "no_ferry", _("No ferry")
    WEATHER = "weather", _("Weather")
    ROAD_CLOSED = "road_closed", _("Road closed")
    ILLNESS = "illness", _("Illness or accident")
    VEHICLE = "vehicle", _("Vehicle")
    OTHER = "other", _("Another reason")


class PlannedVisitQuerySet(models.QuerySet["PlannedVisit"]):
    """Sets of planned visits. None of these may be reached from a page of somebody who is not meant to know."""

    def standing(self) -> "PlannedVisitQuerySet":
        """Return the plan in force: drawn by the last draw or added since, and not cancelled."""
        return self.filter(Q(draw=F("round__draw")) | Q(draw=None), cancelled=None)

    def outstanding(self) -> "PlannedVisitQuerySet":
        """Return what is neither made nor given a reason."""
        return self.filter(Q(visit=None) | Q(visit__submitted_at=None), missed_reason="")

    def late(self, on: date) -> "PlannedVisitQuerySet":
        """Return what should have been made before this day."""
        return self.outstanding().filter(day__lt=on)

    def current(self) -> "PlannedVisitQuerySet":
        """Return one row per planned visit: of those planned again only the newest."""
        return self.standing().filter(again=None)

    def revealed_to(self, user: User, at: datetime) -> "PlannedVisitQuerySet":
        """Return what an inspector may see now: the days of his teams whose moment has come."""
        mine = self.standing().filter(team__memberships__user=user, round__state=RoundState.RUNNING)
        return mine.filter(reveals_at__lte=at)

    def in_order(self) -> "PlannedVisitQuerySet":
        """Order as the day is driven."""
        return self.order_by("day", "team__name", "order", "id")

    def for_list(self) -> "PlannedVisitQuerySet":
        """Fetch what a line shows in the same query."""
        return self.select_related("village", "township", "county", "team", "visit", "round", "again")


class PlannedVisit(models.Model):
    """One village, one team, one day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="planned")
    # the draw that chose it; none where an amendment added it
    draw = models.ForeignKey("inspections.Draw", models.PROTECT, null=True, related_name="planned")
    added = models.ForeignKey("inspections.Amendment", models.PROTECT, null=True, related_name="adds")
    cancelled = models.ForeignKey("inspections.Amendment", models.PROTECT, null=True, related_name="cancels")
    # the row in whose place it was planned: once for each
    instead_of = models.OneToOneField("self", models.PROTECT, null=True, related_name="again")
    village = models.ForeignKey(Village, models.PROTECT, related_name="+")
    township = models.ForeignKey(Division, models.PROTECT, related_name="+")
    county = models.ForeignKey(Division, models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, related_name="planned")
    pair = models.JSONField(default=list)  # ids of the two inspectors drawn for the day
    day = models.DateField()
    order = models.PositiveSmallIntegerField()
    reveals_at = models.DateTimeField()
    # what came of it
    visit = models.OneToOneField("inspections.Visit", models.PROTECT, null=True, related_name="+")
    missed_reason = models.CharField(max_length=12, choices=MissReason.choices, blank=True)
    missed_remark = models.CharField(max_length=300, blank=True)
    missed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    missed_at = models.DateTimeField(null=True)

    # the plan is never edited: only what came of it, and the amendment that took it out
    append_only_when = "OLD.id IS NOT NULL"
    append_only_except = frozenset(
        {"cancelled", "visit", "missed_reason", "missed_remark", "missed_by", "missed_at"}
    )

    objects = PlannedVisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("planned visit")
        verbose_name_plural = _("planned visits")
        indexes = [
            # read by the plan and the day pages
            models.Index(fields=["round", "day", "team"], name="planned_by_day"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(draw__isnull=False) ^ Q(added__isnull=False), name="planned_by_draw_or_amendment"
            ),
            models.CheckConstraint(
                condition=Q(missed_reason="") | Q(missed_by__isnull=False, missed_at__isnull=False),
                name="planned_miss_is_signed",
            ),
            models.CheckConstraint(
                condition=Q(missed_reason="") | Q(cancelled=None), name="planned_missed_or_cancelled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.village}"

    def is_late(self, on: date) -> bool:
        """Tell whether it should have been made before this day."""
        return self.day < on and not self.missed_reason and not (self.visit and self.visit.submitted_at)

    @alters_data
    @transaction.atomic
    def miss(self, *, by: User, at: datetime, reason: str, remark: str = "") -> None:
        """Say why the visit was not made; an inspector of the team or a planner does."""
        if reason == MissReason.OTHER and not remark.strip():
            raise StepRefused(_("Say what the reason was."), "reason_missing")
        in_team = self.team.memberships.filter(user=by).exists() and self.reveals_at <= at
        his = in_team and self.round.state == RoundState.RUNNING
        if not his and (refused := self.round.refusal("miss", by)):
            raise refused
        # a visit that was begun and never sent may be given up too; if its sheet still comes, it counts
        open_ = PlannedVisit.objects.standing().outstanding().filter(pk=self.pk)
        # what a row waiting for a lock is asked again stands outside of the subquery
        missed = PlannedVisit.objects.filter(pk__in=open_.values("pk"), missed_reason="", cancelled=None)
        if not missed.update(missed_reason=reason, missed_remark=remark, missed_by=by, missed_at=at):
            raise StepRefused(_("This visit was made, missed or cancelled already."), "conflict")
        self.refresh_from_db()


class Amendment(models.Model):
    """One reasoned change of a drawn plan; it adds and cancels planned visits and edits none."""

    class Kind(models.TextChoices):
        ADD = "add", _("Added")
        CANCEL = "cancel", _("Cancelled")
        MOVE = "move", _("Rescheduled")
        SWAP = "swap", _("Swapped")
        REPLAN = "replan", _("Planned again")

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="amendments")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=6, choices=Kind.choices)
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("amendment")
        verbose_name_plural = _("amendments")
        constraints = [
            models.UniqueConstraint(fields=["round", "number"], name="amendment_number_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="amendment_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.number}"


class PlanAmender:
    """Amend the plan of a running round: one transaction, one numbered reason."""

    def __init__(self, amended: Round, *, by: User, at: datetime, reason: str) -> None:
        if not reason.strip():
            raise StepRefused(_("Give a reason."), "reason_missing")
        self.round, self.by, self.at, self.reason = amended, by, at, reason.strip()

    @alters_data
    def add(self, *, village: Village, team: Team, day: date) -> Amendment:
        """Add a village to a team's day."""
        return self._amend(Amendment.Kind.ADD, lambda note: self._put(note, village, team, day))

    @alters_data
    def cancel(self, planned: PlannedVisit) -> Amendment:
        """Take a visit out of the plan."""
        return self._amend(Amendment.Kind.CANCEL, lambda note: self._drop(note, planned))

    @alters_data
    def move(self, planned: PlannedVisit, *, team: Team, day: date) -> Amendment:
        """Give a visit to another team or day."""

        def act(note: Amendment) -> None:
            self._drop(note, planned)
            self._put(note, planned.village, team, day, instead_of=planned)

        return self._amend(Amendment.Kind.MOVE, act)

    @alters_data
    def swap(self, planned: PlannedVisit, other: PlannedVisit) -> Amendment:
        """Let two visits change places in team and day."""

        def act(note: Amendment) -> None:
            for row in (planned, other):
                self._drop(note, row)
            self._put(note, planned.village, other.team, other.day, place_of=other, instead_of=planned)
            self._put(note, other.village, planned.team, planned.day, place_of=planned, instead_of=other)

        return self._amend(Amendment.Kind.SWAP, act)

    @alters_data
    def replan(self, planned: PlannedVisit, *, team: Team, day: date) -> Amendment:
        """Plan a missed or late visit again; the old row stays as it was, with its reason where it was missed."""

        def act(note: Amendment) -> None:
            if planned.round_id != self.round.pk or PlannedVisit.objects.filter(instead_of=planned).exists():
                raise StepRefused(_("This visit was planned again already."), "conflict")
            if not planned.missed_reason:
                self._drop(note, planned)
            self._put(note, planned.village, team, day, instead_of=planned)

        return self._amend(Amendment.Kind.REPLAN, act)

    def _amend(self, kind: str, act: Callable[[Amendment], None]) -> Amendment:
        """Number the amendment and carry it out, or neither."""
        try:
            with transaction.atomic():
                self.round.take("amend", by=self.by)
                number = self.round.amendments.count() + 1  # the swap of the round's version keeps others out
                amendment = Amendment.objects.create(
                    round=self.round, number=number, kind=kind, reason=self.reason, by=self.by, at=self.at
                )
                act(amendment)
        except StepRefused:
            self.round.refresh_from_db()  # what was taken back in the database is so here too
            raise
        return amendment

    def _drop(self, amendment: Amendment, planned: PlannedVisit) -> None:
        standing = self.round.planned.standing().filter(pk=planned.pk)
        live = PlannedVisit.objects.filter(
            pk__in=standing.values("pk"), visit=None, missed_reason="", cancelled=None
        )
        if not live.update(cancelled=amendment):
            raise StepRefused(_("This visit was made, missed or cancelled already."), "conflict")

    def _put(
        self,
        amendment: Amendment,
        village: Village,
        team: Team,
        day: date,
        *,
        place_of: PlannedVisit | None = None,
        instead_of: PlannedVisit | None = None,
    ) -> None:
        self._refuse(village, team, day)
        order, pair = (place_of.order, place_of.pair) if place_of else self._last_of(team, day)
        PlannedVisit.objects.create(
            round=self.round, added=amendment, instead_of=instead_of, village=village, team=team, day=day, order=order,
            pair=pair, reveals_at=self.round.reveal_of(day), **_places(village, day),
        )  # fmt: skip

    def _last_of(self, team: Team, day: date) -> tuple[int, list[str]]:
        """Return the next position in a team's day, and the pair that goes: the day's, else the team's first two."""
        last = self.round.planned.standing().filter(team=team, day=day).order_by("-order").first()
        if last is not None:
            return last.order + 1, last.pair
        members = team.memberships.order_by("pk").values_list("user_id", flat=True)[:2]
        return 1, sorted(str(member) for member in members)

    def _refuse(self, village: Village, team: Team, day: date) -> None:
        if team.round_id != self.round.pk or team.replaced:
            raise StepRefused(_("This team does not belong to the round."), "invalid")
        self._refuse_day(day)
        unit = _places(village, day)["county"]
        if unit.pk in team.barred_units(day):
            message = _("Team “%(team)s” may not visit %(unit)s: nobody inspects at home.")
            raise StepRefused(message % {"team": team, "unit": unit}, "own_unit")
        if self.round.planned.standing().outstanding().filter(village=village).exists():
            message = _("%(village)s is in the plan already.")
            raise StepRefused(message % {"village": village}, "planned_already")
        if self.round.planned.standing().filter(team=team, day=day).count() >= self.round.per_day:
            message = _("Team “%(team)s” has %(count)s visits that day already, the most it makes.")
            raise StepRefused(message % {"team": team, "count": self.round.per_day}, "day_full")

    def _refuse_day(self, day: date) -> None:
        if day < timezone.localdate(self.at):
            raise StepRefused(_("Choose a day that is not over."), "too_late")
        if not self.round.begins_on <= day <= self.round.ends_on:
            message = _("The approved plan has this round from %(first)s to %(last)s.")
            facts = {"first": self.round.begins_on, "last": self.round.ends_on}
            raise StepRefused(message % facts, "outside_dates")


def _places(village: Village, day: date) -> dict[str, Any]:
    township = village.township_on(day)
    county = township.parent_on(day) if township else None
    if township is None or county is None:
        raise StepRefused(
            _("This village belongs to no township that day. Have its page corrected first."), "no_place"
        )
    return {"township": township, "county": county}
