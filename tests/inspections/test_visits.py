"""Carrying out a visit: begun in the village, submitted once and whole, corrected with a reason, scored by its rule."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from inspections.models import PlannedVisit, ReportConflict, Visit, VisitVersion
from inspections.sheets import SheetRefused
from inspections.steps import StepRefused
from tests.cast import make_user
from tests.inspections.making import fresh, report, submit
from tests.inspections.sheets import items, points, sheet
from tests.inspections.touring import MONDAY, NOW, clock, planned, running, villages_in
from villages.models import Village

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
HOUR = timedelta(hours=1)


def begin(by, village, at=NOW, **more):
    """Begin a visit outside a round."""
    visit, _created = Visit.objects.begin(
        id=more.pop("id", None) or uuid.uuid4(), by=by, at=at, village=village, **more
    )
    return visit


def found(by, visit, item, at=NOW, **more):
    """Report a finding of a visit."""
    return report(by, visit.village, item, at, visit_id=visit.pk, **more)


def code_of(verb, *args, **kwargs):
    with pytest.raises((StepRefused, ReportConflict)) as refused:
        verb(*args, **kwargs)
    assert str(refused.value)
    return refused.value.code


@pytest.fixture
def begun(inspector, village, item):
    return begin(inspector, village)


@pytest.fixture
def done(begun, inspector):
    begun.submit(by=inspector, at=NOW + HOUR, sheet=sheet(begun))
    return begun


# --- begin --------------------------------------------------------------------------------------------------------
def test_a_visit_is_begun_once_however_often_it_is_sent(inspector, village, item):
    key = uuid.uuid4()
    first, created = Visit.objects.begin(id=key, by=inspector, at=NOW, village=village)
    again, twice = Visit.objects.begin(id=key, by=inspector, at=NOW + HOUR, village=village)
    assert (created, twice) == (True, False)
    assert again.begun_at == first.begun_at
    assert Visit.objects.count() == 1


def test_an_id_of_somebody_else_is_taken(begun, agency, village, sibling_village, inspector):
    assert code_of(begin, agency, village, id=begun.pk) == "id_taken"
    assert code_of(begin, inspector, sibling_village, id=begun.pk) == "id_conflict"


@pytest.mark.parametrize(
    ("who", "kind", "office"),
    [
        ("inspector", "city", "city"),
        ("agency", "third_party", "city"),
        ("jinpu_office", "county_patrol", "jinpu"),
        ("hso", "city", "city"),
    ],
)
def test_outside_a_round_the_post_says_what_a_visit_is(who, kind, office, village, item, request):
    visit = begin(request.getfixturevalue(who), village)
    assert (visit.kind, visit.office) == (kind, request.getfixturevalue(office))
    assert visit.round is None
    assert (visit.organisation is None) == (kind != "third_party")


def test_nobody_visits_where_his_post_records_nothing(village, item, changhai_office, huajia_official, jinpu):
    for user in (changhai_office, huajia_official):
        assert code_of(begin, user, village) == "not_yours"
    at_home = make_user("at_home", "本地", "inspector", jinpu)
    assert begin(at_home, village).kind == "county_patrol"  # a patrol is made at home; it does not score
    assert not Visit.objects.scoring().exists()


def test_a_position_is_kept_as_a_claim_but_not_in_a_sensitive_area(inspector, village, sibling_village, item):
    spot = {"lat": Decimal("39.1"), "lon": Decimal("121.8"), "accuracy": 12, "claimed_at": NOW - HOUR}
    assert begin(inspector, village, **spot).lat == Decimal("39.1")
    Village.objects.filter(pk=sibling_village.pk).update(sensitive_area=True)
    hidden = begin(inspector, Village.objects.get(pk=sibling_village.pk), **spot)
    hidden.refresh_from_db()
    assert (hidden.lat, hidden.lon, hidden.accuracy) == (None, None, None)
    assert hidden.claimed_at == NOW - HOUR


def test_what_the_village_does_not_have_is_not_applicable_from_the_beginning(inspector, island_village, item):
    visit = begin(inspector, island_village)
    out = set(visit.items.values_list("item__code", flat=True))
    assert out
    assert not out & {item.code for item in visit.items_to_look_at()}
    Village.objects.filter(pk=island_village.pk).update(
        farmland=True, livestock=True, river_or_reservoir=True
    )
    assert {row.code for row in Visit.objects.get(pk=visit.pk).items_to_look_at()} == {
        row.code for row in visit.items_to_look_at()
    }


# --- from the plan ------------------------------------------------------------------------------------------------
@pytest.fixture
def tour(hso, city, huajia, xiangying, dachangshan, item):
    villages_in(huajia, xiangying, dachangshan)
    return running(hso, city)


@pytest.fixture
def stop(tour):
    return planned(tour)[0]


def test_a_revealed_plan_is_carried_out(stop, tour):
    walker, other = stop.team.members.order_by("pk")
    visit = begin(walker, stop.village, clock(stop.day), planned=stop)
    stop.refresh_from_db()
    assert stop.visit == visit
    assert (visit.kind, visit.round, visit.office) == ("city", tour, tour.office)
    assert visit.is_party(other)
    assert code_of(begin, other, stop.village, clock(stop.day), planned=stop) == "conflict"


def test_a_visit_without_a_word_of_the_plan_carries_it_out_all_the_same(stop):
    walker = stop.team.members.first()
    visit = begin(walker, stop.village, clock(stop.day))
    assert PlannedVisit.objects.get(pk=stop.pk).visit == visit


def test_what_is_not_revealed_yet_is_no_plan(stop):
    walker = stop.team.members.first()
    visit = begin(walker, stop.village, stop.reveals_at - timedelta(minutes=1))
    assert visit.round is None
    assert PlannedVisit.objects.get(pk=stop.pk).visit is None


def test_another_team_does_not_carry_it_out(stop, tour):
    stranger = tour.teams.exclude(pk=stop.team_id).first().members.first()
    assert begin(stranger, stop.village, clock(stop.day)).round is None


# --- submit -------------------------------------------------------------------------------------------------------
def test_a_whole_sheet_is_taken_in_once(begun, inspector):
    whole = sheet(begun, notes="村容整洁")
    assert begun.submit(by=inspector, at=NOW + HOUR, sheet=whole)
    again = Visit.objects.get(pk=begun.pk)
    assert not again.submit(by=inspector, at=NOW + 2 * HOUR, sheet=whole)
    assert (again.number, again.notes, again.submitted_at) == (1, "村容整洁", NOW + HOUR)
    assert again.got == again.possible == sum(item.points for item in again.items_to_look_at())
    assert again.points.count() == 9
    assert code_of(again.submit, by=inspector, at=NOW + 2 * HOUR, sheet=sheet(again)) == "id_conflict"
    assert VisitVersion.objects.get(visit=again).cause == "submitted"


def test_only_its_inspector_submits(begun, hso, agency):
    for user in (hso, agency):
        assert code_of(begun.submit, by=user, at=NOW, sheet=sheet(begun)) == "not_yours"


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"points": points(water="left_out")}, "point-water"),
        ({"points": points(entrance="none")}, "point-entrance"),
        ({"points": points(lane_1="finding")}, "point-lane_1"),
        ({"points": [{**row, "photos": []} for row in points()]}, "point-fields"),
        ({"points": [*points(), points()[0]]}, "point-entrance"),
        ({"present": [str(uuid.uuid4())]}, "present"),
    ],
)
def test_a_sheet_that_lacks_something_says_what(changes, part, begun, inspector):
    with pytest.raises(SheetRefused) as refused:
        begun.submit(by=inspector, at=NOW, sheet=sheet(begun, **changes))
    assert part in refused.value.errors
    begun.refresh_from_db()
    assert begun.submitted_at is None


def test_every_item_is_scored_or_not_looked_at(begun, inspector):
    rows = items(begun)
    proportion = next(row for row in rows if "met" in row)
    rows.remove(next(row for row in rows if row["item"] == "A1-01"))
    proportion["sampled"] = None
    with pytest.raises(SheetRefused) as refused:
        begun.submit(by=inspector, at=NOW, sheet=sheet(begun, items=rows))
    assert {"item-A1-01", f"item-{proportion['item']}"} == set(refused.value.errors)


def test_what_was_not_looked_at_is_left_out_of_the_total(begun, inspector, item):
    begun.submit(
        by=inspector, at=NOW, sheet=sheet(begun, items=items(begun, A1_01={"status": "not_looked_at"}))
    )
    whole = sum(row.points for row in begun.items_to_look_at())
    assert begun.possible == whole - item.points
    assert begun.items.get(item=item).units is None


# --- findings of the visit ----------------------------------------------------------------------------------------
def test_a_finding_is_issued_when_the_sheet_that_names_it_is_in(begun, inspector, item):
    row = found(inspector, begun, item, point="entrance")
    assert (row.state, row.source) == ("reported", "city_visit")
    begun.submit(
        by=inspector, at=NOW + HOUR, sheet=sheet(begun, points=points(entrance="finding"), findings=[row.pk])
    )
    assert fresh(row).state == "open"
    assert begun.released_at == NOW + HOUR
    assert begun.possible - begun.got == item.rule["per_finding"]


def test_a_finding_that_comes_after_the_sheet_is_issued_at_once_and_counts(begun, inspector, item):
    key = uuid.uuid4()
    begun.submit(
        by=inspector, at=NOW + HOUR, sheet=sheet(begun, points=points(water="finding"), findings=[key])
    )
    assert begun.got == begun.possible
    row = found(inspector, begun, item, NOW + 2 * HOUR, id=key, point="water")
    assert row.state == "open"
    assert Visit.objects.rescore_stale(NOW + 3 * HOUR) == 1
    visit = Visit.objects.get(pk=begun.pk)
    assert visit.possible - visit.got == item.rule["per_finding"]
    assert list(visit.versions.order_by("number").values_list("cause", flat=True)) == [
        "submitted",
        "rescored",
    ]
    assert Visit.objects.rescore_stale(NOW + 4 * HOUR) == 0
    assert visit.released_at == NOW + 2 * HOUR


def test_a_finding_that_the_sheet_does_not_name_waits(done, inspector, item):
    row = found(inspector, done, item, NOW + 2 * HOUR)
    assert row.state == "reported"
    done.refresh_from_db()
    assert done.released_at is None


def test_a_report_of_an_agency_waits_for_the_office_whatever_the_sheet_says(agency, village, item, hso):
    visit = begin(agency, village)
    row = found(agency, visit, item, point="entrance")
    visit.submit(by=agency, at=NOW, sheet=sheet(visit, points=points(entrance="finding"), findings=[row.pk]))
    assert (fresh(row).state, fresh(row).source) == ("reported", "third_party")
    assert visit.released_at is None
    fresh(row).issue(by=hso, at=NOW + HOUR)
    visit.refresh_from_db()
    assert visit.released_at == NOW + HOUR


def test_a_finding_may_come_before_its_visit(agency, inspector, village, item):
    key = uuid.uuid4()
    early = report(inspector, village, item, NOW, visit_id=key, point="entrance")
    assert early.state == "reported"
    assert code_of(begin, agency, village, id=key) == "id_taken"
    visit = begin(inspector, village, id=key)
    visit.submit(
        by=inspector, at=NOW, sheet=sheet(visit, points=points(entrance="finding"), findings=[early.pk])
    )
    assert fresh(early).state == "open"


def test_nobody_else_attaches_findings(begun, hso, village, item, sibling_village, inspector):
    assert code_of(report, hso, village, item, NOW, visit_id=begun.pk) == "id_taken"
    assert code_of(report, inspector, sibling_village, item, NOW, visit_id=begun.pk) == "invalid"
    assert code_of(report, inspector, village, item, NOW, point="entrance") == "invalid"


def test_one_who_came_along_attaches_findings(begun, inspector, city, item, village):
    other = make_user("inspector_2", "同行", "inspector", city)
    begun.submit(by=inspector, at=NOW, sheet=sheet(begun, present=[str(other.pk)]))
    assert found(other, begun, item).visit_id == begun.pk
    assert Visit.objects.visible_to(other, MONDAY).get() == begun


def test_repeats_are_kept_and_do_not_deduct_and_a_cap_holds_per_point(begun, inspector, item):
    rows = [found(inspector, begun, item, point="entrance", description=f"垃圾{n}") for n in range(3)]
    rows.append(found(inspector, begun, item, point="entrance", description="同一处", repeats=True))
    begun.submit(
        by=inspector,
        at=NOW,
        sheet=sheet(begun, points=points(entrance="finding"), findings=[r.pk for r in rows]),
    )
    row = begun.items.get(item=item)
    assert (row.counted, row.repeated, row.units) == (2, 1, item.points - 2 * item.rule["per_finding"])


def test_what_leaves_no_point_takes_the_item_to_nothing(begun, inspector, item):
    strict = next(row for row in begun.items_to_look_at() if row.zero_if_zh)
    mild = next(row for row in begun.items_to_look_at() if not row.zero_if_zh)
    assert code_of(found, inspector, begun, mild, zero_if=True) == "invalid"
    row = found(inspector, begun, strict, zero_if=True, point="water")
    begun.submit(by=inspector, at=NOW, sheet=sheet(begun, points=points(water="finding"), findings=[row.pk]))
    assert (begun.items.get(item=strict).units, begun.items.get(item=strict).zeroed) == (0, True)


@pytest.mark.parametrize("end", ["withdraw", "claim"])
def test_a_finding_that_ends_as_if_it_had_never_been_gives_its_points_back(
    end, begun, inspector, item, hso, huajia_official
):
    row = found(inspector, begun, item, point="entrance")
    begun.submit(
        by=inspector, at=NOW, sheet=sheet(begun, points=points(entrance="finding"), findings=[row.pk])
    )
    assert begun.got < begun.possible
    if end == "withdraw":
        fresh(row).withdraw(by=hso, at=NOW + HOUR, reason="不属实")
    else:
        fresh(row).claim(by=huajia_official, at=NOW + HOUR, ending="not_ours", reason="属于铁路")
        fresh(row).decide_claim(by=hso, at=NOW + HOUR, accept=True)
    assert Visit.objects.rescore_stale(NOW + 2 * HOUR) == 1
    visit = Visit.objects.get(pk=begun.pk)
    assert visit.got == visit.possible


def test_a_sweep_reads_what_has_happened_since_it_last_looked(begun, inspector, item, hso):
    row = found(inspector, begun, item, point="entrance")
    begun.submit(
        by=inspector, at=NOW, sheet=sheet(begun, points=points(entrance="finding"), findings=[row.pk])
    )
    fresh(row).withdraw(by=hso, at=NOW + HOUR, reason="不属实")
    assert Visit.objects.rescore_stale(NOW + 4 * HOUR, since=NOW + 3 * HOUR) == 0
    assert Visit.objects.rescore_stale(NOW + 2 * HOUR, since=NOW + HOUR) == 1


def test_a_finding_that_was_put_right_still_counts(begun, inspector, item, huajia_official, hso):
    row = found(inspector, begun, item, point="entrance")
    begun.submit(
        by=inspector, at=NOW, sheet=sheet(begun, points=points(entrance="finding"), findings=[row.pk])
    )
    submit(row, huajia_official, NOW + HOUR)
    assert Visit.objects.rescore_stale(NOW + 2 * HOUR) == 0
    assert Visit.objects.get(pk=begun.pk).number == 1


# --- correct and release ------------------------------------------------------------------------------------------
def test_a_correction_has_a_reason_and_keeps_the_old_version(done, inspector, item):
    better = sheet(done, items=items(done, A1_01={"status": "not_looked_at"}))
    assert code_of(done.correct, by=inspector, at=NOW, sheet=better, reason=" ") == "reason_missing"
    assert code_of(done.correct, by=inspector, at=NOW, sheet=better, reason="误填", number=7) == "conflict"
    done.correct(by=inspector, at=NOW + 2 * HOUR, sheet=better, reason="误填", number=1)
    old, new = done.versions.order_by("number")
    assert (old.cause, new.cause, new.reason, new.by) == ("submitted", "corrected", "误填", inspector)
    assert old.scores["A1-01"] == item.points
    assert new.scores["A1-01"] is None
    assert done.number == 2


def test_after_the_release_only_the_office_corrects(done, inspector, hso, jinpu_office):
    assert code_of(done.release, by=jinpu_office, at=NOW) == "not_yours"
    done.release(by=hso, at=NOW + 2 * HOUR)
    assert code_of(done.release, by=hso, at=NOW + 2 * HOUR) == "wrong_state"
    assert (
        code_of(done.correct, by=inspector, at=NOW + 3 * HOUR, sheet=sheet(done), reason="x") == "not_yours"
    )
    done.correct(by=hso, at=NOW + 3 * HOUR, sheet=sheet(done), reason="复核后更正")
    assert done.number == 2


def test_an_issued_finding_is_not_dropped_from_the_sheet(begun, inspector, item, hso):
    row = found(inspector, begun, item, point="entrance")
    begun.submit(
        by=inspector, at=NOW, sheet=sheet(begun, points=points(entrance="finding"), findings=[row.pk])
    )
    with pytest.raises(SheetRefused) as refused:
        begun.correct(by=hso, at=NOW, sheet=sheet(begun, findings=[]), reason="少一条")
    assert "findings" in refused.value.errors


# --- who reads it -------------------------------------------------------------------------------------------------
def test_the_inspected_side_reads_a_visit_once_it_is_released(
    done,
    hso,
    jinpu_office,
    huajia_official,
    xiangying_official,
    auditor,
    leader,
    agency,
    changhai_office,
    inspector,
):
    def readers():
        people = (
            hso,
            jinpu_office,
            huajia_official,
            xiangying_official,
            auditor,
            leader,
            agency,
            changhai_office,
        )
        return {user.username for user in people if Visit.objects.visible_to(user, MONDAY).exists()}

    assert Visit.objects.visible_to(inspector, MONDAY).get() == done
    assert readers() == {"hso"}
    done.release(by=hso, at=NOW + 2 * HOUR)
    assert readers() == {"hso", "jinpu", "huajia", "auditor", "leader"}


def test_a_visit_that_is_not_submitted_is_its_inspectors_alone(begun, hso, auditor):
    assert not Visit.objects.visible_to(hso, MONDAY).exists()
    assert not Visit.objects.visible_to(auditor, MONDAY).exists()


# --- what is still out --------------------------------------------------------------------------------------------
def test_a_report_that_cannot_be_issued_yet_says_what_it_lacks(
    begun, inspector, agency, hso, item, client_for
):
    photo = [{"id": str(uuid.uuid4()), "sha256": "0" * 64}]
    of_visit, single = found(inspector, begun, item), report(agency, begun.village, item, NOW, photos=photo)
    both = found(inspector, begun, item, photos=photo)
    assert [row.lacks() for row in (of_visit, single, both)] == ["sheet", "photos", "both"]
    words = []
    for row in (of_visit, single, both):
        with pytest.raises(StepRefused) as refused:
            fresh(row).issue(by=hso, at=NOW + HOUR)
        assert refused.value.code == "incomplete"
        with pytest.raises(StepRefused) as unexplained:
            fresh(row).issue(by=hso, at=NOW + 25 * HOUR)
        assert unexplained.value.code == "reason_missing"
        words.append((str(refused.value), str(unexplained.value)))
    assert [("检查表" in said, "照片" in said) for pair in words for said in pair] == [
        (True, False), (True, False), (False, True), (False, True), (True, True), (True, True),
    ]  # fmt: skip
    page = client_for(hso).get(of_visit.get_absolute_url()).content.decode()
    assert "检查表尚未提交" in page
