"""The table of holidays and make-up workdays."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import chinese_calendar
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.verbs import alters_data
from villages.calendar import WorkCalendar

# A Chinese year has 11 to 13 official holidays and many more days off; fewer rows are a table begun but not done.
ENOUGH_HOLIDAYS = 10
# Whoever enters a year by hand goes by the calendar: before National Day is there, due dates must not be counted.
LAST_FESTIVAL = 10


class HolidayQuerySet(models.QuerySet["Holiday"]):
    @alters_data
    def seed(self) -> int:
        """Add the days that the library knows and the table does not; return how many."""
        before = self.count()
        known = chinese_calendar.constants
        rows: list[Any] = [
            *_rows(known.holidays.items(), Holiday.Kind.HOLIDAY),
            *_rows(known.workdays.items(), Holiday.Kind.WORKDAY),
        ]
        self.bulk_create(rows, ignore_conflicts=True)
        return self.count() - before

    def calendar(self) -> WorkCalendar:
        """Return the working days of the years that the table covers."""
        rows = list(self.values_list("day", "kind"))
        holidays = frozenset(day for day, kind in rows if kind == Holiday.Kind.HOLIDAY)
        return WorkCalendar(
            holidays=holidays,
            workdays=frozenset(day for day, kind in rows if kind == Holiday.Kind.WORKDAY),
            ends=date(max(covered_years(holidays), default=1), 12, 31),
        )

    def years(self) -> list[int]:
        """Return the years that the table covers, the oldest first."""
        return covered_years(self.filter(kind=Holiday.Kind.HOLIDAY).values_list("day", flat=True))


def covered_years(holidays: Iterable[date]) -> list[int]:
    """Return the years whose holidays are entered up to National Day: a table begun is not yet a year known."""
    days = list(holidays)
    ended = {day.year for day in days if day.month == LAST_FESTIVAL}
    count = Counter(day.year for day in days)
    return sorted(year for year in ended if count[year] >= ENOUGH_HOLIDAYS)


def _rows(days: Iterable[tuple[date, str]], kind: "Holiday.Kind") -> "list[Holiday]":
    return [Holiday(day=day, kind=kind, name=FESTIVALS.get(name, name)) for day, name in days]


# The library names festivals in English; the table is read in Chinese offices.
FESTIVALS = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}


class Holiday(models.Model):
    """A weekday on which nobody works, or a weekend day on which everybody does."""

    class Kind(models.TextChoices):
        HOLIDAY = "holiday", _("holiday")
        WORKDAY = "workday", _("make-up workday")

    day = models.DateField(_("day"), unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=60, blank=True)

    objects = HolidayQuerySet.as_manager()

    class Meta:
        verbose_name = _("holiday")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["holiday", "workday"]), name="villages_holiday_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"
