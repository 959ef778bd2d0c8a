"""Reminders follow from the findings' rows alone, and reach each person once."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from inspections import keyset, reminders
from inspections.models import DeadlineRule, Finding, RectificationPlan, Reminder
from notifications.models import Notice
from tests.inspections.stored import NOW, TODAY, Make, cast, clock, make
from villages.models import Division, Holiday

__all__ = ["cast", "make"]


def told(finding: Finding, step: str) -> set[str]:
    """Return the accounts that have the notice of one step."""
    keys = Notice.objects.filter(key=f"finding:{finding.pk}:{step}")
    names = list(keys.values_list("user__username", flat=True))
    assert len(names) == len(set(names))
    return set(names)


def sweep_days(first: date, last: date) -> None:
    """Sweep three times on each day."""
    for day in range((last - first).days + 1):
        for hour in (8, 12, 20):
            reminders.sweep(at=clock(first + timedelta(days=day), hour))


@pytest.mark.parametrize(("days", "step"), [(1, "due_soon"), (0, "due_today")])
def test_the_day_before_and_the_due_day_tell_the_township_and_its_secretary(
    make: Make, cast: Any, days: int, step: str
) -> None:
    finding = make(due_on=TODAY + timedelta(days=days))
    reminders.sweep(at=NOW)
    assert told(finding, step) >= {cast.huajia_official.username, cast.secretary.username}
    assert not told(finding, step) & {
        cast.xiangying_official.username, cast.jinpu_office.username, cast.hso.username, cast.leader.username,
    }  # fmt: skip


def test_overdue_tells_the_county_office_too(make: Make, cast: Any) -> None:
    finding = make(due_on=TODAY - timedelta(days=1))
    reminders.sweep(at=NOW)
    assert told(finding, "overdue") >= {
        cast.huajia_official.username, cast.secretary.username, cast.jinpu_office.username,
    }  # fmt: skip
    assert cast.changhai_office.username not in told(finding, "overdue")


def test_the_due_day_lasts_until_midnight_in_shanghai(make: Make, cast: Any) -> None:
    finding = make(due_on=TODAY)
    reminders.sweep(at=clock(date(2026, 3, 10), 23, 59, 59))
    assert not told(finding, "overdue")
    reminders.sweep(at=clock(date(2026, 3, 11), 0, 0, 1))
    assert told(finding, "overdue")


@pytest.mark.engine
def test_every_step_reaches_each_person_once_however_often_the_sweep_runs(make: Make, cast: Any) -> None:
    finding = make(due_on=TODAY)
    sweep_days(TODAY - timedelta(days=2), TODAY + timedelta(days=3))
    for step in ("due_soon", "due_today", "overdue"):
        assert cast.huajia_official.username in told(finding, step)
    assert Reminder.objects.filter(finding=finding).count() == 3


@pytest.mark.parametrize("state", ["submitted", "checked"])
def test_what_has_been_submitted_is_not_reminded_of(make: Make, cast: Any, state: str) -> None:
    finding = make(due_on=TODAY, state=state, submitted_at=NOW)
    sweep_days(TODAY - timedelta(days=2), TODAY + timedelta(days=2))
    assert not Notice.objects.filter(key__startswith=f"finding:{finding.pk}")


def test_a_returned_finding_is_reminded_of_like_an_open_one(make: Make, cast: Any) -> None:
    finding = make(due_on=TODAY, state="returned")
    reminders.sweep(at=NOW)
    assert told(finding, "due_today")


def test_a_sweep_that_comes_late_tells_the_step_of_today_only(make: Make, cast: Any) -> None:
    finding = make(due_on=TODAY - timedelta(days=4))
    reminders.sweep(at=NOW)
    assert told(finding, "overdue")
    assert not told(finding, "due_soon") | told(finding, "due_today")


def test_each_person_reads_it_in_the_own_language(make: Make, cast: Any) -> None:
    cast.secretary.choose_language("en")
    finding = make(due_on=TODAY)
    reminders.sweep(at=NOW)
    texts = dict(
        Notice.objects.filter(key=f"finding:{finding.pk}:due_today").values_list("user__username", "text")
    )
    assert texts[cast.secretary.username].startswith(f"Due today until midnight: {finding.number}")
    assert texts[cast.huajia_official.username].startswith(f"今日 24:00 到期：{finding.number}")


def test_a_plan_that_waits_for_the_issuer_stops_no_clock_but_is_said(make: Make, cast: Any) -> None:
    waiting, other = (make(due_on=TODAY - timedelta(days=1), kind="by_date") for _n in range(2))
    RectificationPlan.objects.create(
        finding=waiting,
        measures="改造",
        owner="城建办",
        date=TODAY,
        asked_by=cast.huajia_official,
        asked_at=NOW,
    )
    reminders.sweep(at=NOW)
    texts = dict(Notice.objects.filter(user=cast.huajia_official, step="overdue").values_list("url", "text"))
    assert texts[waiting.get_absolute_url()].endswith("（待审批方案）")
    assert "待审批方案" not in texts[other.get_absolute_url()]


def test_a_notice_leads_to_its_finding_and_goes_into_the_digest(make: Make, cast: Any) -> None:
    finding = make(due_on=TODAY)
    reminders.sweep(at=NOW)
    notice = Notice.objects.get(key=f"finding:{finding.pk}:due_today", user=cast.huajia_official)
    assert notice.url == finding.get_absolute_url()
    assert not notice.urgent


@pytest.mark.parametrize(
    ("on", "expected"), [(date(2026, 3, 6), False), (date(2026, 3, 9), False), (date(2026, 3, 10), True)]
)
def test_a_report_that_waits_over_a_working_day_is_told_to_the_issuing_office(
    make: Make, cast: Any, on: date, expected: bool
) -> None:
    friday = clock(date(2026, 3, 6), 17, 0)
    finding = make(
        state="reported", reported_at=friday, issued_at=None, issued_by=None, due_on=None, number=None
    )
    reminders.sweep(at=clock(on, 20))
    assert (cast.hso.username in told(finding, "waiting")) is expected
    assert cast.huajia_official.username not in told(finding, "waiting")


def test_a_lapsed_county_check_is_told_to_the_issuing_office(make: Make, cast: Any) -> None:
    lapsed = make(state="submitted", submitted_at=NOW, check_due_on=TODAY - timedelta(days=1))
    running = make(state="submitted", submitted_at=NOW, check_due_on=TODAY)
    reminders.sweep(at=NOW)
    assert cast.hso.username in told(lapsed, "check_lapsed")
    assert not told(running, "check_lapsed")


def working_rule(office: Division, by: User) -> DeadlineRule:
    return DeadlineRule.objects.create(
        office=office, since=date(2026, 1, 1), days=5, counting="working", created_by=by, created_at=NOW
    )


@pytest.mark.engine
def test_a_due_date_that_awaits_the_calendar_is_set_by_the_sweep(
    make: Make, cast: Any, city: Division
) -> None:
    Holiday.objects.seed()
    issued = clock(date(2026, 12, 29), 10)
    waiting = {
        "rule": working_rule(city, cast.hso),
        "issued_at": issued,
        "due_on": None,
        "awaits_calendar": True,
    }
    finding = make(**waiting)
    fixed = make(
        **waiting, state="closed", ending="fixed", submitted_at=issued + timedelta(days=7), closed_by=cast.hso,
        closed_at=issued + timedelta(days=8),
    )  # fmt: skip
    reminders.sweep(at=issued)
    finding.refresh_from_db()
    assert finding.awaits_calendar
    spring_festival = [date(2027, 2, day) for day in range(5, 16)]
    Holiday.objects.bulk_create(
        Holiday(day=day, kind="holiday") for day in [date(2027, 1, 1), *spring_festival, date(2027, 10, 1)]
    )
    for _again in range(2):
        reminders.sweep(at=issued)
    finding.refresh_from_db()
    fixed.refresh_from_db()
    assert (finding.due_on, finding.first_due_on, finding.awaits_calendar) == (
        date(2027, 1, 6),
        date(2027, 1, 6),
        False,
    )
    assert fixed.on_time is True
    assert [event.step for event in finding.events.all()] == ["date_set"]
    assert finding.events.get().version == finding.version == 2


def test_a_date_that_was_granted_meanwhile_stays(make: Make, cast: Any, city: Division) -> None:
    granted = date(2026, 4, 1)
    finding = make(rule=working_rule(city, cast.hso), due_on=granted, first_due_on=None, awaits_calendar=True)
    Holiday.objects.seed()
    reminders.sweep(at=NOW)
    finding.refresh_from_db()
    assert finding.due_on == granted
    assert finding.first_due_on is not None


def test_the_number_of_queries_does_not_grow_with_the_findings(make: Make, cast: Any) -> None:
    counts = []
    for number in (10, 90):
        for _each in range(number):
            make(due_on=TODAY)
        with CaptureQueriesContext(connection) as queries:
            reminders.sweep(at=NOW)
        counts.append(len(queries))
    assert counts[0] >= counts[1]
    assert counts[0] <= 60


@pytest.mark.engine
def test_findings_are_paged_by_key_without_loss(
    make: Make, cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyset, "PAGE", 3)
    findings = [make(due_on=TODAY - timedelta(days=number % 4 + 1)) for number in range(17)]
    assert reminders.sweep(at=NOW)["overdue"] == 17
    for finding in findings:
        assert cast.jinpu_office.username in told(finding, "overdue")
    assert reminders.sweep(at=NOW)["overdue"] == 0


@pytest.mark.postgres
def test_two_sweeps_at_once_tell_everything_once(
    committed: None, make: Make, cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyset, "PAGE", 7)
    findings = [make(due_on=TODAY - timedelta(days=number % 5)) for number in range(60)]
    barrier, errors = threading.Barrier(3), []

    def run() -> None:
        barrier.wait()
        try:
            reminders.sweep(at=NOW)
        except Exception as error:  # the assertion below shows it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _each in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for finding in findings:
        step = "due_today" if finding.due_on == TODAY else "overdue"
        assert told(finding, step)
