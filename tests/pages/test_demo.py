"""The demo: whole, the same every time, and never mixed with anybody's own data."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count

from accounts.models import User
from dalian_rural.demo import loading, meetings, story
from dalian_rural.demo.cases import FATES, plan
from inspections.models import Finding, Meeting, Photo
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
    again = plan(loading.places.read(), list(Item.objects.current().filter(level="village")))
    assert [case.id for case in again] == [case.id for case in cases]


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
