"""Findings stored as the verbs would have left them, for tests about dates; the fixed cast by name."""

import itertools
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from inspections.models import Finding
from schemes.models import Item
from villages.models import Division, Village

Make = Callable[..., Finding]
TODAY = date(2026, 3, 10)  # a Tuesday
NAMES = [
    "hso",
    "hso_staff",
    "jinpu_office",
    "changhai_office",
    "huajia_official",
    "huajia_official_2",
    "xiangying_official",
    "secretary",
    "inspector",
    "agency",
    "leader",
    "department",
    "auditor",
    "sysadmin",
]
serial = itertools.count(1)


def clock(day: date, hour: int = 9, minute: int = 0, second: int = 0) -> datetime:
    """Return a moment of a day in Dalian."""
    return datetime.combine(day, time(hour, minute, second), timezone.get_default_timezone())


NOW = clock(TODAY)


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> SimpleNamespace:
    """Give the whole cast, so that a notice to the wrong person has somebody to go to."""
    return SimpleNamespace(**{name: request.getfixturevalue(name) for name in NAMES})


@pytest.fixture
def make(
    city: Division,
    jinpu: Division,
    huajia: Division,
    village: Village,
    item: Item,
    hso: User,
    inspector: User,
) -> Make:
    """Return what stores a finding as the verbs would have left it."""

    def store(**columns: Any) -> Finding:
        issued_at = columns.pop("issued_at", NOW - timedelta(days=6))
        due_on = columns.pop("due_on", TODAY + timedelta(days=3))
        defaults = {
            "id": uuid.uuid4(), "number": f"JP-2026-{next(serial):06d}", "state": Finding.State.OPEN,
            "village": village, "township": huajia, "county": jinpu, "item": item, "description": "路边堆放垃圾",
            "source": Finding.Source.CITY_VISIT, "reported_by": inspector, "reported_at": issued_at, "digest": "0" * 64,
            "issuing_office": city, "issued_by": hso, "issued_at": issued_at, "due_on": due_on, "first_due_on": due_on,
        }  # fmt: skip
        return Finding.objects.create(**{**defaults, **columns})

    return store
