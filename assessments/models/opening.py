"""Open a period, and later all its sheets at once."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from assessments.models import notices
from assessments.models.periods import Period
from assessments.models.sheets import Sheet, SheetEvent
from assessments.steps import SheetState
from audit.verbs import alters_data
from inspections.steps import StepRefused
from schemes.models import Item, Scheme
from villages.models import Division


def missing_to_open(period: Period, on: date) -> list[tuple[str, Any]]:
    """Return what keeps the period from opening: a code and the sentence that says it."""
    found: list[tuple[str, Any]] = []
    if not (period.basis_document.strip() and period.plan_number.strip()):
        message = _(
            "A period opens only with its basis document and its number in the approved inspection plan."
        )
        found.append(("no_basis", message))
    if period.is_of_parts:
        return found
    if period.kind == Period.Kind.ROUND and not period.rounds.exists():
        found.append(("no_round", _("Choose the round that is assessed.")))
    if period.sheets_due_on is None or period.sheets_due_on < on:
        found.append(("no_due_date", _("Say until when the sheets are due; the day must not be over.")))
    if period.scheme.frozen_at is None and period.scheme.problems():
        message = _("“%(scheme)s” does not add up. Its page says where.")
        found.append(("scheme", message % {"scheme": period.scheme}))
    if unowned := _without_department(period.scheme):
        message = _("These items are scored by a department, but none is named for them: %(codes)s.")
        found.append(("no_department", message % {"codes": "、".join(unowned)}))
    if not Division.objects.counties(on).exists():
        found.append(("no_unit", _("No unit is entered that could be assessed.")))
    return found


def _without_department(scheme: Scheme) -> list[str]:
    return [
        item.code
        for item in scheme.items.filter(department=None).order_by("position")
        if "dept" in item.sources
    ]


@alters_data
@transaction.atomic
def open_period(period: Period, *, by: User, at: datetime) -> None:
    """Open the period on its approved basis: the scheme is frozen, and every unit and department gets its sheet."""
    on = timezone.localdate(at)
    if refused := period.refusal("open", by, on):
        raise refused
    for code, message in missing_to_open(period, on):
        raise StepRefused(message, code)
    if not period.is_of_parts:
        period.scheme.freeze(at=at)
    # a year of parts has no sheets: there is nothing to open later
    changes: dict[str, Any] = {"sheets_opened_at": at} if period.is_of_parts else {}
    period.take("open", by=by, at=at, opened_at=at, **changes)
    if not period.is_of_parts:
        _make_sheets(period, by, at, on)
        notices.period_opened(period, at)


def _make_sheets(period: Period, by: User, at: datetime, on: date) -> None:
    items = list(period.scheme.items.all())
    made = []
    if _asked(items, Sheet.Source.SELF):
        units = Division.objects.counties(on)
        made += [Sheet(period=period, source=Sheet.Source.SELF, unit=unit, created_at=at) for unit in units]
    bureaus = [item.department_id for item in _asked(items, Sheet.Source.DEPARTMENT) if item.department_id]
    made += [
        Sheet(period=period, source=Sheet.Source.DEPARTMENT, organisation=bureau, created_at=at)
        for bureau in Organisation.objects.filter(pk__in=bureaus).order_by("name", "pk")
    ]
    Sheet.objects.bulk_create(made)
    SheetEvent.objects.bulk_create(
        SheetEvent(sheet=sheet, step="create", by=by, at=at, version=sheet.version) for sheet in made
    )


def _asked(items: list[Item], source: str) -> list[Item]:
    return [item for item in items if source in item.sources]


@alters_data
@transaction.atomic
def open_sheets(period: Period, *, by: User, at: datetime, reason: str = "") -> list[Sheet]:
    """Open all sheets that are there, at once; what is missing needs a reason, and opens when it comes.

    Returns the opened ones. A missing source leaves a total provisional, never zero.
    """
    if refused := period.refusal("open_sheets", by, timezone.localdate(at)):
        raise refused
    if period.has_opened_sheets:
        raise StepRefused(_("The sheets of this period are open already."), "wrong_state")
    missing = period.sheets.exclude(state=SheetState.SUBMITTED).count()
    if missing and not reason.strip():
        message = _("%(count)s sheets are missing. Say why the others are opened without them.")
        raise StepRefused(message % {"count": missing}, "sheets_missing")
    period.take(
        "open_sheets", by=by, at=at, remark=reason, data={"missing": missing}, sheets_opened_at=at,
        missing_reason=reason.strip()[:300],
    )  # fmt: skip
    opened = list(period.sheets.filter(state=SheetState.SUBMITTED).select_for_update().order_by("pk"))
    for sheet in opened:
        sheet.state, sheet.version = SheetState.OPENED, sheet.version + 1
    Sheet.objects.bulk_update(opened, ["state", "version"])
    SheetEvent.objects.bulk_create(
        SheetEvent(sheet=sheet, step="open", by=by, at=at, version=sheet.version) for sheet in opened
    )
    notices.sheets_opened(period, at)
    return opened
