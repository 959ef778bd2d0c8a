"""On-site meetings: prepared in secret, opened, closed."""

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from inspections.models import Meeting, MeetingDecision, MeetingEvent
from inspections.steps import StepRefused
from tests.cast import make_village
from tests.inspections.meeting import again, hold, now, prepare, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def prepared(jinpu_office, huajia, village, inspector):
    return prepare(jinpu_office, huajia, [village], readers=[inspector])


@pytest.fixture
def held(prepared, jinpu_office):
    return hold(prepared, jinpu_office)


# --- preparing ----------------------------------------------------------------------------------------------------
def test_a_county_prepares_in_its_unit_and_the_city_anywhere(
    jinpu_office, hso_staff, huajia, village, jinpu, city
):
    assert prepare(jinpu_office, huajia, [village]).office == jinpu
    assert prepare(hso_staff, huajia, [village]).office == city


def test_another_unit_s_office_and_the_street_prepare_nothing(
    changhai_office, huajia_official, huajia, village
):
    for user in (changhai_office, huajia_official):
        with pytest.raises(StepRefused) as refusal:
            prepare(user, huajia, [village])
        assert refusal.value.code == "not_yours"


def test_villages_are_those_of_the_street(jinpu_office, huajia, sibling_village):
    for villages in ([sibling_village], []):
        with pytest.raises(StepRefused), transaction.atomic():
            prepare(jinpu_office, huajia, villages)


def test_nobody_of_a_street_is_told_beforehand(jinpu_office, huajia, village, huajia_official):
    with pytest.raises(StepRefused):
        prepare(jinpu_office, huajia, [village], readers=[huajia_official])


def test_sending_the_form_twice_prepares_one(jinpu_office, hso, huajia, village):
    key = uuid.uuid4()
    first = prepare(jinpu_office, huajia, [village], id=key)
    assert prepare(jinpu_office, huajia, [village], id=key) == first
    with pytest.raises(StepRefused) as refusal:
        prepare(hso, huajia, [village], id=key)
    assert refusal.value.code == "id_taken"


def test_a_change_keeps_the_remarks_of_the_villages_that_stay(prepared, jinpu_office, huajia, village, hso):
    other = make_village("新屯", huajia, "210213014202")
    prepared.write(
        by=jinpu_office,
        at=now(),
        people_present=None,
        units_present="",
        minutes="",
        remarks={village.pk: "干净"},
    )
    again(prepared).change(
        by=jinpu_office, at=now(), on=today(), title="改期", host="", villages=[other, village], readers=[hso]
    )
    rows = prepared.villages.order_by("position").values_list("village", "remark")
    assert list(rows) == [(other.pk, ""), (village.pk, "干净")]
    assert [row.user for row in prepared.readers.all()] == [hso]


# --- steps --------------------------------------------------------------------------------------------------------
def test_a_meeting_goes_from_the_preparation_to_the_closed_minutes(held, jinpu_office, village, huajia):
    with pytest.raises(StepRefused) as refusal:
        held.close(by=jinpu_office, at=now())
    assert refusal.value.code == "incomplete"
    held.write(
        by=jinpu_office, at=now(), people_present=53, units_present="各村", minutes="会议纪要",
        remarks={village.pk: "村口有垃圾"},
    )  # fmt: skip
    held.decide(
        by=jinpu_office, at=now(), text="一周内清完", division=huajia, due_on=today() + timedelta(days=7)
    )
    held.close(by=jinpu_office, at=now())
    closed = again(held)
    assert (closed.state, closed.people_present) == ("closed", 53)
    assert list(closed.events.order_by("pk").values_list("step", flat=True)) == [
        "prepare", "hold", "write", "decide", "close",
    ]  # fmt: skip
    with pytest.raises(StepRefused):
        closed.write(by=jinpu_office, at=now(), people_present=1, units_present="", minutes="x", remarks={})


def test_a_meeting_is_not_opened_before_its_day(jinpu_office, huajia, village):
    meeting = prepare(jinpu_office, huajia, [village], on=today() + timedelta(days=1))
    with pytest.raises(StepRefused) as refusal:
        meeting.hold(by=jinpu_office, at=now())
    assert refusal.value.code == "too_early"


def test_the_second_of_two_at_once_is_told(held, jinpu_office):
    other = again(held)
    held.decide(by=jinpu_office, at=now(), text="甲", owner="街道")
    with pytest.raises(StepRefused) as refusal:
        other.decide(by=jinpu_office, at=now(), text="乙", owner="街道")
    assert refusal.value.code == "conflict"
    assert held.decisions.count() == 1


def test_only_the_holding_office_takes_steps(held, hso, huajia_official, inspector):
    for user in (hso, huajia_official, inspector):
        assert held.steps_for(user, now()) == []


def test_the_owner_s_desk_reports_a_decision_as_done_and_no_other_does(
    held, jinpu_office, huajia_official, hso, huajia
):
    decision = held.decide(by=jinpu_office, at=now(), text="清完", division=huajia)
    other = held.decide(by=jinpu_office, at=now(), text="拨款", owner="区财政局")
    with pytest.raises(StepRefused):
        held.report_done(by=hso, at=now(), decision=decision, note="已清完")
    with pytest.raises(StepRefused):
        held.report_done(by=huajia_official, at=now(), decision=other, note="已拨")
    held.report_done(by=huajia_official, at=now(), decision=decision, note="已清完")
    row = MeetingDecision.objects.get(pk=decision.pk)
    assert (row.done_note, row.done_by) == ("已清完", huajia_official)


def test_a_removed_decision_leaves_its_words_in_the_event(held, jinpu_office):
    decision = held.decide(by=jinpu_office, at=now(), text="误加", owner="街道")
    held.drop_decision(by=jinpu_office, at=now(), decision=decision)
    assert not held.decisions.exists()
    assert held.events.get(step="drop_decision").remark == "误加"


def test_the_database_keeps_events_and_closed_meetings(held, jinpu_office):
    held.write(by=jinpu_office, at=now(), people_present=53, units_present="", minutes="纪要", remarks={})
    held.close(by=jinpu_office, at=now())
    for change in (
        lambda: MeetingEvent.objects.filter(meeting=held).update(remark="x"),
        lambda: Meeting.objects.filter(pk=held.pk).update(minutes="x"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_database_keeps_the_state_with_its_time(prepared):
    with pytest.raises(DatabaseError), transaction.atomic():
        Meeting.objects.filter(pk=prepared.pk).update(state="held")
