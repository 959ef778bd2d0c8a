"""Ledgers handed in: frozen snapshots with control totals, the receiver's decision, versions side by side."""

import io
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from inspections import exporting, official, submitting
from inspections.models import ExportJob, Submission
from inspections.steps import StepRefused
from inspections.submitting import Period
from notifications.models import Notice
from tests.inspections.making import fresh, report, submit

pytestmark = pytest.mark.django_db

URL = "/findings/submissions/"


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def period(now):
    return submitting.suggested(timezone.localdate(now))[0]


@pytest.fixture
def last_month(inspector, village, sibling_village, item, huajia_official, jinpu_office, hso, period, now):
    """Two findings of Huajia and one of Xiangying in the last full month, and one of this month."""
    at = datetime.combine(period.since, datetime.min.time(), ZoneInfo("Asia/Shanghai")) + timedelta(hours=9)
    found = [report(inspector, village, item, at, description=f"上月问题{n}") for n in range(2)]
    found.append(report(inspector, sibling_village, item, at, description="邻街问题"))
    submit(found[0], huajia_official, at + timedelta(days=1))
    fresh(found[0]).pass_check(by=jinpu_office, at=at + timedelta(days=1, hours=1))
    fresh(found[0]).close(by=hso, at=at + timedelta(days=1, hours=2))
    report(inspector, village, item, now, description="本月问题")
    return found


@pytest.fixture
def hand_in(client_for, period):
    def post(user, division, **more):
        fields = {"division": division.pk, "since": period.since, "until": period.until, "remark": "", **more}
        return client_for(user).post(reverse("submission_new"), fields)

    return post


@pytest.fixture
def huajia_ledger(hand_in, last_month, huajia_official, huajia):
    answer = hand_in(huajia_official, huajia)
    row = Submission.objects.get()
    assert answer.url == row.get_absolute_url()
    return row


def decide(client_for, user, row, decision, reason=""):
    return client_for(user).post(
        reverse("submission_decide", args=[row.pk]), {"decision": decision, "reason": reason}
    )


# --- periods ----------------------------------------------------------------------------------------------------------
def test_months_and_quarters_are_suggested():
    periods = submitting.suggested(date(2026, 2, 10))
    assert [(p.since, p.until) for p in periods] == [
        (date(2026, 1, 1), date(2026, 1, 31)),
        (date(2025, 12, 1), date(2025, 12, 31)),
        (date(2025, 11, 1), date(2025, 11, 30)),
        (date(2025, 10, 1), date(2025, 12, 31)),
    ]
    assert submitting.month_of(date(2028, 2, 3)).until == date(2028, 2, 29)
    assert Period(date(2026, 1, 1), date(2026, 1, 31)).due_on == date(2026, 2, 5)


# --- the snapshot -----------------------------------------------------------------------------------------------------
def test_a_township_freezes_what_was_issued_in_its_period(huajia_ledger, jinpu, huajia, last_month):
    row = huajia_ledger
    assert (row.division, row.receiver, row.version, row.row_count) == (huajia, jinpu, 1, 2)
    assert [line["problem"] for line in row.rows] == ["上月问题0", "上月问题1"]
    assert row.totals["state"] == {"open": 1, "closed": 1}
    assert row.totals["kind"]["at_once"] == {"rows": 2, "fixed": 1, "on_time": 1}
    assert row.totals["overdue"] == 1
    assert row.sha256 == official.sha256(row.rows)


def test_the_hash_survives_the_database(huajia_ledger):
    again = Submission.objects.get(pk=huajia_ledger.pk)
    assert official.sha256(again.rows) == again.sha256


def test_the_page_before_shows_what_will_be_frozen(client_for, last_month, huajia_official, period):
    page = client_for(huajia_official).get(reverse("submission_new"))
    assert page.context["totals"][0][1][0][1] == "2"
    assert page.context["period"] == period
    custom = {"since": period.since, "until": period.since}
    assert (
        client_for(huajia_official).get(reverse("submission_new"), custom).context["totals"][0][1][0][1]
        == "2"
    )


def test_the_receiver_is_told(huajia_ledger, jinpu_office, hso):
    notice = Notice.objects.get(step="ledger_submitted")
    assert (notice.user, notice.url) == (jinpu_office, huajia_ledger.get_absolute_url())


def test_the_database_refuses_to_change_what_was_handed_in(huajia_ledger, jinpu_office, now):
    decision = huajia_ledger.decide(by=jinpu_office, at=now, accepted=True)
    for table, key in (("inspections_submission", "row_count"), ("inspections_submissiondecision", "reason")):
        for statement in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
    assert decision.accepted


def test_the_same_ledger_is_not_handed_in_twice(hand_in, huajia_ledger, huajia_official, huajia):
    page = hand_in(huajia_official, huajia)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert Submission.objects.count() == 1


def test_another_s_ledger_or_a_future_period_is_refused(
    hand_in, last_month, huajia_official, xiangying, huajia, now
):
    assert hand_in(huajia_official, xiangying).status_code == 200
    ahead = timezone.localdate(now) + timedelta(days=1)
    assert hand_in(huajia_official, huajia, until=ahead).status_code == 200
    assert not Submission.objects.exists()


def test_late_ones_are_visible(
    hand_in, client_for, last_month, huajia_official, huajia, jinpu_office, period, now
):
    old = submitting.suggested(timezone.localdate(now))[2]
    hand_in(huajia_official, huajia, since=old.since, until=old.until)
    row = Submission.objects.get()
    assert row.days_late == (timezone.localdate(now) - old.due_on).days > 0
    page = client_for(jinpu_office).get(URL, {"since": old.since, "until": old.until})
    parts = {part.division: part for group in page.context["received"] for part in group["parts"]}
    assert parts[huajia].days_late == row.days_late
    [missing] = [part for division, part in parts.items() if division != huajia]
    assert (missing.state, missing.days_late) == ("missing", row.days_late)


