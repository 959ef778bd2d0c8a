"""The draw of a look-back: at once, by the same lot and commitment as every draw, from closed findings."""

import json
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.verbs import alters_data
from inspections import draws, lookback_frame, lookback_weights
from inspections.draw_messages import refusal
from inspections.lookback_weights import Weighed
from inspections.models.draws import AT_ONCE, Draw, names_of
from inspections.models.finding import Finding
from inspections.models.lookbacks import LookBackCase
from inspections.models.rounds import Round, VisitKind
from inspections.steps import StepRefused
from villages.models import Holiday


@dataclass(frozen=True)
class LookBackDraw:
    """What a planner wants: findings closed between two days, and a share of them in whole percent."""

    round: Round
    since: date
    until: date
    percent: int

    @property
    def findings(self) -> QuerySet[Finding]:
        """Return the list: fixed findings of the office that no other look-back has drawn."""
        others = LookBackCase.objects.standing().exclude(round=self.round)
        rows = lookback_frame.closed_findings(self.round.office, self.since, self.until)
        return rows.exclude(pk__in=others.values("finding"))

    @alters_data
    @transaction.atomic
    def make(self, *, by: User, at: datetime, reason: str = "") -> Draw:
        """Freeze the list, commit to it and draw, all at once; the seed is published when the round is closed.

        Every unit's share is within one of its exact quota. A redraw has number and reason. Raises StepRefused.
        """
        number = self._number(reason)
        on = timezone.localdate(at)
        findings = {
            str(row.pk): row for row in self.findings.only("pk", "county_id", "township_id", "village_id")
        }
        if not findings:
            raise StepRefused(gettext_lazy("No finding was closed as fixed in these days."), "no_findings")
        weighed = lookback_weights.weigh(lookback_frame.facts_of(self.findings))
        wishes = self._wishes(findings.values(), weighed, on)
        try:
            draws.check(wishes)
        except draws.Infeasible as infeasible:
            raise StepRefused(refusal(infeasible, names_of(self.round)), "infeasible") from infeasible
        row = _stored(self.round, wishes, number=number, reason=reason.strip(), by=by, at=at)
        self.round.take("mix", by=by, draw=row)
        LookBackCase.objects.bulk_create(_cases(self.round, row, findings, weighed), batch_size=500)
        return row

    def _number(self, reason: str) -> int:
        if self.round.kind != VisitKind.LOOK_BACK:
            raise StepRefused(gettext_lazy("This round is no look-back."), "invalid")
        number = self.round.draws.count() + 1
        if number > 1 and not reason.strip():
            raise StepRefused(
                gettext_lazy("A second draw needs a reason; both are published."), "reason_missing"
            )
        return number

    def _wishes(self, findings: Iterable[Finding], weighed: dict[str, Weighed], on: date) -> draws.Wishes:
        """Return all that goes into the draw; a unit counts as one township, so that weights choose between them."""
        rows = list(findings)
        return draws.Wishes(
            places=tuple(
                draws.Place(
                    str(row.pk), str(row.county_id), str(row.county_id), weight=weighed[str(row.pk)].weight
                )
                for row in rows
            ),
            teams=tuple(
                draws.Team(
                    str(team.pk),
                    tuple(str(member.pk) for member in team.members.all()),
                    tuple(str(unit) for unit in team.barred_units(on)),
                )
                for team in self.round.teams.standing().prefetch_related("members").order_by("name")
            ),
            days=tuple(day.isoformat() for day in _working_days(self.round, on)),
            per_day=self.round.per_day,
            coverage="sample",
            total=lookback_weights.sample_size(len(rows), self.percent),
        )


def _working_days(round: Round, on: date) -> list[date]:
    """Return the round's working days after today."""
    calendar = Holiday.objects.calendar()
    first = max(round.begins_on, on + timedelta(days=1))
    days = (first + timedelta(days=n) for n in range((round.ends_on - first).days + 1))
    return [day for day in days if calendar.is_working(day)]


def _stored(round: Round, wishes: draws.Wishes, *, number: int, reason: str, by: User, at: datetime) -> Draw:
    """Store the draw with its commitment; no public number is waited for, and the draw says so."""
    seed, on = secrets.token_bytes(draws.SEED_BYTES), timezone.localdate(at)
    sealed, name = draws.seed_hash(seed), _("none: drawn at once")
    return Draw.objects.create(
        round=round, number=number, reason=reason, frozen_by=by, frozen_at=at, seed=seed.hex(), seed_sha256=sealed,
        wishes=json.loads(draws.canonical(wishes)), inputs_sha256=draws.inputs_hash(wishes), public_number_name=name,
        public_number_falls_on=on, public_number=AT_ONCE, drawn_by=by, drawn_at=at,
        commitment=draws.commitment(wishes, sealed, str(round.pk), number, name, on.isoformat()),
    )  # fmt: skip


def _cases(
    round: Round, row: Draw, findings: dict[str, Finding], weighed: dict[str, Weighed]
) -> Iterable[LookBackCase]:
    """Walk the cases that the draw chose; within a team's day by township and village, as they are driven."""
    visits = sorted(row.plan().visits, key=lambda visit: _way(visit, findings[visit.place]))
    last, order = None, 0
    for visit in visits:
        order = order + 1 if last == (visit.day, visit.team) else 1
        last, day = (visit.day, visit.team), date.fromisoformat(visit.day)
        facts = weighed[visit.place]
        yield LookBackCase(
            round=round, draw=row, finding=findings[visit.place], team_id=uuid.UUID(visit.team),
            pair=list(visit.pair), day=day, order=order, reveals_at=round.reveal_of(day), weight=facts.weight,
            reasons=[reason.as_json() for reason in facts.reasons],
        )  # fmt: skip


def _way(visit: draws.Planned, finding: Finding) -> tuple[str, ...]:
    return visit.day, visit.team, str(finding.township_id), str(finding.village_id), visit.place
