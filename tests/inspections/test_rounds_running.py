"""While a round runs: amendments with a reason, missed visits, closing, and two people in the same moment."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from audit.log import is_broken, record_sealed
from audit.models import Entry
from inspections.models import Amendment, Draw, PlanAmender, PlannedVisit, Round
from tests.inspections.racing import at_once
from tests.inspections.test_rounds_planning import code_of
from tests.inspections.touring import (
    FIRST,
    LAST,
    NOW,
    NUMBER,
    clock,
    freeze,
    other_team,
    plan,
    planned,
    running,
    villages_in,
    visit,
    with_teams,
)

TUESDAY = NOW + timedelta(days=1, hours=2)
pytestmark = pytest.mark.django_db


@pytest.fixture
def villages(huajia, xiangying, dachangshan):
    return villages_in(huajia, xiangying, dachangshan)


@pytest.fixture
def row(hso, city, villages, item):
    return running(hso, city)


def amender(row, by, at=TUESDAY, reason="渡船停航"):
    return PlanAmender(row, by=by, at=at, reason=reason)


# --- amendments -------------------------------------------------------------------------------------------------
def test_an_amendment_has_a_reason(row, hso):
    assert code_of(amender, row, hso, reason=" ") == "reason_missing"


def test_a_cancelled_visit_leaves_the_plan_and_stays_on_record(row, hso):
    one = planned(row)[0]
    amendment = amender(row, hso).cancel(one)
    assert (amendment.number, amendment.kind, amendment.reason) == (1, "cancel", "渡船停航")
    assert one not in planned(row)
    assert PlannedVisit.objects.get(pk=one.pk).cancelled == amendment
    assert code_of(amender(row, hso).cancel, one) == "conflict"
    assert row.amendments.count() == 1


def test_what_was_cancelled_can_be_added_again(row, hso):
    one = planned(row)[0]
    amender(row, hso).cancel(one)
    added = amender(row, hso, reason="航线恢复").add(village=one.village, team=one.team, day=LAST)
    made = added.adds.get()
    assert (made.village, made.day, made.reveals_at) == (one.village, LAST, row.reveal_of(LAST))
    assert len(made.pair) == 2
    assert added.number == 2


def test_a_moved_visit_is_a_new_row_in_place_of_the_old(row, hso):
    one = planned(row)[0]
    amender(row, hso).move(one, team=other_team(one), day=LAST)
    made = row.planned.get(instead_of=one)
    assert (made.team, made.day) == (other_team(one), LAST)
    assert len(planned(row)) == 9


def test_two_visits_change_places(row, hso):
    rows = planned(row)
    one = rows[0]
    other = next(r for r in rows if r.day != one.day)
    amender(row, hso).swap(one, other)
    there, here = row.planned.get(instead_of=one), row.planned.get(instead_of=other)
    assert (there.day, there.team, there.order) == (other.day, other.team, other.order)
    assert (here.day, here.team, here.order) == (one.day, one.team, one.order)
    assert row.amendments.get().adds.count() == 2


def test_a_refused_amendment_leaves_nothing_behind_and_the_next_one_goes_on(row, hso, city, huajia):
    one = planned(row)[0]
    amend = amender(row, hso)
    assert code_of(amend.move, one, team=one.team, day=FIRST - timedelta(days=2)) == "too_late"
    assert code_of(amend.move, one, team=one.team, day=LAST + timedelta(days=1)) == "outside_dates"
    assert code_of(amend.add, village=one.village, team=one.team, day=LAST) == "planned_already"
    assert code_of(amend.swap, one, one) == "conflict"
    foreign = with_teams(plan(hso, city), hso).teams.first()
    assert code_of(amend.move, one, team=foreign, day=LAST) == "invalid"
    assert not row.amendments.exists()
    assert one in planned(row)
    amend.cancel(one)
    assert row.amendments.get().number == 1


def test_nobody_is_sent_home_by_an_amendment(row, hso, huajia):
    one = next(v for v in planned(row) if v.township == huajia)
    member = one.team.members.first()
    member.posts.create(role="township", division=huajia, since=FIRST - timedelta(days=9))
    team = type(one.team).objects.get(pk=one.team_id)
    assert code_of(amender(row, hso).move, one, team=team, day=LAST) == "own_unit"


def test_a_full_day_takes_no_more(row, hso):
    one, *others = planned(row)
    Round.objects.filter(pk=row.pk).update(per_day=1)
    row.refresh_from_db()
    day = next(v for v in others if v.team == one.team and v.day != one.day)
    assert code_of(amender(row, hso).move, one, team=one.team, day=day.day) == "day_full"


def test_only_a_running_round_is_amended_by_its_planners(row, hso, hso_staff, city):
    one = planned(row)[0]
    assert code_of(amender(row, hso_staff).cancel, one) == "not_yours"
    other = plan(hso, city)
    assert code_of(amender(other, hso).cancel, one) == "wrong_state"


# --- missed and late --------------------------------------------------------------------------------------------
def test_a_member_of_the_team_says_why_it_was_missed_once_the_day_is_revealed(row, hso):
    one = planned(row)[0]
    member = one.team.members.first()
    early = one.reveals_at - timedelta(minutes=1)
    assert code_of(one.miss, by=member, at=early, reason="weather") == "not_yours"
    one.miss(by=member, at=one.reveals_at, reason="no_ferry")
    assert one.missed_reason == "no_ferry"
    assert code_of(one.miss, by=hso, at=one.reveals_at, reason="weather") == "conflict"


def test_another_reason_is_said_in_words(row, hso):
    one = planned(row)[0]
    assert code_of(one.miss, by=hso, at=TUESDAY, reason="other") == "reason_missing"
    one.miss(by=hso, at=TUESDAY, reason="other", remark="村里办白事")
    assert one.missed_remark == "村里办白事"


def test_a_visit_that_was_made_is_not_missed_but_one_that_was_never_sent_may_be_given_up(row, hso):
    made, begun = planned(row)[:2]
    visit(made, clock(FIRST))
    visit(begun, clock(FIRST), submitted=False)
    assert code_of(made.miss, by=hso, at=clock(FIRST), reason="weather") == "conflict"
    begun.miss(by=hso, at=clock(FIRST), reason="vehicle")
    assert code_of(amender(row, hso).cancel, made) == "conflict"


def test_late_is_what_should_have_been_made_before_today(row):
    day = planned(row)[0].day
    first = [one for one in planned(row) if one.day == day]
    assert not row.planned.standing().late(day).exists()
    assert set(row.planned.standing().late(day + timedelta(days=1))) == set(first)
    assert first[0].is_late(day + timedelta(days=1))


def test_a_missed_visit_is_planned_again_once_and_keeps_its_reason(row, hso):
    one = planned(row)[0]
    one.miss(by=hso, at=clock(FIRST), reason="no_ferry")
    amend = amender(row, hso, clock(FIRST))
    amend.replan(one, team=one.team, day=LAST)
    one.refresh_from_db()
    assert (one.missed_reason, one.cancelled) == ("no_ferry", None)
    assert one.again.day == LAST
    assert row.planned.current().count() == 9
    assert code_of(amend.replan, one, team=one.team, day=LAST) == "conflict"


def test_a_late_visit_is_planned_again_and_the_old_row_is_cancelled(row, hso):
    one = planned(row)[0]
    amender(row, hso, clock(LAST)).replan(one, team=other_team(one), day=LAST)
    one.refresh_from_db()
    assert one.cancelled is not None
    assert one.again.team == other_team(one)


def test_nothing_is_missed_in_a_plan_that_was_drawn_again(hso, city, villages, item):
    row = with_teams(plan(hso, city), hso)
    freeze(row, hso).mix(by=hso, at=TUESDAY, public_number=NUMBER)
    old = planned(row)[0]
    freeze(row, hso, TUESDAY, reason="名单有误").mix(
        by=hso, at=TUESDAY + timedelta(days=1), public_number=NUMBER
    )
    row.open(by=hso, at=TUESDAY + timedelta(days=1))
    old.round = row
    assert code_of(old.miss, by=hso, at=clock(FIRST), reason="weather") == "conflict"
    assert code_of(amender(row, hso).cancel, old) == "conflict"


# --- closing ----------------------------------------------------------------------------------------------------
def test_a_round_closes_when_every_visit_is_made_or_explained(row, hso):
    *rest, last = planned(row)
    for one in rest:
        visit(one, clock(FIRST))
    assert code_of(row.close, by=hso, at=clock(LAST)) == "outstanding"
    last.miss(by=hso, at=clock(LAST), reason="weather")
    record_sealed(row.pk, None, "sealed_read", obj=row, actor=hso)
    assert not Entry.objects.filter(verb="sealed_read").exists()
    row.close(by=hso, at=clock(LAST))
    assert (row.state, row.closed_at) == ("closed", clock(LAST))
    assert is_broken(row.pk)
    assert Entry.objects.filter(verb="sealed_read").count() == 1


def test_a_closed_round_is_read_by_offices_leaders_and_the_auditor(
    row, hso, hso_staff, jinpu_office, leader, auditor, huajia_official, department, inspector
):
    for one in planned(row):
        one.miss(by=hso, at=TUESDAY, reason="weather")
    row.close(by=hso, at=TUESDAY)
    readers = [u for u in (hso_staff, jinpu_office, leader, auditor) if Round.objects.visible_to(u, LAST)]
    assert readers == [hso_staff, jinpu_office, leader, auditor]
    for user in (huajia_official, department, inspector):
        assert not Round.objects.visible_to(user, LAST).exists()


def test_a_closed_patrol_is_read_in_its_unit_and_in_the_city(
    jinpu_office, jinpu, changhai_office, auditor, hso, villages, item
):
    row = running(jinpu_office, jinpu, kind="county_patrol")
    for one in planned(row):
        one.miss(by=jinpu_office, at=TUESDAY, reason="weather")
    row.close(by=jinpu_office, at=TUESDAY)
    for user in (jinpu_office, hso, auditor):
        assert Round.objects.visible_to(user, LAST).exists()
    assert not Round.objects.visible_to(changhai_office, LAST).exists()


# --- what the database refuses ----------------------------------------------------------------------------------
@pytest.mark.engine
def test_amendments_are_never_edited_and_numbered_once(row, hso):
    amender(row, hso).cancel(planned(row)[0])
    for sql in ("UPDATE inspections_amendment SET reason = 'x'", "DELETE FROM inspections_amendment"):
        with (
            pytest.raises(Exception, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
    with pytest.raises(IntegrityError), transaction.atomic():
        Amendment.objects.create(round=row, number=1, kind="cancel", reason="x", by=hso, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Amendment.objects.create(round=row, number=2, kind="cancel", reason="", by=hso, at=NOW)


@pytest.mark.engine
def test_a_planned_visit_comes_from_a_draw_or_an_amendment_and_is_replaced_once(row, hso):
    one, other = planned(row)[:2]
    columns = {
        f.attname: getattr(one, f.attname) for f in PlannedVisit._meta.concrete_fields if f.name != "id"
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        PlannedVisit.objects.create(**{**columns, "draw_id": None})
    PlannedVisit.objects.create(**{**columns, "instead_of_id": one.pk})
    with pytest.raises(IntegrityError), transaction.atomic():
        PlannedVisit.objects.create(**{**columns, "instead_of_id": one.pk})
    with pytest.raises(IntegrityError), transaction.atomic():
        PlannedVisit.objects.filter(pk=other.pk).update(missed_reason="weather")


# --- in the same moment -----------------------------------------------------------------------------------------
@pytest.mark.postgres
def test_two_amend_the_same_visit_and_one_amendment_stands(committed, hso, city, villages, item):
    row = running(hso, city)
    one = planned(row)[0]
    rows = [Round.objects.get(pk=row.pk) for _ in range(2)]
    outcomes = at_once(*[lambda r=r: amender(r, hso).cancel(one) for r in rows])
    assert outcomes == ["conflict", "done"]
    assert Amendment.objects.get().number == 1


@pytest.mark.postgres
def test_two_freeze_and_one_list_waits(committed, hso, city, villages, item):
    row = with_teams(plan(hso, city), hso)
    rows = [Round.objects.get(pk=row.pk) for _ in range(2)]
    outcomes = at_once(*[lambda r=r: freeze(r, hso) for r in rows])
    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "conflict", "frozen"}
    assert Draw.objects.get().number == 1


@pytest.mark.postgres
def test_two_mix_and_one_number_counts(committed, hso, city, villages, item):
    row = with_teams(plan(hso, city), hso)
    freeze(row, hso)
    copies = [Draw.objects.select_related("round").get() for _ in range(2)]
    outcomes = at_once(
        *[
            lambda d=d, n=n: d.mix(by=hso, at=TUESDAY, public_number=n)
            for n, d in zip("12", copies, strict=True)
        ]
    )
    assert outcomes == ["conflict", "done"]
    assert PlannedVisit.objects.count() == 9


@pytest.mark.postgres
def test_a_visit_is_missed_or_planned_again_but_not_both_by_chance(committed, hso, city, villages, item):
    row = running(hso, city)
    one = planned(row)[0]
    outcomes = at_once(
        lambda: PlannedVisit.objects.get(pk=one.pk).miss(by=hso, at=TUESDAY, reason="weather"),
        lambda: amender(Round.objects.get(pk=row.pk), hso).cancel(one),
    )
    assert outcomes == ["conflict", "done"]
    one.refresh_from_db()
    assert bool(one.missed_reason) != bool(one.cancelled_id)
