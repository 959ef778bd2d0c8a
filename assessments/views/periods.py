"""Periods: the list, one period with what is next, planning, its rounds, opening it."""

import uuid
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from assessments.forms.periods import ChangePeriodForm, NewPeriodForm, PeriodRoundsForm, VersionForm
from assessments.models import Adjustment, Period, Sheet, missing_to_open, open_period
from assessments.period_path import path_of
from assessments.views.publication import part_of_page
from assessments.views.scope import OFFICE, READERS, readable_period, show_refusal
from inspections.steps import StepRefused

ROWS = 20


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


@require(*READERS)
@require_safe
def periods(request: HttpRequest) -> HttpResponse:
    """List the periods that the user may know of, the newest first."""
    user, on = user_of(request), timezone.localdate()
    rows = Period.objects.visible_to(user, on).for_list().newest_first()
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {"page": page, "may_plan": user.has_role(Role.CITY_OFFICE, on)}
    return render(request, "assessments/periods.html", context)


@require(*OFFICE)
@require_http_methods(["GET", "POST"])
def period_new(request: HttpRequest) -> HttpResponse:
    """Begin to plan a period."""
    user, at = user_of(request), timezone.now()
    form = NewPeriodForm(_data(request), at=at, initial=NewPeriodForm.proposal())
    if form.is_bound and form.is_valid():
        known = Period.objects.filter(pk=form.cleaned_data["id"], created_by=user).first()
        if known is not None:
            return redirect(known)  # sent twice
        try:
            return redirect(Period.objects.plan(by=user, at=at, **form.arguments()))
        except StepRefused as refusal:
            show_refusal(request, refusal, form)
    return render(request, "assessments/period_form.html", {"form": form})


@require(*OFFICE)
@require_http_methods(["GET", "POST"])
def period_change(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Change what is planned."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    row = readable_period(request, pk, on)
    initial = {**ChangePeriodForm.stored(row), "version": row.version}
    form = ChangePeriodForm(_data(request), at=at, parts_of=row, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            row.version = form.cleaned_data["version"]
            row.change(by=user, at=at, **form.arguments())
            return redirect(row)
        except StepRefused as refusal:
            show_refusal(request, refusal, form)
    context = {"form": form, "period": row, "refusal": row.refusal("change", user, on)}
    return render(request, "assessments/period_form.html", context)


@require(*OFFICE)
@require_http_methods(["GET", "POST"])
def period_rounds(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Choose the rounds whose visits score, while sheets and visits come in."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    row = readable_period(request, pk, on)
    initial = {"version": row.version, "rounds": list(row.rounds.values_list("pk", flat=True))}
    form = PeriodRoundsForm(_data(request), at=at, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            row.version = form.cleaned_data["version"]
            row.set_rounds(by=user, at=at, rounds=form.cleaned_data["rounds"])
            return redirect(row)
        except StepRefused as refusal:
            show_refusal(request, refusal, form)
    context = {"form": form, "period": row, "refusal": row.refusal("set_rounds", user, on)}
    return render(request, "assessments/period_rounds.html", context)


@require(*OFFICE)
@require_http_methods(["GET", "POST"])
def period_open(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show what opening does and what is missing for it, or open the period."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    row = readable_period(request, pk, on)
    form = VersionForm(_data(request), initial={"version": row.version})
    if form.is_bound and form.is_valid():
        try:
            row.version = form.cleaned_data["version"]
            open_period(row, by=user, at=at)
            messages.success(request, _("The period is open. Who owes a sheet has been told."))
            return redirect(row)
        except StepRefused as refusal:
            show_refusal(request, refusal, form)
            row = readable_period(request, pk, on)
    context = {
        "form": form,
        "period": row,
        "refusal": row.refusal("open", user, on),
        "missing": missing_to_open(row, on),
    }
    return render(request, "assessments/period_open.html", context)


@require(*READERS)
@require_safe
def period(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a period: what is next first, then what is assessed, the sheets as far as they are the user's business."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    row = readable_period(request, pk, on)
    return render(request, "assessments/period.html", _context(row, user, at, on))


def _context(row: Period, user: User, at: datetime, on: date) -> dict[str, Any]:
    is_office = user.has_role(Role.CITY_OFFICE, on)
    sheets = list(row.sheets.all()) if is_office else []
    mine = Sheet.objects.owned_by(user, on).filter(period=row)
    return {
        "period": row,
        "is_office": is_office,
        "steps": row.steps_for(user, on),
        "path": path_of(row, sheets, on) if is_office else [],
        "rounds": list(row.rounds.order_by("begins_on", "pk")),
        "parts": list(row.parts.select_related("part").order_by("part__begins_on", "pk")),
        "mine": list(mine.for_list().in_order()),
        "readable": list(Sheet.objects.visible_to(user, on).filter(period=row).for_list().in_order()),
        "adjustments": list(Adjustment.objects.visible_to(user, on).filter(period=row).approved().for_list()),
        "events": list(row.events.select_related("by__person").order_by("at", "pk")) if is_office else [],
        "publication": part_of_page(row, user, on),
        "today": on,
    }


urlpatterns = [
    path("", periods, name="periods"),
    path("new/", period_new, name="period_new"),
    path("<uuid:pk>/", period, name="period"),
    path("<uuid:pk>/change/", period_change, name="period_change"),
    path("<uuid:pk>/rounds/", period_rounds, name="period_rounds"),
    path("<uuid:pk>/open/", period_open, name="period_open"),
]
