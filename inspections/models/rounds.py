"""Rounds of visits: what the approved plan orders, who may know, the teams, and the way from planning to closing.

A round, its draws and its planned visits live in tables that nothing public points to. Until the first day is
revealed they exist for the people on the round's list alone.
"""

import uuid
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, Role, User
from audit.log import unseal
from audit.verbs import alters_data
from inspections.steps import StepRefused
from villages.models import Division

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from inspections.models.planned import Amendment

OFFICES = (Role.CITY_OFFICE, Role.COUNTY_OFFICE)
# what the draw does not depend on: changing these leaves it standing
APART_FROM_THE_DRAW = frozenset({"title", "basis_document", "plan_number", "scheme"})


class RoundState(models.TextChoices):
    PLANNING = "planning", _("Planning")
    RUNNING = "running", _("Under way")
    CLOSED = "closed", _("Ended")


class VisitKind(models.TextChoices):
    """What a visit is for; only the first three score."""

    CITY = "city", _("City unannounced visit")
    THIRD_PARTY = "third_party", _("Third-party visit")
    MUTUAL = "mutual", _("Mutual inspection between units")
    COUNTY_PATROL = "county_patrol", _("County patrol")
    LOOK_BACK = "look_back", _("Look-back")
    RECHECK = "recheck", _("Re-check of a sheet")


SCORING_KINDS = frozenset({VisitKind.CITY, VisitKind.THIRD_PARTY, VisitKind.MUTUAL})
# inspectors of these are barred from their own unit; county patrols are made at home
BARRED_KINDS = SCORING_KINDS | {VisitKind.LOOK_BACK, VisitKind.RECHECK}

# step: from which states. The people on the round's list take them all; nobody else knows of the round.
ROUND_STEPS: dict[str, frozenset[str]] = {
    "change": frozenset({RoundState.PLANNING}),
    "set_teams": frozenset({RoundState.PLANNING}),
    "let_know": frozenset({RoundState.PLANNING, RoundState.RUNNING}),
    "freeze": frozenset({RoundState.PLANNING}),
    "mix": frozenset({RoundState.PLANNING}),
    "open": frozenset({RoundState.PLANNING}),
    "amend": frozenset({RoundState.RUNNING}),
    "miss": frozenset({RoundState.RUNNING}),
    "close": frozenset({RoundState.RUNNING}),
}


class RoundQuerySet(models.QuerySet["Round"]):
    """Sets of rounds by who may know of them."""

    def known_to(self, user: User, on: date) -> "RoundQuerySet":
        """Return the rounds on whose list the user stands, as long as he works in the office that plans them."""
        offices = [post.division_id for post in user.posts_on(on) if post.role in OFFICES]
        return self.filter(readers__user=user, office__in=offices)

    def visible_to(self, user: User, on: date) -> "RoundQuerySet":
        """Return what the user may read whole: the rounds he is listed for, and closed ones of his places' offices."""
        shown = Q(pk__in=self.model.objects.known_to(user, on).values("pk"))
        if user.roles(on) & {Role.CITY_OFFICE, Role.AUDITOR}:
            shown |= Q(state=RoundState.CLOSED)
        elif user.roles(on) & {Role.COUNTY_OFFICE, Role.LEADER}:
            counties = user.places(on, Role.COUNTY_OFFICE, Role.LEADER).counties
            of_theirs = Q(office__level=Division.Level.CITY) | Q(office__in=counties)
            shown |= Q(state=RoundState.CLOSED) & of_theirs
        return self.filter(shown)

    def for_list(self) -> "RoundQuerySet":
        """Fetch what a line shows in the same query."""
        return self.select_related("office", "scheme", "draw", "created_by")

    def revealed(self, at: datetime) -> "RoundQuerySet":
        """Return the rounds whose first day has been revealed: their commitments are public."""
        return self.exclude(state=RoundState.PLANNING).filter(reveals_at__lte=at)

    @alters_data
    @transaction.atomic
    def plan(self, *, by: User, at: datetime, office: Division, **columns: Any) -> "Round":
        """Begin to plan a round; only its planner is on the list then."""
        if not works_for(by, office, timezone.localdate(at)):
            raise StepRefused(_("Only people of the offices can plan a round."), "not_yours")
        _refuse_kind(office, columns["kind"])
        if self.filter(pk=columns.get("id")).exists():
            raise StepRefused(_("Reload the page and send it again."), "id_taken")
        planned = self.create(office=office, created_by=by, created_at=at, **columns)
        planned.readers.create(user=by, listed_by=by, at=at)
        return planned


