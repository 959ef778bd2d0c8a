"""The demo: whole, the same every time, and never mixed with anybody's own data."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count

from accounts.models import User
from dalian_rural.demo import loading, lookback, meetings, running, story, touring, visits
from dalian_rural.demo.cases import FATES, plan
from inspections.draw_records import differences
from inspections.models import (
    Finding,
    Meeting,
    Photo,
    PlannedVisit,
    Recheck,
    Round,
    Visit,
    VisitItem,
    VisitPoint,
    VisitVersion,
)
from notifications.models import Notice
from schemes.models import Item
from villages.models import Area, Division, Responsibility, Village

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 18, 14, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def ground(db):
    loading.lay_ground(date(2026, 11, 18))


def test_places_and_people_are_the_article_s_numbers(ground):
    levels = dict(Division.objects.values_list("level").annotate(n=Count("pk")))
    assert (levels, Village.objects.count()) == ({"city": 1, "county": 7, "township": 90}, 853)
    leaders = dict(Responsibility.objects.values_list("kind").annotate(n=Count("person", distinct=True)))
    assert [leaders[kind] for kind in ("municipal", "county", "township", "secretary")] == [7, 107, 782, 90]
    assert Area.objects.count() == 107
    assert Item.objects.current().count() == 42


def test_the_accounts_of_the_readme_are_there(ground):
    names = set(User.objects.filter(demo=True).values_list("username", flat=True))
    assert names == {
        "hso", "jinpu", "changhai", "huajia", "xiangying", "secretary", "inspector", "agency", "leader", "auditor",
        "sysadmin",
    }  # fmt: skip
    assert not User.objects.filter(demo=True, must_change_password=True).exists()


def test_the_plan_holds_a_thousand_findings_of_every_kind_and_source(ground):
    cases = loading.all_cases()
    assert len(cases) == 1000
    assert {case.fate for case in cases} == {fate for fate, *_rest in FATES}
    assert {case.source for case in cases} == set(Finding.Source.values)
    assert {case.kind for case in cases} == set(Finding.Kind.values)
    items = list(Item.objects.current().filter(level="village"))
    without = plan(loading.places.read(), items)
    assert {case.id for case in without} == {case.id for case in cases}
    assert [case.id for case in loading.all_cases()] == [case.id for case in cases]


def test_one_case_of_each_fate_goes_its_way_and_a_second_loading_adds_nothing(ground):
    first = {case.fate: case for case in loading.all_cases()}
    cases = sorted(first.values(), key=lambda case: -case.age)
    assert story.play(cases, NOW) == len(FATES)
    assert set(Finding.objects.values_list("state", flat=True)) == set(Finding.State.values)
    assert set(Finding.objects.exclude(ending="").values_list("ending", flat=True)) == {
        "fixed", "withdrawn", "not_ours", "cannot",
    }  # fmt: skip
    assert Finding.objects.overdue(NOW).exists()
    assert not Notice.objects.filter(sent_at=None).exists()
    photos = Photo.objects.count()
    assert story.play(cases, NOW + timedelta(hours=1)) == 0
    assert Photo.objects.count() == photos


def test_a_look_back_finds_again_what_was_closed_in_the_same_village(ground):
    again = next(case for case in loading.all_cases() if case.came_back and case.fate == "closed")
    assert story.play([again.came_back, again], NOW) == 2
    row = Finding.objects.select_related("recurrence_of").get(pk=again.id)
    assert row.recurrence_of.pk == again.came_back.id
    assert (row.recurrence_of.village_id, row.recurrence_of.ending) == (row.village_id, "fixed")
    assert row.recurrence_of.closed_at < row.reported_at


def test_every_recurrence_is_planned_after_what_it_repeats(ground):
    cases = loading.all_cases()
    place = {case.number: n for n, case in enumerate(cases)}
    again = [case for case in cases if case.came_back]
    assert again
    for case in again:
        assert case.source == "look_back"
        assert case.village == case.came_back.village
        assert place[case.came_back.number] < place[case.number]


def test_nothing_happens_in_the_future_or_at_night(ground):
    late = story.office_hours(NOW.replace(hour=23, minute=59))
    early = story.office_hours(NOW.replace(hour=0, minute=1))
    assert (early.hour, late.hour) == (8, 16)
    assert early.date() == late.date() == NOW.date()


def test_somebody_s_own_data_are_left_alone(hso):
    with pytest.raises(CommandError):
        call_command("demo")
    assert User.objects.count() == 1


def test_the_meetings_are_what_the_article_tells_of_pulandian(ground):
    assert meetings.meetings(loading.places.read(), NOW) == 7
    rows = Meeting.objects.with_counts()
    assert {row.county.name for row in rows} == {"普兰店区"}
    assert sum(row.village_count for row in rows) == 72
    assert sum(row.people_present for row in rows) > 370
    assert {row.state for row in rows} == {"held", "closed"}
    assert meetings.meetings(loading.places.read(), NOW) == 0
    for row in rows:
        assert row.shown.filter(on_the_spot=True).count() == 3
    assert not Notice.objects.filter(sent_at=None).exists()


# --- rounds ---------------------------------------------------------------------------------------------------
class TakenBackError(Exception):
    """Take back what was tried out."""


def stored(tour):
    """Return all rows of a visit, without the keys that the database counts."""
    rows = [Visit.objects.filter(pk=tour.id).values().get()]
    for model, order in ((VisitItem, "item_id"), (VisitPoint, "code"), (VisitVersion, "number")):
        found = model.objects.filter(visit=tour.id).order_by(order).values()
        rows += [{name: value for name, value in row.items() if name != "id"} for row in found]
    rows.append(sorted(Visit.objects.get(pk=tour.id).present.values_list("username", flat=True)))
    rows.append(PlannedVisit.objects.filter(visit=tour.id).values().get())
    return rows


def by_the_verbs(tour, row):
    """Begin and submit one visit, look at its rows, and take it all back."""
    try:
        with transaction.atomic():
            visits.submit(tour, visits.begin(tour), row)
            kept = stored(tour)
            raise TakenBackError
    except TakenBackError:
        return kept


@pytest.mark.parametrize("spec", touring.CLOSED)
def test_visits_stored_in_bulk_are_those_of_the_verbs(ground, spec):
    row = spec.round
    tours = touring.tours(row)
    sample = [tours[0], tours[len(tours) // 2], tours[-1]]
    expected = [by_the_verbs(tour, row) for tour in sample]
    assert not Visit.objects.exists()
    assert (
        visits.Bulk(row).make([tour for tour in touring.tours(row) if tour.id in {t.id for t in sample}]) == 3
    )
    assert [stored(tour) for tour in sample] == expected


def make_all(spec):
    while visits.make_rest(spec):
        pass


def test_two_rounds_over_all_villages_are_closed_and_anybody_can_recompute_their_draws(ground):
    for spec in touring.CLOSED:
        make_all(spec)
    running.close_rounds()
    for row in Round.objects.filter(kind__in=["city", "third_party"]):
        made = Visit.objects.scoring().filter(round=row)
        assert row.state == "closed"
        assert made.values("village").distinct().count() == made.count() == 853
        assert not made.filter(possible=0).exists()
        assert not made.filter(released_at=None).exists()
        assert {*row.amendments.values_list("kind", flat=True)} == {"move", "swap", "replan"}
        assert row.planned.filter(missed_reason="no_ferry", county__number_prefix="CH").exists()
        assert differences(row) == []
    running.recheck()
    assert Recheck.objects.compared().count() == 2
    make_all(touring.CITY)
    running.close_rounds()
    running.recheck()
    assert (Visit.objects.count(), Recheck.objects.count()) == (2 * 853 + 2, 2)


@pytest.mark.parametrize("day", [18, 21])  # a Wednesday, a Saturday
def test_the_third_round_runs_and_only_the_city_office_knows_what_is_sealed(db, day):
    now = NOW.replace(day=day)
    loading.lay_ground(now.date())
    running.third_round(now)
    running.third_round(now)
    row = touring.RUNNING.round
    assert row.state == "running"
    assert row.planned.current().filter(reveals_at__gt=now, visit=None).exists()
    known = {u.username for u in User.objects.filter(posts__isnull=False) if row in known_to(u, now)}
    assert known == {"hso"}
    inspector = User.objects.get(username="inspector")
    waiting = PlannedVisit.objects.revealed_to(inspector, now).filter(visit=None, round=row)
    assert waiting.filter(day=now.date()).count() >= 2
    assert waiting.filter(day__lt=now.date()).count() == 2
    made = Visit.objects.submitted().filter(round=row)
    assert made.filter(submitted_at__gt=now).count() == 0
    assert made.filter(findings__isnull=False).exists()
    assert differences(row)  # the seed is not public yet


def known_to(user, now):
    return Round.objects.known_to(user, now.date())


def test_jinpu_has_patrolled_its_twelve_streets(ground):
    running.patrol()
    row = touring.PATROL.round
    assert row.state == "closed"
    assert row.visits.submitted().values("township").distinct().count() == 12
    assert set(Finding.objects.filter(visit__round=row).values_list("source", "state")) == {
        ("county_patrol", "closed")
    }
    assert differences(row) == []


def test_findings_of_a_visit_are_issued_with_its_sheet_and_stand_on_it(ground):
    cases = [case for case in loading.all_cases() if case.tour and case.source == "city_visit"][:1]
    wanted = {case.tour.id for case in cases}
    cases = [case for case in loading.all_cases() if case.tour and case.tour.id in wanted]
    assert story.play(cases, NOW) == len(cases)
    visit = Visit.objects.get(pk=cases[0].tour.id)
    assert set(visit.named_findings) == {str(case.id) for case in cases}
    found = visit.findings.all()
    assert {row.issued_at for row in found} == {visit.submitted_at} == {visit.released_at}
    assert not Visit.objects.stale().exists()
    assert story.play(cases, NOW) == 0


def test_a_batch_never_tears_a_visit_apart(ground):
    cases = loading.all_cases()
    for start in range(1, len(cases)):
        cut = loading._end_of_visit(cases, start)
        if cut < len(cases) and cases[cut].tour:
            assert cases[cut].tour != cases[cut - 1].tour


def test_a_look_back_of_what_was_closed_is_under_way(ground):
    closed = [case for case in loading.all_cases() if case.fate == "closed" and 20 < case.age < 80]
    assert story.play([case for case in closed if not case.tour and case.source == "hotline"][:4], NOW)
    lookback.look_back()
    lookback.look_back()
    row = lookback.SPEC.round
    assert row.state == "running"
    assert row.cases.standing().exists()
    assert not row.cases.filter(result="", day__lt=NOW.date()).exists()
    assert differences(row)  # the seed is not public yet
