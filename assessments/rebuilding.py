"""Rebuild a period's standings whole, in one transaction with a fixed number of statements: twice gives the same rows.

PostgreSQL adds up the visits (`VillageItem`, then sums by unit, township and area); the rest is exact arithmetic on
these sums. The period's row is locked meanwhile, so two rebuilds, a publication or a decision wait for each other.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments import inputs, scoring, years
from assessments.models.appeals import Override
from assessments.models.periods import Period
from assessments.models.standings import Edition, Standing, StandingPart, VillageItem
from assessments.reckoning import VILLAGE, Row, reckon
from assessments.steps import PeriodState
from audit.verbs import alters_data
from inspections.models import VisitItem
from inspections.steps import StepRefused

# while these last the figures follow what comes in; what was submitted for approval stands still
REBUILT = (PeriodState.OPEN, PeriodState.PROVISIONAL)


@alters_data
@transaction.atomic
def rebuild(period: Period, *, at: datetime) -> Edition:
    """Replace the provisional edition of a period by what its rows come to now. Refuses once nothing may move."""
    held = hold(period)
    edition = _working(held)
    if edition is None:
        raise StepRefused(
            _("The figures of this period stand: they were submitted, approved or published."), "stands"
        )
    return write(edition, at=at)


def hold(period: Period) -> Period:
    """Lock the period's row until the transaction ends, and return it as it is now."""
    return Period.objects.select_for_update(of=("self",)).select_related("scheme").get(pk=period.pk)


def _working(period: Period) -> Edition | None:
    """Return the edition that is rebuilt, new where there is none yet; None where the figures stand."""
    found = period.editions.filter(state=Edition.State.PROVISIONAL).first()
    if period.state in REBUILT:
        return found or Edition(period=period, number=1)
    return found if period.state == PeriodState.PUBLISHED else None  # a correction beside what is published


@alters_data
def write(edition: Edition, *, at: datetime) -> Edition:
    """Empty an edition and fill it anew; the caller holds the period."""
    period, on = edition.period, timezone.localdate(at)
    _empty(edition)
    of_parts = period.is_of_parts
    reading = inputs.read(period, on)
    edition.inputs_sha256 = years.fingerprint(reading) if of_parts else reading.fingerprint
    edition.computed_at = at
    edition.visits = sum(state[0] for state in reading.visits.values())
    edition.left_out = reading.left_out
    edition.measured = [
        [str(row.unit), row.item, row.sampled, row.met, row.found, row.units] for row in reading.measured
    ]
    edition.save()
    if of_parts:
        rows = years.reckon(reading)
    else:
        write_village_items(edition)
        rows = reckon(inputs.inputs_of(reading, edition))
    _store(edition, rows, reading)
    return edition


_EMPTY = (
    "DELETE FROM {parts} WHERE standing_id IN (SELECT id FROM {standings} WHERE edition_id = %s)",
    "DELETE FROM {standings} WHERE edition_id = %s",
    "DELETE FROM {cells} WHERE edition_id = %s",
)


def _key(edition: Edition) -> Any:
    return Edition._meta.pk.get_db_prep_value(edition.pk, connection)


