"""Adjustments of a period: the list, a proposal, the decision of a second person."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import require, user_of
from accounts.models import Role
from assessments.forms.adjustments import AdjustmentForm, DecideForm
from assessments.models import Adjustment
from assessments.models.sheets import assessed_units
from assessments.views.scope import OFFICE, readable_period, show_refusal
from inspections.steps import StepRefused
from villages.models import Division

READERS = (Role.CITY_OFFICE, Role.AUDITOR)


@require(*READERS)
@require_http_methods(["GET", "POST"])
def adjustments(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """List the bonuses and penalties of a period, and propose one."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    period = readable_period(request, pk, on)
    is_office = user.has_role(Role.CITY_OFFICE, on)
    if request.method == "POST" and not is_office:
        raise Http404
    refusal = period.refusal("adjust", user, on)
    units = Division.objects.filter(pk__in=[unit.pk for unit in assessed_units(period)]).order_by("position")
    form = AdjustmentForm(request.POST if request.method == "POST" else None, units=units)
    if form.is_bound and form.is_valid():
        try:
            Adjustment.objects.propose(period=period, by=user, at=at, **form.arguments())
            messages.success(request, _("Proposed. It counts once a second person has approved it."))
            return redirect("adjustments", period.pk)
        except StepRefused as refused:
            show_refusal(request, refused, form)
    rows = list(Adjustment.objects.visible_to(user, on).filter(period=period).for_list())
    context = {
        "period": period,
        "form": form,
        "refusal": refusal,
        "is_office": is_office,
        "rows": [{"adjustment": row, "steps": row.steps_for(user, on)} for row in rows],
        "decide_form": DecideForm(auto_id=False),
    }
    return render(request, "assessments/adjustments.html", context)


@require(*OFFICE)
@require_POST
def adjustment_step(request: HttpRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    """Approve, refuse or withdraw a proposal."""
    user, at = user_of(request), timezone.now()
    rows = Adjustment.objects.visible_to(user, timezone.localdate(at)).select_related("period")
    row = get_object_or_404(rows, pk=pk)
    if step not in ("approve", "refuse", "withdraw"):
        raise Http404
    form = DecideForm(request.POST)
    if form.is_valid():
        words = {} if step == "withdraw" else {"remark": form.cleaned_data["remark"]}
        try:
            getattr(row, step)(by=user, at=at, **words)
        except StepRefused as refusal:
            show_refusal(request, refusal)
    return redirect("adjustments", row.period_id)


urlpatterns = [
    path("<uuid:pk>/adjustments/", adjustments, name="adjustments"),
    path("adjustments/<uuid:pk>/<str:step>/", adjustment_step, name="adjustment_step"),
]
