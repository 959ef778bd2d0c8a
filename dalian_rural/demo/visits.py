"""The demo's visits: by the product's own verbs where something was found, in bulk where nothing was.

What is stored in bulk is what the verbs store, row for row; a test holds one against the other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction

from dalian_rural.demo.sheets import PICTURED, photo_id, picture, sheet
from dalian_rural.demo.touring import Spec, Tour, tours
from inspections.models import (
    Finding,
    Photo,
    PlannedVisit,
    Round,
    Visit,
    VisitItem,
    VisitPoint,
    VisitVersion,
)
from inspections.models.visiting import MARGIN
from inspections.sheets import NOT_LOOKED_AT, Sheet
from schemes.models import Item, Scheme, SchemeSource
from schemes.scoring import score

BATCH = 150


# --- by the verbs ---------------------------------------------------------------------------------------------
def begin(tour: Tour) -> Visit:
    """Begin a visit from its plan."""
    visit, _created = Visit.objects.begin(
        id=tour.id, by=tour.inspector, at=tour.began, village=tour.planned.village, planned=tour.planned
    )
    return visit


def submit(tour: Tour, visit: Visit, of: Round, found: Iterable[Finding] = ()) -> None:
    """Submit the sheet with what was found; a direct team's findings are issued with it."""
    named = [(finding.pk, finding.point) for finding in found]
    body = sheet(tour, visit.items_to_look_at(), of, named)
    visit.submit(by=tour.inspector, at=tour.submitted, sheet=body)


def settle(visit: Visit, now: datetime) -> None:
    """Score anew what has changed since, as the sweep would have done at the time."""
    moved = visit.findings.filter(events__at__gt=visit.scored_at)
    last = moved.order_by("-events__at").values_list("events__at", flat=True).first()
    if last:
        visit.rescore(at=min(now, last + MARGIN + timedelta(minutes=2)))


# --- in bulk --------------------------------------------------------------------------------------------------
@dataclass
class Rows:
    """What one batch stores."""

    visits: list[Visit] = field(default_factory=list)
    items: list[VisitItem] = field(default_factory=list)
    points: list[VisitPoint] = field(default_factory=list)
    versions: list[VisitVersion] = field(default_factory=list)
    present: list[Any] = field(default_factory=list)
    planned: list[PlannedVisit] = field(default_factory=list)

    @transaction.atomic
    def store(self) -> None:
        """Write everything or nothing."""
        Visit.objects.bulk_create(self.visits, batch_size=200)
        VisitItem.objects.bulk_create(self.items, batch_size=500)
        VisitPoint.objects.bulk_create(self.points, batch_size=500)
        VisitVersion.objects.bulk_create(self.versions, batch_size=500)
        through = Visit.present.through
        through._default_manager.bulk_create(self.present, batch_size=500)
        PlannedVisit.objects.bulk_update(self.planned, ["visit"], batch_size=200)


