"""Sets of look-back cases: who may know of which, and what waits for whom."""

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from audit.verbs import alters_data
from inspections.models.rounds import Round, RoundState, TeamMember, units_of
from inspections.steps import State

if TYPE_CHECKING:
    from inspections.models.finding import Finding
    from inspections.models.lookbacks import LookBackCase

INSPECTED = (Role.COUNTY_OFFICE, Role.TOWNSHIP, Role.LEADER)
OFFICES = (Role.CITY_OFFICE, Role.COUNTY_OFFICE)


class Result(models.TextChoices):
    """What a look-back finds; only the last is a recurrence."""

    FIXED = "fixed", _("Fixed")
    NOT_FIXED = "not_fixed", _("Not fixed")
    CLAIMED = "claimed", _("Claimed but never done")
    CAME_BACK = "came_back", _("Came back")


class LookBackCaseQuerySet(models.QuerySet["LookBackCase"]):
    """Sets of cases. None of these may be reached from a page of somebody who is not meant to know."""

    def standing(self) -> Self:
        """Return the cases in force: drawn by the last draw or added since, and not cancelled."""
        return self.filter(Q(draw=F("round__draw")) | Q(draw=None), cancelled=None)

    def outstanding(self) -> Self:
        """Return what has no result and was neither given up nor taken out."""
        return self.filter(result="", given_up_at=None, cancelled=None)

    # --- scope ------------------------------------------------------------------------------------------------
    def revealed_to(self, user: User, at: datetime) -> Self:
        """Return what an inspector may see now: the cases of his teams whose moment has come."""
        teams = TeamMember.objects.filter(user=user).values("team")
        begun = self.standing().exclude(round__state=RoundState.PLANNING)
        return begun.filter(team__in=teams, reveals_at__lte=at)

    def open_to(self, user: User, at: datetime) -> Self:
        """Return the revealed cases that an inspector may still write a result for."""
        return self.revealed_to(user, at).outstanding().filter(round__state=RoundState.RUNNING)

    def visible_to(self, user: User, at: datetime) -> Self:
        """Return what the user may know of: planners, the team from the reveal on, and whom a result concerns."""
        on = timezone.localdate(at)
        rows = self.model.objects
        shown = Q(round__in=Round.objects.known_to(user, on).values("pk"))
        if Role.INSPECTOR in user.roles(on):
            shown |= Q(pk__in=rows.revealed_to(user, at).values("pk"))
        return self.standing().filter(shown | self._offices(user, on) | self._inspected(user, on))

    @staticmethod
    def _offices(user: User, on: date) -> Q:
        """Return what the offices may know: results that ask for a step of theirs, and rounds that are over."""
        posts = user.posts_on(on)
        offices = [post.division_id for post in posts if post.role in OFFICES]
        over = Q(round__state=RoundState.CLOSED)
        shown = Q(round__office__in=offices) & (over | Q(result__in=[Result.NOT_FIXED, Result.CLAIMED]))
        return shown | over if user.roles(on) & {Role.CITY_OFFICE, Role.AUDITOR} else shown

    @staticmethod
    def _inspected(user: User, on: date) -> Q:
        """Return what the inspected side may know: what asks for its answer, what was issued, and what is over."""
        places = user.places(on, *INSPECTED)
        if not places:
            return Q(pk__in=[])
        over = Q(round__state=RoundState.CLOSED) & ~Q(result="")
        told = Q(result=Result.CLAIMED) | Q(new_finding__issued_at__isnull=False) | over
        columns = {name: f"finding__{name}_id" for name in ("county", "township", "village")}
        return told & places.q(**columns)

    def open_book(self) -> Self:
        """Return what is no secret any more: rounds that are over, and results that were told to somebody."""
        told = Q(result__in=[Result.NOT_FIXED, Result.CLAIMED]) | Q(new_finding__issued_at__isnull=False)
        return self.filter(told | Q(round__state=RoundState.CLOSED)).exclude(result="")

    # --- what waits -------------------------------------------------------------------------------------------
    def to_hear(self, user: User, on: date) -> Self:
        """Return the cases in which the user's township is asked."""
        posts = user.posts_on(on)
        townships = [post.division_id for post in posts if post.role == Role.TOWNSHIP]
        return self._undecided().filter(finding__township__in=townships, statement="")

    def to_confirm(self, user: User, on: date) -> Self:
        """Return what a second person of the user's office has to decide: the township was heard, or had its time."""
        heard = ~Q(statement="") | Q(hear_by__lt=on)
        mine = self._undecided().filter(heard, round__office__in=_offices_of(user, on))
        return mine.exclude(result_by=user).exclude(team__memberships__user=user)

    def to_reopen(self, user: User, on: date) -> Self:
        """Return what was closed wrongly and still is: the user's office opens it again."""
        wrong = Q(result=Result.NOT_FIXED) | Q(result=Result.CLAIMED, confirmed=True)
        still = self.filter(wrong, finding__state=State.CLOSED, finding__closed_at__lt=F("result_at"))
        return still.filter(finding__issuing_office__in=_offices_of(user, on))

    def _undecided(self) -> Self:
        return self.standing().filter(result=Result.CLAIMED, confirmed=None)

    @alters_data
    def settle(self, found: "Finding", *, by: User, at: datetime) -> int:
        """Write into the open case of a fixed finding that it came back, as its office has just recorded.

        Only where the recorder stands on the round's list, does not go out with its team and is not at home there.
        """
        on = timezone.localdate(at)
        if found.county_id in units_of(by, on):
            return 0
        known = Round.objects.known_to(by, on).filter(state=RoundState.RUNNING).values("pk")
        known_cases = self.standing().outstanding().filter(round__in=known)
        case: LookBackCase | None = known_cases.exclude(team__memberships__user=by).first()
        rows = self.model._default_manager.outstanding().filter(pk=case.pk) if case else self.none()
        return rows.update(
            result=Result.CAME_BACK, remark=found.description, result_by=by, result_at=at, new_finding=found
        )

    # --- lists ------------------------------------------------------------------------------------------------
    def for_list(self) -> Self:
        """Fetch what a line shows in the same query."""
        places = ("finding__village", "finding__township", "finding__county", "finding__item__aspect")
        return self.select_related(*places, "team", "round__office", "result_by__person", "new_finding")

    def in_order(self) -> Self:
        """Order as the days are driven."""
        return self.order_by("day", "team__name", "order", "pk")


def _offices_of(user: User, on: date) -> list[uuid.UUID | None]:
    return [post.division_id for post in user.posts_on(on) if post.role in OFFICES]
