"""Corners of the rules where two of them meet: moved villages, late requests, undone merges, signed endings."""

import io
import uuid
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

from accounts.models import User
from inspections.models import DeadlineRule, Finding, Milestone, PhotoUse
from inspections.recipients import secretary_users
from inspections.reminders import set_awaited_dates
from inspections.steps import StepRefused
from notifications.models import Notice
from tests.inspections.evidence import send, sha
from tests.inspections.making import fresh, report, submit
from tests.samples import jpeg
from villages.models import Holiday, Person, Responsibility, RosterRefused

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 18, 9, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
LATER = NOW + timedelta(days=2)


@pytest.fixture
def finding(inspector, village, item, huajia_official, secretary, jinpu_office):
    return report(inspector, village, item, NOW)


def told(step: str) -> set[str]:
    return set(Notice.objects.filter(step=step).values_list("user__username", flat=True))


def test_a_county_office_cannot_move_its_report_into_another_unit(
    jinpu_office, village, island_village, item
):
    own = report(jinpu_office, village, item, NOW)
    with pytest.raises(StepRefused) as refused:
        own.amend(by=jinpu_office, at=NOW, village=island_village)
    assert refused.value.code == "invalid"
    assert fresh(own).village == village


def test_the_city_corrects_the_village_of_a_report_across_units(agency, hso, village, island_village, item):
    reported = report(agency, village, item, NOW)
    reported.amend(by=hso, at=NOW, village=island_village)
    assert fresh(reported).county == island_village.county_on(NOW.date())


def test_those_who_lose_a_finding_by_an_amendment_are_told(
    finding, hso, sibling_village, xiangying_official, village_leader
):
    fresh(finding).amend(by=hso, at=LATER, village=sibling_village)
    assert told("amend") == {"xiangying", "jinpu"}
    assert told("moved") == {"huajia", "secretary", "village_leader"}


def test_granting_an_old_request_never_takes_days_away(finding, huajia_official, jinpu_office, hso):
    fresh(finding).ask_extension(by=huajia_official, at=NOW, until=date(2026, 11, 24), reason="下雨")
    submit(finding, huajia_official, NOW + timedelta(days=5))
    fresh(finding).send_back(by=jinpu_office, at=NOW + timedelta(days=5), reason="死角未清")
    fresh(finding).decide_extension(by=hso, at=NOW + timedelta(days=5), accept=True)
    assert fresh(finding).due_on == date(2026, 11, 25)


def test_a_second_plan_is_more_time_and_not_a_new_first_due_date(
    inspector, huajia_official, hso, village, item
):
    found = report(inspector, village, item, NOW, kind="by_date")
    for day in (date(2026, 12, 10), date(2026, 12, 31)):
        fresh(found).file_plan(by=huajia_official, at=NOW, measures="修缮", owner="村委会", date=day)
        fresh(found).decide_plan(by=hso, at=NOW, accept=True)
    row = fresh(found)
    assert (row.first_due_on, row.due_on) == (date(2026, 12, 10), date(2026, 12, 31))


def test_every_ending_of_a_continuing_rectification_is_signed(
    inspector, huajia_official, hso, hso_staff, village, item
):
    found = report(inspector, village, item, NOW, kind="continuing")
    fresh(found).claim(by=huajia_official, at=NOW, ending="cannot", reason="冻土")
    with pytest.raises(StepRefused) as refused:
        fresh(found).decide_claim(by=hso_staff, at=NOW, accept=True)
    assert refused.value.code == "needs_signature"
    with pytest.raises(StepRefused) as refused:
        fresh(found).withdraw(by=hso_staff, at=NOW, reason="有误")
    assert refused.value.code == "needs_signature"
    fresh(found).decide_claim(by=hso, at=NOW, accept=True)
    assert fresh(found).ending == "cannot"