def _empty(edition: Edition) -> None:
    """Delete the rows of an edition without reading them; the database refuses where they are published."""
    tables = {
        "parts": StandingPart._meta.db_table, "standings": Standing._meta.db_table,
        "cells": VillageItem._meta.db_table,
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in _EMPTY:
            cursor.execute(statement.format(**tables), [_key(edition)])


# --- villages -------------------------------------------------------------------------------------------------
_CELLS = """
INSERT INTO {cells} (edition_id, village_id, township_id, county_id, area_id, item_id, visits, units, not_applicable,
                     skipped, frozen)
WITH roster (village, township, county, area) AS ({roster}), visited (id, village_id) AS ({visits})
SELECT %s, s.village_id, r.township, r.county, r.area, s.item_id, s.visits, s.units, s.without, s.skipped, FALSE
FROM (
  SELECT v.village_id, i.item_id, COALESCE(SUM(i.units), 0) AS units,
         SUM(CASE WHEN i.status = 'scored' THEN 1 ELSE 0 END) AS visits,
         SUM(CASE WHEN i.status = 'not_applicable' THEN 1 ELSE 0 END) AS without,
         SUM(CASE WHEN i.status = 'not_looked_at' THEN 1 ELSE 0 END) AS skipped
  FROM {visit_items} i JOIN visited v ON v.id = i.visit_id
  GROUP BY v.village_id, i.item_id
) s JOIN roster r ON r.village = s.village_id"""


@alters_data
def write_village_items(edition: Edition) -> None:
    """Add up the visits of every village and item, and put decided scores in their place: two statements."""
    period = edition.period
    places = inputs.roster(period.ends_on).values_list("pk", "township_id", "county_id", "area_id")
    roster, roster_values = places.query.sql_with_params()
    visits, visit_values = (
        inputs.visits_of(period).order_by().values_list("pk", "village_id").query.sql_with_params()
    )
    statement = _CELLS.format(  # names of tables and statements of our own, no values
        cells=VillageItem._meta.db_table, visit_items=VisitItem._meta.db_table, roster=roster, visits=visits
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*roster_values, *visit_values, _key(edition)])
    decided = Override.objects.filter(period=period, village=OuterRef("village"), item=OuterRef("item"))
    edition.village_items.filter(Exists(decided)).update(
        units=Subquery(decided.order_by("-pk").values("units")[:1]), visits=1, not_applicable=0, skipped=0
    )


# --- rows -----------------------------------------------------------------------------------------------------
@alters_data
def _store(edition: Edition, rows: Iterable[Row], reading: inputs.Reading) -> None:
    stored = [(row, _standing(edition, row, reading)) for row in rows]
    kinds = StandingPart.Kind
    source_kind = kinds.PERIOD if edition.period.is_of_parts else kinds.SOURCE
    Standing.objects.bulk_create([standing for _row, standing in stored])
    StandingPart.objects.bulk_create(
        [
            part
            for row, standing in stored
            if row.level != VILLAGE
            for part in parts_of(row, standing, source_kind)
        ]
    )


def _shown(value: Fraction | None) -> int | None:
    return None if value is None else scoring.hundredths(value)


def _standing(edition: Edition, row: Row, reading: inputs.Reading) -> Standing:
    result, band = row.result, row.band
    limits = {} if band is None else {
        "low": band.low, "high": band.high, "best_rank": band.best, "worst_rank": band.worst
    }  # fmt: skip
    return Standing(
        edition=edition, level=row.level, place=row.place, name=reading.names.get(row.place, ""),
        unit_id=row.unit, township_id=row.township, area_id=row.area,
        village_id=row.place if row.level == VILLAGE else None, group=row.group,
        total=result.total, base=result.base, adjusted=result.adjusted, display=_shown(result.total),
        provisional=result.provisional, rank=row.rank, group_rank=row.group_rank,
        previous_rank=row.previous_rank, improvement=row.improvement.value,
        improvement_display=_shown(row.improvement.value), compared=row.improvement.items, gap=result.gap,
        gap_display=_shown(result.gap), covered=row.covered, whole=row.whole, visits=row.visits, error=row.error,
        **limits,
    )  # fmt: skip


def parts_of(row: Row, standing: Standing, source_kind: str) -> Iterator[StandingPart]:
    """Yield the rows of a place's aspects, sources and items, the latter as combined and as each source scored them."""
    kinds = StandingPart.Kind
    for part in row.result.aspects:
        yield _part(standing, kinds.ASPECT, part)
    for part in row.result.sources:
        yield _part(standing, source_kind, part, weight=part.weight)
    for part in row.result.items:
        seen = row.seen.get(part.code)
        counts = {} if seen is None else {"villages": seen.villages, "without": seen.without}
        yield _part(standing, kinds.ITEM, part, **counts)
        for source, value in part.by_source.items():
            yield StandingPart(
                standing=standing, kind=kinds.ITEM, code=part.code, source=source, value=value,
                display=_shown(value), points=part.points,
            )  # fmt: skip


def _part(standing: Standing, kind: str, part: scoring.Part, **more: Any) -> StandingPart:
    return StandingPart(
        standing=standing, kind=kind, code=part.code, value=part.value, display=_shown(part.value),
        points=part.points, provisional=part.provisional, applies=part.applies, **more,
    )  # fmt: skip
