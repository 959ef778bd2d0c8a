"""One finding, from the report to the closed ledger line, with every way it can turn."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from inspections.models import (
    Claim,
    Extension,
    Finding,
    NumberSeries,
    Part,
    RectificationPlan,
    ReportConflict,
)
from inspections.steps import StepRefused
from notifications.models import Notice
from tests.inspections.making import fresh, report, submit
from villages.models import Holiday

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

NOW = datetime(2026, 11, 18, 9, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
LATER = NOW + timedelta(days=2)


@pytest.fixture
def finding(inspector, village, item, huajia_official, secretary, jinpu_office):
    return report(inspector, village, item, NOW)


def test_a_direct_team_s_report_is_issued_in_the_same_moment(finding, village, jinpu):
    assert finding.state == "open"
    assert finding.number == f"{jinpu.number_prefix}-2026-000001"
    assert finding.due_on == finding.first_due_on == date(2026, 11, 23)
    assert finding.county == jinpu


def test_the_street_s_officials_and_secretary_are_told_at_once(
    finding, huajia_official, secretary, jinpu_office
):
    told = set(Notice.objects.filter(send_after__lte=NOW).values_list("user__username", flat=True))
    assert {huajia_official.username, secretary.username, jinpu_office.username} <= told


def test_numbers_of_a_unit_have_no_gaps(inspector, village, sibling_village, island_village, item):
    numbers = [
        report(inspector, v, item, NOW).number for v in (village, sibling_village, island_village, village)
    ]
    assert [n.split("-")[-1] for n in numbers] == ["000001", "000002", "000001", "000003"]


def test_an_agency_only_reports_and_the_city_office_issues(agency, hso, jinpu_office, village, item):
    reported = report(agency, village, item, NOW)
    assert reported.state == "reported"
    assert not Finding.objects.visible_to(jinpu_office).filter(pk=reported.pk).exists()
    with pytest.raises(StepRefused) as refused:
        reported.issue(by=jinpu_office, at=NOW)
    assert refused.value.code == "not_yours"
    fresh(reported).issue(by=hso, at=NOW)
    assert Finding.objects.visible_to(jinpu_office).get(pk=reported.pk).state == "open"


def test_a_declared_photo_that_has_not_come_holds_the_issue_back_for_a_day(agency, hso, village, item):
    declared = [{"id": "7b0e5d1c-6b0a-4a50-9a52-0f3c1f3d9f01", "sha256": "a" * 64}]
    reported = report(agency, village, item, NOW, photos=declared)
    with pytest.raises(StepRefused) as refused:
        reported.issue(by=hso, at=NOW + timedelta(hours=23))
    assert refused.value.code == "incomplete"
    with pytest.raises(StepRefused) as refused:
        reported.issue(by=hso, at=NOW + timedelta(hours=25))
    assert refused.value.code == "reason_missing"
    reported.issue(by=hso, at=NOW + timedelta(hours=25), incomplete_reason="手机损坏")
    assert fresh(reported).state == "open"


def test_rectified_checked_and_closed_on_time(finding, huajia_official, jinpu_office, hso):
    submit(finding, huajia_official, LATER)
    with pytest.raises(StepRefused) as refused:
        fresh(finding).close(by=hso, at=LATER)
    assert refused.value.code == "awaits_check"
    fresh(finding).pass_check(by=jinpu_office, at=LATER)
    fresh(finding).close(by=hso, at=LATER)
    closed = fresh(finding)
    assert (closed.state, closed.ending, closed.on_time) == ("closed", "fixed", True)
    assert [e.step for e in closed.events.order_by("version")] == [
        "report",
        "issue",
        "rectify",
        "check",
        "close",
    ]


def test_the_county_s_check_lapses_after_its_working_day(finding, huajia_official, hso):
    Holiday.objects.seed()
    submit(finding, huajia_official, LATER)  # a Friday: the check runs to Monday night
    with pytest.raises(StepRefused):
        fresh(finding).close(by=hso, at=LATER + timedelta(days=3))
    fresh(finding).close(by=hso, at=LATER + timedelta(days=4))
    assert fresh(finding).was_not_checked()


def test_sent_back_gives_two_days_on_record_and_counts(finding, huajia_official, jinpu_office):
    submit(finding, huajia_official, NOW + timedelta(days=5))
    fresh(finding).send_back(by=jinpu_office, at=NOW + timedelta(days=5), reason="死角未清")
    returned = fresh(finding)
    assert (returned.state, returned.times_returned, returned.due_on) == ("returned", 1, date(2026, 11, 25))
    assert returned.first_due_on == date(2026, 11, 23)
    assert returned.extensions.get().cause == Extension.Cause.RETURN


def test_a_return_without_a_reason_is_refused(finding, huajia_official, jinpu_office):
    submit(finding, huajia_official, LATER)
    with pytest.raises(StepRefused):
        fresh(finding).send_back(by=jinpu_office, at=LATER, reason=" ")
    assert fresh(finding).state == "submitted"


def test_fixed_after_the_first_due_date_is_late_even_with_an_extension(
    finding, huajia_official, jinpu_office, hso
):
    fresh(finding).ask_extension(by=huajia_official, at=LATER, until=date(2026, 12, 1), reason="连日暴雪")
    fresh(finding).decide_extension(by=hso, at=LATER, accept=True)
    assert fresh(finding).due_on == date(2026, 12, 1)
    submit(finding, huajia_official, NOW + timedelta(days=8))
    fresh(finding).pass_check(by=jinpu_office, at=NOW + timedelta(days=8))
    fresh(finding).close(by=hso, at=NOW + timedelta(days=8))
    assert fresh(finding).on_time is False


def test_one_request_of_a_kind_at_a_time(finding, huajia_official):
    fresh(finding).ask_extension(by=huajia_official, at=LATER, until=date(2026, 12, 1), reason="连日暴雪")
    with pytest.raises(StepRefused):
        fresh(finding).ask_extension(by=huajia_official, at=LATER, until=date(2026, 12, 2), reason="连日暴雪")


def test_an_accepted_claim_ends_the_finding_without_counting_it_as_fixed(finding, huajia_official, hso):
    fresh(finding).claim(by=huajia_official, at=LATER, ending="not_ours", reason="属铁路用地")
    assert fresh(finding).state == "open"
    fresh(finding).decide_claim(by=hso, at=LATER, accept=True, reason="情况属实")
    ended = fresh(finding)
    assert (ended.state, ended.ending, ended.on_time) == ("closed", "not_ours", None)
    assert Claim.objects.get().state == "approved"


def test_a_by_date_plan_moves_the_clock_once_approved(inspector, huajia_official, hso, village, item):
    finding = report(inspector, village, item, NOW, kind="by_date")
    fresh(finding).file_plan(
        by=huajia_official, at=LATER, measures="分三段清淤", owner="王某", date=date(2027, 1, 15)
    )
    assert fresh(finding).due_on == date(2026, 11, 23)
    fresh(finding).decide_plan(by=hso, at=LATER, accept=True)
    assert fresh(finding).due_on == fresh(finding).first_due_on == date(2027, 1, 15)
    assert RectificationPlan.objects.get().state == "approved"


def test_a_continuing_rectification_ends_only_by_a_signed_decision(
    inspector, huajia_official, jinpu_office, hso, hso_staff, village, item
):
    finding = report(inspector, village, item, NOW, kind="continuing")
    stages = [("完成管网勘察", date(2026, 12, 20)), ("完成施工", date(2027, 6, 30))]
    fresh(finding).file_plan(
        by=huajia_official,
        at=LATER,
        measures="新建管网",
        owner="李某",
        date=date(2027, 6, 30),
        milestones=stages,
    )
    fresh(finding).decide_plan(by=hso, at=LATER, accept=True)
    assert fresh(finding).due_on is None
    milestone = RectificationPlan.objects.get().milestones.earliest("date")
    fresh(finding).complete_milestone(milestone, by=huajia_official, at=LATER)
    with pytest.raises(StepRefused):
        fresh(finding).complete_milestone(milestone, by=huajia_official, at=LATER)
    submit(finding, huajia_official, LATER)
    fresh(finding).pass_check(by=jinpu_office, at=LATER)
    with pytest.raises(StepRefused) as refused:
        fresh(finding).close(by=hso_staff, at=LATER, document="大人居办〔2026〕3号")
    assert refused.value.code == "needs_signature"
    with pytest.raises(StepRefused):
        fresh(finding).close(by=hso, at=LATER)
    fresh(finding).close(by=hso, at=LATER, document="大人居办〔2026〕3号")
    assert fresh(finding).state == "closed"


def test_a_decision_can_be_undone_within_ten_seconds_and_nobody_hears_of_it(
    finding, huajia_official, jinpu_office
):
    submit(finding, huajia_official, LATER)
    before = fresh(finding)
    fresh(finding).send_back(by=jinpu_office, at=LATER, reason="死角未清")
    fresh(finding).undo(by=jinpu_office, at=LATER + timedelta(seconds=9))
    after = fresh(finding)
    same = ("state", "due_on", "times_returned", "checked_at", "measures")
    assert [getattr(after, f) for f in same] == [getattr(before, f) for f in same]
    assert not after.extensions.exists()
    assert not Notice.objects.filter(step="send_back").exists()
    assert not Part.objects.filter(user=jinpu_office).exists()


def test_after_ten_seconds_a_decision_stands(finding, huajia_official, jinpu_office):
    submit(finding, huajia_official, LATER)
    fresh(finding).pass_check(by=jinpu_office, at=LATER)
    with pytest.raises(StepRefused) as refused:
        fresh(finding).undo(by=jinpu_office, at=LATER + timedelta(seconds=11))
    assert refused.value.code == "undo_over"


def test_nobody_undoes_someone_else_s_decision(finding, huajia_official, jinpu_office, hso):
    submit(finding, huajia_official, LATER)
    fresh(finding).pass_check(by=jinpu_office, at=LATER)
    with pytest.raises(StepRefused):
        fresh(finding).undo(by=hso, at=LATER)


def test_undoing_a_claim_s_acceptance_puts_the_claim_back(finding, huajia_official, hso):
    fresh(finding).claim(by=huajia_official, at=LATER, ending="cannot", reason="冬季无法施工")
    fresh(finding).decide_claim(by=hso, at=LATER, accept=True)
    fresh(finding).undo(by=hso, at=LATER + timedelta(seconds=3))
    assert fresh(finding).state == "open"
    assert Claim.objects.get().state == "asked"


def test_reopening_corrects_the_same_row_and_records_the_new_due_date(
    finding, huajia_official, jinpu_office, hso
):
    submit(finding, huajia_official, LATER)
    fresh(finding).pass_check(by=jinpu_office, at=LATER)
    fresh(finding).close(by=hso, at=LATER)
    late = NOW + timedelta(days=10)
    fresh(finding).reopen(by=hso, at=late, reason="照片非本处")
    again = fresh(finding)
    assert (again.state, again.ending, again.on_time, again.due_on) == ("open", "", None, date(2026, 11, 30))
    assert again.extensions.get().cause == Extension.Cause.REOPEN


def test_a_withdrawn_finding_is_never_fixed(finding, hso):
    fresh(finding).withdraw(by=hso, at=LATER, reason="非行政村范围")
    assert (fresh(finding).state, fresh(finding).ending) == ("closed", "withdrawn")


def test_amending_keeps_the_due_date_and_the_unit(finding, hso, sibling_village, island_village):
    fresh(finding).amend(by=hso, at=LATER, village=sibling_village)
    moved = fresh(finding)
    assert moved.township == sibling_village.township_on(LATER.date())
    assert moved.due_on == date(2026, 11, 23)
    with pytest.raises(StepRefused):
        fresh(finding).amend(by=hso, at=LATER, village=island_village)


def test_one_person_never_rectifies_and_decides(finding, huajia_official, jinpu):
    huajia_official.posts.create(role="county_office", division=jinpu, since=date(2020, 1, 1))
    submit(finding, huajia_official, LATER)
    both = type(huajia_official).objects.get(pk=huajia_official.pk)
    with pytest.raises(StepRefused) as refused:
        fresh(finding).pass_check(by=both, at=LATER)
    assert refused.value.code == "both_sides"


def test_a_stale_page_is_told_that_someone_else_was_faster(finding, huajia_official, huajia_official_2):
    stale = fresh(finding)
    submit(finding, huajia_official, LATER)
    with pytest.raises(StepRefused) as refused:
        stale.rectify(by=huajia_official_2, at=LATER, measures="清理", result="完成")
    assert refused.value.code == "conflict"
    assert finding.rectifications.count() == 1
    assert not Part.objects.filter(user=huajia_official_2).exists()


def test_a_duplicate_report_is_merged_into_the_earlier_finding(finding, agency, hso, village, item):
    second = report(agency, village, item, LATER)
    second.merge_into(finding, by=hso, at=LATER)
    merged = fresh(second)
    assert (merged.state, merged.duplicate_of, merged.number) == ("rejected", finding, None)
    assert NumberSeries.objects.get().last == 1


def test_a_county_s_own_finding_ends_at_the_county(jinpu_office, huajia_official, hso, village, item):
    own = report(jinpu_office, village, item, NOW)
    assert own.state == "reported"
    own.issue(by=jinpu_office, at=NOW)
    submit(own, huajia_official, LATER)
    with pytest.raises(StepRefused):
        fresh(own).close(by=hso, at=LATER)
    fresh(own).close(by=jinpu_office, at=LATER)
    assert fresh(own).state == "closed"


def test_the_same_report_twice_is_one_finding_and_another_body_is_a_conflict(
    inspector, agency, village, item, finding
):
    again = report(inspector, village, item, LATER, id=finding.pk)
    assert again.version == finding.version
    with pytest.raises(ReportConflict) as conflict:
        report(inspector, village, item, LATER, id=finding.pk, description="另一个问题")
    assert conflict.value.code == "id_conflict"
    with pytest.raises(ReportConflict) as conflict:
        report(agency, village, item, LATER, id=finding.pk)
    assert conflict.value.code == "id_taken"