def test_a_stage_of_a_refused_plan_is_not_reported_as_done(inspector, huajia_official, hso, village, item):
    found = report(inspector, village, item, NOW, kind="continuing")
    plan = {"measures": "修缮", "owner": "村委会", "date": date(2027, 3, 1)}
    stages = [("勘察", date(2026, 12, 1))]
    fresh(found).file_plan(by=huajia_official, at=NOW, milestones=stages, **plan)
    fresh(found).decide_plan(by=hso, at=NOW, accept=False, reason="太慢")
    refused_stage = Milestone.objects.get()
    fresh(found).file_plan(by=huajia_official, at=NOW, milestones=stages, **plan)
    fresh(found).decide_plan(by=hso, at=NOW, accept=True)
    with pytest.raises(StepRefused):
        fresh(found).complete_milestone(refused_stage, by=huajia_official, at=NOW)


def test_the_county_no_longer_checks_after_its_day(finding, huajia_official, jinpu_office, hso):
    submit(finding, huajia_official, LATER)
    late = LATER + timedelta(days=10)
    with pytest.raises(StepRefused) as refused:
        fresh(finding).pass_check(by=jinpu_office, at=late)
    assert refused.value.code == "check_over"
    with pytest.raises(StepRefused) as refused:
        fresh(finding).send_back(by=jinpu_office, at=late, reason="死角未清")
    assert refused.value.code == "check_over"
    fresh(finding).send_back(by=hso, at=late, reason="死角未清")
    assert fresh(finding).state == "returned"


def test_undoing_a_merge_takes_the_photos_back(finding, agency, hso, village, item):
    key, body = uuid.uuid4(), jpeg()
    declared = [{"id": str(key), "sha256": sha(body)}]
    second = report(agency, village, item, LATER, photos=declared)
    send(agency, second, body, at=LATER, id=key)
    fresh(second).merge_into(finding, by=hso, at=LATER)
    assert PhotoUse.objects.filter(finding=finding).count() == 1
    fresh(second).undo(by=hso, at=LATER + timedelta(seconds=5))
    assert not PhotoUse.objects.filter(finding=finding).exists()
    assert PhotoUse.objects.filter(finding=second).count() == 1
    assert not Notice.objects.filter(step="merge").exists()


def test_a_reporter_reads_why_the_report_is_not_issued(agency, hso, village, item):
    reported = report(agency, village, item, NOW)
    reported.reject(by=hso, at=NOW, reason="照片不清")
    notice = Notice.objects.get(step="reject")
    assert notice.user == agency
    assert "照片不清" in notice.text


def test_an_office_is_not_told_what_it_has_done_itself(jinpu_office, huajia_official, village, item):
    own = report(jinpu_office, village, item, NOW)
    own.issue(by=jinpu_office, at=NOW)
    assert told("issue") == {"huajia"}


def test_the_answer_to_a_request_says_yes_or_no(finding, huajia_official, hso):
    huajia_official.choose_language("en")
    until = date(2026, 11, 30)
    fresh(finding).ask_extension(by=huajia_official, at=NOW, until=until, reason="下雨")
    fresh(finding).decide_extension(by=hso, at=NOW, accept=True)
    text = Notice.objects.get(step="decide_extension", user=huajia_official).text
    assert "granted" in text and "2026-11-30" in text


def test_a_decision_stands_from_the_moment_its_notices_are_shown(finding, hso):
    fresh(finding).withdraw(by=hso, at=LATER, reason="有误")
    shown = LATER + timedelta(seconds=10)
    assert Notice.objects.visible(shown).filter(step="withdraw").exists()
    with pytest.raises(StepRefused):
        fresh(finding).undo(by=hso, at=shown)


def test_whoever_stands_in_for_the_secretary_is_told_too(finding, secretary, village_leader):
    post = secretary.posts.get()
    village_leader.posts.create(
        role="leader", deputy_for=post, since=date(2026, 11, 1), until=date(2026, 12, 1)
    )
    assert set(secretary_users(finding, NOW.date())) == {secretary, village_leader}
    assert secretary_users(finding, date(2026, 12, 1)) == [secretary]


def test_a_county_patrol_is_never_recorded_as_a_visit_that_scores(jinpu_office, village, item):
    with pytest.raises(StepRefused):
        report(jinpu_office, village, item, NOW, source="third_party")
    assert not Finding.objects.exists()


