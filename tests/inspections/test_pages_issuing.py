"""The issuing office: the queue, its bulk step, and the rules of counting days."""

import uuid
from datetime import date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inspections.models import DeadlineRule, Instruction
from tests.inspections.making import fresh, report
from villages.models import Holiday

pytestmark = pytest.mark.django_db


@pytest.fixture
def declared():
    return [{"id": str(uuid.uuid4()), "sha256": "a" * 64}]


def bulk(client, findings, **more):
    return client.post(reverse("issue_queue"), {"pick": [str(f.pk) for f in findings], "kind": "", **more})


def test_the_queue_is_the_office_s_own_the_oldest_first(client_for, agency, jinpu_office, hso, village, item):
    now = timezone.now()
    new = report(agency, village, item, now, description="新的")
    old = report(agency, village, item, now - timedelta(hours=3), description="早的")
    own = report(jinpu_office, village, item, now, description="区里自查")
    page = client_for(hso).get(reverse("issue_queue"))
    assert [row["finding"] for row in page.context["rows"]] == [old, new]
    county = client_for(jinpu_office).get(reverse("issue_queue"))
    assert [row["finding"] for row in county.context["rows"]] == [own]


def test_what_is_picked_is_issued_as_one_kind(client_for, agency, hso, village, item):
    rows = [report(agency, village, item, timezone.now(), description=str(n)) for n in range(3)]
    assert bulk(client_for(hso), rows[:2], kind="by_date").status_code == 302
    assert [(fresh(row).state, fresh(row).kind) for row in rows] == [
        ("open", "by_date"), ("open", "by_date"), ("reported", "at_once"),
    ]  # fmt: skip


def test_what_still_waits_for_photos_is_refused_and_the_rest_issued(
    client_for, agency, hso, village, item, declared
):
    ready = report(agency, village, item, timezone.now())
    waits = report(agency, village, item, timezone.now(), photos=declared)
    page = bulk(client_for(hso), [ready, waits])
    assert [outcome.finding for outcome in page.context["refused"]] == [waits]
    assert (fresh(ready).state, fresh(waits).state) == ("open", "reported")


def test_after_a_day_a_reason_issues_it_and_stays_off_the_complete_ones(
    client_for, agency, hso, village, item, declared
):
    late = report(agency, village, item, timezone.now() - timedelta(hours=25), photos=declared)
    ready = report(agency, village, item, timezone.now())
    client = client_for(hso)
    assert len(bulk(client, [late]).context["refused"]) == 1
    assert bulk(client, [late, ready], incomplete_reason="手机没有网络").status_code == 302
    assert (fresh(late).incomplete_reason, fresh(ready).incomplete_reason) == ("手机没有网络", "")


def test_nothing_picked_is_said(client_for, agency, hso, village, item):
    report(agency, village, item, timezone.now())
    assert "message--error" in bulk(client_for(hso), []).content.decode()


def test_another_office_s_report_cannot_be_slipped_in(client_for, agency, changhai_office, village, item):
    row = report(agency, village, item, timezone.now())
    bulk(client_for(changhai_office), [row])
    assert fresh(row).state == "reported"


@pytest.mark.parametrize("who", ["huajia_official", "inspector", "leader", "auditor", "sysadmin"])
@pytest.mark.parametrize("name", ["issue_queue", "deadline_rules"])
def test_only_offices_issue(client_for, request, who, name):
    assert client_for(request.getfixturevalue(who)).get(reverse(name)).status_code == 404


def test_a_hundred_reports_cost_as_many_queries_as_ten(client_for, agency, hso, village, item):
    client, at, counts = client_for(hso), timezone.now(), []
    for more in (10, 90):
        for n in range(more):
            report(agency, village, item, at, description=f"{more}-{n}")
        client.get(reverse("issue_queue"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("issue_queue"))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16


# --- rules ---------------------------------------------
def rule(client, **fields):
    today = timezone.localdate()
    return client.post(
        reverse("deadline_rules"),
        {"since": today, "days": 5, "counting": "calendar", "start": "issue", **fields},
    )


def test_a_signer_sets_the_rule_that_new_findings_follow(client_for, hso, inspector, village, item):
    assert rule(client_for(hso), days=3, grave=1).status_code == 302
    stored = DeadlineRule.objects.get()
    assert (stored.days, stored.severity_days, stored.created_by) == (3, {"grave": 1}, hso)
    finding = report(inspector, village, item, timezone.now())
    assert (finding.rule, finding.due_on) == (stored, timezone.localdate() + timedelta(days=3))


def test_a_rule_can_count_an_evening_issue_as_of_the_next_day(client_for, hso, inspector, village, item):
    assert rule(client_for(hso), start="next_day_after_17").status_code == 302
    today = timezone.localdate()
    found = [
        report(
            inspector, village, item, timezone.make_aware(datetime.combine(today, moment)), description=text
        )
        for moment, text in ((time(16, 30), "下午"), (time(17, 30), "傍晚"))
    ]
    assert [row.due_on - today for row in found] == [timedelta(days=5), timedelta(days=6)]
    assert "17:00 以后交办的自次日起算" in client_for(hso).get(reverse("deadline_rules")).content.decode()


def test_staff_sees_the_rules_and_cannot_set_one(client_for, hso_staff):
    client = client_for(hso_staff)
    assert client.get(reverse("deadline_rules")).status_code == 200
    assert "error" in rule(client).content.decode() or not DeadlineRule.objects.exists()
    assert not DeadlineRule.objects.exists()


def test_a_rule_of_working_days_needs_the_holiday_table(client_for, hso):
    client = client_for(hso)
    assert "error-summary" in rule(client, counting="working").content.decode()
    next_year = date(timezone.localdate().year + 1, 1, 1)
    festivals = [next_year + timedelta(days=14 * n) for n in range(25)]
    Holiday.objects.bulk_create(Holiday(day=day, kind="holiday", name="节日") for day in festivals)
    assert rule(client, counting="working").status_code == 302


def test_a_rule_cannot_begin_in_the_past(client_for, hso):
    assert "error-summary" in rule(client_for(hso), since="2020-01-01").content.decode()


# --- instructions ---------------------------------------------
def test_a_hundred_instructions_cost_as_many_queries_as_ten(
    client_for, inspector, leader, hso, village, item
):
    finding, client, counts = report(inspector, village, item, timezone.now()), client_for(hso), []
    for more in (10, 90):
        for n in range(more):
            Instruction.objects.create(finding=finding, text=f"{more}-{n}", by=leader, at=timezone.now())
        client.get(reverse("instructions"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("instructions"))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14


def test_a_stranger_sees_no_instruction(client_for, inspector, leader, changhai_office, village, item):
    finding = report(inspector, village, item, timezone.now())
    Instruction.objects.create(finding=finding, text="抓紧整改", by=leader, at=timezone.now())
    assert "抓紧整改" not in client_for(changhai_office).get(reverse("instructions")).content.decode()