class Round(models.Model):
    """One round of visits (第N轮暗访)."""

    class Coverage(models.TextChoices):
        FULL = "full", _("Every village at least once")
        SAMPLE = "sample", _("A sample from each township")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(
        _("state"), max_length=10, choices=RoundState.choices, default=RoundState.PLANNING
    )
    office = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("office"))
    kind = models.CharField(_("kind"), max_length=14, choices=VisitKind.choices)
    title = models.CharField(_("title of the round"), max_length=100)
    # without these two a round does not open
    basis_document = models.CharField(_("basis document"), max_length=200, blank=True)
    plan_number = models.CharField(_("number in the approved inspection plan"), max_length=60, blank=True)
    begins_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    scheme = models.ForeignKey(
        "schemes.Scheme", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("scheme")
    )
    coverage = models.CharField(_("coverage"), max_length=6, choices=Coverage.choices, default=Coverage.FULL)
    per_township = models.PositiveSmallIntegerField(_("villages per township"), null=True, blank=True)
    # whether a sample leaves out what the last round has seen: not the same village twice running
    rests = models.BooleanField(_("villages of the last round rest"), default=True)
    per_day = models.PositiveSmallIntegerField(_("visits a team makes in a day, at most"), default=5)
    departs_at = models.TimeField(_("departure"), default=time(8, 0))
    reveal_hours = models.PositiveSmallIntegerField(
        _("hours before departure that inspectors see the day"), default=12
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    # the draw that the plan stands on: the last one
    draw = models.ForeignKey("inspections.Draw", models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(null=True)
    reveals_at = models.DateTimeField(
        null=True
    )  # when the first day is revealed: known once the round is open
    closed_at = models.DateTimeField(null=True)

    objects = RoundQuerySet.as_manager()

    if TYPE_CHECKING:
        readers: RelatedManager["RoundReader"]
        amendments: RelatedManager[Amendment]
        office_id: uuid.UUID

    class Meta:
        verbose_name = _("round")
        verbose_name_plural = _("rounds")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("begins_on")), name="round_ends_after_it_begins"
            ),
            # a round opens only on the approved plan, and on a draw
            models.CheckConstraint(
                condition=Q(state="planning")
                | (
                    Q(basis_document__gt="", plan_number__gt="", draw__isnull=False, reveals_at__isnull=False)
                ),
                name="round_opens_on_its_basis",
            ),
            models.CheckConstraint(
                # NULL >= 1 is unknown, and a check lets the unknown pass
                condition=Q(coverage="full") | Q(per_township__isnull=False, per_township__gte=1),
                name="round_sample_has_a_size",
            ),
            models.CheckConstraint(condition=Q(per_day__gte=1), name="round_day_holds_a_visit"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the round's page."""
        return reverse("round", args=[self.pk])

    @property
    def scores(self) -> bool:
        """Tell whether the visits of this round score."""
        return self.kind in SCORING_KINDS

    def is_sealed(self, at: datetime) -> bool:
        """Tell whether nothing of the round has been revealed yet."""
        return self.state == RoundState.PLANNING or self.reveals_at is None or at < self.reveals_at

    @property
    def is_secret(self) -> bool:
        """Tell whether reading of it is itself written down, under its seal: until the round is closed."""
        return self.state != RoundState.CLOSED

    def reveal_of(self, day: date) -> datetime:
        """Return the moment from which inspectors see what is planned for a day."""
        departure = timezone.make_aware(datetime.combine(day, self.departs_at))
        return departure - timedelta(hours=self.reveal_hours)

    def days_left(self, on: date) -> int:
        """Return the days from today to the last one; negative when the round is over its end."""
        return (self.ends_on - on).days

    def is_known_to(self, user: User) -> bool:
        """Tell whether the user stands on the round's list."""
        return self.readers.filter(user=user).exists()

    # --- the one way a round moves ----------------------------------------------------------------------------
    def refusal(self, step: str, user: User) -> StepRefused | None:
        """Return why the user may not take this step now, or None."""
        if not self.is_known_to(user):
            return StepRefused(_("Only the people on the round's list do this."), "not_yours")
        if self.state not in ROUND_STEPS[step]:
            message = _("This round is now “%(state)s”; the step is not possible from there.")
            return StepRefused(message % {"state": self.get_state_display()}, "wrong_state")
        return None

    def steps_for(self, user: User) -> list[str]:
        """Return the steps this user may take now, in the order of the table."""
        if not self.is_known_to(user):
            return []
        return [step for step, states in ROUND_STEPS.items() if self.state in states]

    @alters_data
    def take(self, step: str, *, by: User, **changes: Any) -> None:
        """Refuse, or write the columns if nobody else has changed the round meanwhile."""
        if refused := self.refusal(step, by):
            raise refused
        mine = Round.objects.filter(pk=self.pk, version=self.version)
        if not mine.update(version=F("version") + 1, **changes):
            raise StepRefused(
                _("Someone else has just changed this round. Reload it and look again."), "conflict"
            )
        self.refresh_from_db()

    @alters_data
    def change(self, *, by: User, **columns: Any) -> None:
        """Change what is planned. Where the draw depends on it, that stands no longer and is made again."""
        if columns.pop("kind", self.kind) != self.kind:
            raise StepRefused(_("The kind of a round does not change. Plan another one."), "invalid")
        changed = {name for name, value in columns.items() if getattr(self, name) != value}
        if changed - APART_FROM_THE_DRAW:
            self._refuse_frozen()
            columns["draw"] = None
        self.take("change", by=by, **columns)

    def _refuse_frozen(self) -> None:
        if self.draws.filter(drawn_at=None).exists():
            message = _(
                "The list is frozen and waits for its public number. Enter it, then draw again with a reason."
            )
            raise StepRefused(message, "frozen")

    @alters_data
    @transaction.atomic
    def let_know(self, *, user: User, by: User, at: datetime) -> None:
        """Put a person on the list of those who may know."""
        if not works_for(user, self.office, timezone.localdate(at)):
            raise StepRefused(_("Only people of the office that plans the round can know of it."), "invalid")
        self.take("let_know", by=by)
        self.readers.get_or_create(user=user, defaults={"listed_by": by, "at": at})

    @alters_data
    @transaction.atomic
    def set_teams(self, *, by: User, at: datetime, teams: Iterable["TeamPlan"]) -> None:
        """Replace the teams, and with them the draw; teams that an earlier draw named stay with that draw."""
        self._refuse_frozen()
        plans, on = list(teams), timezone.localdate(at)
        _refuse_doubles(plans)
        for plan in plans:
            plan.refuse_unfit(self, on)
        self.take("set_teams", by=by, draw=None)
        self.teams.filter(planned=None).delete()
        self.teams.standing().update(replaced=True)
        for plan in plans:
            plan.make(self)

    def plan_rows(self) -> Any:
        """Return what the round has drawn: visits, or for a look-back the findings that are looked at again."""
        return self.cases if self.kind == VisitKind.LOOK_BACK else self.planned

    @alters_data
    @transaction.atomic
    def open(self, *, by: User, at: datetime) -> None:
        """Open the round on its approved basis and its draw; from the reveal of each day on its inspectors see it."""
        if not (self.basis_document.strip() and self.plan_number.strip()):
            message = _(
                "A round opens only with its basis document and its number in the approved inspection plan."
            )
            raise StepRefused(message, "no_basis")
        first = self.plan_rows().standing().aggregate(day=models.Min("day"))["day"]
        if self.draw is None or first is None:
            raise StepRefused(_("Draw first: nothing is planned yet."), "no_draw")
        if first < timezone.localdate(at):
            raise StepRefused(_("The first planned day is over. Draw again with later days."), "too_late")
        self.take("open", by=by, state=RoundState.RUNNING, opened_at=at, reveals_at=self.reveal_of(first))

    @alters_data
    @transaction.atomic
    def close(self, *, by: User, at: datetime) -> None:
        """Close the round: the seed is public from now on, and what was done under the seal stands in the open log."""
        waiting = self.plan_rows().standing().outstanding().count()
        if waiting:
            message = (
                _("%(count)s findings are neither looked at nor given a reason. Settle them first.")
                if self.kind == VisitKind.LOOK_BACK
                else _("%(count)s planned visits are neither made nor given a reason. Settle them first.")
            )
            raise StepRefused(message % {"count": waiting}, "outstanding")
        self.take("close", by=by, state=RoundState.CLOSED, closed_at=at)
        unseal(self.pk, at=at)


def _refuse_kind(office: Division, kind: str) -> None:
    at_home = kind == VisitKind.COUNTY_PATROL
    if kind == VisitKind.RECHECK or (
        at_home == (office.level == Division.Level.CITY) and kind != VisitKind.LOOK_BACK
    ):
        raise StepRefused(_("City offices plan city rounds, county offices their own patrols."), "invalid")


class RoundReader(models.Model):
    """A person who may know of a round while it is sealed."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="readers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    listed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "user"], name="round_reader_once")]

    def __str__(self) -> str:
        return f"{self.user}"


class TeamQuerySet(models.QuerySet["Team"]):
    """Sets of teams."""

    def standing(self) -> "TeamQuerySet":
        """Return the teams of now; replaced ones stay for the draws that named them."""
        return self.filter(replaced=False)


class Team(models.Model):
    """Inspectors who go out together; for a mutual inspection the unit that sends them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, models.CASCADE, related_name="teams")
    name = models.CharField(_("team"), max_length=60)
    sent_by = models.ForeignKey(
        Division, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("sent by")
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="inspections.TeamMember",
        related_name="+",
        verbose_name=_("members"),
    )

    replaced = models.BooleanField(default=False)

    objects = TeamQuerySet.as_manager()

    if TYPE_CHECKING:
        memberships: RelatedManager["TeamMember"]
        round_id: uuid.UUID

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round", "name"], condition=Q(replaced=False), name="team_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def barred_units(self, on: date) -> set[uuid.UUID]:
        """Return the units this team must not visit: the one that sends it, and those its members belong to."""
        if self.round.kind not in BARRED_KINDS:
            return set()
        found = {self.sent_by_id} if self.sent_by_id else set()
        for member in self.members.all():
            found |= units_of(member, on)
        return found


