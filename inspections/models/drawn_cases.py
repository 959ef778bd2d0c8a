"""The cases of a look-back that its draw has chosen, in the order in which they are driven."""

import uuid
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from inspections import draws
from inspections.models.finding import Finding
from inspections.models.lookbacks import LookBackCase

if TYPE_CHECKING:
    from inspections.models.draws import Draw


def cases_of(draw: "Draw") -> Iterator[LookBackCase]:
    """Walk the cases that the draw chose; within a team's day by township and village."""
    chosen = draw.plan().visits
    places = ("pk", "township_id", "village_id")
    findings = Finding.objects.only(*places).in_bulk([uuid.UUID(visit.place) for visit in chosen])
    tickets = {place["id"]: place["weight"] for place in draw.wishes["places"]}
    last, order = None, 0
    for visit in sorted(chosen, key=lambda visit: _way(visit, findings[uuid.UUID(visit.place)])):
        order = order + 1 if last == (visit.day, visit.team) else 1
        last, day = (visit.day, visit.team), date.fromisoformat(visit.day)
        yield LookBackCase(
            round=draw.round, draw=draw, finding=findings[uuid.UUID(visit.place)], team_id=uuid.UUID(visit.team),
            pair=list(visit.pair), day=day, order=order, reveals_at=draw.round.reveal_of(day),
            weight=tickets[visit.place], reasons=draw.reasons.get(visit.place, []),
        )  # fmt: skip


def _way(visit: draws.Planned, finding: Finding) -> tuple[str, ...]:
    return visit.day, visit.team, str(finding.township_id), str(finding.village_id), visit.place
