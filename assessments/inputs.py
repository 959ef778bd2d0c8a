"""What a period is computed from, read out of the rows: light enough to be compared every few minutes.

The sums over visits are read from the edition's own `VillageItem` rows once these are written: see `sums_of`.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, OuterRef, Q, QuerySet, Sum
from django.utils.functional import cached_property

from assessments import scoring
from assessments.models.adjustments import Adjustment, cap
from assessments.models.appeals import Override
from assessments.models.entries import Entry
from assessments.models.periods import Period
from assessments.models.standings import Edition, Standing, StandingPart, VillageItem
from assessments.reckoning import AREA, TOWNSHIP, UNIT, Before, Inputs, Key, Village
from assessments.scoring import Scheme, Sums
from assessments.system_items import Measured, measured, villages_on
from inspections.models import Visit
from schemes.models import UNITS, Item
from schemes.models import Scheme as StoredScheme
from villages.models import Area, AreaLink, Division
from villages.models.dated import id_of

Marks = dict[UUID, dict[tuple[str, str], int | None]]
# (visits, sum of version numbers, points got, points possible) of one village: changes whenever a sheet does
VisitState = tuple[int, int, int, int]


def visits_of(period: Period) -> QuerySet[Visit]:
    """Return the visits that score in a period: of its rounds, submitted, under its scheme."""
    return all_visits_of(period).filter(scheme=period.scheme_id)


def all_visits_of(period: Period) -> QuerySet[Visit]:
    """Return the scoring visits of the period's rounds, whatever scheme they were made under."""
    return Visit.objects.scoring().filter(round__in=period.rounds.values("pk"))


def roster(day: date) -> Any:
    """Return the villages that a period ranks, with township, unit and area of its last day."""
    area = id_of(AreaLink.objects.on(day).filter(village=OuterRef("pk")).values("area")[:1])
    return villages_on(day).annotate(area_id=area)


def scheme_of(stored: StoredScheme, items: Iterable[Item]) -> Scheme:
    """Return the scheme as the arithmetic knows it."""
    weights = dict(stored.sources.order_by("code").values_list("code", "weight"))
    rows = (scoring.Item(item.code, item.aspect.code, item.points, tuple(item.sources)) for item in items)
    return Scheme(tuple(rows), weights, stored.combine, stored.max_total * UNITS)


