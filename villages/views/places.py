"""The list of villages, and what an office may change in a village's file."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.log import record
from villages.access import KEEPERS, REGISTRARS, may, require, today
from villages.forms import MergeForm, NaturalVillageForm, VillageForm
from villages.models import Division, Village

PER_PAGE = 20


@require_safe
def village_list(request: HttpRequest) -> HttpResponse:
    """List the villages of the user's places by unit and township, with search."""
    on = today()
    villages = Village.objects.current(on).visible_to(request.user, on).in_order()
    villages = villages.search(request.GET.get("q", ""))
    for column in ("county", "township"):
        if key := read_uuid(request.GET.get(column)):
            villages = villages.filter(**{f"{column}_id": key})
    divisions = Division.objects.visible_to(request.user, on)
    context = {
        "page": Paginator(villages, PER_PAGE).get_page(request.GET.get("page")),
        "counties": divisions.filter(level=Division.Level.COUNTY).order_by("position", "name"),
        "townships": _townships(divisions, request.GET.get("county")),
        "may_import": may(request.user, on, *REGISTRARS),
    }
    return render(request, "villages/village_list.html", context)


@require(*KEEPERS)
@require_http_methods(["GET", "POST"])
def village_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change what is in a village and how large it is."""
    village = kept_village(request, pk)
    form = VillageForm(request.POST or None, instance=village)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect(village)
    return render(request, "villages/village_edit.html", {"village": village, "form": form})


@require(*KEEPERS)
@require_POST
def natural_village_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Add a natural village to the file."""
    village = kept_village(request, pk)
    form = NaturalVillageForm(request.POST)
    if form.is_valid():
        village.natural_villages.get_or_create(name=form.cleaned_data["name"])
    return redirect(village)


@require(*KEEPERS)
@require_POST
def natural_village_remove(request: HttpRequest, pk: UUID, natural: int) -> HttpResponse:
    """Take a natural village out of the file."""
    village = kept_village(request, pk)
    get_object_or_404(village.natural_villages, pk=natural).delete()
    return redirect(village)


@require("city_office")
@require_http_methods(["GET", "POST"])
def village_merge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Retire a village and let it point to the one it went into, once the two are confirmed by name."""
    on = today()
    village = get_object_or_404(Village.objects.current(on).visible_to(request.user, on), pk=pk)
    others = Village.objects.current(on).visible_to(request.user, on).exclude(pk=pk)
    form = MergeForm(request.POST or None, initial={"on": on}, villages=others)
    context = {"village": village, "form": form}
    if request.method == "POST" and form.is_valid():
        successor = form.cleaned_data["successor"]
        if request.POST.get("confirmed") == str(successor.pk):
            village.merge_into(successor, on=form.cleaned_data["on"])
            record(request, "merge", obj=village, successor=str(successor.pk))
            return redirect(successor)
        context["successor"] = successor
    return render(request, "villages/village_merge.html", context)


def kept_village(request: HttpRequest, pk: UUID) -> Village:
    """Return a village of the places whose files the user keeps, or 404."""
    on = today()
    village: Village = get_object_or_404(
        Village.objects.current(on).visible_to(request.user, on, *KEEPERS), pk=pk
    )
    return village


def _townships(divisions: Any, county: str | None) -> Any:
    if key := read_uuid(county):
        divisions = divisions.filter(county_id=key)
    return divisions.filter(level=Division.Level.TOWNSHIP).order_by("county_name", "position", "name")


def read_uuid(text: str | None) -> UUID | None:
    """Return the id of a query string, None when it is none."""
    try:
        return UUID(text or "")
    except ValueError:
        return None


urlpatterns = [
    path("", village_list, name="villages"),
    path("<uuid:pk>/edit/", village_edit, name="village_edit"),
    path("<uuid:pk>/merge/", village_merge, name="village_merge"),
    path("<uuid:pk>/natural/", natural_village_add, name="natural_village_add"),
    path("<uuid:pk>/natural/<int:natural>/remove/", natural_village_remove, name="natural_village_remove"),
]
