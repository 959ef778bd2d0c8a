"""The 5 days: values checked by hand against the holiday notices, and what must hold for every date."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from chinese_calendar.constants import holidays, workdays
from hypothesis import given
from hypothesis import strategies as st

from inspections.deadlines import (
    Rule,
    Start,
    after_return,
    can_activate,
    day_zero,
    days_left,
    due_on,
    is_overdue,
    working_day_before,
    working_days_after,
)


@dataclass(frozen=True)
class Published:
    """The holidays and make-up workdays the State Council published, as far as the library knows them."""

    ends: date = date(2026, 12, 31)

    def is_working(self, day: date) -> bool:
        return day in workdays or (day.weekday() < 5 and day not in holidays)

    def covers(self, day: date) -> bool:
        return date(2004, 1, 1) <= day <= self.ends


CALENDAR = Published()
WORKING = Rule(5, "working")
CALENDAR_DAYS = Rule(5)

dates = st.dates(date(2004, 1, 1), date(2026, 10, 31))
counts = st.integers(1, 20)


@pytest.mark.parametrize(
    ("issued", "working", "calendar"),
    [
        ("2026-02-13", "2026-02-27", "2026-02-18"),  # Spring Festival; Saturday the 14th is a make-up workday
        ("2026-04-30", "2026-05-11", "2026-05-05"),  # Labour Day; Saturday 9 May is a make-up workday
        ("2026-09-18", "2026-09-24", "2026-09-23"),  # Sunday the 20th is a make-up workday
        ("2026-09-24", "2026-10-09", "2026-09-29"),  # Mid-Autumn and National Day
        ("2026-09-30", "2026-10-13", "2026-10-05"),  # National Day; Saturday the 10th is a make-up workday
    ],
)
def test_five_days_give_the_published_dates(issued: str, working: str, calendar: str) -> None:
    day = date.fromisoformat(issued)
    assert due_on(WORKING, day, "minor", CALENDAR) == date.fromisoformat(working)
    assert due_on(CALENDAR_DAYS, day, "minor", CALENDAR) == date.fromisoformat(calendar)


@pytest.mark.parametrize(
    ("issued", "start", "expected", "calendar", "working"),
    [
        ("2026-03-04 09:00", "issue", "2026-03-04", "2026-03-09", "2026-03-11"),
        ("2026-03-04 23:59", "issue", "2026-03-04", "2026-03-09", "2026-03-11"),
        ("2026-03-04 09:00", "next_day_after_17", "2026-03-04", "2026-03-09", "2026-03-11"),
        ("2026-03-04 17:00", "next_day_after_17", "2026-03-04", "2026-03-09", "2026-03-11"),
        ("2026-03-04 17:01", "next_day_after_17", "2026-03-05", "2026-03-10", "2026-03-12"),
        ("2026-03-06 18:00", "next_day_after_17", "2026-03-07", "2026-03-12", "2026-03-13"),  # Friday evening
        ("2026-12-31 20:00", "next_day_after_17", "2027-01-01", "2027-01-06", None),  # past the table's end
    ],
)
def test_an_evening_issue_counts_as_of_the_next_day_where_the_rule_says_so(
    issued: str, start: Start, expected: str, calendar: str, working: str | None
) -> None:
    moment = datetime.fromisoformat(issued)
    days, working_days = Rule(5, start=start), Rule(5, "working", start=start)
    assert day_zero(days, moment) == date.fromisoformat(expected)
    assert due_on(days, day_zero(days, moment), "minor", CALENDAR) == date.fromisoformat(calendar)
    due = due_on(working_days, day_zero(working_days, moment), "minor", CALENDAR)
    assert (due.isoformat() if due else None) == working


def test_severity_overrides_the_days() -> None:
    rule = Rule(5, severity_days={"grave": 2})
    day = date(2026, 3, 2)
    assert due_on(rule, day, "grave", CALENDAR) == date(2026, 3, 4)
    assert due_on(rule, day, "major", CALENDAR) == date(2026, 3, 7)


def test_working_rule_awaits_the_calendar_past_its_end() -> None:
    assert due_on(WORKING, date(2026, 12, 24), "minor", CALENDAR) == date(2026, 12, 31)
    assert due_on(WORKING, date(2026, 12, 25), "minor", CALENDAR) is None


def test_calendar_rule_never_needs_the_table() -> None:
    assert due_on(CALENDAR_DAYS, date(2031, 12, 30), "minor", CALENDAR) == date(2032, 1, 4)


@pytest.mark.parametrize(
    ("due", "returned", "expected"),
    [
        ("2026-03-10", "2026-03-04", "2026-03-10"),  # time remains: nothing is taken away
        ("2026-03-10", "2026-03-08", "2026-03-10"),
        ("2026-03-10", "2026-03-09", "2026-03-11"),
        ("2026-03-10", "2026-03-20", "2026-03-22"),
    ],
)
def test_a_return_gives_two_days_at_least(due: str, returned: str, expected: str) -> None:
    result = after_return(date.fromisoformat(due), date.fromisoformat(returned), 2)
    assert result == date.fromisoformat(expected)


def test_a_return_does_not_invent_a_date_that_awaits_the_calendar() -> None:
    assert after_return(None, date(2026, 12, 30), 2) is None


def test_the_due_day_itself_is_not_overdue() -> None:
    due = date(2026, 3, 10)
    assert not is_overdue(due, due)
    assert is_overdue(due, date(2026, 3, 11))
    assert not is_overdue(None, date(2026, 3, 11))
    assert [days_left(due, date(2026, 3, day)) for day in (9, 10, 12)] == [1, 0, -2]


@pytest.mark.parametrize(
    ("rule", "on", "reason"),
    [
        (WORKING, date(2026, 11, 1), None),  # the 60th day is 31 December
        (WORKING, date(2026, 11, 2), "table_ends"),
        (CALENDAR_DAYS, date(2030, 1, 1), None),
        (Rule(0), date(2026, 3, 1), "no_days"),
        (Rule(5, severity_days={"grave": 0}), date(2026, 3, 1), "no_days"),
    ],
)
def test_activation_says_what_stands_in_the_way(rule: Rule, on: date, reason: str | None) -> None:
    assert can_activate(rule, CALENDAR, on) == reason


@given(day=dates, count=counts)
def test_working_days_equal_counting_them_one_by_one(day: date, count: int) -> None:
    working = [day + timedelta(days=n) for n in range(1, 61) if CALENDAR.is_working(day + timedelta(days=n))]
    assert working_days_after(day, count, CALENDAR) == working[count - 1]


@given(day=dates, count=counts)
def test_a_working_deadline_is_never_a_day_off(day: date, count: int) -> None:
    due = working_days_after(day, count, CALENDAR)
    assert due is not None
    assert CALENDAR.is_working(due)
    assert due >= day + timedelta(days=count)


@given(one=dates, other=dates, rule=st.builds(Rule, counts, st.sampled_from(["calendar", "working"])))
def test_an_earlier_issue_is_never_due_later(one: date, other: date, rule: Rule) -> None:
    first, second = sorted([one, other])
    due_first, due_second = (due_on(rule, day, "minor", CALENDAR) for day in (first, second))
    assert due_first is not None
    assert due_second is not None
    assert due_first <= due_second


@given(day=dates, count=counts)
def test_one_more_day_is_due_on_the_next_working_day(day: date, count: int) -> None:
    due = working_days_after(day, count, CALENDAR)
    assert due is not None
    assert working_days_after(day, count + 1, CALENDAR) == working_days_after(due, 1, CALENDAR)


@given(day=dates, count=counts)
def test_issue_on_a_day_off_counts_like_issue_on_the_working_day_before(day: date, count: int) -> None:
    before = day
    while not CALENDAR.is_working(before):
        before -= timedelta(days=1)
    assert working_days_after(day, count, CALENDAR) == working_days_after(before, count, CALENDAR)


@given(day=dates, count=counts)
def test_a_table_that_ends_before_the_deadline_leaves_it_open(day: date, count: int) -> None:
    due = working_days_after(day, count, CALENDAR)
    assert due is not None
    assert working_days_after(day, count, Published(ends=due)) == due
    assert working_days_after(day, count, Published(ends=due - timedelta(days=1))) is None


@given(due=dates, returned=dates, extra=st.integers(0, 10))
def test_a_return_never_shortens(due: date, returned: date, extra: int) -> None:
    result = after_return(due, returned, extra)
    assert result is not None
    assert result >= due
    assert result in (due, returned + timedelta(days=extra))


@given(day=dates)
def test_the_working_day_before_leads_back_to_no_later_than_the_day(day: date) -> None:
    before = working_day_before(day, CALENDAR)
    following = working_days_after(before, 1, CALENDAR)
    assert before < day
    assert CALENDAR.is_working(before)
    assert following is not None
    assert following >= day
