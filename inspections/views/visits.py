"""Visits: the day's plan and lists, begin, the sheet, one visit with its versions, correction, release."""

import uuid
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from audit.log import refused
from inspections import visit_lists
from inspections.forms.visits import BeginForm, CorrectionForm, MissForm, SheetForm
from inspections.models import Finding, PlannedVisit, ReportConflict, Visit
from inspections.models.rounds import works_for
from inspections.sheets import Sheet, SheetRefused
from inspections.steps import StepRefused
from inspections.views.confirming import confirmed
from inspections.views.record import village_options

OFFICES = (Role.CITY_OFFICE, Role.COUNTY_OFFICE)
MAKERS = (*OFFICES, Role.INSPECTOR)
READERS = (*MAKERS, Role.TOWNSHIP, Role.LEADER, Role.AUDITOR)
RECHECKERS = {Role.CITY_OFFICE, Role.INSPECTOR}
ROWS = 20


def scoped(request: HttpRequest, pk: uuid.UUID, on: date) -> Visit:
    """Return a visit that the user may read; 404 is the answer for all others."""
    return get_object_or_404(Visit.objects.visible_to(user_of(request), on).for_list(), pk=pk)


def own(request: HttpRequest, pk: uuid.UUID) -> Visit:
    """Return a visit that the user has begun himself."""
    return get_object_or_404(Visit.objects.filter(inspector=user_of(request)).for_list(), pk=pk)


def revealed(request: HttpRequest, at: datetime) -> QuerySet[PlannedVisit]:
    """Return what is revealed of the plan of the user's own teams."""
    return PlannedVisit.objects.revealed_to(user_of(request), at).current().for_list()


# --- lists ----------------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def visits(request: HttpRequest) -> HttpResponse:
    """Show what is revealed of the day, what was begun, and the visits the user may read."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    seen = Visit.objects.visible_to(user, on)
    asked = visit_lists.Asked.read(request.GET)
    rows = asked.narrow(seen.submitted()).for_list().order_by("-submitted_at", "id")
    plan = revealed(request, at).filter(visit=None, missed_reason="").in_order()  # type: ignore[attr-defined]
    makes = bool(user.roles(on) & set(MAKERS))
    context = {
        "page": Paginator(rows, ROWS).get_page(request.GET.get("page")),
        "filters": visit_lists.filters(seen.submitted(), asked),
        "stops": visit_lists.stops(plan) if makes else [],
        "begun": seen.filter(submitted_at=None).for_list().order_by("-begun_at") if makes else [],
        "makes": makes,
        "is_office": bool(user.roles(on) & set(OFFICES)),
        "may_recheck": any(p.role in RECHECKERS and not p.organisation_id for p in user.posts_on(on)),
        "me": user,
    }
    return render(request, "inspections/visits/list.html", context)


# --- begin ----------------------------------------------------------------------------------------------------
@require(*MAKERS)
@require_http_methods(["GET", "POST"])
@confirmed
def visit_new(request: HttpRequest) -> HttpResponse:
    """Choose a village and begin a visit there; a stop of the day's plan posts here too."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    data = request.POST if request.method == "POST" else None
    form = BeginForm(
        data, user=user, on=on, initial={"id": uuid.uuid4(), "village": request.GET.get("village")}
    )
    if form.is_bound and form.is_valid():
        try:
            return redirect("visit_sheet", pk=_begin(request, form.arguments(), at).pk)
        except (StepRefused, ReportConflict) as refusal:
            form.add_error(None, str(refusal))
    options = village_options(request, form["village"].value(), user, on)
    return render(request, "inspections/visits/new.html", {"form": form, **options})


def _begin(request: HttpRequest, fields: dict[str, Any], at: datetime) -> Visit:
    key = fields.pop("planned")
    mine = Visit.objects.filter(pk=fields["id"], inspector=user_of(request))
    if key and not mine.exists():
        fields["planned"] = get_object_or_404(revealed(request, at), pk=key, village=fields["village"])
    visit, _created = Visit.objects.begin(by=user_of(request), at=at, **fields)
    return visit


