"""The tags every page uses."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from dalian_rural.templatetags import ui

# 15:00 in Shanghai
NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)


def row(state: str, days: int | None, **more: Any) -> dict[str, Any]:
    """Make a finding's values with a due day so many days from today."""
    return {"state": state, "due_on": None if days is None else TODAY + timedelta(days=days), **more}


@pytest.mark.parametrize(
    ("state", "days", "shown"),
    [
        ("open", 2, "open"),
        ("open", 0, "soon"),
        ("open", -1, "overdue"),
        ("open", None, "open"),
        ("returned", 0, "returned"),
        ("returned", -1, "overdue"),
        ("submitted", -1, "submitted"),
        ("closed", -30, "closed"),
    ],
)
def test_a_state_is_shown_as_the_day_makes_it(state: str, days: int | None, shown: str) -> None:
    assert ui.shown_state(row(state, days), NOW) == shown


def test_the_last_day_ends_at_midnight_in_shanghai() -> None:
    last_minute = datetime(2026, 11, 23, 15, 59, tzinfo=UTC)
    assert ui.shown_state(row("open", 0), last_minute) == "soon"
    assert ui.shown_state(row("open", 0), last_minute + timedelta(minutes=1)) == "overdue"


def test_a_badge_has_colour_icon_and_word() -> None:
    with translation.override("zh-hans"):
        page = Template("{% load ui %}{% state finding %}").render(
            Context({"finding": row("open", -1), "now": NOW})
        )
    assert 'class="state state-overdue"' in page
    assert "#exclamation-triangle-fill" in page
    assert "已逾期" in page


def test_an_overdue_return_keeps_saying_that_it_was_returned() -> None:
    page = Template("{% load ui %}{% state finding %}").render(
        Context({"finding": row("returned", -1), "now": NOW})
    )
    assert "state-returned" in page
    assert "state-overdue" in page


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (3, "3 days left"),
        (1, "1 day left"),
        (0, "9 hours left"),
        (-1, "1 day overdue"),
        (-3, "3 days overdue"),
    ],
)
def test_time_left_is_told_in_days_and_on_the_last_day_in_hours(days: int, words: str) -> None:
    with translation.override("en"):
        due = ui.time_left(row("open", days, issued_at=NOW - timedelta(days=4)), NOW)
    assert due is not None
    assert due.words == words
    assert 0 <= due.percent <= 100


def test_nothing_runs_out_once_it_is_submitted() -> None:
    assert ui.time_left(row("submitted", 1), NOW) is None


def link(tag: str, address: str) -> str:
    """Render a `query` tag on a page with this query string."""
    request = RequestFactory().get(address)
    return Template("{% load ui %}{% autoescape off %}" + tag + "{% endautoescape %}").render(
        Context({"request": request})
    )


def test_a_filter_keeps_the_others_and_starts_the_pages_anew() -> None:
    assert link('{% query state="open" %}', "/?county=1&page=7") == "?county=1&state=open"


def test_a_page_link_keeps_every_filter() -> None:
    assert link("{% query page=2 %}", "/?county=1&page=7") == "?county=1&page=2"


def test_an_empty_value_removes_its_filter() -> None:
    assert link("{% query county=None %}", "/?county=1&state=open") == "?state=open"


def test_moments_days_and_numbers_have_one_form() -> None:
    assert ui.local(NOW) == "2026-11-23 15:00"
    assert ui.day(datetime(2026, 11, 23, 16, 30, tzinfo=UTC)) == "2026-11-24"
    assert ui.day(None) == ""
    assert ui.num(1234567) == "1,234,567"
    assert ui.num(None) == "–"
