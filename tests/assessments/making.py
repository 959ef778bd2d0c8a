"""Periods and sheets for the tests, brought by the product's own verbs to where a test begins."""

import itertools
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Organisation, Post, User
from assessments.models import FactValues, Period, Sheet, Values, open_period
from schemes.models import Item, Scheme
from tests.cast import make_user, shipped_scheme
from villages.models import Division

DAY = date(2026, 5, 4)
DUE = DAY + timedelta(days=10)
serial = itertools.count(1)


def clock(day: date, hour: int = 9) -> datetime:
    """Return a moment of a day in Dalian."""
    return timezone.make_aware(datetime.combine(day, time(hour)))


NOW = clock(DAY)


def scheme_with_departments() -> Scheme:
    """Return the shipped scheme, each item with the department that it names."""
    if not Scheme.objects.exists():
        Scheme.objects.load(shipped_scheme())
    scheme = Scheme.objects.default()
    for name in scheme.items.filter(department=None).values_list("department_zh", flat=True).distinct():
        bureau, _made = Organisation.objects.get_or_create(name=name, defaults={"kind": "department"})
        scheme.items.filter(department_zh=name, department=None).update(department=bureau)
    return scheme


def clerk_of(bureau: Organisation) -> User:
    """Make somebody who works in a department."""
    number = next(serial)
    return make_user(f"clerk{number}", f"经办人{number}", "department", organisation=bureau)


def bureau_of(code: str) -> Organisation:
    """Return the department of an item."""
    found = Item.objects.get(code=code).department
    assert found is not None
    return found


def give_items_to(user: User, *codes: str) -> Organisation:
    """Let the department of a user answer for these items."""
    bureau = Post.objects.get(user=user).organisation
    assert bureau is not None
    Item.objects.filter(code__in=codes).update(department=bureau)
    return bureau


def plan(by: User, **columns: Any) -> Period:
    """Begin to plan a quarter."""
    columns = {
        "kind": "quarter", "title": "2026年第二季度考核", "begins_on": DAY - timedelta(days=30),
        "ends_on": DAY + timedelta(days=60), "basis_document": "大农办〔2026〕5号", "plan_number": "2026-09",
        "sheets_due_on": DUE, **columns,
    }  # fmt: skip
    if "scheme" not in columns:
        columns["scheme"] = scheme_with_departments()
    return Period.objects.plan(by=by, at=NOW, **columns)


def opened(by: User, **columns: Any) -> Period:
    """Plan and open a quarter."""
    period = plan(by, **columns)
    open_period(period, by=by, at=NOW)
    return period


def self_sheet(period: Period, unit: Division) -> Sheet:
    """Return the self-assessment of a unit."""
    return Sheet.objects.for_list().get(period=period, unit=unit)


def bureau_sheet(period: Period, bureau: Organisation) -> Sheet:
    """Return the sheet of a department."""
    return Sheet.objects.for_list().get(period=period, organisation=bureau)


def full(item: Item) -> Values:
    """Return what gives an item all its points."""
    if item.rule["type"] == "proportion":
        return Values(sampled=100, met=100)
    return Values(answer=True) if item.rule["type"] == "yes_no" else Values()


def fact(text: str = "沟边堆放柴草", **more: Any) -> FactValues:
    """Return one deduction."""
    return FactValues(text=text, **more)


def fill(sheet: Sheet, by: User, at: datetime = NOW) -> Sheet:
    """Fill everything that is missing with all points."""
    sheet.fill_all(by=by, at=at, rows={(unit, item): full(item) for unit, item in sheet.missing()})
    return sheet


def hand_in(sheet: Sheet, by: User, at: datetime = NOW) -> Sheet:
    """Fill what is missing and hand the sheet in."""
    fill(sheet, by, at).submit(by=by, at=at)
    return sheet
