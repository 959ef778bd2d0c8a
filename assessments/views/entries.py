"""One entry of a sheet: its form, its files."""

import uuid
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, user_of
from accounts.models import User
from assessments.forms.entries import EntryForm
from assessments.grid import grid_of, units_shown
from assessments.models import Entry, EntryFile, Sheet
from assessments.places import villages_by_words, words_by_id
from assessments.views.scope import OWNERS, SHEET_READERS, readable_sheet, show_refusal
from audit.log import record, seal
from inspections.attachments import TYPES
from inspections.steps import StepRefused
from schemes.models import Item
from villages.models import Division


@require(*SHEET_READERS)
@require_http_methods(["GET", "POST"])
def sheet_entry(request: HttpRequest, pk: uuid.UUID, unit: uuid.UUID, code: str) -> HttpResponse:
    """Show what a sheet says of one item of one unit; its owner fills it in here."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    sheet = readable_sheet(request, pk, on)
    division, item = _cell(sheet, user, on, unit, code)
    entry = _entry(sheet, division, item)
    form = _form(request, entry, division, item, on)
    if request.method == "POST" and form.is_valid():
        try:
            _save(sheet, division, item, form, user, at)
            return _go_on(request, sheet, user, on, unit, code)
        except StepRefused as refusal:
            show_refusal(request, refusal, form)
    context = {
        "sheet": sheet,
        "unit": division,
        "item": item,
        "entry": entry,
        "form": form,
        "villages": form.villages,
        "refusal": sheet.refusal("fill", user, on),
    }
    return render(request, "assessments/entry.html", context)


def _cell(sheet: Sheet, user: User, on: date, unit: uuid.UUID, code: str) -> tuple[Division, Item]:
    """Return unit and item of an address; what the sheet does not ask for, or not of this reader, is not there."""
    division = next((row for row in units_shown(sheet, user, on) if row.pk == unit), None)
    item = next((row for row in sheet.items() if row.code == code), None)
    if division is None or item is None:
        raise Http404
    return division, item


def _entry(sheet: Sheet, unit: Division, item: Item) -> Entry | None:
    return Entry.objects.filter(sheet=sheet, unit=unit, item=item).with_facts().first()


def _form(request: HttpRequest, entry: Entry | None, unit: Division, item: Item, on: date) -> EntryForm:
    places = villages_by_words([unit], on)
    words = words_by_id(places)
    facts = [
        {
            "text": fact.text,
            "village": words.get(fact.village_id, "") if fact.village_id else "",
            "place": fact.place,
            "zero_if": fact.zero_if,
        }
        for fact in (entry.facts.all() if entry else ())
    ]
    data: tuple[Any, ...] = (request.POST, request.FILES) if request.method == "POST" else ()
    return EntryForm(*data, item=item, villages=places[unit.pk], facts=facts, initial=EntryForm.stored(entry))


@transaction.atomic
def _save(sheet: Sheet, unit: Division, item: Item, form: EntryForm, user: User, at: datetime) -> None:
    """Store the entry and its file, or neither."""
    version = form.cleaned_data["version"]
    entry, _new = sheet.fill(by=user, at=at, unit=unit, item=item, values=form.values(), version=version)
    if form.cleaned_data["file"]:
        sheet.attach(entry, by=user, at=at, file=form.cleaned_data["file"], kind=form.kind)


def _go_on(
    request: HttpRequest, sheet: Sheet, user: User, on: date, unit: uuid.UUID, code: str
) -> HttpResponse:
    """Go to the next empty item, where that was asked for and there is one, else back to the sheet."""
    messages.success(request, _("%(code)s is saved.") % {"code": code})
    if "next" in request.POST:
        grid = grid_of(sheet, units_shown(sheet, user, on), Entry.objects.filter(sheet=sheet))
        if cell := grid.after(unit, code):
            return redirect("sheet_entry", sheet.pk, cell.unit.pk, cell.item.code)
    return redirect(sheet)


@require(*SHEET_READERS)
@require_safe
def entry_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Hand out one file of evidence."""
    return deliver(request, pk)


def deliver(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Hand a file out, never inline, and write that down; of a sealed sheet under its seal."""
    at = timezone.now()
    seen = Entry.objects.visible_to(user_of(request), timezone.localdate(at))
    rows = EntryFile.objects.readable(seen).select_related("entry__sheet", "entry__item", "entry__unit")
    row = get_object_or_404(rows, pk=pk)
    try:
        file = row.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    if row.entry.sheet.is_sealed:
        seal(request, row.entry.sheet_id)
    else:
        record(request, "download", obj=row.entry, at=at, file=str(row.pk), sha256=row.sha256)
    response = FileResponse(file, as_attachment=True, filename=row.name, content_type=TYPES[row.kind])
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@require(*OWNERS)
@require_POST
def entry_file_remove(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Take a file away again."""
    user, at = user_of(request), timezone.now()
    mine = Sheet.objects.owned_by(user, timezone.localdate(at))
    rows = EntryFile.objects.filter(entry__sheet__in=mine).select_related(
        "entry__sheet__period", "entry__item"
    )
    row = get_object_or_404(rows, pk=pk)
    sheet = row.entry.sheet
    if sheet.is_sealed:
        seal(request, sheet.pk)
    try:
        sheet.detach(row, by=user, at=at)
        messages.success(request, _("The file is taken away."))
    except StepRefused as refusal:
        show_refusal(request, refusal)
    return redirect("sheet_entry", sheet.pk, row.entry.unit_id, row.entry.item.code)


urlpatterns = [
    path("files/<uuid:pk>/", entry_file, name="entry_file"),
    path("files/<uuid:pk>/remove/", entry_file_remove, name="entry_file_remove"),
    path("<uuid:pk>/<uuid:unit>/<str:code>/", sheet_entry, name="sheet_entry"),
]
