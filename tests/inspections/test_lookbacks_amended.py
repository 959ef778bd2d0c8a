"""A look-back's plan changes by numbered amendments with a reason; what was drawn stays on record."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from inspections.models import CaseAmender, Finding, LookBackCase, PlanAmender, TeamPlan
from inspections.steps import StepRefused
from tests.inspections.looking_back import closed, drawn, inspector_of, planned, revealed, running
from tests.inspections.touring import NOW, clock, inspectors

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
LATER = NOW + timedelta(days=1, hours=2)


@pytest.fixture
def two(hso, huajia_official, village, item):
    return [closed(hso, huajia_official, village, item, place=place) for place in ("村口", "河边")]


@pytest.fixture
def cases(storage_dir, two, hso, city):
    return running(hso, city)


def amender(row, by, reason="渡船停航"):
    return CaseAmender(row, by=by, at=LATER, reason=reason)


def refused(verb, *args, **kwargs):
    """Return the code of the refusal; then nothing is numbered."""
    with pytest.raises(StepRefused) as refusal:
        verb(*args, **kwargs)
    assert str(refusal.value)
    return refusal.value.code


def other_team(case):
    return case.round.teams.exclude(pk=case.team_id).get()


def test_a_case_moves_to_another_team_and_day_and_its_drawn_row_stays(cases, hso):
    case, row = cases[0], cases[0].round
    day = case.day + timedelta(days=1)
    note = amender(row, hso).move(case, team=other_team(case), day=day)
    moved = LookBackCase.objects.get(instead_of=case)
    assert (note.number, note.kind, note.reason, note.by) == (1, "move", "渡船停航", hso)
    assert (moved.team, moved.day, moved.finding) == (other_team(case), day, case.finding)
    assert (moved.weight, moved.draw, moved.reveals_at) == (case.weight, None, row.reveal_of(day))
    assert LookBackCase.objects.get(pk=case.pk).cancelled == note
    assert {one.pk for one in row.cases.standing()} == {moved.pk, cases[1].pk}


def test_the_new_team_sees_a_moved_case_and_the_old_one_no_longer(cases, hso):
    case = cases[0]
    amender(case.round, hso).move(case, team=other_team(case), day=case.day)
    moved = LookBackCase.objects.get(instead_of=case)
    at = revealed(moved)
    shown = LookBackCase.objects.visible_to(inspector_of(moved), at)
    assert moved in shown
    assert not LookBackCase.objects.visible_to(inspector_of(case), at).filter(finding=case.finding).exists()
    old = LookBackCase.objects.get(pk=case.pk)
    assert refused(old.look, by=inspector_of(case), at=at, result="fixed") == "wrong_state"


def test_two_cases_change_places(cases, hso):
    first, second = cases
    row = first.round
    places = {case.finding_id: (case.team_id, case.day, case.order) for case in cases}
    amender(row, hso).swap(first, second)
    now = {case.finding_id: (case.team_id, case.day, case.order) for case in row.cases.standing()}
    assert now == {
        first.finding_id: places[second.finding_id],
        second.finding_id: places[first.finding_id],
    }


def test_a_case_is_taken_out_and_its_round_can_close_without_it(cases, hso):
    row = cases[0].round
    for case in cases:
        amender(row, hso).cancel(case)
    assert not row.cases.standing().exists()
    row.close(by=hso, at=LATER)
    assert row.state == "closed"


def test_a_closed_finding_is_added_with_no_ticket(cases, hso, huajia_official, village, item):
    row, late = cases[0].round, closed(hso, huajia_official, village, item, days=10)
    amender(row, hso).add(finding=late, team=cases[0].team, day=cases[0].day)
    added = row.cases.get(finding=late)
    assert (added.draw, added.weight, added.reasons) == (None, 0, [])
    assert added.order > cases[0].order


def test_what_was_not_closed_by_the_office_as_fixed_is_not_added(
    cases, hso, jinpu_office, huajia_official, village, item
):
    row, team, day = cases[0].round, cases[0].team, cases[0].day
    theirs = closed(jinpu_office, huajia_official, village, item)
    withdrawn = closed(hso, huajia_official, village, item)
    Finding.objects.filter(pk=withdrawn.pk).update(ending="withdrawn", on_time=None)
    for finding in (theirs, Finding.objects.get(pk=withdrawn.pk)):
        assert refused(amender(row, hso).add, finding=finding, team=team, day=day) == "not_fixed"


def test_what_stands_in_the_plan_or_was_looked_at_is_not_added_again(cases, hso):
    case, row = cases[0], cases[0].round
    again = {"finding": case.finding, "team": case.team, "day": row.ends_on}
    assert refused(amender(row, hso).add, **again) == "planned_already"
    case.look(by=inspector_of(case), at=revealed(case), result="fixed")
    assert refused(amender(row, hso).add, **again) == "conflict"


def test_what_has_a_result_or_was_given_up_neither_moves_nor_leaves(cases, hso):
    first, second = cases
    first.look(by=inspector_of(first), at=revealed(first), result="fixed")
    second.give_up(by=hso, at=LATER, reason="大雪封路")
    for case in cases:
        for verb, more in (("cancel", {}), ("move", {"team": other_team(case), "day": case.round.ends_on})):
            assert refused(getattr(amender(case.round, hso), verb), case, **more) == "conflict"


def test_an_amendment_has_a_reason_and_keeps_to_days_teams_and_bars(storage_dir, two, hso, city, jinpu):
    row = planned(hso, city, TeamPlan("一组", inspectors(city)), TeamPlan("金普组", inspectors(jinpu)))
    drawn(row, hso)
    row.open(by=hso, at=LATER)
    case, barred = row.cases.standing().for_list().first(), row.teams.get(name="金普组")
    assert refused(amender, row, hso, " ") == "reason_missing"
    wrong = [
        ({"team": barred, "day": case.day}, "own_unit"),
        ({"team": case.team, "day": row.ends_on + timedelta(days=1)}, "outside_dates"),
        ({"team": case.team, "day": timezone.localdate(LATER) - timedelta(days=1)}, "too_late"),
    ]
    for place, code in wrong:
        assert refused(amender(row, hso).move, case, **place) == code
    assert not row.amendments.exists()


def test_only_the_list_amends_and_only_while_the_round_runs(cases, hso, hso_staff, two, city):
    case = cases[0]
    assert refused(amender(case.round, hso_staff).cancel, case) == "not_yours"
    resting = planned(hso, city)
    assert refused(amender(resting, hso).cancel, case) == "wrong_state"


def test_a_look_back_has_no_visits_to_amend(cases, hso):
    assert refused(PlanAmender, cases[0].round, by=hso, at=LATER, reason="x") == "look_back"


def test_the_database_refuses_a_case_from_nowhere_and_a_result_of_one_taken_out(cases, hso):
    case = cases[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        LookBackCase.objects.create(
            round=case.round, finding=case.finding, team=case.team, day=case.day, order=9,
            reveals_at=case.reveals_at, weight=0,
        )  # fmt: skip
    amender(case.round, hso).cancel(case)
    with pytest.raises(IntegrityError), transaction.atomic():
        LookBackCase.objects.filter(pk=case.pk).update(result="fixed", result_by=hso, result_at=LATER)


# --- page and API ------------------------------------------------------------------------------------------------
@pytest.fixture
def page(client_for, hso, cases, time_machine):
    time_machine.move_to(LATER, tick=False)
    client, url = client_for(hso), reverse("lookback_amend", args=[cases[0].round_id])
    return client, url


def test_the_page_amends_and_the_round_lists_it_with_its_reason(page, cases):
    client, url = page
    case, row = cases[0], cases[0].round
    row.refresh_from_db()
    asked = client.get(f"{url}?kind=move&case={case.pk}")
    assert str(asked.context["form"]["visit"].value()) == str(case.pk)
    sent = {
        "version": row.version, "visit": case.pk, "team": other_team(case).pk, "day": case.day, "reason": "道路施工",
    }  # fmt: skip
    assert client.post(f"{url}?kind=move", {**sent, "reason": ""}).context["form"].errors.keys() == {"reason"}
    assert client.post(f"{url}?kind=move", sent).url == reverse("lookback", args=[row.pk])
    html = client.get(reverse("lookback", args=[row.pk])).content.decode()
    assert "道路施工" in html
    again = client.post(f"{url}?kind=move", sent)  # an old page: its case is no choice any more
    assert again.context["form"].errors.keys() == {"visit"}


def test_a_finding_is_added_by_its_number(page, cases, hso, huajia_official, village, item):
    client, url = page
    row, late = cases[0].round, closed(hso, huajia_official, village, item, days=10)
    row.refresh_from_db()
    sent = {"version": row.version, "team": cases[0].team_id, "day": cases[0].day, "reason": "群众反映"}
    wrong = client.post(f"{url}?kind=add", {**sent, "finding": "JP-1999-000001"})
    assert wrong.context["form"].errors.keys() == {"finding"}
    assert client.post(f"{url}?kind=add", {**sent, "finding": f" {late.number.lower()} "}).status_code == 302
    assert row.cases.get(finding=late).added.reason == "群众反映"


def test_unknown_kinds_and_those_of_visits_do_not_exist(page):
    client, url = page
    for kind in ("replan", "x"):
        assert client.get(f"{url}?kind={kind}").status_code == 404


def test_the_case_offers_its_planners_the_changes_and_its_team_none(client_for, page, cases, time_machine):
    client, url = page
    case = cases[0]
    assert f"{url}?kind=swap&amp;case={case.pk}" in client.get(case.get_absolute_url()).content.decode()
    time_machine.move_to(revealed(case), tick=False)
    shown = client_for(inspector_of(case)).get(case.get_absolute_url())
    assert url not in shown.content.decode()


def test_the_api_freezes_and_amends_a_look_back(client_for, hso, city, two, time_machine):
    time_machine.move_to(NOW, tick=False)
    row = planned(hso, city)
    client = client_for(hso)

    def step(name, **body):
        return client.post(reverse("api_round_step", args=[row.pk, name]), body, "application/json")

    promise = {"public_number_name": "x", "public_number_falls_on": "2026-03-03"}
    assert step("freeze", since="2026-01-01", percent=100, **promise).status_code == 200
    time_machine.move_to(clock(LATER.date(), 10), tick=False)
    client = client_for(hso)
    assert step("mix", public_number="07").status_code == 200
    assert step("open").status_code == 200
    case = row.cases.standing().first()
    assert step("amend", kind="replan", visit=str(case.pk), reason="x", team="", day="").status_code == 400
    missing = step("amend", kind="add", reason="x").json()["errors"]
    assert {error["field"] for error in missing} == {"finding", "team", "day"}
    assert step("amend", kind="cancel", visit=str(case.pk), reason="道路施工").status_code == 200
    assert row.amendments.get().reason == "道路施工"
