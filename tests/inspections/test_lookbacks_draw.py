"""The draw of a look-back: every unit its share, more tickets for suspicious evidence, and anyone can recompute it."""

import io
import subprocess
import sys
import uuid
import zipfile
from datetime import timedelta

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspections import draw_records, lookback_frame, lookback_messages, lookback_weights
from inspections.lookback_weights import BASE, Facts, sample_size, weigh
from inspections.models import CaseAmender, Finding, LookBackCase, NearDuplicate, PhotoUse
from inspections.steps import StepRefused
from tests.inspections.looking_back import SINCE, UNTIL, closed, drawn, frozen, photo, planned
from tests.inspections.touring import NOW, freeze

ENOUGH = {"finding": "f", "township": "t"}


def reasons_of(facts, *others):
    return {reason.code: reason.tickets for reason in weigh([facts, *others])[facts.finding].reasons}


# --- the weights -------------------------------------------------------------------------------------------------
def test_a_finding_without_anything_suspicious_has_the_base():
    assert weigh([Facts("f", "t", minutes=5000)])["f"] == lookback_weights.Weighed(BASE)


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        ({"minutes": 30}, {"quick": 4}),
        ({"minutes": 31}, {"quick": 2}),
        ({"minutes": 120}, {"quick": 2}),
        ({"minutes": 121}, {}),
        ({"same_photos": 1}, {"same_photos": 4}),
        ({"near_photos": 2}, {"near_photos": 3}),
        ({"same_photos": 1, "near_photos": 1}, {"same_photos": 4}),
        ({"same_words": 1}, {}),
        ({"same_words": 2}, {"same_words": 2}),
        ({"times_returned": 1}, {"returned": 1}),
        ({"times_returned": 5}, {"returned": 2}),
    ],
)
def test_each_reason_gives_its_tickets(facts, reasons):
    assert reasons_of(Facts(**ENOUGH, **facts)) == reasons


def test_a_township_where_it_is_frequent_has_more_for_everything():
    quick = [Facts(f"q{n}", "busy", minutes=10) for n in range(3)]
    plain = Facts("p", "busy", minutes=9000)
    assert reasons_of(plain, *quick) == {"township": 2}
    assert reasons_of(plain, *quick[:2]) == {}
    assert reasons_of(Facts("p", "calm"), *quick) == {}


def test_what_was_only_returned_makes_no_township_suspicious():
    returned = [Facts(f"r{n}", "t", times_returned=2) for n in range(9)]
    assert reasons_of(Facts("p", "t"), *returned) == {}


# a busy machine makes inputs slowly, which says nothing about the rule
PATIENT = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@PATIENT
@given(
    st.lists(
        st.builds(
            Facts,
            finding=st.uuids().map(str),
            township=st.sampled_from("abc"),
            minutes=st.none() | st.integers(0, 10_000),
            same_photos=st.integers(0, 3),
            near_photos=st.integers(0, 3),
            same_words=st.integers(0, 5),
            times_returned=st.integers(0, 4),
        ),
        unique_by=lambda facts: facts.finding,
        max_size=30,
    )
)
def test_every_finding_may_be_drawn_and_the_tickets_add_up(rows):
    weighed = weigh(rows)
    assert weighed.keys() == {facts.finding for facts in rows}
    for one in weighed.values():
        assert one.weight == BASE + sum(reason.tickets for reason in one.reasons)
        assert all(reason.tickets > 0 for reason in one.reasons)


@PATIENT
@given(st.integers(0, 10_000), st.integers(1, 100))
def test_the_sample_is_the_share_rounded_up(findings, percent):
    size = sample_size(findings, percent)
    assert size * 100 >= findings * percent
    assert (size - 1) * 100 < findings * percent or size == 0


@pytest.mark.django_db
def test_every_reason_has_a_sentence():
    stored = [[code, 2, 1] for code in lookback_weights.REASONS]
    said = lookback_messages.reasons(stored)
    assert len(set(said)) == len(lookback_weights.REASONS)