class TeamMember(models.Model):
    """One inspector of a team."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="team_member_once")]

    def __str__(self) -> str:
        return f"{self.user}"


class TeamPlan:
    """A team as a form describes it."""

    def __init__(self, name: str, members: Iterable[User], sent_by: Division | None = None) -> None:
        self.name, self.members, self.sent_by = name, list(dict.fromkeys(members)), sent_by

    def refuse_unfit(self, for_round: Round, on: date) -> None:
        """Raise StepRefused where the team could not inspect in this round."""
        if len(self.members) < 2:
            message = _("Team “%(team)s” needs at least two inspectors.")
            raise StepRefused(message % {"team": self.name}, "team_too_small")
        for member in self.members:
            if refused := _not_fit(member, for_round, on):
                raise refused
        if for_round.kind == VisitKind.MUTUAL and self.sent_by is None:
            message = _("Team “%(team)s”: say which unit sends it.")
            raise StepRefused(message % {"team": self.name}, "sender_missing")

    def make(self, for_round: Round) -> Team:
        """Create the team."""
        team = Team.objects.create(round=for_round, name=self.name, sent_by=self.sent_by)
        TeamMember.objects.bulk_create(TeamMember(team=team, user=member) for member in self.members)
        return team


def units_of(user: User, on: date) -> set[uuid.UUID]:
    """Return the units that a user's posts tie him to: nobody inspects at home."""
    found: set[uuid.UUID] = set()
    for post in user.posts_on(on):
        if post.division is None or post.division.level == Division.Level.CITY:
            continue
        unit = post.division if post.division.level == Division.Level.COUNTY else post.division.parent_on(on)
        found |= {unit.pk} if unit else set()
    return found