def test_a_moved_finding_keeps_the_chain_of_its_day_of_issue(finding, hso, xiangying, sibling_village):
    for name, since, until in (
        ("旧书记", date(2020, 1, 1), date(2026, 11, 19)),
        ("新书记", date(2026, 11, 19), None),
    ):
        person = Person.objects.create(name=name)
        Responsibility.objects.create(
            person=person, kind="secretary", township=xiangying, since=since, until=until
        )
    fresh(finding).amend(by=hso, at=LATER, village=sibling_village)
    assert fresh(finding).chain["secretary"]["name"] == "旧书记"


def test_a_township_has_one_secretary_on_a_day_even_when_the_end_is_known(xiangying):
    old, new = Person.objects.create(name="旧书记"), Person.objects.create(name="新书记")
    end = date(2026, 12, 31)
    Responsibility.objects.create(
        person=old, kind="secretary", township=xiangying, since=date(2020, 1, 1), until=end
    )
    begins = {"person": new, "kind": "secretary", "place": xiangying, "since": date(2026, 12, 1)}
    with pytest.raises(RosterRefused):
        Responsibility.objects.assign(**begins)
    Responsibility.objects.assign(**begins, replace=True)
    assert Responsibility.objects.get(person=old).until == date(2026, 12, 1)


def test_a_reader_of_the_roster_gets_no_telephone_numbers(client_for, agency, jinpu_office, secretary):
    Person.objects.filter(pk=secretary.person_id).update(phone="13800000000")
    for user, expected in ((agency, ""), (jinpu_office, "13800000000")):
        content = client_for(user).get(reverse("responsibilities_export")).content
        rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        line = next(row for row in rows if "郑直" in row)
        assert str(line[4]) == expected


def test_an_old_post_opens_no_roster_of_its_old_day(client_for, huajia_official, changhai, dachangshan):
    huajia_official.posts.create(
        role="county_office", division=changhai, since=date(2019, 1, 1), until=date(2019, 12, 31)
    )
    person = Person.objects.create(name="岛上书记")
    Responsibility.objects.create(
        person=person, kind="secretary", township=dachangshan, since=date(2018, 1, 1)
    )
    page = client_for(huajia_official).get(reverse("responsibilities"), {"on": "2019-06-01"})
    assert "岛上书记" not in page.content.decode()


def test_a_look_back_names_the_fixed_finding_that_came_back(
    client_for, finding, hso, huajia_official, jinpu_office, village, item
):
    submit(finding, huajia_official, LATER)
    fresh(finding).pass_check(by=jinpu_office, at=LATER)
    fresh(finding).close(by=hso, at=LATER)
    body = {
        "village": str(village.pk),
        "item": item.code,
        "description": "又堆了垃圾",
        "recurrence_of": finding.number,
    }
    url = f"/api/v1/findings/{uuid.uuid4()}/"
    refused = client_for(hso).put(url, body, content_type="application/json")
    assert refused.status_code == 400
    stored = client_for(hso).put(url, {**body, "source": "look_back"}, content_type="application/json")
    assert stored.status_code == 201
    assert stored.json()["recurrence_of"] == str(finding.pk)


def test_an_extension_before_the_holiday_table_leaves_the_first_due_date_to_be_set(
    finding, huajia_official, hso
):
    Finding.objects.filter(pk=finding.pk).update(
        due_on=None, first_due_on=None, awaits_calendar=True, rule=working_days(finding, hso)
    )
    until = date(2027, 1, 20)
    fresh(finding).ask_extension(by=huajia_official, at=NOW, until=until, reason="冻土")
    fresh(finding).decide_extension(by=hso, at=NOW, accept=True)
    Holiday.objects.seed()
    set_awaited_dates(at=LATER)
    row = fresh(finding)
    assert (row.due_on, row.first_due_on, row.awaits_calendar) == (until, date(2026, 11, 25), False)


def working_days(finding: Finding, by: User) -> DeadlineRule:
    return DeadlineRule.objects.create(
        office=finding.issuing_office,
        since=date(2020, 1, 1),
        days=5,
        counting="working",
        created_by=by,
        created_at=NOW,
    )
