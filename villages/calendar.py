"""Which days are working days. Pure: no Django, no clock, no database."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class WorkCalendar:
    """Working days as weekdays, minus holidays, plus make-up workdays, up to the day the table `ends`."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    ends: date = date.min  # without a table no day is known

    def is_working(self, day: date) -> bool:
        """Say whether people work on the day."""
        if day in self.workdays:
            return True
        return day.weekday() < 5 and day not in self.holidays

    def covers(self, day: date) -> bool:
        """Say whether the table knows the day's year."""
        return day <= self.ends