# --- the list ----------------------------------------------------------------------------------------------------
@pytest.fixture
def two(hso, huajia_official, village, item):
    return [closed(hso, huajia_official, village, item, place=place) for place in ("村口", "河边")]


def facts_of(office):
    found = lookback_frame.facts_of(lookback_frame.closed_findings(office, SINCE, UNTIL))
    return {facts.finding: facts for facts in found}


@pytest.mark.django_db
def test_the_facts_of_a_finding_are_read_from_its_evidence(hso, city, two, storage_dir):
    first, second = two
    own, other = (photo(hso, NOW, seed) for seed in (1, 2))
    PhotoUse.objects.add(first, [own], "after", by_id=hso.pk, at=NOW)
    PhotoUse.objects.add(second, [own, other], "after", by_id=hso.pk, at=NOW)
    NearDuplicate.objects.create(photo=other, other=own, distance=3)
    Finding.objects.filter(pk__in=[first.pk, second.pk]).update(measures="清理 完毕", result="已好")
    facts = facts_of(city)[str(first.pk)]
    assert (facts.minutes, facts.same_photos, facts.near_photos, facts.same_words) == (600, 1, 1, 1)


@pytest.mark.django_db
def test_only_what_the_office_closed_as_fixed_in_those_days_is_in_the_list(
    hso, city, jinpu_office, huajia_official, village, item, two
):
    closed(jinpu_office, huajia_official, village, item)
    withdrawn = closed(hso, huajia_official, village, item)
    Finding.objects.filter(pk=withdrawn.pk).update(ending="withdrawn", on_time=None)
    assert facts_of(city).keys() == {str(row.pk) for row in two}


@pytest.mark.django_db
def test_what_another_look_back_has_drawn_is_not_drawn_again(hso, city, two):
    drawn(planned(hso, city), hso)
    with pytest.raises(StepRefused) as refused:
        drawn(planned(hso, city), hso)
    assert refused.value.code == "no_findings"


@pytest.mark.django_db
def test_the_list_costs_the_same_queries_with_10_and_with_100_findings(city, two, django_assert_num_queries):
    for count in (8, 90):
        for number in range(count):
            row = Finding.objects.get(pk=two[0].pk)
            row.pk, row.number = uuid.uuid4(), f"JP-2026-9{count}{number:03d}"
            row.save(force_insert=True)
        with django_assert_num_queries(3):
            lookback_frame.facts_of(lookback_frame.closed_findings(city, SINCE, UNTIL))


# --- the draw ----------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_every_unit_has_its_share_within_one_of_the_exact_quota(
    hso, city, huajia_official, dachangshan_official, village, island_village, item
):
    for number in range(7):
        closed(hso, huajia_official, village, item, place=f"{number}")
    for number in range(4):
        closed(hso, dachangshan_official, island_village, item, place=f"{number}")
    cases = drawn(planned(hso, city), hso, percent=30)
    assert len(cases) == 4
    of_jinpu = sum(case.finding.county.name == "金普新区" for case in cases)
    assert abs(of_jinpu - 4 * 7 / 11) < 1
    assert abs(4 - of_jinpu - 4 * 4 / 11) < 1


@pytest.mark.django_db
def test_anyone_recomputes_the_draw_from_what_is_published(hso, city, two, lift_triggers):
    row = planned(hso, city)
    drawn(row, hso)
    drawn(row, hso, percent=50, at=NOW + timedelta(days=3), reason="名单有误")
    row.open(by=hso, at=NOW + timedelta(days=5))
    (case,) = row.cases.standing()
    amender = CaseAmender(row, by=hso, at=NOW + timedelta(days=5), reason="道路施工")
    amender.move(case, team=row.teams.exclude(pk=case.team_id).get(), day=case.day)
    for case in row.cases.standing():
        case.give_up(by=hso, at=NOW + timedelta(days=5), reason="道路施工")
    row.close(by=hso, at=NOW + timedelta(days=6))
    assert draw_records.differences(row) == []
    call_command("verify_draw", str(row.pk), stdout=io.StringIO())
    LookBackCase.objects.filter(draw=row.draw).update(pair=[str(hso.pk), str(hso.pk)])
    assert draw_records.differences(row)


