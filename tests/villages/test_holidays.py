"""The holiday table and the working days that follow from it."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client

from accounts.models import User
from villages.models import Holiday

CHECKS = [
    ("2026-02-13", "2026-02-27"),
    ("2026-04-30", "2026-05-11"),
    ("2026-09-18", "2026-09-24"),
    ("2026-09-24", "2026-10-09"),
    ("2026-09-30", "2026-10-13"),
]


@pytest.mark.django_db
def test_seeding_twice_adds_nothing() -> None:
    assert Holiday.objects.seed() > 100
    assert Holiday.objects.seed() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("start", "due"), CHECKS)
def test_fifth_working_day_is_the_published_one(start: str, due: str) -> None:
    Holiday.objects.seed()
    calendar = Holiday.objects.calendar()
    day, left = date.fromisoformat(start), 5
    while left:
        day += timedelta(days=1)
        left -= calendar.is_working(day)
    assert day == date.fromisoformat(due)


@pytest.mark.django_db
def test_a_year_counts_as_known_only_with_its_holidays() -> None:
    Holiday.objects.seed()
    last = Holiday.objects.calendar().ends
    Holiday.objects.create(day=date(last.year + 1, 1, 1), kind="holiday", name="元旦")
    assert Holiday.objects.calendar().ends == last
    assert not Holiday.objects.calendar().covers(date(last.year + 1, 1, 1))
    spring = [date(last.year + 1, 2, day) for day in range(1, 15)]
    Holiday.objects.bulk_create(Holiday(day=day, kind="holiday", name="春节") for day in spring)
    assert Holiday.objects.calendar().ends == last, "entered half-way"
    Holiday.objects.create(day=date(last.year + 1, 10, 1), kind="holiday", name="国庆节")
    assert Holiday.objects.calendar().ends == date(last.year + 1, 12, 31)


def test_city_office_edits_the_table(hso: User, client_for: Callable[[User], Client]) -> None:
    client = client_for(hso)
    client.post("/villages/holidays/", {"day": "2027-01-01", "kind": "holiday", "name": "元旦"})
    row = Holiday.objects.get()
    assert "元旦" in client.get("/villages/holidays/?year=2027").content.decode()
    client.post(f"/villages/holidays/{row.pk}/remove/")
    client.post("/villages/holidays/seed/")
    assert not Holiday.objects.filter(day="2027-01-01").exists()
    assert 2026 in Holiday.objects.years()
