"""A round's draws as they are published: what was stored, made ready to be recomputed by anybody.

As long as the round is not closed the seed stays out of it, and with it what could be recomputed.
"""

import json
import uuid
from collections import defaultdict
from typing import Any

from inspections import verification
from inspections.draw_messages import difference
from inspections.draws import Plan, Planned
from inspections.models import Draw, LookBackCase, PlannedVisit, Round, RoundState
from inspections.models.draws import names_of
from villages.models import Village


def records_of(row: Round) -> list[dict[str, Any]]:
    """Return a round's draws by number, with the visits as they were drawn; what was amended later is not in it."""
    drawn: dict[uuid.UUID | None, list[Planned]] = defaultdict(list)
    rows = PlannedVisit.objects.filter(round=row, draw__isnull=False).order_by("day", "team", "order", "pk")
    for visit in rows:
        pair = (str(visit.pair[0]), str(visit.pair[1]))
        drawn[visit.draw_id].append(
            Planned(str(visit.village_id), str(visit.team_id), visit.day.isoformat(), visit.order, pair)
        )
    for case in LookBackCase.objects.filter(round=row, draw__isnull=False).order_by(
        "day", "team", "order", "pk"
    ):
        pair = (str(case.pair[0]), str(case.pair[1]))
        drawn[case.draw_id].append(
            Planned(str(case.finding_id), str(case.team_id), case.day.isoformat(), case.order, pair)
        )
    return [_record(made, drawn[made.pk], row) for made in row.draws.order_by("number")]


def _record(made: Draw, visits: list[Planned], row: Round) -> dict[str, Any]:
    closed = row.state == RoundState.CLOSED
    return verification.record(
        wishes_json=json.dumps(made.wishes), round_id=str(row.pk), number=made.number, reason=made.reason,
        seed_sha256=made.seed_sha256, commitment=made.commitment, public_number_name=made.public_number_name,
        public_number_falls_on=made.public_number_falls_on.isoformat(),
        seed=bytes.fromhex(made.seed) if closed else None, public_number=made.public_number or None,
        plan=Plan(tuple(visits)) if made.public_number else None,
    )  # fmt: skip


def differences(row: Round) -> list[str]:
    """Recompute every draw of a closed round; return what differs, in sentences. Empty means that all is well."""
    names = names_of(row)
    found = verification.verify(verification.data(records_of(row), {}))
    return [difference(one, names) for one in found]


def package(row: Round) -> bytes:
    """Return the archive with which an outsider recomputes the draws of a closed round.

    Of a look-back it has the findings by their ids alone: whoever may read one knows it by its address.
    """
    villages = Village.objects.filter(
        pk__in=PlannedVisit.objects.filter(round=row).values("village")
    ).values_list("pk", "name")
    names = names_of(row) | {str(pk): name for pk, name in villages}
    meta = {
        "title": row.title,
        "office": str(row.office),
        "basis_document": row.basis_document,
        "plan_number": row.plan_number,
        "names": names,
    }
    return verification.package(records_of(row), meta)