@pytest.mark.django_db
def test_an_outsider_recomputes_it_from_the_package_which_names_no_finding(hso, city, two, tmp_path):
    row = planned(hso, city)
    drawn(row, hso)
    row.open(by=hso, at=NOW + timedelta(days=1))
    for case in row.cases.standing():
        case.give_up(by=hso, at=NOW + timedelta(days=1), reason="道路施工")
    row.close(by=hso, at=NOW + timedelta(days=2))
    with zipfile.ZipFile(io.BytesIO(draw_records.package(row))) as archive:
        archive.extractall(tmp_path)
    data = (tmp_path / "data.json").read_text(encoding="utf-8")
    assert str(two[0].pk) in data
    assert two[0].number not in data
    ran = subprocess.run(
        [sys.executable, "verify.py", row.draw.commitment], cwd=tmp_path, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stdout.decode()


@pytest.mark.django_db
def test_nothing_is_drawn_before_the_public_number_has_fallen(hso, city, two):
    row = planned(hso, city)
    listed = frozen(row, hso)
    assert not row.cases.exists()
    with pytest.raises(StepRefused) as refused:
        listed.mix(by=hso, at=NOW, public_number="07")
    assert refused.value.code == "too_early"
    listed.mix(by=hso, at=NOW + timedelta(days=1), public_number="07")
    assert row.cases.count() == 2
    assert min(case.day for case in row.cases.all()) > listed.public_number_falls_on


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "code"),
    [({"public_number_name": " "}, "invalid"), ({"public_number_falls_on": NOW.date()}, "number_known")],
)
def test_the_public_number_is_named_and_falls_later(hso, city, two, more, code):
    with pytest.raises(StepRefused) as refused:
        frozen(planned(hso, city), hso, **more)
    assert refused.value.code == code


@pytest.mark.django_db
def test_what_another_look_back_may_be_about_to_draw_is_left_out(hso, city, two):
    frozen(planned(hso, city), hso)
    with pytest.raises(StepRefused) as refused:
        frozen(planned(hso, city), hso)
    assert refused.value.code == "no_findings"


@pytest.mark.django_db
def test_the_cases_keep_their_tickets_and_reasons(hso, city, huajia_official, village, item):
    closed(hso, huajia_official, village, item, minutes=20)
    (case,) = drawn(planned(hso, city), hso)
    assert (case.weight, case.reasons) == (BASE + 4, [["quick", 20, 4]])


@pytest.mark.django_db
def test_a_redraw_needs_a_reason_and_has_a_number(hso, city, two):
    row = planned(hso, city)
    drawn(row, hso)
    with pytest.raises(StepRefused) as refused:
        drawn(row, hso)
    assert refused.value.code == "reason_missing"
    drawn(row, hso, at=NOW + timedelta(days=2), reason="名单有误")
    assert list(row.draws.order_by("number").values_list("number", "reason")) == [(1, ""), (2, "名单有误")]


@pytest.mark.django_db
def test_villages_are_not_drawn_for_a_look_back_nor_findings_for_a_round_of_visits(hso, city, two):
    with pytest.raises(StepRefused) as refused:
        freeze(planned(hso, city), hso)
    assert refused.value.code == "look_back"
    other = planned(hso, city)
    other.kind = "city"
    with pytest.raises(StepRefused):
        frozen(other, hso)


@pytest.mark.django_db
def test_an_impossible_draw_names_the_rule_in_the_way(hso, city, two):
    row = planned(hso, city)
    row.set_teams(by=hso, at=NOW, teams=[])
    with pytest.raises(StepRefused) as refused:
        drawn(row, hso)
    assert refused.value.code == "infeasible"
