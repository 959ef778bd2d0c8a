"""From planning to drawing: who may know, what stands in the way, and that nobody chooses."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Organisation
from inspections import draws
from inspections.models import Draw, PlannedVisit, Round, TeamPlan
from inspections.models.drawing import History
from inspections.steps import StepRefused
from tests.cast import make_user
from tests.inspections.touring import (
    FIRST,
    LAST,
    MONDAY,
    NOW,
    NUMBER,
    clock,
    draw,
    freeze,
    inspectors,
    plan,
    planned,
    running,
    villages_in,
    visit,
    with_teams,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def code_of(verb, *args, **kwargs):
    """Return the code of the refusal; that it comes with a sentence is part of it."""
    with pytest.raises(StepRefused) as refused:
        verb(*args, **kwargs)
    assert str(refused.value)
    return refused.value.code


@pytest.fixture
def villages(huajia, xiangying, dachangshan):
    return villages_in(huajia, xiangying, dachangshan)


@pytest.fixture
def row(hso, city):
    return plan(hso, city)


# --- who may know -----------------------------------------------------------------------------------------------
def test_only_its_planner_knows_of_a_new_round(row, hso, hso_staff, auditor, jinpu_office, leader):
    assert Round.objects.visible_to(hso, MONDAY).get() == row
    for stranger in (hso_staff, auditor, jinpu_office, leader):
        assert not Round.objects.visible_to(stranger, MONDAY).exists()
        assert row.steps_for(stranger) == []


def test_a_person_of_the_office_is_put_on_the_list_and_knows(row, hso, hso_staff):
    row.let_know(user=hso_staff, by=hso, at=NOW)
    row.let_know(user=hso_staff, by=hso, at=NOW)
    assert row.readers.count() == 2
    assert Round.objects.known_to(hso_staff, MONDAY).get() == row


def test_nobody_of_the_inspected_side_is_put_on_the_list(row, hso, jinpu_office, huajia_official, auditor):
    for user in (jinpu_office, huajia_official, auditor):
        assert code_of(row.let_know, user=user, by=hso, at=NOW) == "invalid"


def test_whoever_leaves_the_office_knows_no_longer(row, hso):
    hso.posts.get().end(on=MONDAY + timedelta(days=1))
    hso.forget_posts()
    assert Round.objects.visible_to(hso, MONDAY).exists()
    assert not Round.objects.visible_to(hso, MONDAY + timedelta(days=1)).exists()


def test_somebody_who_is_not_listed_takes_no_step(row, hso_staff):
    assert code_of(row.change, by=hso_staff, title="x") == "not_yours"
    assert code_of(row.set_teams, by=hso_staff, at=NOW, teams=[]) == "not_yours"


# --- who plans what ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["county_patrol", "recheck"])
def test_the_city_plans_no_patrol_of_a_county(kind, hso, city):
    assert code_of(plan, hso, city, kind=kind) == "invalid"


def test_a_county_plans_patrols_in_its_own_unit_only(jinpu_office, jinpu, changhai, villages):
    assert code_of(plan, jinpu_office, jinpu, kind="city") == "invalid"
    assert code_of(plan, jinpu_office, changhai, kind="county_patrol") == "not_yours"
    row = with_teams(plan(jinpu_office, jinpu, kind="county_patrol"), jinpu_office)
    draw(row, jinpu_office)
    assert {visit.county_id for visit in planned(row)} == {jinpu.pk}
    assert len(planned(row)) == 6


def test_officials_plan_no_round(huajia_official, huajia):
    assert code_of(plan, huajia_official, huajia, kind="county_patrol") == "not_yours"


def test_the_kind_does_not_change(row, hso):
    assert code_of(row.change, by=hso, kind="mutual") == "invalid"


# --- teams ------------------------------------------------------------------------------------------------------
def test_a_team_has_two_inspectors_and_nobody_is_in_two(row, hso, hso_staff, city):
    one, two, three = inspectors(city, 3)

    def code(*teams):
        return code_of(row.set_teams, by=hso, at=NOW, teams=teams)

    assert code(TeamPlan("一组", [one])) == "team_too_small"
    assert code(TeamPlan("一组", [one, hso_staff])) == "not_inspector"
    assert code(TeamPlan("一组", [one, two]), TeamPlan("二组", [two, three])) == "in_two_teams"
    assert code(TeamPlan("一组", [one, two]), TeamPlan("一组", [three, one])) == "invalid"
    row.refresh_from_db()
    row.set_teams(by=hso, at=NOW, teams=[TeamPlan("一组", [one, two])])
    assert row.teams.get().members.count() == 2


def test_a_third_party_round_is_made_by_agencies(hso, city):
    row = plan(hso, city, kind="third_party")
    firm = Organisation.objects.create(kind="agency", name="清源咨询")
    own = inspectors(city)
    assert code_of(row.set_teams, by=hso, at=NOW, teams=[TeamPlan("一组", own)]) == "not_agency"
    theirs = [make_user(f"q{n}", f"清{n}", "inspector", organisation=firm) for n in range(2)]
    row.refresh_from_db()
    with_teams(row, hso, TeamPlan("清源", theirs))
    assert row.teams.standing().count() == 1


def test_a_county_patrol_is_made_by_the_units_own(jinpu_office, jinpu, city):
    row = plan(jinpu_office, jinpu, kind="county_patrol")
    teams = [TeamPlan("一组", inspectors(city))]
    assert code_of(row.set_teams, by=jinpu_office, at=NOW, teams=teams) == "not_of_the_unit"


def test_units_that_inspect_each_other_send_teams_and_keep_out_of_home(hso, city, jinpu, changhai, villages):
    row = plan(hso, city, kind="mutual")
    at_jinpu, at_changhai = inspectors(jinpu), inspectors(changhai)
    assert code_of(row.set_teams, by=hso, at=NOW, teams=[TeamPlan("金普组", at_jinpu)]) == "sender_missing"
    row.refresh_from_db()
    teams = [TeamPlan("金普组", at_jinpu, jinpu), TeamPlan("长海组", at_changhai, changhai)]
    row.set_teams(by=hso, at=NOW, teams=teams)
    draw(row, hso)
    assert {(visit.team.name, visit.county.name) for visit in planned(row)} == {
        ("金普组", "长海县"), ("长海组", "金普新区"),
    }  # fmt: skip


# --- freezing ---------------------------------------------------------------------------------------------------
def test_freezing_commits_to_list_wishes_and_seed(row, hso, villages):
    with_teams(row, hso)
    frozen = freeze(row, hso)
    assert len(frozen.frozen_wishes().places) == 9
    assert frozen.seed_sha256 == draws.seed_hash(bytes.fromhex(frozen.seed))
    assert not row.planned.exists()


def test_days_begin_after_the_number_has_fallen_and_skip_weekends(row, hso, villages):
    with_teams(row, hso)
    frozen = freeze(row, hso, public_number_falls_on=MONDAY + timedelta(days=3))
    days = frozen.frozen_wishes().days
    assert days[0] == "2026-03-06"
    assert "2026-03-07" not in days
    assert days[-1] == LAST.isoformat()


def test_wishes_that_cannot_be_met_name_the_rule_in_the_way(row, hso, villages):
    assert code_of(freeze, row, hso) == "infeasible"
    with_teams(row, hso)
    row.change(by=hso, per_day=1, ends_on=FIRST + timedelta(days=1))
    with pytest.raises(StepRefused, match="9"):
        freeze(row, hso)
    assert not Draw.objects.exists()


def test_a_number_that_is_known_proves_nothing(row, hso, villages):
    with_teams(row, hso)
    assert code_of(freeze, row, hso, public_number_falls_on=MONDAY) == "number_known"
    assert code_of(freeze, row, hso, public_number_name=" ") == "invalid"


def test_nothing_changes_under_a_frozen_list(row, hso, villages):
    with_teams(row, hso)
    freeze(row, hso)
    assert code_of(freeze, row, hso) == "frozen"
    assert code_of(row.change, by=hso, per_day=2) == "frozen"
    assert code_of(row.set_teams, by=hso, at=NOW, teams=[]) == "frozen"
    row.change(by=hso, title="第三轮村庄暗访")  # the title is no part of it


# --- mixing -----------------------------------------------------------------------------------------------------
def test_mixing_waits_for_the_day_and_happens_once(row, hso, villages):
    with_teams(row, hso)
    frozen = freeze(row, hso)
    assert code_of(frozen.mix, by=hso, at=NOW, public_number=NUMBER) == "too_early"
    later = NOW + timedelta(days=1)
    assert code_of(frozen.mix, by=hso, at=later, public_number="  ") == "invalid"
    frozen.mix(by=hso, at=later, public_number=NUMBER)
    assert len(planned(row)) == 9
    assert code_of(Draw.objects.get().mix, by=hso, at=later, public_number="1") == "conflict"
    assert Draw.objects.get().public_number == NUMBER


def test_the_drawn_plan_is_the_one_that_anybody_computes(row, hso, villages):
    with_teams(row, hso)
    made = draw(row, hso)
    rows = {(str(v.village_id), str(v.team_id), v.day.isoformat(), tuple(v.pair)) for v in planned(row)}
    assert rows == {(v.place, v.team, v.day, v.pair) for v in made.plan().visits}
    assert {v.reveals_at for v in planned(row)} == {row.reveal_of(v.day) for v in planned(row)}


def test_a_redraw_is_numbered_has_a_reason_and_keeps_the_first(row, hso, villages):
    with_teams(row, hso)
    first = draw(row, hso)
    later = NOW + timedelta(days=1)
    assert code_of(freeze, row, hso, later) == "reason_missing"
    second = draw(row, hso, later, reason="原定组员生病")
    assert (second.number, row.draw) == (2, second)
    assert len(planned(row)) == 9
    assert row.planned.filter(draw=first).count() == 9


def test_what_the_draw_depends_on_takes_it_back(row, hso, villages):
    with_teams(row, hso)
    draw(row, hso)
    row.change(by=hso, plan_number="2026-08")
    assert row.draw is not None
    row.change(by=hso, departs_at="07:00")
    assert row.draw is None
    assert planned(row) == []
    assert code_of(row.open, by=hso, at=NOW + timedelta(days=1)) == "no_draw"


def test_teams_of_an_earlier_draw_stay_with_it(row, hso, villages, city):
    with_teams(row, hso)
    draw(row, hso)
    row.set_teams(by=hso, at=NOW, teams=[TeamPlan("一组", inspectors(city))])
    assert row.draw is None
    assert row.teams.standing().get().name == "一组"
    assert row.teams.count() == 3
    second = draw(row, hso, NOW + timedelta(days=1), reason="改由一个组检查")
    assert {v.team for v in planned(row)} == {row.teams.standing().get()}
    assert second.number == 2


# --- what the last round says -----------------------------------------------------------------------------------
def closed_round(hso, city, row, at):
    for one in planned(row):
        visit(one, at)
    row.close(by=hso, at=at)


def test_a_village_of_the_last_sample_rests_and_an_unseen_one_has_more_tickets(hso, city, villages, item):
    first = running(hso, city, coverage="sample", per_township=1)
    seen = {one.village_id for one in planned(first)}
    closed_round(hso, city, first, clock(LAST))
    second = with_teams(plan(hso, city, coverage="sample", per_township=2), hso)
    places = freeze(second, hso).frozen_wishes().places
    assert {uuid.UUID(place.id) for place in places if place.rested} == seen
    assert {place.weight for place in places if place.rested} == {2}
    assert {place.weight for place in places if not place.rested} == {4}


def test_after_a_whole_round_nothing_can_rest(hso, city, villages, item):
    closed_round(hso, city, first := running(hso, city), clock(LAST))
    assert first.state == "closed"
    second = with_teams(plan(hso, city, coverage="sample", per_township=2), hso)
    assert not any(place.rested for place in freeze(second, hso).frozen_wishes().places)


def test_a_planner_may_do_without_resting(hso, city, villages, item):
    closed_round(hso, city, running(hso, city, coverage="sample", per_township=2), clock(LAST))
    second = with_teams(plan(hso, city, coverage="sample", per_township=2), hso)
    assert code_of(freeze, second, hso) == "infeasible"
    second.change(by=hso, rests=False)
    assert freeze(second, hso).number == 1


def test_the_last_of_a_township_is_drawn_again(hso, city, villages, item):
    first = running(hso, city)
    for number, one in enumerate(planned(first)):
        made = visit(one, clock(LAST))
        type(made).objects.filter(pk=made.pk).update(got=number, possible=10)
    last = History.before(plan(hso, city)).last
    assert last == frozenset()
    first.close(by=hso, at=clock(LAST))
    last = History.before(plan(hso, city)).last
    assert len(last) == 3


# --- opening ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("missing", ["basis_document", "plan_number"])
def test_a_round_opens_only_on_its_basis_and_its_number_in_the_approved_plan(missing, hso, city, villages):
    row = with_teams(plan(hso, city, **{missing: " "}), hso)
    draw(row, hso)
    assert code_of(row.open, by=hso, at=NOW + timedelta(days=1)) == "no_basis"
    row.change(by=hso, **{missing: "大农办〔2026〕3号"})
    row.open(by=hso, at=NOW + timedelta(days=1))
    assert row.state == "running"


def test_a_round_opens_only_drawn_and_in_time(row, hso, villages):
    with_teams(row, hso)
    assert code_of(row.open, by=hso, at=NOW) == "no_draw"
    draw(row, hso)
    assert code_of(row.open, by=hso, at=clock(LAST)) == "too_late"
    row.open(by=hso, at=NOW + timedelta(days=1))
    assert row.reveals_at == row.reveal_of(planned(row)[0].day)
    assert code_of(row.open, by=hso, at=NOW + timedelta(days=1)) == "wrong_state"


def test_an_inspector_sees_his_own_days_from_the_reveal_on(hso, city, villages):
    row = running(hso, city)
    one = planned(row)[0]
    member, stranger = one.team.members.first(), other_members(one)[0]
    before, after = one.reveals_at - timedelta(seconds=1), one.reveals_at
    assert not PlannedVisit.objects.revealed_to(member, before).exists()
    seen = PlannedVisit.objects.revealed_to(member, after)
    assert {v.day for v in seen} == {one.day}
    assert one not in PlannedVisit.objects.revealed_to(stranger, after)


def other_members(one):
    return [m.user for t in one.round.teams.exclude(pk=one.team_id) for m in t.memberships.all()]


# --- what the database itself refuses ---------------------------------------------------------------------------
def refused_by_database(sql, params=()):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_the_database_refuses_what_no_round_may_be(row, hso, villages):
    table = "UPDATE inspections_round SET "
    refused_by_database(table + "state = 'running'")
    refused_by_database(table + "ends_on = '2020-01-01'")
    refused_by_database(table + "coverage = 'sample', per_township = NULL")
    refused_by_database(table + "per_day = 0")
    with_teams(row, hso)
    refused_by_database("UPDATE inspections_team SET name = 'x'")
    made = draw(row, hso)
    refused_by_database("UPDATE inspections_draw SET public_number = ''")
    with pytest.raises(IntegrityError), transaction.atomic():
        Draw.objects.create(**{**columns(made), "number": 2, "reason": ""})
    with pytest.raises(IntegrityError), transaction.atomic():
        Draw.objects.create(**columns(made))


def columns(made):
    return {f.attname: getattr(made, f.attname) for f in Draw._meta.concrete_fields if f.name != "id"}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE inspections_draw SET seed = 'x'",
        "UPDATE inspections_draw SET wishes = '{}'",
        "UPDATE inspections_draw SET commitment = 'x'",
        "DELETE FROM inspections_draw",
        "UPDATE inspections_plannedvisit SET day = '2026-03-20'",
        "UPDATE inspections_plannedvisit SET reveals_at = '2020-01-01'",
        "UPDATE inspections_plannedvisit SET pair = '[]'",
        "DELETE FROM inspections_plannedvisit",
    ],
)
def test_a_frozen_draw_and_its_plan_are_never_edited(sql, row, hso, villages):
    with_teams(row, hso)
    draw(row, hso)
    with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
