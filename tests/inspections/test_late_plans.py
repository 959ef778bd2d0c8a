"""A plan is filed within the first days; approval moves the clock, but that it came late stays visible."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inspections import review_notes
from tests.inspections.making import fresh, report, submit

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def file(inspector, huajia_official, village, item, now):
    """Return a function that files a plan for a finding issued so many days ago."""

    def file(days, **more):
        issued = report(inspector, village, item, now - timedelta(days=days), kind="by_date")
        goal = timezone.localdate(now) + timedelta(days=30)
        issued.file_plan(by=huajia_official, at=now, measures="改造管网", owner="城建办", date=goal)
        return fresh(issued)

    return file


@pytest.mark.parametrize(("days", "late"), [(0, False), (5, False), (6, True)])
def test_late_is_what_comes_after_the_first_days_also_once_approved(file, hso, now, days, late):
    finding = file(days)
    first = finding.first_due_on
    finding.decide_plan(by=hso, at=now, accept=True)
    plan = finding.plans.get()
    assert (plan.is_late, plan.file_by) == (late, first)
    assert fresh(finding).first_due_on == plan.date


def test_the_page_says_that_it_waits_and_that_it_came_late(client_for, file, hso, huajia_official, now):
    finding = file(7)
    page = client_for(huajia_official).get(finding.get_absolute_url()).content.decode()
    assert "待审批方案" in page
    assert "方案逾期报送" in page
    finding.decide_plan(by=hso, at=now, accept=True)
    page = client_for(huajia_official).get(finding.get_absolute_url()).content.decode()
    assert "待审批方案" not in page
    assert "方案逾期报送" in page


def test_the_reviewer_reads_it_in_the_strip(client_for, file, hso, jinpu_office, huajia_official, now):
    finding = file(7)
    finding.decide_plan(by=hso, at=now, accept=True)
    submit(finding, huajia_official, now)
    page = client_for(jinpu_office).get(f"/findings/review/?case={finding.pk}").content.decode()
    assert "方案逾期报送" in page
    assert not [note for note in review_notes.notes(fresh(finding), [], [], [], now) if "方案" in note.text]
