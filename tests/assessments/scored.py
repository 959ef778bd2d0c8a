"""Periods with visits, sheets and adjustments for the tests of the standings: rows as the verbs leave them, in bulk."""

import itertools
import uuid
from collections.abc import Mapping
from typing import Any

from accounts.models import User
from assessments.models import Entry, EntryFact, Period, Sheet
from assessments.steps import SheetState
from inspections.models import Round, Visit, VisitItem
from schemes.models import Item, Scheme
from schemes.scoring import Fact, Measure, score
from tests.assessments.making import DAY, NOW, opened
from villages.models import Division, Village

serial = itertools.count(1)
# what a visit says of an item: its points, or why there are none
SKIPPED, WITHOUT = "not_looked_at", "not_applicable"
Says = Mapping[str, int | str]


def scored_period(by: User, **columns: Any) -> Period:
    """Open a quarter with one round of visits."""
    period = opened(by, **columns)
    city = Division.objects.get(level="city")
    row = Round.objects.create(
        office=city,
        kind="city",
        title=f"第{next(serial)}轮",
        begins_on=DAY,
        ends_on=DAY,
        created_by=by,
        created_at=NOW,
    )
    period.rounds.add(row)
    return period


def visit_items(scheme: Scheme) -> dict[str, Item]:
    """Return the items that visits score, by code."""
    items = scheme.items.filter(level="village").order_by("position")
    return {item.code: item for item in items if "visit" in item.sources}


def visited(period: Period, village: Village, says: Says, default: int | str | None = None) -> Visit:
    """Store a submitted visit of the period's round; items that `says` leaves out have all points (or `default`)."""
    items = visit_items(period.scheme)
    row = period.rounds.first()
    assert row is not None
    township = village.township_on(period.ends_on)
    assert township is not None
    values = {
        code: says.get(code, item.points if default is None else default) for code, item in items.items()
    }
    made = {code: facts(items[code], value) for code, value in values.items()}
    scored = {code: row["units"] for code, row in made.items() if row["units"] is not None}
    visit = Visit.objects.create(
        id=uuid.uuid4(), kind="city", round=row, office=row.office, village=village, township=township,
        county=township.parent_on(period.ends_on), scheme=period.scheme, inspector=row.created_by, begun_at=NOW,
        submitted_at=NOW, number=1, got=sum(scored.values()), possible=sum(items[code].points for code in scored),
        scored_at=NOW,
    )  # fmt: skip
    VisitItem.objects.bulk_create(
        VisitItem(
            visit=visit, item=items[code], status="scored" if isinstance(value, int) else value, **made[code]
        )
        for code, value in values.items()
    )
    return visit


def facts(item: Item, value: int | str | None) -> dict[str, Any]:
    """Return facts that give about these points, and the points that they give by the item's rule."""
    if not isinstance(value, int):
        return {"units": None}
    if item.rule["type"] == "proportion":
        low, target = item.rule.get("zero_at_or_below_pct") or 0, item.rule["target_pct"]
        met = (low * item.points + value * (target - low)) // item.points
        seen = Measure(sampled=100, met=met)
        return {"sampled": 100, "met": met, "units": score(item.points, item.rule, (), seen).units}
    if item.rule["type"] == "yes_no":
        return {"answer": value == item.points, "units": value if value == item.points else 0}
    count = (item.points - value) // item.rule["per_finding"]
    found = [Fact(point=str(number)) for number in range(count)]
    return {"counted": count, "units": score(item.points, item.rule, found).units}


def entered(period: Period, unit: Division, source: str, says: Mapping[str, int | None], by: User) -> None:
    """Store opened entries of a unit: points, or None where the item does not apply."""
    items = {item.code: item for item in period.scheme.items.filter(code__in=list(says))}
    for code, given in says.items():
        item, made = items[code], facts(items[code], given)
        owner = {"unit": unit} if source == "self" else {"organisation": item.department}
        sheet = Sheet.objects.get(period=period, source=source, **owner)
        Sheet.objects.filter(pk=sheet.pk).update(state=SheetState.OPENED, submitted_at=NOW, submitted_by=by)
        found = made.pop("counted", 0)
        entry = Entry.objects.create(
            sheet=sheet, unit=unit, item=item, updated_by=by, updated_at=NOW,
            status="not_applicable" if given is None else "scored", reason="没有" if given is None else "", **made,
        )  # fmt: skip
        EntryFact.objects.bulk_create(EntryFact(entry=entry, position=n, text="柴草") for n in range(found))


def all_entries(period: Period, unit: Division, by: User, **changes: int | None) -> None:
    """Let the unit and all departments give a unit all points, but for `self_A1_02=…`."""
    for source in ("self", "dept"):
        says = {
            item.code: changes.get(f"{source}_{item.code.replace('-', '_')}", item.points)
            for item in period.scheme.items.all()
            if source in item.sources
        }
        entered(period, unit, source, says, by)
