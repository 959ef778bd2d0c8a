"""Areas (片): by default a township each; an office may cut one out of a township."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from villages.access import KEEPERS, keeps, require, today
from villages.forms import AreaForm
from villages.models import Area, AreaLink, Division, Village
from villages.models.dated import holds_on

PER_PAGE = 20


@require(*KEEPERS)
@require_safe
def areas(request: HttpRequest) -> HttpResponse:
    """List the areas of the units that the user keeps."""
    on = today()
    rows = Area.objects.on(on).visible_to(request.user, on, *KEEPERS).select_related("county", "township")
    held = Count("village_links", filter=holds_on(on, "village_links__"), distinct=True)
    leaders = Count("responsibilities", filter=holds_on(on, "responsibilities__"), distinct=True)
    rows = rows.annotate(villages=held, leaders=leaders).order_by(
        "county__position", "township__position", "name"
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "villages/areas.html", {"page": page, "townships": _townships(request)})


@require(*KEEPERS)
@require_http_methods(["GET", "POST"])
def area_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Cut an area out of a township."""
    township = get_object_or_404(_townships(request), pk=pk)
    area = Area(township=township, county_id=township.county_id)
    return _edit(request, area, township)


@require(*KEEPERS)
@require_http_methods(["GET", "POST"])
def area_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Rename an area and say which villages lie in it."""
    on = today()
    kept = Area.objects.on(on).visible_to(request.user, on, *KEEPERS).select_related("township")
    area = get_object_or_404(kept, pk=pk)
    return _edit(request, area, area.township)


def _edit(request: HttpRequest, area: Area, township: Division | None) -> HttpResponse:
    on = today()
    held = AreaLink.objects.on(on).filter(area=area).values_list("village", flat=True)
    inside = Q(township_id=township.pk) if township else Q(county_id=area.county_id)
    villages = Village.objects.current(on).with_places(on).filter(inside).order_by("code")
    initial = {"name": area.name, "since": on, "villages": [] if area._state.adding else list(held)}
    form = AreaForm(request.POST or None, initial=initial, villages=villages)
    if request.method == "POST" and form.is_valid():
        area.settle(**form.cleaned_data)
        return redirect("areas")
    return render(request, "villages/area_edit.html", {"area": area, "township": township, "form": form})


@require(*KEEPERS)
@require_POST
def area_dissolve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End an area today; its villages go to the township's first area."""
    on = today()
    area = get_object_or_404(Area.objects.on(on).visible_to(request.user, on, *KEEPERS), pk=pk)
    area.dissolve(on=on)
    return redirect("areas")


def _townships(request: HttpRequest) -> Any:
    on = today()
    kept = keeps(request.user, on).q(county="county_id", township="pk", village="pk")
    return Division.objects.townships(on).filter(kept)


urlpatterns = [
    path("areas/", areas, name="areas"),
    path("areas/add/<uuid:pk>/", area_add, name="area_add"),
    path("areas/<uuid:pk>/", area_edit, name="area_edit"),
    path("areas/<uuid:pk>/dissolve/", area_dissolve, name="area_dissolve"),
]
