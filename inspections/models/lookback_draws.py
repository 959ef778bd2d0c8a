"""The draw of a look-back: closed findings instead of villages, by the same commitment, public number and lot."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.verbs import alters_data
from inspections import draws, lookback_frame, lookback_weights
from inspections.lookback_weights import Weighed
from inspections.models.draws import Draw, teams_of, working_days
from inspections.models.finding import Finding
from inspections.models.lookbacks import LookBackCase
from inspections.models.rounds import Round, VisitKind
from inspections.steps import StepRefused


@dataclass(frozen=True)
class LookBackDraw:
    """What a planner wants: findings closed between two days, and a share of them in whole percent."""

    round: Round
    since: date
    until: date
    percent: int

    @property
    def findings(self) -> QuerySet[Finding]:
        """Return the list: fixed findings of the office that no other look-back has drawn or may be about to draw."""
        others = LookBackCase.objects.standing().exclude(round=self.round)
        rows = lookback_frame.closed_findings(self.round.office, self.since, self.until)
        return rows.exclude(pk__in=others.values("finding")).exclude(pk__in=self._frozen_by_others())

    def _frozen_by_others(self) -> list[uuid.UUID]:
        """Return the lists of look-backs of the office that wait for their public number."""
        waiting = Draw.objects.filter(
            drawn_at=None, round__kind=VisitKind.LOOK_BACK, round__office=self.round.office
        )
        lists = waiting.exclude(round=self.round).values_list("wishes", flat=True)
        return [uuid.UUID(place["id"]) for wishes in lists for place in wishes["places"]]

    @alters_data
    @transaction.atomic
    def freeze(
        self,
        *,
        by: User,
        at: datetime,
        public_number_name: str,
        public_number_falls_on: date,
        reason: str = "",
    ) -> Draw:
        """Freeze the list and commit to it; `Draw.mix` draws once the public number has fallen. Raises StepRefused.

        Every unit's share is within one of its exact quota. A redraw has number and reason.
        """
        if self.round.kind != VisitKind.LOOK_BACK:
            raise StepRefused(_("This round is no look-back."), "invalid")
        rows = list(self.findings.only("pk", "county_id"))
        if not rows:
            raise StepRefused(_("No finding was closed as fixed in these days."), "no_findings")
        weighed = lookback_weights.weigh(lookback_frame.facts_of(self.findings))
        reasons = {
            key: [reason.as_json() for reason in one.reasons] for key, one in weighed.items() if one.reasons
        }
        return Draw.objects.commit(
            self._wishes(rows, weighed, timezone.localdate(at), public_number_falls_on), round=self.round, by=by,
            at=at, public_number_name=public_number_name, public_number_falls_on=public_number_falls_on,
            reason=reason, reasons=reasons,
        )  # fmt: skip

    def _wishes(
        self, rows: Iterable[Finding], weighed: dict[str, Weighed], on: date, after: date
    ) -> draws.Wishes:
        """Return all that goes into the draw; a unit counts as one township, so that weights choose between them."""
        places = [
            draws.Place(
                str(row.pk), str(row.county_id), str(row.county_id), weight=weighed[str(row.pk)].weight
            )
            for row in rows
        ]
        return draws.Wishes(
            places=tuple(places),
            teams=teams_of(self.round, on),
            days=working_days(self.round, after),
            per_day=self.round.per_day,
            coverage="sample",
            total=lookback_weights.sample_size(len(places), self.percent),
        )
