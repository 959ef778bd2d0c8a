"""A period from planning to open: what it needs, who takes the steps, what may never be stored."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from assessments.models import Period, PeriodEvent, Sheet, open_period, open_sheets
from assessments.steps import PeriodState
from inspections.steps import StepRefused
from schemes.models import Item
from tests.assessments.making import DAY, NOW, hand_in, opened, plan, scheme_with_departments, self_sheet
from tests.inspections import touring

pytestmark = pytest.mark.django_db


def refused(code, act, *args, **kwargs):
    with pytest.raises(StepRefused) as caught:
        act(*args, **kwargs)
    assert caught.value.code == code
    return str(caught.value)


def test_only_the_city_office_plans_a_period(jinpu_office, department, auditor):
    for user in (jinpu_office, department, auditor):
        refused("not_yours", plan, user)


def test_a_month_is_refused_because_it_has_too_few_visits(hso):
    assert "太少" in refused("too_few_visits", plan, hso, kind="month") or Period.objects.count() == 0


@pytest.mark.parametrize("lack", ["basis_document", "plan_number"])
def test_a_period_does_not_open_without_its_basis(lack, hso, jinpu):
    period = plan(hso, **{lack: " "})
    refused("no_basis", open_period, period, by=hso, at=NOW)
    assert not Sheet.objects.exists()


def test_a_period_of_a_round_needs_its_round(hso, jinpu):
    refused("no_round", open_period, plan(hso, kind="round"), by=hso, at=NOW)


def test_a_due_day_that_is_over_is_refused(hso, jinpu):
    refused("no_due_date", open_period, plan(hso, sheets_due_on=DAY - timedelta(days=1)), by=hso, at=NOW)


def test_items_without_a_department_are_named(hso, jinpu):
    scheme = scheme_with_departments()
    Item.objects.filter(code="A1-02").update(department=None)
    assert "A1-02" in refused("no_department", open_period, plan(hso, scheme=scheme), by=hso, at=NOW)


def test_a_scheme_that_does_not_add_up_is_not_frozen(hso, jinpu):
    scheme = scheme_with_departments()
    Item.objects.filter(code="A1-01").update(points=50_000)
    refused("scheme", open_period, plan(hso, scheme=scheme), by=hso, at=NOW)
    scheme.refresh_from_db()
    assert scheme.frozen_at is None


def test_opening_freezes_the_scheme_and_gives_everybody_a_sheet(hso, jinpu, changhai):
    period = opened(hso)
    period.scheme.refresh_from_db()
    assert period.state == PeriodState.OPEN and period.scheme.frozen_at == NOW
    units = set(period.sheets.filter(source="self").values_list("unit__name", flat=True))
    assert units == {"金普新区", "长海县"}
    for sheet in period.sheets.filter(source="dept"):
        assert sheet.items() and all("dept" in item.sources for item in sheet.items())
    assert list(period.events.order_by("pk").values_list("step", flat=True)) == ["plan", "open"]


def test_a_period_opens_once(hso, jinpu):
    period = plan(hso)
    other = Period.objects.get(pk=period.pk)
    open_period(period, by=hso, at=NOW)
    refused("conflict", open_period, other, by=hso, at=NOW)
    assert Sheet.objects.filter(unit=jinpu).count() == 1


def test_an_opened_period_is_changed_no_more(hso, jinpu):
    refused("wrong_state", opened(hso).change, by=hso, at=NOW, title="x")


def test_who_looked_at_an_older_version_is_told(hso, hso_staff, jinpu):
    period = plan(hso)
    other = Period.objects.get(pk=period.pk)
    period.change(by=hso, at=NOW, title="一")
    refused("conflict", other.change, by=hso_staff, at=NOW, title="二")


def test_only_a_revealed_round_of_the_same_scheme_can_be_chosen(
    hso, jinpu, city, huajia, dachangshan, monkeypatch
):
    scheme = scheme_with_departments()
    touring.villages_in(huajia, dachangshan)
    row = touring.running(hso, city)
    secret = touring.plan(hso, city)
    period = plan(hso, kind="round", scheme=scheme)
    for unknown in (row, secret):
        refused("invalid", period.set_rounds, by=hso, at=touring.NOW, rounds=[unknown])
    period.refresh_from_db()
    period.set_rounds(by=hso, at=row.reveals_at, rounds=[row])
    assert list(period.rounds.all()) == [row]


def test_a_year_is_made_of_parts_that_weigh_100(hso, jinpu):
    spring, autumn = plan(hso, title="上半年"), plan(hso, title="下半年")
    refused("invalid", plan, hso, kind="year", title="全年", parts={spring: 40, autumn: 50})
    year = plan(hso, kind="year", title="全年", parts={spring: 40, autumn: 60}, sheets_due_on=None)
    open_period(year, by=hso, at=NOW)
    assert year.state == PeriodState.OPEN and not year.sheets.exists() and year.has_opened_sheets


def test_everybody_else_learns_of_a_period_when_it_opens(
    hso, jinpu_office, huajia_official, inspector, auditor
):
    period = plan(hso)
    readers = (jinpu_office, huajia_official, auditor)
    assert not any(Period.objects.visible_to(user, DAY).exists() for user in readers)
    open_period(period, by=hso, at=NOW)
    assert all(Period.objects.visible_to(user, DAY).exists() for user in readers)
    assert not Period.objects.visible_to(inspector, DAY).exists()


def test_all_sheets_open_at_once_and_what_is_missing_needs_a_reason(hso, jinpu, changhai, jinpu_office):
    period = opened(hso)
    hand_in(self_sheet(period, jinpu), jinpu_office)
    assert "6" in refused("sheets_missing", open_sheets, period, by=hso, at=NOW)
    rows = open_sheets(period, by=hso, at=NOW, reason="部门资料将于下周补齐")
    assert [sheet.unit for sheet in rows] == [jinpu]
    assert period.has_opened_sheets and period.missing_reason
    refused("wrong_state", open_sheets, period, by=hso, at=NOW, reason="x")


WRONG = {
    "a state beyond open without opened sheets": "UPDATE assessments_period SET state = 'provisional'",
    "an open period without its basis": "UPDATE assessments_period SET basis_document = ''",
    "a kind that is none": "UPDATE assessments_period SET kind = 'month'",
    "an end before the beginning": "UPDATE assessments_period SET ends_on = '2020-01-01'",
    "an event that changes": "UPDATE assessments_periodevent SET step = 'x'",
    "an event that goes": "DELETE FROM assessments_periodevent",
    "a sheet of nobody": "UPDATE assessments_sheet SET unit_id = NULL WHERE source = 'self'",
    "a sheet handed in by nobody": "UPDATE assessments_sheet SET state = 'submitted'",
    "a sheet sent back without a reason": "UPDATE assessments_sheet SET state = 'returned'",
}


@pytest.mark.engine
@pytest.mark.parametrize("what", WRONG)
def test_the_database_refuses(what, hso, jinpu):
    opened(hso)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WRONG[what])


@pytest.mark.engine
def test_a_published_period_stays_as_it_is_in_the_database(hso, jinpu):
    period = opened(hso)
    Period.objects.filter(pk=period.pk).update(
        state="published", sheets_opened_at=NOW, approval_document="x", approval_number="1", approved_on=DAY
    )
    for statement in ("UPDATE assessments_period SET title = 'x'", "DELETE FROM assessments_period"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert PeriodEvent.objects.filter(period=period).count() == 2
