"""Applications for review: the list of a period, raising one, deciding one with its effect shown before."""

import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from assessments import publication
from assessments.forms.publication import AppealForm, DecideAppealForm
from assessments.models import Appeal, AppealFile, Edition, Period
from assessments.models.appeals import refusal_to_raise
from assessments.views.publication import APPEAL_READERS, units_of
from assessments.views.scope import readable_period, show_refusal
from audit.log import record
from inspections.attachments import TYPES
from inspections.steps import StepRefused
from villages.models import Division, Village


@require(*APPEAL_READERS)
@require_safe
def appeals(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """List the applications of a period that the user may read."""
    user, on = user_of(request), timezone.localdate()
    period = readable_period(request, pk, on)
    rows = Appeal.objects.visible_to(user, on).filter(period=period).for_list()
    mine = [unit for unit in units_of(user, on) if refusal_to_raise(period, user, unit, on) is None]
    context = {"period": period, "rows": list(rows), "may_appeal": bool(mine)}
    return render(request, "assessments/appeals.html", context)


@require(Role.COUNTY_OFFICE)
@require_http_methods(["GET", "POST"])
def appeal_new(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Apply for the review of an item of the user's unit."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    period = readable_period(request, pk, on)
    unit = units_of(user, on)[0]
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = AppealForm(
        data, files, items=period.scheme.items.order_by("position"), villages=_seen(period, unit)
    )
    if form.is_bound and form.is_valid():
        try:
            row = publication.appeal(period, by=user, at=at, **form.arguments(unit))
            messages.success(request, _("The application is in. The city office decides it with a reason."))
            return redirect(row)
        except StepRefused as refusal:
            show_refusal(request, refusal, form)
    context = {
        "period": period,
        "form": form,
        "unit": unit,
        "refusal": refusal_to_raise(period, user, unit, on),
    }
    return render(request, "assessments/appeal_new.html", context)


def _seen(period: Period, unit: Division) -> Any:
    """Return the villages of the unit that were visited in the period."""
    edition = period.editions.filter(state=Edition.State.PROVISIONAL).first()
    if edition is None:
        return Village.objects.none()
    rows = edition.village_items.filter(county=unit, visits__gt=0)
    return Village.objects.filter(pk__in=rows.values("village")).order_by("name", "pk")


def readable_appeal(user: User, pk: uuid.UUID, on: date) -> Appeal:
    """Return an application that the user may read."""
    rows = Appeal.objects.visible_to(user, on).select_related(
        "period", "unit", "item", "village", "raised_by", "decided_by"
    )
    return get_object_or_404(rows, pk=pk)


@require(*APPEAL_READERS)
@require_http_methods(["GET", "POST"])
def appeal(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show an application; who decides it sees the effect first (`preview`), then decides."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    row = readable_appeal(user, pk, on)
    refusal = row.refusal(user, on)
    if request.method == "POST" and not user.has_role(Role.CITY_OFFICE, on):
        raise Http404
    form = DecideAppealForm(request.POST if request.method == "POST" else None, appeal=row)
    effect = None
    if form.is_bound and form.is_valid():
        try:
            if "preview" in request.POST:
                if refusal:
                    raise refusal
                effect = publication.preview(row, at=at, units=form.cleaned_data["points"])
            else:
                data = form.cleaned_data
                publication.decide(row, by=user, at=at, reason=data["reason"], units=data["points"])
                return redirect(row)
        except StepRefused as refused:
            show_refusal(request, refused, form)
    context = {
        "appeal": row, "period": row.period, "form": form, "refusal": refusal, "effect": effect,
        "files": list(row.files.order_by("at", "pk")), "decides": user.has_role(Role.CITY_OFFICE, on),
        "override": getattr(row, "override", None),
    }  # fmt: skip
    return render(request, "assessments/appeal.html", context)


@require(*APPEAL_READERS)
@require_safe
def appeal_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Hand out a file of an application, never inline, and write that down."""
    at = timezone.now()
    seen = Appeal.objects.visible_to(user_of(request), timezone.localdate(at))
    row = get_object_or_404(AppealFile.objects.filter(appeal__in=seen).select_related("appeal"), pk=pk)
    try:
        file = row.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    record(request, "download", obj=row.appeal, at=at, file=str(row.pk), sha256=row.sha256)
    response = FileResponse(file, as_attachment=True, filename=row.name, content_type=TYPES[row.kind])
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


period_urlpatterns = [
    path("<uuid:pk>/appeals/", appeals, name="appeals"),
    path("<uuid:pk>/appeals/new/", appeal_new, name="appeal_new"),
]
urlpatterns = [
    path("<uuid:pk>/", appeal, name="appeal"),
    path("files/<uuid:pk>/", appeal_file, name="appeal_file"),
]
