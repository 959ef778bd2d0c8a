"""When a finding is due: pure date arithmetic, without Django, a clock or a database.

A deadline is a day and ends at 24:00 Asia/Shanghai of it. Callers pass local dates, no time zone is needed.
Day 0 is the day of issue, or by an office's rule the next one for an issue after 17:00; day 1 is the day after it.
``None`` for a date means that the holiday table does not reach that far.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal, Protocol

Counting = Literal["calendar", "working"]
# whether an issue late in the day counts as of that day, or of the next one, when the township sees it
Start = Literal["issue", "next_day_after_17"]
Obstacle = Literal["no_days", "table_ends"]

# A working-day rule whose table ends sooner than this would soon issue findings without a due date.
COVERAGE_DAYS = 60
ONE_DAY = timedelta(days=1)
RECEIVED_UNTIL = time(17)


class WorkCalendar(Protocol):
    """What is known about working days: weekends, holidays and make-up workdays."""

    def is_working(self, day: date, /) -> bool:
        """Tell whether people work on the day."""

    def covers(self, day: date, /) -> bool:
        """Tell whether the table knows the day."""


@dataclass(frozen=True)
class Rule:
    """How many days an issuing office gives, how they are counted, and other numbers for some severities."""

    days: int
    counting: Counting = "calendar"
    severity_days: Mapping[str, int] = field(default_factory=dict)
    start: Start = "issue"

    def days_for(self, severity: str) -> int:
        """Return the days given to a finding of this severity."""
        return self.severity_days.get(severity, self.days)


def day_zero(rule: Rule, issued: datetime) -> date:
    """Return the day after which the days are counted, for a finding issued at a local moment."""
    late = rule.start == "next_day_after_17" and issued.time() > RECEIVED_UNTIL
    return issued.date() + ONE_DAY if late else issued.date()


def due_on(rule: Rule, issued_on: date, severity: str, calendar: WorkCalendar) -> date | None:
    """Return the last day counted from a day 0, or None when it awaits the calendar."""
    days = rule.days_for(severity)
    if rule.counting == "calendar":
        return issued_on + timedelta(days=days)
    return working_days_after(issued_on, days, calendar)


def working_days_after(day: date, count: int, calendar: WorkCalendar) -> date | None:
    """Return the count-th working day after a day, or None when the table ends before it."""
    remaining = count
    while remaining > 0:
        day += ONE_DAY
        if not calendar.covers(day):
            return None
        remaining -= calendar.is_working(day)
    return day


def after_return(due: date | None, returned_on: date, extra_days: int) -> date | None:
    """Return the due day after a return: never earlier, and at least some days from the return."""
    if due is None:
        return None
    return max(due, returned_on + timedelta(days=extra_days))


def days_left(due: date, on: date) -> int:
    """Return how many days remain after today; 0 on the due day, negative when overdue."""
    return (due - on).days


def is_overdue(due: date | None, on: date) -> bool:
    """Tell whether the due day is over; a finding that awaits the calendar is not overdue."""
    return due is not None and due < on


def can_activate(rule: Rule, calendar: WorkCalendar, on: date) -> Obstacle | None:
    """Return why a rule cannot be activated on a day, or None when it can."""
    if min([rule.days, *rule.severity_days.values()]) < 1:
        return "no_days"
    if rule.counting == "working" and not calendar.covers(on + timedelta(days=COVERAGE_DAYS)):
        return "table_ends"
    return None


def working_day_before(day: date, calendar: WorkCalendar) -> date:
    """Return the last working day before a day; weekdays count where the table is silent."""
    day -= ONE_DAY
    while not calendar.is_working(day):
        day -= ONE_DAY
    return day