# --- the decision -----------------------------------------------------------------------------------------------------
def test_the_county_office_accepts(client_for, huajia_ledger, jinpu_office, huajia_official):
    assert decide(client_for, jinpu_office, huajia_ledger, "accept").status_code == 302
    assert Submission.objects.get().state == "accepted"
    assert Notice.objects.get(step="ledger_accepted").user == huajia_official


def test_a_return_needs_a_reason_and_a_new_version_stands_beside_the_old(
    client_for, hand_in, huajia_ledger, jinpu_office, huajia_official, huajia
):
    assert decide(client_for, jinpu_office, huajia_ledger, "return").status_code == 200
    assert decide(client_for, jinpu_office, huajia_ledger, "return", "缺少整改措施").status_code == 302
    assert Notice.objects.get(step="ledger_returned").user == huajia_official
    hand_in(huajia_official, huajia)
    old, new = Submission.objects.order_by("version")
    assert (old.state, new.state, new.version) == ("returned", "submitted", 2)
    page = client_for(huajia_official).get(new.get_absolute_url())
    assert [row.version for row in page.context["versions"]] == [2, 1]


def test_nobody_decides_twice_or_on_their_own(
    client_for, huajia_ledger, jinpu_office, huajia_official, hso, now
):
    for user in (huajia_official, hso):
        with pytest.raises(StepRefused):
            huajia_ledger.decide(by=user, at=now, accepted=True)
    huajia_ledger.decide(by=jinpu_office, at=now, accepted=True)
    with pytest.raises(StepRefused):
        Submission.objects.get().decide(by=jinpu_office, at=now, accepted=False, reason="晚了")


# --- reading ----------------------------------------------------------------------------------------------------------
def test_totals_stand_beside_those_of_today(
    client_for, huajia_ledger, last_month, huajia_official, jinpu_office, now
):
    client = client_for(jinpu_office)
    assert not client.get(huajia_ledger.get_absolute_url()).context["changed"]
    submit(last_month[1], huajia_official, now)
    page = client.get(huajia_ledger.get_absolute_url())
    changed = {row.name: (row.then, row.now) for row in page.context["differences"] if row.differs}
    assert ("1", "0") in changed.values()
    assert page.context["changed"]
    assert page.context["intact"]


def test_strangers_get_404(
    client_for, huajia_ledger, xiangying_official, changhai_office, inspector, leader, sysadmin
):
    for user in (xiangying_official, changhai_office, inspector, leader, sysadmin):
        client = client_for(user)
        assert client.get(huajia_ledger.get_absolute_url()).status_code == 404
        for name in ("submission_decide", "submission_export"):
            assert (
                client.post(reverse(name, args=[huajia_ledger.pk]), {"decision": "accept"}).status_code == 404
            )
    for user in (xiangying_official, changhai_office):
        assert not list(client_for(user).get(URL).context["page"])


def test_the_auditor_and_the_city_read_all(client_for, huajia_ledger, auditor, hso):
    for user in (auditor, hso):
        assert client_for(user).get(huajia_ledger.get_absolute_url()).status_code == 200
        assert list(client_for(user).get(URL).context["page"]) == [huajia_ledger]
    assert client_for(auditor).get(reverse("submission_new")).status_code == 404


def test_the_county_s_own_ledger_says_which_townships_were_accepted(
    client_for, hand_in, huajia_ledger, jinpu, city, huajia, xiangying, jinpu_office, hso, now
):
    huajia_ledger.decide(by=jinpu_office, at=now, accepted=True)
    hand_in(jinpu_office, jinpu)
    row = Submission.objects.get(division=jinpu)
    assert (row.receiver, row.row_count) == (city, 3)
    assert {part["name"]: part["state"] for part in row.parts} == {
        "华家街道": "accepted",
        "向应街道": "missing",
    }
    page = client_for(hso).get(row.get_absolute_url())
    assert page.context["may_decide"]
    assert "向应街道" in page.content.decode()


def test_the_frozen_lines_can_be_exported(
    client_for, huajia_ledger, last_month, huajia_official, jinpu_office, now
):
    submit(last_month[1], huajia_official, now, result="后来改的")
    client_for(jinpu_office).post(reverse("submission_export", args=[huajia_ledger.pk]))
    job = ExportJob.objects.get()
    assert exporting.run(job, now)
    job.refresh_from_db()
    with job.file.open("rb") as file:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(file.read())).get_sheet_by_index(0).to_python()
    assert [row[1] for row in rows[3:]] == [line["number"] for line in huajia_ledger.rows]
    assert not any("后来改的" in map(str, row) for row in rows)


def test_the_number_of_queries_does_not_grow_with_the_lines(
    client_for, huajia_ledger, jinpu_office, inspector, village, item, period
):
    client = client_for(jinpu_office)
    spent = []
    at = timezone.make_aware(datetime.combine(period.since, datetime.min.time())) + timedelta(hours=10)
    for more in (8, 30):
        for n in range(more):
            report(inspector, village, item, at, description=f"{more}-{n}")
        with CaptureQueriesContext(connection) as queries:
            client.get(huajia_ledger.get_absolute_url())
        spent.append(len(queries))
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        spent.append(len(queries))
    assert spent[0] == spent[2] <= 12
    assert spent[1] == spent[3] <= 20
