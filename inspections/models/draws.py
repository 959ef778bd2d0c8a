"""Draws: the list is frozen and committed to, a public number falls, and then nobody chooses any more."""

import json
import secrets
import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.verbs import alters_data
from inspections import draws, routes
from inspections.draw_messages import refusal
from inspections.models.drawn_cases import cases_of
from inspections.models.lookbacks import LookBackCase
from inspections.models.planned import PlannedVisit
from inspections.models.rounds import Round, VisitKind
from inspections.steps import StepRefused
from villages.models import Division, Holiday, Village

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from inspections.models.drawing import History


class DrawQuerySet(models.QuerySet["Draw"]):
    """Sets of draws, and the verb that freezes the list and commits to it."""

    @alters_data
    @transaction.atomic
    def freeze(
        self,
        *,
        round: Round,
        by: User,
        at: datetime,
        history: "History",
        public_number_name: str,
        public_number_falls_on: date,
        reason: str = "",
    ) -> "Draw":
        """Freeze the villages of a round and commit to them; `history` says how each place did before."""
        if round.kind == VisitKind.LOOK_BACK:
            raise StepRefused(_("A look-back draws closed findings, on a page of its own."), "look_back")
        wishes = wishes_of(round, timezone.localdate(at), public_number_falls_on, history)
        return self.commit(
            wishes, round=round, by=by, at=at, public_number_name=public_number_name,
            public_number_falls_on=public_number_falls_on, reason=reason,
        )  # fmt: skip

    @alters_data
    @transaction.atomic
    def commit(
        self,
        wishes: draws.Wishes,
        *,
        round: Round,
        by: User,
        at: datetime,
        public_number_name: str,
        public_number_falls_on: date,
        reason: str = "",
        reasons: dict[str, Any] | None = None,
    ) -> "Draw":
        """Commit to a frozen list under a new seed; from now on nobody can choose. Raises StepRefused.

        A redraw needs a reason; all draws are published. `reasons` is kept with the draw and is no part of it.
        """
        name = public_number_name.strip()
        number = self._number(round, by, at, name, public_number_falls_on, reason)
        try:
            draws.check(wishes)
        except draws.Infeasible as infeasible:
            raise StepRefused(refusal(infeasible, names_of(round)), "infeasible") from infeasible
        round.take("freeze", by=by)
        seed = secrets.token_bytes(draws.SEED_BYTES)
        sealed = draws.seed_hash(seed)
        return self.create(
            round=round, number=number, reason=reason.strip(), frozen_by=by, frozen_at=at, seed=seed.hex(),
            seed_sha256=sealed, wishes=json.loads(draws.canonical(wishes)), inputs_sha256=draws.inputs_hash(wishes),
            public_number_name=name, public_number_falls_on=public_number_falls_on, reasons=reasons or {},
            commitment=draws.commitment(
                wishes, sealed, str(round.pk), number, name, public_number_falls_on.isoformat()
            ),
        )  # fmt: skip

    def _number(self, round: Round, by: User, at: datetime, name: str, falls_on: date, reason: str) -> int:
        """Return the number of the next draw, or refuse what would prove nothing."""
        if refused := round.refusal("freeze", by):
            raise refused
        if self.filter(round=round, drawn_at=None).exists():
            raise StepRefused(_("The list is frozen already and waits for its public number."), "frozen")
        number = self.filter(round=round).count() + 1
        if number > 1 and not reason.strip():
            raise StepRefused(_("A second draw needs a reason; both are published."), "reason_missing")
        if not name:
            raise StepRefused(_("Name the public number: which one, and where it is published."), "invalid")
        if falls_on <= timezone.localdate(at):
            message = _(
                "Name a public number that falls after today: one that is known already proves nothing."
            )
            raise StepRefused(message, "number_known")
        return number