def works_for(user: User, office: Division, on: date) -> bool:
    """Tell whether the user has a post in this office on the day."""
    return any(post.role in OFFICES and post.division_id == office.pk for post in user.posts_on(on))


def _refuse_doubles(plans: list[TeamPlan]) -> None:
    """Refuse two teams of one name, and a person in two teams."""
    names = [plan.name for plan in plans]
    if len(set(names)) < len(names):
        raise StepRefused(_("Two teams have the same name."), "invalid")
    seen: set[uuid.UUID] = set()
    for member in (member for plan in plans for member in plan.members):
        if member.pk in seen:
            message = _("%(name)s is in two teams.")
            raise StepRefused(message % {"name": member}, "in_two_teams")
        seen.add(member.pk)


def _not_fit(member: User, for_round: Round, on: date) -> StepRefused | None:
    """Return why a person may not inspect in this round: no inspector, not of an agency, not of the county."""
    posts = [post for post in member.posts_on(on) if post.role == Role.INSPECTOR]
    if not posts:
        return StepRefused(_("%(name)s holds no inspector's post.") % {"name": member}, "not_inspector")
    agency = any(post.organisation and post.organisation.kind == Organisation.Kind.AGENCY for post in posts)
    if for_round.kind == VisitKind.THIRD_PARTY and not agency:
        message = _("%(name)s belongs to no agency; a third-party round is made by agencies.")
        return StepRefused(message % {"name": member}, "not_agency")
    at_home = any(post.division_id == for_round.office_id for post in posts)
    if for_round.kind == VisitKind.COUNTY_PATROL and not at_home:
        message = _("%(name)s is no inspector of %(unit)s; a county patrol is made by the unit's own.")
        return StepRefused(message % {"name": member, "unit": for_round.office}, "not_of_the_unit")
    return None
