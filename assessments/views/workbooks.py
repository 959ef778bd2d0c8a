"""A department's grid as a workbook: out with what is there, in with a dry run that names every wrong cell."""

import hashlib
import uuid
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import Role
from assessments import workbook
from assessments.forms.entries import UploadForm
from assessments.grid import grid_of
from assessments.models import Entry, Sheet, SheetImport
from assessments.places import villages_by_words, words_by_id
from assessments.views.scope import own_sheet, show_refusal
from inspections.steps import StepRefused
from villages.spreadsheet import MAX_BYTES, Unreadable

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 200
FILLERS = (Role.DEPARTMENT, Role.COUNTY_OFFICE)


@require(*FILLERS)
@require_safe
def sheet_workbook(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Hand out the sheet as a workbook with what is filled in already."""
    on = timezone.localdate()
    sheet = own_sheet(request, pk, on)
    grid = grid_of(sheet, sheet.units(), Entry.objects.filter(sheet=sheet))
    entries = {
        (entry.unit_id, entry.item_id): entry for entry in Entry.objects.filter(sheet=sheet).with_facts()
    }
    body = workbook.write(grid, entries, words_by_id(villages_by_words(grid.units, on)))
    response = HttpResponse(body, content_type=EXCEL)
    response.headers["Content-Disposition"] = 'attachment; filename="sheet.xlsx"'
    return response


@require(*FILLERS)
@require_http_methods(["GET", "POST"])
def sheet_import(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Take a workbook; nothing changes before its dry run is confirmed."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    sheet = own_sheet(request, pk, on)
    form = UploadForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    refusal = sheet.refusal("fill", user, on)
    if form.is_bound and form.is_valid() and not refusal:
        file = form.cleaned_data["file"]
        if file.size <= MAX_BYTES:
            content = file.read()
            kept = SheetImport.objects.create(
                sheet=sheet, by=user, at=at, name=file.name[:200], content=content,
                sha256=hashlib.sha256(content).hexdigest(),
            )  # fmt: skip
            return redirect("sheet_import_check", sheet.pk, kept.pk)
        form.add_error("file", _("The file is larger than 10 MB."))
    context = {"sheet": sheet, "form": form, "refusal": refusal}
    return render(request, "assessments/sheet_import.html", context)


@require(*FILLERS)
@require_http_methods(["GET", "POST"])
def sheet_import_check(request: HttpRequest, pk: uuid.UUID, job: uuid.UUID) -> HttpResponse:
    """Show what a workbook would change or what is wrong in it; a post carries it out, all or nothing."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    sheet = own_sheet(request, pk, on)
    kept = get_object_or_404(SheetImport.objects.filter(sheet=sheet), pk=job)
    if kept.done_at:
        return redirect(sheet)
    try:
        plan = _plan(kept, sheet, on)
    except Unreadable as error:
        return render(
            request, "assessments/sheet_import_check.html", {"sheet": sheet, "error": error}, status=422
        )
    if request.method == "POST" and not plan.errors:
        try:
            count = _carry_out(kept, sheet, plan, user, at)
            message = ngettext("%(n)s item is taken over.", "%(n)s items are taken over.", count)
            messages.success(request, message % {"n": count})
            return redirect(sheet)
        except StepRefused as refusal:
            show_refusal(request, refusal)
    context = {"sheet": sheet, "kept": kept, "plan": plan, "errors": plan.errors[:SHOWN], "shown": SHOWN}
    return render(request, "assessments/sheet_import_check.html", context)


def _plan(kept: SheetImport, sheet: Sheet, on: date) -> workbook.Plan:
    return workbook.read(bytes(kept.content), sheet, villages_by_words(sheet.units(), on))


@transaction.atomic
def _carry_out(kept: SheetImport, sheet: Sheet, plan: workbook.Plan, user: Any, at: datetime) -> int:
    if not kept.finish(at=at):
        return 0
    return sheet.fill_all(by=user, at=at, rows=plan.values)


urlpatterns = [
    path("<uuid:pk>/workbook/", sheet_workbook, name="sheet_workbook"),
    path("<uuid:pk>/import/", sheet_import, name="sheet_import"),
    path("<uuid:pk>/import/<uuid:job>/", sheet_import_check, name="sheet_import_check"),
]
