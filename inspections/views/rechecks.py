"""Re-checks of an agency's sheets: draw a share, begin the second visit, see where the two differ."""

import uuid
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from audit.log import refused
from inspections import visit_lists
from inspections.forms.visits import RecheckForm
from inspections.models import Recheck, RecheckDraw, ReportConflict
from inspections.steps import StepRefused
from villages.models import Division

ROWS = 20


def _office_of(user: User, on: date) -> Division | None:
    """Return the city office that the user works in."""
    return next((p.division for p in user.posts_on(on) if p.role == Role.CITY_OFFICE), None)


@require(Role.CITY_OFFICE, Role.INSPECTOR)
@require_http_methods(["GET", "POST"])
def rechecks(request: HttpRequest) -> HttpResponse:
    """List the drawn sheets the user may know of; the office draws more here."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    form = _draw_form(request, user, on)
    if form and form.is_bound and form.is_valid():
        try:
            office: Any = _office_of(user, on)
            RecheckDraw.objects.draw(by=user, at=at, office=office, **form.arguments())
            return redirect("rechecks")
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
    seen = Recheck.objects.visible_to(user, on).for_list()
    context = {
        "form": form,
        "page": Paginator(seen.order_by("recheck__submitted_at", "pk"), ROWS).get_page(
            request.GET.get("page")
        ),
        "totals": visit_lists.agency_totals(seen.compared()) if form else [],
        "me": user,
    }
    return render(request, "inspections/visits/rechecks.html", context)


def _draw_form(request: HttpRequest, user: User, on: date) -> RecheckForm | None:
    office = _office_of(user, on)
    if office is None:
        return None
    start = {
        "since": on.replace(day=1),
        "until": on,
        "share": settings.RECHECK_SHARE,
        "inspector": str(user.pk),
    }
    people = RecheckDraw.objects.inspectors(office, on)
    return RecheckForm(request.POST if request.method == "POST" else None, people=people, initial=start)


@require(Role.CITY_OFFICE, Role.INSPECTOR)
@require_POST
def recheck_begin(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Begin the second visit."""
    user, at = user_of(request), timezone.now()
    pick = get_object_or_404(Recheck.objects.visible_to(user, timezone.localdate(at)).for_list(), pk=pk)
    try:
        key = uuid.UUID(request.POST.get("id", ""))
        return redirect("visit_sheet", pk=pick.begin(id=key, by=user, at=at).pk)
    except ValueError:
        refused(request, "invalid")
    except (StepRefused, ReportConflict) as refusal:
        refused(request, refusal.code)
        messages.error(request, str(refusal))
    return redirect("rechecks")


@require(Role.CITY_OFFICE, Role.INSPECTOR)
@require_safe
def recheck(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show where the two sheets differ; only once the second one is in."""
    user, on = user_of(request), timezone.localdate()
    seen = Recheck.objects.visible_to(user, on).compared().for_list()
    pick = get_object_or_404(seen, pk=pk)
    if pick.recheck is None:
        raise Http404
    rows = visit_lists.differences(pick.visit, pick.recheck)
    return render(request, "inspections/visits/recheck.html", {"pick": pick, "differences": rows})


urlpatterns = [
    path("rechecks/", rechecks, name="rechecks"),
    path("rechecks/<uuid:pk>/", recheck, name="recheck"),
    path("rechecks/<uuid:pk>/begin/", recheck_begin, name="recheck_begin"),
]