@require(*MAKERS)
@require_http_methods(["GET", "POST"])
def visit_miss(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Say why a planned visit was not made."""
    user, at = user_of(request), timezone.now()
    planned = get_object_or_404(revealed(request, at), pk=pk)
    form = MissForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            planned.miss(by=user, at=at, **form.cleaned_data)
            return redirect("visits")
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
    return render(request, "inspections/visits/miss.html", {"planned": planned, "form": form})


# --- the sheet ------------------------------------------------------------------------------------------------
@require(*MAKERS)
@require_http_methods(["GET", "POST"])
@confirmed
def visit_sheet(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the sheet of a visit that was begun, or take it in."""
    user, at = user_of(request), timezone.now()
    visit = own(request, pk)
    if request.method == "GET" and visit.submitted_at:
        return redirect(visit)
    form = _form(request, visit, timezone.localdate(at))
    if form.is_bound and form.is_valid():
        try:
            visit.submit(by=user, at=at, sheet=form.sheet(), claimed_submitted_at=None)
            return redirect(visit)
        except (SheetRefused, StepRefused, ReportConflict) as refusal:
            visit = own(request, pk)
            _show(request, form, refusal)
    return render(request, "inspections/visits/sheet.html", {"visit": visit, "form": form})


def _form(request: HttpRequest, visit: Visit, on: date, sheet: Sheet | None = None) -> SheetForm:
    findings = list(visit.findings.select_related("item").order_by("reported_at", "pk"))
    people = visit.may_be_present(on)
    present = [str(key) for key in visit.present.values_list("pk", flat=True)]
    items = visit.items_to_look_at()
    prefetch_related_objects(items, "examples")  # shown beside the standard
    return SheetForm(
        request.POST if request.method == "POST" else None, items=items, findings=findings,
        people=people, initial=SheetForm.start(sheet, findings, present),
    )  # fmt: skip


def _show(request: HttpRequest, form: SheetForm, refusal: Exception) -> None:
    """Show at its parts what was refused."""
    refused(request, getattr(refusal, "code", "invalid"))
    if isinstance(refusal, SheetRefused):
        form.take(refusal)
    else:
        form.add_error(None, str(refusal))


@require(*MAKERS)
@require_http_methods(["GET", "POST"])
@confirmed
def visit_correct(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Correct a submitted sheet with a reason; the old version is kept."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    visit = scoped(request, pk, on)
    if not visit.may_correct(user, on):
        raise Http404
    form = _form(request, visit, on, visit.sheet())
    reason = CorrectionForm(request.POST if form.is_bound else None, initial={"number": visit.number})
    if form.is_bound and form.is_valid() and reason.is_valid():
        try:
            visit.correct(by=user, at=at, sheet=form.sheet(), **reason.cleaned_data)
            return redirect(visit)
        except StepRefused as refusal:
            visit = scoped(request, pk, on)
            _show(request, form, refusal)
    context = {"visit": visit, "form": form, "reason": reason, "correcting": True}
    return render(request, "inspections/visits/sheet.html", context)


# --- one visit ------------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def visit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a visit: points with photos, items with scores and why, findings, versions."""
    user, on = user_of(request), timezone.localdate()
    found = scoped(request, pk, on)
    if found.submitted_at is None:
        if found.inspector_id == user.pk:
            return redirect("visit_sheet", pk=pk)
        return render(request, "inspections/visits/begun.html", {"visit": found})
    return render(request, "inspections/visits/visit.html", _parts(found, user, on))


def _parts(found: Visit, user: User, on: date) -> dict[str, Any]:
    photos: dict[str, list[Any]] = {}
    for row in found.photos.select_related("photo").order_by("pk"):
        photos.setdefault(row.point, []).append(row.photo)
    seen = Finding.objects.visible_to(user, on)
    return {
        "visit": found,
        "points": sorted(found.points.all(), key=lambda row: row.position),
        "photos": photos,
        "items": list(found.items.select_related("item__aspect").order_by("item__position")),
        "findings": list(seen.filter(visit=found).for_list().order_by("reported_at", "pk")),
        "versions": list(found.versions.select_related("by__person").order_by("-number")),
        "present": list(found.present.select_related("person").order_by("username")),
        "may_correct": found.may_correct(user, on),
        "may_release": found.released_at is None and works_for(user, found.office, on),
    }


@require(*OFFICES)
@require_POST
def visit_release(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a visit to the inspected side."""
    user, at = user_of(request), timezone.now()
    found = scoped(request, pk, timezone.localdate(at))
    try:
        found.release(by=user, at=at)
        messages.success(request, _("Released: the unit, the township and its leaders can read it now."))
    except StepRefused as refusal:
        refused(request, refusal.code)
        messages.error(request, str(refusal))
    return redirect(found)


urlpatterns = [
    path("", visits, name="visits"),
    path("new/", visit_new, name="visit_new"),
    path("planned/<uuid:pk>/missed/", visit_miss, name="visit_miss"),
    path("<uuid:pk>/", visit, name="visit"),
    path("<uuid:pk>/sheet/", visit_sheet, name="visit_sheet"),
    path("<uuid:pk>/correct/", visit_correct, name="visit_correct"),
    path("<uuid:pk>/release/", visit_release, name="visit_release"),
]
