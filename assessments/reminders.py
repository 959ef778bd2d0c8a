"""Remind who owes a sheet: what is due is derived from the rows, and told once under a unique key."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments.models import Sheet
from assessments.models.notices import owners_of
from notifications.models import Notice


def remind(at: datetime) -> dict[str, int]:
    """Remind who owes a sheet: some days before it is due, on the day, and once it is late; each once, ever."""
    on = timezone.localdate(at)
    counts = {"soon": 0, "today": 0, "late": 0}
    owed = Sheet.objects.owed().select_related("period", "unit", "organisation").order_by("pk")
    soon = owed.filter(period__sheets_due_on__lte=on + timedelta(days=settings.SHEET_REMIND_DAYS))
    for sheet, people in owners_of(soon, on).items():
        step = _step(sheet, on)
        counts[step] += 1
        Notice.objects.tell(
            people, key=f"sheet:{sheet.pk}:{step}", text=_Reminder(sheet, step), url=sheet.get_absolute_url(), at=at,
            step=f"sheet_{step}",
        )  # fmt: skip
    return counts


def _step(sheet: Sheet, on: date) -> str:
    due = sheet.period.sheets_due_on
    if due is None or due > on:
        return "soon"
    return "today" if due == on else "late"


class _Reminder:
    """The words of one reminder, in the language of whoever reads them."""

    def __init__(self, sheet: Sheet, step: str) -> None:
        self.sheet, self.step = sheet, step

    def __call__(self) -> str:
        words = {"period": self.sheet.period, "day": self.sheet.period.sheets_due_on}
        if self.step == "soon":
            return _("Your sheet of %(period)s is due on %(day)s.") % words
        if self.step == "today":
            return _("Your sheet of %(period)s is due today until midnight.") % words
        return _("Your sheet of %(period)s was due on %(day)s.") % words