class Bulk:
    """Stores the clean visits of one round."""

    def __init__(self, of: Round) -> None:
        self.round, self.scheme = of, of.scheme or Scheme.objects.default()
        rows = self.scheme.items.filter(level=Item.Level.VILLAGE).order_by("position")
        self.items = [
            item for item in rows.select_related("aspect") if SchemeSource.Code.VISIT in item.sources
        ]

    def make(self, tours: Sequence[Tour]) -> int:
        """Store visits that found nothing, begun and submitted; return how many."""
        rows = Rows()
        for tour in tours:
            self._add(rows, tour)
        if rows.visits:
            rows.store()
        return len(rows.visits)

    def _add(self, rows: Rows, tour: Tour) -> None:
        village, planned = tour.planned.village, tour.planned
        fit = [item for item in self.items if item.applies_to(village)]
        body = sheet(tour, fit, self.round)
        visit = Visit(
            id=tour.id, kind=self.round.kind, round=self.round, office_id=self.round.office_id, village=village,
            township_id=planned.township_id, county_id=planned.county_id, scheme=self.scheme,
            inspector=tour.inspector, organisation_id=self._agency(tour), begun_at=tour.began,
            submitted_at=tour.submitted, digest=body.digest(), number=1, notes=body.notes, named_findings=[],
            scored_at=tour.submitted - MARGIN,
        )  # fmt: skip
        rows.items += [
            VisitItem(visit=visit, item=item, status=VisitItem.Status.NOT_APPLICABLE)
            for item in self.items
            if item not in fit
        ]
        units = self._score(rows, visit, body, {item.code: item for item in fit})
        rows.visits.append(visit)
        rows.points += [
            VisitPoint(visit=visit, code=row.code, status=row.status, remark=row.remark)
            for row in body.points
        ]
        rows.versions.append(
            VisitVersion(
                visit=visit,
                number=1,
                cause=VisitVersion.Cause.SUBMITTED,
                body=body.body(),
                scores=units,
                got=visit.got,
                possible=visit.possible,
                by=tour.inspector,
                at=tour.submitted,
            )
        )
        through = Visit.present.through
        rows.present += [through(visit_id=visit.pk, user_id=UUID(key)) for key in body.present]
        planned.visit = visit
        rows.planned.append(planned)

    def _agency(self, tour: Tour) -> UUID | None:
        if self.round.kind != "third_party":
            return None
        return tour.inspector.posts_on(tour.planned.day)[0].organisation_id

    def _score(
        self, rows: Rows, visit: Visit, body: Sheet, items: Mapping[str, Item]
    ) -> dict[str, int | None]:
        """Add the rows of the items, and what they come to; return the points of each."""
        units: dict[str, int | None] = {}
        for row in body.items:
            item = items[row.item]
            looked = row.status != NOT_LOOKED_AT
            units[row.item] = score(item.points, item.rule, (), row.measure).units if looked else None
            rows.items.append(
                VisitItem(
                    visit=visit,
                    item=item,
                    status=row.status,
                    sampled=row.sampled,
                    met=row.met,
                    answer=row.answer,
                    remark=row.remark,
                    units=units[row.item],
                )
            )
        visit.got = sum(got for got in units.values() if got is not None)
        visit.possible = sum(items[code].points for code, got in units.items() if got is not None)
        return units


def make_rest(spec: Spec, until: datetime | None = None, leave: Callable[[Tour], bool] | None = None) -> int:
    """Store the next batch of a round's clean visits; return how many: none is the end."""
    row = spec.round
    if row is None:
        return 0
    waiting = [
        tour
        for tour in tours(row)
        if tour.planned.visit_id is None
        and (until is None or tour.submitted < until)
        and not (leave and leave(tour))
    ]
    return Bulk(row).make(waiting[:BATCH])


# --- pictures -------------------------------------------------------------------------------------------------
def send_pictures(spec: Spec) -> int:
    """Send the pictures of one street's sheets, a little later than the sheets; return how many are new."""
    row, sent = spec.round, 0
    if row is None:
        return 0
    by_visit: dict[UUID, Tour] = {
        tour.id: tour for tour in tours(row) if tour.planned.township.name == PICTURED
    }
    known = set(Photo.objects.filter(parent_id__in=by_visit).values_list("pk", flat=True))
    declared: dict[UUID, list[str]] = defaultdict(list)
    for visit in Visit.objects.filter(pk__in=by_visit).submitted():
        declared[visit.pk] = [point for point, _sha in visit.sheet().declared.values()]
    for key, points in declared.items():
        tour = by_visit[key]
        for point in points:
            if photo_id(tour, point) not in known:
                _send(tour, point)
                sent += 1
    return sent


def _send(tour: Tour, point: str) -> None:
    at = tour.submitted + timedelta(minutes=4)
    photo, _created = Photo.objects.receive(
        id=photo_id(tour, point), parent_id=tour.id, side="point", by=tour.inspector, at=at,
        file=ContentFile(picture(tour, point), "sample.jpg"), captured_at=tour.began, source="camera",
    )  # fmt: skip
    photo.make_copies(at=at)
