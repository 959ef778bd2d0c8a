"""Amendments of a drawn plan while its round runs: each is numbered and has a reason, and what was drawn stays."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.verbs import alters_data
from inspections.models.finding import Finding
from inspections.models.lookbacks import LookBackCase
from inspections.models.planned import Amendment, PlannedVisit
from inspections.models.rounds import Round, Team, VisitKind
from inspections.steps import StepRefused
from villages.models import Village

Kind = Amendment.Kind


class Amender:
    """Amend a plan: one transaction, one numbered reason. `target` is what a row sends a team to."""

    target: str
    untouched: dict[str, Any]
    already: Any  # why a row can no longer be taken out
    kinds: tuple[str, ...] = (Kind.ADD, Kind.CANCEL, Kind.MOVE, Kind.SWAP)

    def __init__(self, amended: Round, *, by: User, at: datetime, reason: str) -> None:
        if not reason.strip():
            raise StepRefused(_("Give a reason."), "reason_missing")
        self.round, self.by, self.at, self.reason = amended, by, at, reason.strip()

    @staticmethod
    def of(amended: Round, *, by: User, at: datetime, reason: str) -> "Amender":
        """Return the amender of what the round plans: visits, or for a look-back cases."""
        kind = CaseAmender if amended.kind == VisitKind.LOOK_BACK else PlanAmender
        return kind(amended, by=by, at=at, reason=reason)

    # --- what the two plans do differently --------------------------------------------------------------------
    def _rows(self) -> Any:
        """Return the rows of the round's plan."""
        raise NotImplementedError

    def _unit_of(self, target: Any, day: date) -> Any:
        """Return the unit in which the target lies on a day."""
        raise NotImplementedError

    def _columns(self, target: Any, day: date, instead_of: Any) -> dict[str, Any]:
        """Return what a new row has besides team, day and order."""
        raise NotImplementedError

    def _refuse_target(self, target: Any) -> None:
        """Refuse what may not be added."""

    # --- the verbs --------------------------------------------------------------------------------------------
    @alters_data
    def add(self, *, team: Team, day: date, **target: Any) -> Amendment:
        """Add one more to a team's day: `village=` or `finding=`."""
        return self._amend(Kind.ADD, lambda note: self._put(note, target[self.target], team, day))

    @alters_data
    def cancel(self, planned: Any) -> Amendment:
        """Take a row out of the plan."""
        return self._amend(Kind.CANCEL, lambda note: self._drop(note, planned))

    @alters_data
    def move(self, planned: Any, *, team: Team, day: date) -> Amendment:
        """Give a row to another team or day."""

        def act(note: Amendment) -> None:
            self._drop(note, planned)
            self._put(note, getattr(planned, self.target), team, day, instead_of=planned)

        return self._amend(Kind.MOVE, act)

    @alters_data
    def swap(self, planned: Any, other: Any) -> Amendment:
        """Let two rows change places in team and day."""

        def act(note: Amendment) -> None:
            for row in (planned, other):
                self._drop(note, row)
            for row, place in ((planned, other), (other, planned)):
                target = getattr(row, self.target)
                self._put(note, target, place.team, place.day, place_of=place, instead_of=row)

        return self._amend(Kind.SWAP, act)

    # --- how ----------------------------------------------------------------------------------------------------
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

    def _drop(self, amendment: Amendment, planned: models.Model) -> None:
        standing = self._rows().standing().filter(pk=planned.pk)
        # what a row waiting for a lock is asked again stands outside of the subquery
        live = type(planned)._default_manager.filter(
            pk__in=standing.values("pk"), cancelled=None, **self.untouched
        )
        if not live.update(cancelled=amendment):
            raise StepRefused(self.already, "conflict")

    def _put(
        self,
        amendment: Amendment,
        target: Any,
        team: Team,
        day: date,
        *,
        place_of: Any = None,
        instead_of: Any = None,
    ) -> None:
        self._refuse(target, team, day)
        order, pair = (place_of.order, place_of.pair) if place_of else self._last_of(team, day)
        self._rows().create(
            added=amendment, instead_of=instead_of, team=team, day=day, order=order, pair=pair,
            reveals_at=self.round.reveal_of(day), **{self.target: target}, **self._columns(target, day, instead_of),
        )  # fmt: skip

    def _last_of(self, team: Team, day: date) -> tuple[int, list[str]]:
        """Return the next position in a team's day, and the pair that goes: the day's, else the team's first two."""
        last = self._rows().standing().filter(team=team, day=day).order_by("-order").first()
        if last is not None:
            return last.order + 1, last.pair
        members = team.memberships.order_by("pk").values_list("user_id", flat=True)[:2]
        return 1, sorted(str(member) for member in members)

    def _refuse(self, target: Any, team: Team, day: date) -> None:
        if team.round_id != self.round.pk or team.replaced:
            raise StepRefused(_("This team does not belong to the round."), "invalid")
        self._refuse_day(day)
        unit = self._unit_of(target, day)
        if unit.pk in team.barred_units(day):
            message = _("Team “%(team)s” may not visit %(unit)s: nobody inspects at home.")
            raise StepRefused(message % {"team": team, "unit": unit}, "own_unit")
        self._refuse_target(target)
        if self._rows().standing().outstanding().filter(**{self.target: target}).exists():
            message = _("%(village)s is in the plan already.")
            raise StepRefused(message % {"village": target}, "planned_already")
        if self._rows().standing().filter(team=team, day=day).count() >= self.round.per_day:
            message = _("Team “%(team)s” has %(count)s visits that day already, the most it makes.")
            raise StepRefused(message % {"team": team, "count": self.round.per_day}, "day_full")

    def _refuse_day(self, day: date) -> None:
        if day < timezone.localdate(self.at):
            raise StepRefused(_("Choose a day that is not over."), "too_late")
        if not self.round.begins_on <= day <= self.round.ends_on:
            message = _("The approved plan has this round from %(first)s to %(last)s.")
            facts = {"first": self.round.begins_on, "last": self.round.ends_on}
            raise StepRefused(message % facts, "outside_dates")