class Draw(models.Model):
    """One numbered draw of a round. Frozen with its commitment; the public number is added once, then nothing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="draws")
    number = models.PositiveSmallIntegerField(_("draw"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    frozen_at = models.DateTimeField()
    wishes = models.JSONField()  # the canonical form: all that goes into the draw
    inputs_sha256 = models.CharField(max_length=64)
    seed = models.CharField(max_length=64)  # secret until the round is closed
    seed_sha256 = models.CharField(max_length=64)
    commitment = models.CharField(_("commitment"), max_length=64)
    public_number_name = models.CharField(_("public number"), max_length=200)
    public_number_falls_on = models.DateField(_("falls on"))
    public_number = models.CharField(_("the number as published"), max_length=100, blank=True)
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    drawn_at = models.DateTimeField(null=True)
    # why findings of a look-back have more tickets than the least: id → [code, number, tickets] each; not published
    reasons = models.JSONField(default=dict)

    # frozen with the commitment: only the number and the day of drawing are added, once (`mix` guards the once)
    append_only_when = "OLD.id IS NOT NULL"
    append_only_except = frozenset({"public_number", "drawn_by", "drawn_at"})

    objects = DrawQuerySet.as_manager()

    if TYPE_CHECKING:
        planned: RelatedManager[PlannedVisit]
        cases: RelatedManager[LookBackCase]

    class Meta:
        verbose_name = _("draw")
        verbose_name_plural = _("draws")
        constraints = [
            models.UniqueConstraint(fields=["round", "number"], name="draw_number_once"),
            # one list at a time waits for its number
            models.UniqueConstraint(fields=["round"], condition=Q(drawn_at=None), name="draw_one_frozen"),
            models.CheckConstraint(condition=Q(number=1) | ~Q(reason=""), name="redraw_has_a_reason"),
            models.CheckConstraint(
                condition=Q(drawn_at=None, public_number="")
                | Q(drawn_at__isnull=False, public_number__gt=""),
                name="draw_mixes_a_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round} · {self.number}"

    def frozen_wishes(self) -> draws.Wishes:
        """Return the wishes as they were frozen."""
        return draws.read(json.dumps(self.wishes))

    def plan(self) -> draws.Plan:
        """Recompute what was drawn, from what is stored."""
        return draws.draw(self.frozen_wishes(), bytes.fromhex(self.seed), self.public_number)

    @alters_data
    @transaction.atomic
    def mix(self, *, by: User, at: datetime, public_number: str) -> None:
        """Mix in the public number and write the plan that follows; entered once, never again."""
        number = public_number.strip()
        if not number:
            raise StepRefused(_("Enter the number as it was published."), "invalid")
        if timezone.localdate(at) < self.public_number_falls_on:
            raise StepRefused(_("The public number has not fallen yet."), "too_early")
        self.round.take("mix", by=by, draw=self)
        waiting = Draw.objects.filter(pk=self.pk, drawn_at=None)
        if not waiting.update(public_number=number, drawn_by=by, drawn_at=at):
            raise StepRefused(_("This draw has been made already."), "conflict")
        self.refresh_from_db()
        if self.round.kind == VisitKind.LOOK_BACK:
            LookBackCase.objects.bulk_create(cases_of(self), batch_size=500)
        else:
            PlannedVisit.objects.bulk_create(self._rows(), batch_size=500)

    def _rows(self) -> Iterable[PlannedVisit]:
        visits = self.plan().visits
        villages = Village.objects.with_places(timezone.localdate(self.frozen_at)).in_bulk(
            [uuid.UUID(visit.place) for visit in visits]
        )
        driven = _driving_order(visits, villages)
        for visit in visits:
            village, day = villages[uuid.UUID(visit.place)], date.fromisoformat(visit.day)
            yield PlannedVisit(
                round=self.round, draw=self, village=village, township_id=village.township_id,
                county_id=village.county_id, team_id=uuid.UUID(visit.team), pair=list(visit.pair), day=day,
                order=driven[visit.place], reveals_at=self.round.reveal_of(day),
            )  # fmt: skip


def _driving_order(visits: Iterable[draws.Planned], villages: dict[uuid.UUID, Any]) -> dict[str, int]:
    """Return each place's position in the route of its team's day."""
    days: dict[tuple[str, str], list[routes.Stop]] = {}
    for visit in visits:
        village = villages[uuid.UUID(visit.place)]
        known = village.lat is not None and village.lon is not None
        position = (float(village.lat), float(village.lon)) if known else (None, None)
        stop = routes.Stop(visit.place, str(village.township_id), *position)
        days.setdefault((visit.team, visit.day), []).append(stop)
    return {
        place: position
        for stops in days.values()
        for position, place in enumerate(routes.order(stops), start=1)
    }


def wishes_of(round: Round, on: date, after: date, history: "History") -> draws.Wishes:
    """Return all that goes into the draw of a round: places with their weights, teams with their bars, working days."""
    return draws.Wishes(
        places=tuple(history.places(villages_of(round, on), rests=round.rests)),
        teams=teams_of(round, on),
        days=working_days(round, after),
        per_day=round.per_day,
        coverage=round.coverage,
        per_township=round.per_township if round.coverage == Round.Coverage.SAMPLE else None,
        previous_pairs=tuple(history.pairs),
    )


def names_of(round: Round) -> dict[str, str]:
    """Return what people call the ids of divisions and teams that stand in a draw of the round."""
    divisions = Division.objects.filter(level__in=[Division.Level.COUNTY, Division.Level.TOWNSHIP])
    return {str(row.pk): str(row) for row in [*divisions, *round.teams.all()]}


def villages_of(round: Round, on: date) -> list[Any]:
    """Return the villages that the round may visit, with township and unit of the day."""
    rows = Village.objects.current(on).with_places(on).filter(county_id__isnull=False)
    if round.office.level != round.office.Level.CITY:
        rows = rows.filter(county_id=round.office_id)
    return list(rows.order_by("pk"))


def teams_of(round: Round, on: date) -> tuple[draws.Team, ...]:
    """Return the teams that go out, with the units that are barred to them."""
    teams = round.teams.standing().prefetch_related("members").order_by("name")
    return tuple(
        draws.Team(
            str(team.pk),
            tuple(str(member.pk) for member in team.members.all()),
            tuple(str(unit) for unit in team.barred_units(on)),
        )
        for team in teams
    )


def working_days(round: Round, after: date) -> tuple[str, ...]:
    """Return the round's working days after the public number has fallen: nothing is planned before it is drawn."""
    calendar = Holiday.objects.calendar()
    first = max(round.begins_on, after + timedelta(days=1))
    days = (first + timedelta(days=n) for n in range((round.ends_on - first).days + 1))
    return tuple(day.isoformat() for day in days if calendar.is_working(day))
