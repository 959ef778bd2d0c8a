"""The way of a period as its page shows it: what is done, what is next, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from assessments.models import Period, Sheet, missing_to_open
from assessments.steps import PeriodState, SheetState


@dataclass(frozen=True)
class Stage:
    """One stage: its words, whether it is done or next, the page and the word of its button."""

    label: str
    text: str
    done: bool
    next: bool = False
    page: str = ""
    button: str = ""


def path_of(period: Period, sheets: Sequence[Sheet], on: date) -> list[Stage]:
    """Return the stages of a period up to the sealed sheets; what follows is shown by the state alone."""
    planning = period.state == PeriodState.PLANNING
    if period.is_of_parts:
        return [_planned(period, on), _open(period, planning)]
    return [_planned(period, on), _open(period, planning), _come_in(period, sheets), _opened(period, sheets)]


def _planned(period: Period, on: date) -> Stage:
    planning = period.state == PeriodState.PLANNING
    missing = missing_to_open(period, on) if planning else []
    text = " ".join(str(message) for _code, message in missing)
    return Stage(
        _("Plan it"), text, not missing, bool(missing), "period_change", _("Complete what is planned")
    )


def _open(period: Period, planning: bool) -> Stage:
    text = _("The scheme is frozen then, and units and departments get their sheets.")
    return Stage(_("Open the period"), text, not planning, planning, "period_open", _("Open the period"))


def _come_in(period: Period, sheets: Sequence[Sheet]) -> Stage:
    there = sum(sheet.state in (SheetState.SUBMITTED, SheetState.OPENED) for sheet in sheets)
    text = _("%(there)s of %(all)s sheets are there.") % {"there": there, "all": len(sheets)}
    open_now = period.state == PeriodState.OPEN and not period.has_opened_sheets
    done = bool(sheets) and there == len(sheets)
    shown: dict[str, Any] = {
        "next": open_now and not done,
        "page": "period_sheets",
        "button": _("Who owes what"),
    }
    return Stage(_("Sheets come in"), text if sheets else "", done, **shown)


def _opened(period: Period, sheets: Sequence[Sheet]) -> Stage:
    ready = bool(sheets) and all(sheet.state in (SheetState.SUBMITTED, SheetState.OPENED) for sheet in sheets)
    next_now = period.state == PeriodState.OPEN and not period.has_opened_sheets and ready
    text = _("All at once; until then nobody but its owner knows what a sheet says.")
    return Stage(
        _("Open the sheets"), text, period.has_opened_sheets, next_now, "sheets_open", _("Open the sheets")
    )
