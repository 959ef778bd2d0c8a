"""Who owes a sheet is reminded before it is due, on the day and when it is late; each once, and of nothing else."""

from datetime import timedelta

import pytest

from assessments import reminders
from assessments.models import open_sheets
from notifications.models import Notice
from tests.assessments.making import (
    DUE,
    NOW,
    bureau_of,
    bureau_sheet,
    clerk_of,
    clock,
    hand_in,
    opened,
    self_sheet,
)

pytestmark = pytest.mark.django_db


def told(user):
    rows = Notice.objects.filter(user=user, step__startswith="sheet_").order_by("created_at")
    return list(rows.values_list("step", flat=True))


@pytest.fixture
def period(hso, jinpu, changhai, jinpu_office, changhai_office):
    return opened(hso)


def test_each_reminder_comes_once_and_in_its_time(period, jinpu_office):
    for days in (-4, -3, -3, -2, 0, 0, 1, 5):
        reminders.remind(clock(DUE + timedelta(days=days)))
    assert told(jinpu_office) == ["sheet_begun", "sheet_soon", "sheet_today", "sheet_late"]


def test_a_sweep_that_comes_late_tells_only_what_holds_now(period, jinpu_office):
    reminders.remind(clock(DUE + timedelta(days=2)))
    assert told(jinpu_office) == ["sheet_begun", "sheet_late"]


def test_who_has_handed_in_is_left_alone_until_the_sheet_comes_back(
    period, jinpu, jinpu_office, changhai_office, hso
):
    sheet = self_sheet(period, jinpu)
    hand_in(sheet, jinpu_office)
    reminders.remind(clock(DUE))
    assert told(jinpu_office) == ["sheet_begun"] and told(changhai_office) == ["sheet_begun", "sheet_today"]
    sheet.send_back(by=hso, at=clock(DUE), reason="缺附件")
    reminders.remind(clock(DUE + timedelta(days=1)))
    assert told(jinpu_office) == ["sheet_begun", "sheet_back", "sheet_late"]


def test_a_department_is_reminded_of_its_own_sheet(period, hso, auditor, huajia_official):
    bureau = bureau_of("A2-02")
    clerk = clerk_of(bureau)
    reminders.remind(clock(DUE))
    notice = Notice.objects.get(user=clerk)
    assert notice.url == bureau_sheet(period, bureau).get_absolute_url()
    assert not Notice.objects.filter(
        user__in=[hso, auditor, huajia_official], step__startswith="sheet_"
    ).exists()


def test_units_are_told_once_the_sheets_are_open(period, hso, jinpu_office, auditor):
    open_sheets(period, by=hso, at=NOW, reason="未报齐")
    assert Notice.objects.filter(step="sheets_opened", user=jinpu_office).count() == 1
    assert not Notice.objects.filter(step="sheets_opened", user=auditor).exists()
