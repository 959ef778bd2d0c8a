"""Look-backs: who may know of a case, the four results, the hearing and the second person, and what counts."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Post
from audit.models import Entry
from inspections.models import Finding, LookBackCase, RoundState, TeamPlan
from inspections.steps import StepRefused
from notifications.models import Notice
from tests.cast import make_user
from tests.inspections.looking_back import (
    claim,
    closed,
    declared,
    inspector_of,
    photo,
    planned,
    revealed,
    running,
)
from tests.inspections.making import fresh
from tests.inspections.touring import NOW, inspectors

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def code_of(verb, *args, **kwargs):
    """Return the code of the refusal; that it comes with a sentence is part of it."""
    with pytest.raises(StepRefused) as refused:
        verb(*args, **kwargs)
    assert str(refused.value)
    return refused.value.code


@pytest.fixture
def fixed(hso, huajia_official, village, item):
    return closed(hso, huajia_official, village, item, place="村口")


@pytest.fixture
def case(storage_dir, fixed, hso, city):
    (row,) = running(hso, city)
    return row


def seen_by(user, at):
    return list(LookBackCase.objects.visible_to(user, at))


# --- who may know ------------------------------------------------------------------------------------------------
def test_a_case_is_known_to_the_list_and_from_the_reveal_on_to_its_team(
    case, hso, hso_staff, jinpu_office, huajia_official, auditor, inspector
):
    before, after = case.reveals_at - timedelta(seconds=1), case.reveals_at
    team = inspector_of(case)
    assert seen_by(hso, before) == [case]
    assert seen_by(team, before) == []
    assert seen_by(team, after) == [case]
    for other in (hso_staff, jinpu_office, huajia_official, auditor, inspector):
        assert seen_by(other, after) == []


def test_the_other_team_never_knows_of_it(case):
    others = case.round.teams.exclude(pk=case.team_id).get()
    assert seen_by(others.members.first(), revealed(case)) == []


def test_what_was_fixed_is_shown_to_the_inspected_side_once_the_round_is_closed(
    case, hso, huajia_official, jinpu_office, xiangying_official, auditor
):
    at = revealed(case)
    case.look(by=inspector_of(case), at=at, result="fixed", remark="")
    assert seen_by(huajia_official, at) == seen_by(jinpu_office, at) == []
    case.round.close(by=hso, at=at)
    for reader in (huajia_official, jinpu_office, auditor, hso):
        assert seen_by(reader, at) == [case]
    assert seen_by(xiangying_official, at) == []


def test_a_replaced_draw_is_nobodys_case(fixed, hso, city):
    row = planned(hso, city)
    from_first = drawn_twice(row, hso)
    assert not LookBackCase.objects.standing().filter(pk__in=from_first).exists()
    assert LookBackCase.objects.visible_to(hso, NOW).count() == 1


def drawn_twice(row, by):
    from tests.inspections.looking_back import drawn

    first = [case.pk for case in drawn(row, by)]
    drawn(row, by, at=NOW + timedelta(days=2), reason="名单有误")
    return first


# --- the results -------------------------------------------------------------------------------------------------
def test_only_the_team_writes_a_result_and_only_while_it_is_revealed(case, hso, inspector):
    for other, at in ((hso, revealed(case)), (inspector, revealed(case)), (inspector_of(case), NOW)):
        assert code_of(case.look, by=other, at=at, result="fixed") == "not_yours"


def test_nobody_looks_back_in_the_own_unit(case, jinpu):
    member = inspector_of(case)
    Post.objects.create(user=member, role="county_office", division=jinpu, since="2020-01-01")
    assert code_of(case.look, by=member, at=revealed(case), result="fixed") == "own_unit"


def test_a_result_is_written_once(case):
    first, second = case.team.members.order_by("pk")
    again = LookBackCase.objects.get(pk=case.pk)
    case.look(by=first, at=revealed(case), result="fixed")
    assert code_of(again.look, by=second, at=revealed(case), result="fixed") == "conflict"


def test_not_fixed_asks_the_office_to_open_it_again_and_no_longer_once_it_has(case, hso, hso_staff):
    at = revealed(case)
    case.look(by=inspector_of(case), at=at, result="not_fixed", remark="仍有垃圾")
    told = Notice.objects.filter(key=f"lookback:{case.pk}:not_fixed")
    assert {notice.user for notice in told} == {hso, hso_staff}
    assert {notice.url for notice in told} == {f"/findings/{case.finding_id}/steps/reopen/"}
    assert list(LookBackCase.objects.to_reopen(hso_staff, at.date())) == [case]
    fresh(case.finding).reopen(by=hso_staff, at=at + timedelta(hours=1), reason="回头看未整改")
    assert not LookBackCase.objects.to_reopen(hso_staff, at.date()).exists()


def test_what_was_seen_is_described_unless_it_is_fixed(case):
    by, at = inspector_of(case), revealed(case)
    assert code_of(case.look, by=by, at=at, result="not_fixed", remark=" ") == "invalid"
    assert code_of(case.look, by=by, at=at, result="came_back", remark="x") == "invalid"
    assert code_of(case.look, by=by, at=at, result="claimed", remark="x") == "photos_missing"


def test_photos_that_are_not_here_or_not_ones_own_are_not_kept(case, inspector):
    by, at = inspector_of(case), revealed(case)
    for keys in ([uuid.uuid4()], [photo(inspector, at).pk]):
        assert code_of(case.look, by=by, at=at, result="claimed", remark="x", photos=keys) == "photos_missing"
    assert LookBackCase.objects.get(pk=case.pk).result == ""


# --- came back ---------------------------------------------------------------------------------------------------
def find_again(case, seed=3, **more):
    by, at, key = inspector_of(case), revealed(case), uuid.uuid4()
    sent = photo(by, at, seed, parent=key)
    return case.find_again(
        id=key, by=by, at=at, description="村口又堆了垃圾", photos=[declared(sent)], **more
    )


def test_what_came_back_is_a_new_finding_that_names_the_old_one(case, fixed, city):
    found = find_again(case)
    assert (found.recurrence_of, found.source, found.issuing_office) == (fixed, "look_back", city)
    assert (found.village, found.item, found.place) == (fixed.village, fixed.item, fixed.place)
    assert LookBackCase.objects.get(pk=case.pk).new_finding == found
    assert fresh(fixed).state == "closed"


def test_the_same_id_twice_records_once(case):
    found = find_again(case)
    again = case.find_again(
        id=found.pk, by=inspector_of(case), at=revealed(case), description="村口又堆了垃圾", photos=[]
    )
    assert again == found
    assert Finding.objects.filter(recurrence_of=case.finding).count() == 1


def test_what_came_back_needs_a_photo(case):
    refused = code_of(
        case.find_again, id=uuid.uuid4(), by=inspector_of(case), at=revealed(case), description="x", photos=[]
    )
    assert refused == "photos_missing"


def test_the_township_learns_of_the_case_when_the_new_finding_is_issued(case, hso, huajia_official):
    found, at = find_again(case), revealed(case)
    assert seen_by(huajia_official, at) == []
    fresh(found).issue(by=hso, at=at)
    assert seen_by(huajia_official, at) == [case]


def test_an_inspector_without_the_case_names_no_recurrence(case, inspector, fixed, village, item):
    body = {"source": "look_back", "recurrence_of": fixed}
    with pytest.raises(StepRefused):
        Finding.objects.report(
            id=uuid.uuid4(), by=inspector, at=revealed(case), village=village, item=item, description="x",
            digest="0" * 64, **body,
        )  # fmt: skip


# --- claimed but never done --------------------------------------------------------------------------------------
def test_the_township_is_heard_within_two_working_days(case, huajia_official, xiangying_official):
    row = claim(case)
    assert (row.hear_by - row.result_at.date()).days in (2, 3, 4)
    told = Notice.objects.get(key=f"lookback:{row.pk}:hear")
    assert (told.user, told.url) == (huajia_official, f"/lookbacks/cases/{row.pk}/hear/")
    assert seen_by(xiangying_official, row.result_at) == []
    assert code_of(row.hear, by=xiangying_official, at=row.result_at, text="x") == "not_yours"
    row.hear(by=huajia_official, at=row.result_at, text="当日已清理，后被他人倾倒")
    assert code_of(row.hear, by=huajia_official, at=row.result_at, text="再补充") == "wrong_state"


def test_a_second_person_decides_after_the_township_was_heard(case, hso, huajia_official, jinpu_office):
    row = claim(case)
    at = row.result_at
    assert code_of(row.confirm, by=hso, at=at, accept=True, remark="属实") == "not_heard"
    row.hear(by=huajia_official, at=at, text="已清理")
    assert code_of(row.confirm, by=jinpu_office, at=at, accept=True, remark="属实") == "not_yours"
    row.confirm(by=hso, at=at, accept=True, remark="照片与现场不符")
    assert row.counts
    assert list(LookBackCase.objects.to_reopen(hso, at.date())) == [row]


def test_a_township_that_says_nothing_has_had_its_time(case, hso):
    row = claim(case)
    assert not LookBackCase.objects.to_confirm(hso, row.hear_by).exists()
    later = row.result_at + timedelta(days=8)
    assert list(LookBackCase.objects.to_confirm(hso, later.date())) == [row]
    row.confirm(by=hso, at=later, accept=False, remark="不能认定")
    assert not row.counts
    assert not LookBackCase.objects.to_reopen(hso, later.date()).exists()


def test_whoever_looked_at_it_is_no_second_person(fixed, hso, city, huajia_official, storage_dir):
    both = make_user("both", "两职", "inspector", city)
    Post.objects.create(user=both, role="city_office", division=city, since="2020-01-01")
    (row,) = running(hso, city, TeamPlan("一组", [both, *inspectors(city, 2)]))
    claim(row)
    row.hear(by=huajia_official, at=row.result_at, text="已清理")
    assert code_of(row.confirm, by=both, at=row.result_at, accept=True, remark="属实") == "second_person"


# --- what the database keeps -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "columns",
    [
        "result = 'fixed'",
        "result = 'came_back', result_by_id = draw_by, result_at = reveals_at",
        "confirmed = true",
        "given_up_at = reveals_at",
        "weight = 9",
    ],
)
def test_the_database_refuses_what_may_never_be_stored(case, columns, hso):
    columns = columns.replace("draw_by", f"'{hso.pk.hex if connection.vendor == 'sqlite' else hso.pk}'")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE inspections_lookbackcase SET {columns}")


def test_the_second_person_is_another_one_in_the_database_too(case):
    claim(case)
    with pytest.raises(IntegrityError), transaction.atomic():
        LookBackCase.objects.filter(pk=case.pk).update(confirmed=True, confirmed_by=inspector_of(case))


# --- closing -----------------------------------------------------------------------------------------------------
def test_a_round_closes_once_every_case_has_a_result_or_a_reason(case, hso):
    assert code_of(case.round.close, by=hso, at=revealed(case)) == "outstanding"
    assert code_of(case.give_up, by=hso, at=revealed(case), reason=" ") == "reason_missing"
    case.give_up(by=hso, at=revealed(case), reason="大雪封路")
    case.round.close(by=hso, at=revealed(case))
    assert case.round.state == RoundState.CLOSED
    assert not Entry.objects.filter(object_id=str(case.pk)).exists()


def test_a_county_office_looks_back_at_its_own_findings(
    storage_dir, jinpu, jinpu_office, huajia_official, village, item, fixed, city, changhai
):
    own = closed(jinpu_office, huajia_official, village, item, place="河边")
    guests = TeamPlan("客组", inspectors(changhai))
    (row,) = running(jinpu_office, jinpu, guests)
    assert row.finding == own
    found = find_again(row)
    assert found.issuing_office == jinpu


def test_a_countys_own_inspectors_are_barred_from_its_look_back(
    jinpu, jinpu_office, huajia_official, village, item
):
    closed(jinpu_office, huajia_official, village, item)
    assert code_of(running, jinpu_office, jinpu, TeamPlan("自查组", inspectors(jinpu))) == "infeasible"
