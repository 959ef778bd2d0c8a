"""Sheets: one's own to fill in, what is opened to read, who owes what, and opening all at once."""

import uuid
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, user_of
from accounts.models import User
from assessments.forms.periods import OpenSheetsForm, SendBackForm, VersionForm
from assessments.grid import grid_of, progress_of, units_shown
from assessments.models import Entry, Period, Sheet, open_sheets
from assessments.models.sheets import OWED
from assessments.steps import SheetState
from assessments.views.scope import (
    OFFICE,
    OWNERS,
    SHEET_READERS,
    own_sheet,
    readable_period,
    readable_sheet,
    show_refusal,
)
from audit.log import unseal
from inspections.steps import StepRefused


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


@require(*OWNERS)
@require_safe
def sheets(request: HttpRequest) -> HttpResponse:
    """List the sheets of the user's office or department, what is owed first."""
    user, on = user_of(request), timezone.localdate()
    mine = Sheet.objects.owned_by(user, on).for_list()
    rows = list(mine.order_by("-period__ends_on", "period__pk", "pk")[:100])
    owed = [row for row in rows if row.state in OWED and row.period.state == "open"]
    context = {
        "owed": [{"sheet": sheet, "filled": done, "asked": all_} for sheet, done, all_ in progress_of(owed)],
        "others": [row for row in rows if row not in owed],
        "today": on,
    }
    return render(request, "assessments/sheets.html", context)


@require(*SHEET_READERS)
@require_safe
def sheet(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a sheet: for its owner what is still to be filled in, for others what it says of their units."""
    user, on = user_of(request), timezone.localdate()
    found = readable_sheet(request, pk, on)
    units = units_shown(found, user, on)
    grid = grid_of(found, units, Entry.objects.visible_to(user, on))
    context = {
        "sheet": found,
        "grid": grid,
        "steps": found.steps_for(user, on),
        "late": found.is_late(on),
        "version_form": VersionForm(initial={"version": found.version}),
        "send_back_form": SendBackForm(initial={"version": found.version}),
        "deductions": _deductions(found, user, on) if not found.is_sealed else [],
        "events": list(found.events.select_related("by__person").order_by("at", "pk")),
    }
    return render(request, "assessments/sheet.html", context)


def _deductions(found: Sheet, user: User, on: date) -> list[Entry]:
    """Return the entries that lose points, each with its facts and files."""
    rows = Entry.objects.visible_to(user, on).filter(sheet=found).with_facts()
    return [row for row in rows.order_by("unit__position", "item__position") if row.lost_text]


@require(*OWNERS)
@require_POST
def sheet_step(request: HttpRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    """Hand a sheet in, or take it back."""
    if step not in ("submit", "take_back"):
        raise Http404
    user, at = user_of(request), timezone.now()
    found = own_sheet(request, pk, timezone.localdate(at))
    form = VersionForm(request.POST)
    if form.is_valid():
        try:
            found.version = form.cleaned_data["version"]
            getattr(found, step)(by=user, at=at)
            messages.success(
                request, _("Handed in.") if step == "submit" else _("Taken back: you can change it again.")
            )
        except StepRefused as refusal:
            show_refusal(request, refusal)
    if found.state == SheetState.OPENED:
        unseal(found.pk, at=at)
    return redirect(found)


@require(*OFFICE)
@require_http_methods(["GET", "POST"])
def sheet_send_back(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Send a sheet back to its owner with a reason: the office needs not know what is in it."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    found = (
        Sheet.objects.filter(period__in=Period.objects.visible_to(user, on)).for_list().filter(pk=pk).first()
    )
    if found is None:
        raise Http404
    form = SendBackForm(_data(request), initial={"version": found.version})
    if form.is_bound and form.is_valid():
        try:
            found.version = form.cleaned_data["version"]
            found.send_back(by=user, at=at, reason=form.cleaned_data["reason"])
            return redirect("period_sheets", found.period_id)
        except StepRefused as refusal:
            show_refusal(request, refusal, form)
    context = {"sheet": found, "form": form, "refusal": found.refusal("send_back", user, on)}
    return render(request, "assessments/sheet_send_back.html", context)


# --- the office -----------------------------------------------------------------------------------------------
@require(*OFFICE)
@require_safe
def period_sheets(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show who owes a sheet and since when: whether it is there, never what is in it."""
    user, on = user_of(request), timezone.localdate()
    row = readable_period(request, pk, on)
    rows = list(row.sheets.for_list().in_order())  # type: ignore[attr-defined]
    owed = [sheet for sheet in rows if sheet.state in OWED]
    context = {
        "period": row,
        "rows": rows,
        "owed": len(owed),
        "late": sum(sheet.is_late(on) for sheet in rows),
        "days_late": _days_late(row, on),
        "refusal": row.refusal("open_sheets", user, on),
        "today": on,
    }
    return render(request, "assessments/period_sheets.html", context)


def _days_late(row: Period, on: date) -> int:
    return max(0, (on - row.sheets_due_on).days) if row.sheets_due_on else 0


@require(*OFFICE)
@require_http_methods(["GET", "POST"])
def sheets_open(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Open all sheets of a period at once; what is missing needs a reason."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    row = readable_period(request, pk, on)
    form = OpenSheetsForm(_data(request), initial={"version": row.version})
    if form.is_bound and form.is_valid():
        try:
            row.version = form.cleaned_data["version"]
            _open(row, user, at, form.cleaned_data["reason"])
            return redirect("period_sheets", row.pk)
        except StepRefused as refusal:
            show_refusal(request, refusal, form)
            row = readable_period(request, pk, on)
    missing = row.sheets.exclude(state=SheetState.SUBMITTED)
    context = {
        "period": row,
        "form": form,
        "missing": list(missing.for_list().in_order()),  # type: ignore[attr-defined]
        "refusal": row.refusal("open_sheets", user, on),
    }
    return render(request, "assessments/sheets_open.html", context)


@transaction.atomic
def _open(row: Period, user: User, at: datetime, reason: str) -> None:
    """Open them, and let what was done under each one's seal stand in the open log."""
    for opened in open_sheets(row, by=user, at=at, reason=reason):
        unseal(opened.pk, at=at)


period_urlpatterns = [
    path("<uuid:pk>/sheets/", period_sheets, name="period_sheets"),
    path("<uuid:pk>/sheets/open/", sheets_open, name="sheets_open"),
]
urlpatterns = [
    path("", sheets, name="sheets"),
    path("<uuid:pk>/", sheet, name="sheet"),
    path("<uuid:pk>/send-back/", sheet_send_back, name="sheet_send_back"),
    path("<uuid:pk>/step/<str:step>/", sheet_step, name="sheet_step"),
]