@dataclass(frozen=True)
class Reading:
    """The rows of one moment."""

    period: Period
    items: Sequence[Item]
    scheme: Scheme
    villages: Sequence[Village]
    names: Mapping[UUID, str]
    groups: Mapping[UUID, str]
    visits: Mapping[UUID, VisitState]
    left_out: int
    entries: Sequence[tuple[UUID, str, str, str, int | None]]  # unit, source, item, status, points
    measured: Sequence[Measured]
    overrides: Sequence[tuple[UUID, str, str, UUID | None, int]]  # unit, source, item, village, points
    adjustments: Sequence[tuple[UUID, str, int]]
    cap: int
    units: Sequence[UUID]
    before: Edition | None

    @cached_property
    def fingerprint(self) -> str:
        """Return a digest that changes whenever something is there that would be computed differently."""
        parts = [
            self.period.scheme_id,
            sorted((village.id, village.township, village.unit, str(village.area)) for village in self.villages),
            sorted(self.visits.items()), self.left_out, sorted(self.entries, key=str),
            sorted(self.measured, key=str), list(self.overrides), sorted(self.adjustments, key=str), self.cap,
            sorted(self.units), sorted(self.groups.items()), self.before and self.before.pk,
        ]  # fmt: skip
        text = json.dumps(parts, default=str, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def marks(self) -> Marks:
        """Return the marks of self, departments and system, the decided ones in the place of the given ones."""
        found: Marks = defaultdict(dict)
        for unit, source, item, _status, units in self.entries:
            found[unit][source, item] = units
        for row in self.measured:
            found[row.unit]["system", row.item] = row.units
        for unit, source, item, village, units in self.overrides:
            if village is None:
                found[unit][source, item] = units
        return found


def read(period: Period, on: date) -> Reading:
    """Read everything but the sums over visits; `on` is today."""
    items = list(period.scheme.items.select_related("aspect").order_by("position"))
    rows = list(roster(period.ends_on).values_list("pk", "township_id", "county_id", "area_id", "name"))
    places = [row[:4] for row in rows]
    divisions = list(Division.objects.values_list("pk", "name", "kind", "level", "retired_on"))
    visits = _visits(period, {row[0] for row in rows})
    counties = [row for row in divisions if row[3] == Division.Level.COUNTY]
    return Reading(
        period=period, items=items, scheme=scheme_of(period.scheme, items),
        villages=[Village(*place) for place in places],
        names={row[0]: row[4] for row in rows} | {row[0]: row[1] for row in divisions} | _area_names(),
        groups={row[0]: row[2] for row in counties},
        visits=visits, left_out=all_visits_of(period).count() - sum(state[0] for state in visits.values()),
        entries=list(
            Entry.objects.counted().filter(sheet__period=period)
            .values_list("unit", "sheet__source", "item__code", "status", "units")
        ),
        measured=measured(items, places, begins=period.begins_on, ends=period.ends_on, on=on),
        overrides=list(
            Override.objects.filter(period=period).order_by("pk")
            .values_list("unit", "source", "item__code", "village", "units")
        ),
        adjustments=[
            (row.unit_id, row.category, row.signed_units)
            for row in Adjustment.objects.approved().filter(period=period)
        ],
        cap=cap(),
        units=[row[0] for row in counties if row[4] is None or row[4] > period.ends_on],
        before=edition_before(period),
    )  # fmt: skip


def _visits(period: Period, villages: set[UUID]) -> dict[UUID, VisitState]:
    grouped = visits_of(period).order_by().values_list("village")
    rows = grouped.annotate(
        n=Count("pk"), numbers=Sum("number"), n_got=Sum("got"), n_possible=Sum("possible")
    )
    return {row[0]: (row[1], row[2], row[3] or 0, row[4] or 0) for row in rows if row[0] in villages}


def _area_names() -> dict[UUID, str]:
    return dict(Area.objects.values_list("pk", "name"))


def edition_before(period: Period) -> Edition | None:
    """Return the newest published edition of the period that this one is compared with."""
    if period.previous_id is None:
        return None
    rows = Edition.objects.published().filter(period=period.previous_id).select_related("period__scheme")
    return rows.order_by("-number").first()


# --- the sums over visits -------------------------------------------------------------------------------------
def inputs_of(reading: Reading, edition: Edition) -> Inputs:
    """Return what the arithmetic takes, with the sums of the edition's rows as they stand now."""
    return Inputs(
        scheme=reading.scheme, villages=reading.villages,
        visits={village: state[0] for village, state in reading.visits.items()},
        sums=sums_of(edition), village_sums=_village_sums(edition), marks=reading.marks,
        adjustments=_by_unit(reading.adjustments), cap=reading.cap, groups=reading.groups,
        before=_before(reading, edition), units=reading.units,
    )  # fmt: skip


def _by_unit(rows: Iterable[tuple[UUID, str, int]]) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = defaultdict(list)
    for unit, _category, units in rows:
        found[unit].append(units)
    return found


def sums_of(edition: Edition) -> dict[Key, list[Sums]]:
    """Add up the villages of each unit, township and area that were seen equally often: three statements."""
    found: dict[Key, list[Sums]] = defaultdict(list)
    for level, column in ((UNIT, "county"), (TOWNSHIP, "township"), (AREA, "area")):
        grouped = edition.village_items.order_by().values_list(column, "item__code", "visits")
        rows = grouped.annotate(
            n_villages=Count("pk"), n_units=Sum("units"), n_without=Count("pk", filter=Q(visits=0, skipped=0))
        )
        for place, item, visits, villages, units, without in rows:
            if place is not None:
                found[level, place].append(Sums(item, visits, villages, units, 0 if visits else without))
    return found


def _village_sums(edition: Edition) -> dict[UUID, list[tuple[int, int, int]]]:
    found: dict[UUID, list[tuple[int, int, int]]] = defaultdict(list)
    rows = edition.village_items.filter(visits__gt=0).order_by().values_list("village", "visits")
    for village, visits, units, points in rows.annotate(n_units=Sum("units"), n_points=Sum("item__points")):
        found[village].append((visits, units, points))
    return found


# --- what it is compared with ---------------------------------------------------------------------------------
def comparable_codes(now: Iterable[Item], before: Iterable[Item]) -> list[str]:
    """Return the codes of items that ask the same in both schemes: points, rule, sources, level and condition."""

    def sense(item: Item) -> str:
        parts = [item.points, item.rule, sorted(item.sources), item.level, sorted(item.applies_if)]
        return json.dumps(parts, sort_keys=True, ensure_ascii=False)

    known = {item.code: sense(item) for item in before}
    return [item.code for item in now if known.get(item.code) == sense(item)]


def _before(reading: Reading, edition: Edition) -> Before:
    earlier = reading.before
    if earlier is None:
        return Before()
    codes = comparable_codes(reading.items, earlier.period.scheme.items.all())
    ranked = Standing.objects.filter(edition=earlier, rank__isnull=False)
    items: dict[Key, dict[str, Fraction]] = defaultdict(dict)
    parts = comparable_parts(earlier, codes)
    for level, place, code, value in parts.values_list("standing__level", "standing__place", "code", "value"):
        items[level, place][code] = value or Fraction()  # never null here
    ranks = {(level, place): rank or 0 for level, place, rank in ranked.values_list("level", "place", "rank")}
    return Before(ranks, items, _paired(edition, earlier, codes))


def comparable_parts(earlier: Edition, codes: Sequence[str]) -> QuerySet[StandingPart]:
    """Return the item values of an edition that another period may be compared with."""
    return StandingPart.objects.filter(
        standing__edition=earlier, kind=StandingPart.Kind.ITEM, source="", provisional=False, code__in=codes,
        value__isnull=False,
    )  # fmt: skip


# an item of this edition beside the same item of the same village in the earlier one
_PAIRED = """
SELECT n.village_id, n.visits, b.visits, SUM(n.units), SUM(b.units), SUM(i.points), COUNT(*)
FROM {cells} n JOIN {items} i ON i.id = n.item_id
JOIN {cells} b ON b.village_id = n.village_id AND b.edition_id = %s AND b.visits > 0
JOIN {items} j ON j.id = b.item_id AND j.code = i.code
WHERE n.edition_id = %s AND n.visits > 0 AND i.code IN ({codes})
GROUP BY n.village_id, n.visits, b.visits"""


def _paired(
    edition: Edition, earlier: Edition, codes: Sequence[str]
) -> dict[UUID, list[tuple[int, int, int, int, int, int]]]:
    found: dict[UUID, list[tuple[int, int, int, int, int, int]]] = defaultdict(list)
    if not codes:
        return found
    tables = {"cells": VillageItem._meta.db_table, "items": Item._meta.db_table}
    statement = _PAIRED.format(**tables, codes=", ".join(["%s"] * len(codes)))  # names of tables, no values
    key = Edition._meta.pk
    with connection.cursor() as cursor:
        ids = [key.get_db_prep_value(row.pk, connection) for row in (earlier, edition)]
        cursor.execute(statement, [*ids, *codes])
        for village, *counts in cursor.fetchall():
            now, before, got, had, points, items = (int(count) for count in counts)
            found[UUID(str(village))].append((now, before, got, had, points, items))
    return found