class PlanAmender(Amender):
    """Amend the visits of a round."""

    target = "village"
    untouched = {"visit": None, "missed_reason": ""}
    already = _("This visit was made, missed or cancelled already.")
    kinds = (*Amender.kinds, Kind.REPLAN)

    def __init__(self, amended: Round, *, by: User, at: datetime, reason: str) -> None:
        if amended.kind == VisitKind.LOOK_BACK:
            raise StepRefused(_("A look-back has cases and no visits."), "look_back")
        super().__init__(amended, by=by, at=at, reason=reason)

    @alters_data
    def replan(self, planned: PlannedVisit, *, team: Team, day: date) -> Amendment:
        """Plan a missed or late visit again; the old row stays as it was, with its reason where it was missed."""

        def act(note: Amendment) -> None:
            if planned.round_id != self.round.pk or PlannedVisit.objects.filter(instead_of=planned).exists():
                raise StepRefused(_("This visit was planned again already."), "conflict")
            if not planned.missed_reason:
                self._drop(note, planned)
            self._put(note, planned.village, team, day, instead_of=planned)

        return self._amend(Kind.REPLAN, act)

    def _rows(self) -> Any:
        return self.round.planned

    def _unit_of(self, target: Village, day: date) -> Any:
        return _places(target, day)["county"]

    def _columns(self, target: Village, day: date, instead_of: PlannedVisit | None) -> dict[str, Any]:
        return _places(target, day)


class CaseAmender(Amender):
    """Amend the cases of a look-back; a case that is moved keeps its tickets, one that is added has none."""

    target = "finding"
    untouched = {"result": "", "given_up_at": None}
    already = _("This case has a result or was given up or taken out already.")

    def _rows(self) -> Any:
        return self.round.cases

    def _unit_of(self, target: Finding, day: date) -> Any:
        return target.county

    def _columns(self, target: Finding, day: date, instead_of: LookBackCase | None) -> dict[str, Any]:
        kept = instead_of or LookBackCase(weight=0)
        return {"weight": kept.weight, "reasons": kept.reasons}

    def _refuse_target(self, target: Finding) -> None:
        """Refuse what is no fixed finding of the office, and what was looked at in this round already."""
        if target.issuing_office_id != self.round.office_id or target.ending != Finding.Ending.FIXED:
            message = _("A look-back is for findings that your office has closed as fixed.")
            raise StepRefused(message, "not_fixed")
        if self._rows().standing().filter(finding=target).exclude(result="").exists():
            raise StepRefused(self.already, "conflict")


def _places(village: Village, day: date) -> dict[str, Any]:
    township = village.township_on(day)
    county = township.parent_on(day) if township else None
    if township is None or county is None:
        raise StepRefused(
            _("This village belongs to no township that day. Have its page corrected first."), "no_place"
        )
    return {"township": township, "county": county}
