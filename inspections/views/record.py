"""Record a problem: the inspector's page, its pickers and what is said afterwards."""

import uuid
from datetime import date, datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from inspections import dossier
from inspections.forms.record import RecordForm, villages_for
from inspections.models import Finding, LookBackCase, Meeting, ReportConflict, Round, Visit
from inspections.reporting import digest
from inspections.steps import StepRefused
from inspections.views.confirming import confirmed
from inspections.views.sealed import open_sealed
from schemes.models import Aspect, Item
from schemes.search import find_items
from villages.models import Village

RECENT = 5
FOUND = 12
FOUND_ITEMS = 6
SIMILAR = 5
FIXED = 30
PLACES = 30
PLACES_READ = 100
RECORDERS = (Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.INSPECTOR)
M = TypeVar("M", bound=models.Model)


@require(*RECORDERS)
@require_http_methods(["GET", "POST"])
@confirmed
def record(request: HttpRequest) -> HttpResponse:
    """Show the form, or take one report in."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    visit = _visit(request, user, on)
    data = request.POST if request.method == "POST" else None
    form = RecordForm(data, user=user, on=on, visit=visit, initial=_start(request, visit))
    if form.is_bound and form.is_valid():
        try:
            finding = _report(form.cleaned_data, user, at)
            _remember(request, finding)
            if meeting := request.GET.get("meeting"):
                Meeting.objects.attach_recorded(meeting, finding, by=user, at=at)
            return redirect("visit_sheet", pk=visit.pk) if visit else redirect("stored", pk=finding.pk)
        except (StepRefused, ReportConflict) as refused:
            form.add_error(None, str(refused))
    return render(request, "inspections/record.html", _page(request, form, user, on))


def _report(fields: dict[str, Any], user: User, at: datetime) -> Finding:
    finding, _created = Finding.objects.report(by=user, at=at, digest=digest(fields), **fields)
    return finding


def _visit(request: HttpRequest, user: User, on: date) -> Visit | None:
    """Return the visit that the address names, if it is one the user takes part in."""
    found = _one(Visit.objects.visible_to(user, on).for_list(), request.GET.get("visit"))
    return found if found and found.is_party(user) else None


def _start(request: HttpRequest, visit: Visit | None = None) -> dict[str, Any]:
    """Begin with the last village, or with what the address asks for (a link, or a search without script)."""
    if visit:
        return {"id": uuid.uuid4(), "village": str(visit.village_id), "point": request.GET.get("point", "")}
    given = {name: value for name, value in request.GET.items() if name in RecordForm.base_fields and value}
    last = _recent(request, "villages")[:1]
    return {"id": uuid.uuid4(), **({"village": last[0]} if last else {}), **given}


def _page(request: HttpRequest, form: RecordForm, user: User, on: date) -> dict[str, Any]:
    village = _one(villages_for(user, on), form["village"].value())
    items = list(Item.objects.current())
    item = next((item for item in items if str(item.pk) == str(form["item"].value())), None)
    return {
        "form": form,
        "village": village,
        "villages": [form.visit.village] if form.visit else _village_choices(request, village, user, on),
        "visit": form.visit,
        "item": item,
        "items": _item_choices(request, item, items),
        "aspects": _all_items(request, items),
        "stored": _one(Finding.objects.filter(reported_by=user), form["id"].value()) if form.errors else None,
        "similar": _similar(village, item),
        "places": _places(village, user, on),
        **_fixed(request, village, on, form["recurrence_of"].value() if form.office() else ""),
    }


# --- the pickers: a few radio buttons, refreshed by the search ---------------------------------------------
@require(*RECORDERS)
@require_safe
def record_villages(request: HttpRequest) -> HttpResponse:
    """Give the villages that the search finds."""
    user, on = user_of(request), timezone.localdate()
    chosen = _one(villages_for(user, on), request.GET.get("village"))
    rows = _village_choices(request, chosen, user, on)
    return render(request, "inspections/record/_villages.html", {"villages": rows, "village": chosen})


def village_options(request: HttpRequest, chosen: Any, user: User, on: date) -> dict[str, Any]:
    """Return the chosen village and those to choose from, for another page with this picker."""
    village = _one(villages_for(user, on), chosen)
    return {"village": village, "villages": _village_choices(request, village, user, on)}


def _village_choices(request: HttpRequest, chosen: Village | None, user: User, on: date) -> list[Village]:
    """Return the villages to choose from: found ones, else the chosen one and those of the last reports."""
    rows = villages_for(user, on)
    if text := request.GET.get("village_q", "").strip()[:60]:
        return list(rows.search(text).in_order()[:FOUND])
    recent = [key for key in _recent(request, "villages") if not chosen or key != str(chosen.pk)]
    by_id = rows.in_bulk([uuid.UUID(key) for key in recent])
    found = [by_id[uuid.UUID(key)] for key in recent if uuid.UUID(key) in by_id]
    return [chosen, *found] if chosen else found


@require(*RECORDERS)
@require_safe
def record_items(request: HttpRequest) -> HttpResponse:
    """Give the items that the search finds."""
    items = list(Item.objects.current())
    chosen = next((item for item in items if str(item.pk) == request.GET.get("item")), None)
    context = {
        "items": _item_choices(request, chosen, items),
        "aspects": _all_items(request, items),
        "item": chosen,
    }
    return render(request, "inspections/record/_items.html", context)


def _item_choices(request: HttpRequest, chosen: Item | None, items: list[Item]) -> list[Item]:
    """Return the items to choose from: found ones, else the chosen one and those of the last reports."""
    if text := request.GET.get("item_q", "").strip()[:60]:
        return list(find_items(text)[:FOUND_ITEMS])
    by_id = {str(item.pk): item for item in items}
    recent = [by_id[key] for key in _recent(request, "items") if key in by_id and by_id[key] != chosen]
    return [chosen, *recent] if chosen else recent


def _all_items(request: HttpRequest, items: list[Item]) -> list[tuple[Aspect, list[Item]]]:
    """Return all items under their aspects where they are asked for; else nothing, so that no item stands twice."""
    groups: dict[int, tuple[Aspect, list[Item]]] = {}
    for item in items if request.GET.get("all_items") else []:
        groups.setdefault(item.aspect_id, (item.aspect, []))[1].append(item)
    return list(groups.values())


@require(*RECORDERS)
@require_safe
def record_hints(request: HttpRequest) -> HttpResponse:
    """Give what helps once village and item are chosen: similar open findings, the standard, quick phrases."""
    user, on = user_of(request), timezone.localdate()
    village = _one(villages_for(user, on), request.GET.get("village"))
    item = _one(Item.objects.current(), request.GET.get("item"))
    # a reload in the middle of a report still offers what was chosen
    if village:
        _keep_recent(request, "villages", str(village.pk))
    if item:
        _keep_recent(request, "items", str(item.pk))
    context = {
        "village": village,
        "item": item,
        "similar": _similar(village, item),
        "places": _places(village, user, on),
        **_fixed(request, village, on, request.GET.get("recurrence_of", "")),
    }
    return render(request, "inspections/record/_hints.html", context)


def _fixed(request: HttpRequest, village: Village | None, on: date, chosen: Any) -> dict[str, Any]:
    """Offer an office what was put right in the village, the latest first and the chosen one: it may have come back."""
    user = user_of(request)
    if not user.roles(on) & {Role.CITY_OFFICE, Role.COUNTY_OFFICE}:
        return {}
    rows = (
        Finding.objects.visible_to(user, on).fixed(village).for_list() if village else Finding.objects.none()
    )
    picked = _one(rows, chosen)
    others = [row for row in rows[:FIXED] if row != picked]
    fixed = [picked, *others] if picked else others
    cases = _open_cases(request, fixed)
    return {"asks_fixed": True, "fixed": fixed, "picked_fixed": picked, "cases_of_fixed": cases}


def _open_cases(request: HttpRequest, fixed: list[Finding]) -> dict[uuid.UUID, LookBackCase]:
    """Return the open look-back case of each finding, of those that the user plans; each is opened by the book."""
    at = timezone.now()
    known = Round.objects.known_to(user_of(request), timezone.localdate(at))
    cases = (
        LookBackCase.objects.standing().outstanding().filter(finding__in=fixed, round__in=known.values("pk"))
    )
    found = {case.finding_id: case for case in cases.select_related("round")}
    for row in {case.round_id: case.round for case in found.values()}.values():
        open_sealed(request, row, at)
    return found


def _similar(village: Village | None, item: Item | None) -> list[Finding]:
    return list(Finding.objects.similar(village, item)[:SIMILAR]) if village else []


def _places(village: Village | None, user: User, on: date) -> list[str]:
    """Offer the village's natural villages, then places of its findings that the user knows, the latest first.

    Places are compared as text: the same place under one name can be recognised.
    """
    if village is None:
        return []
    natural = village.natural_villages.order_by("name").values_list("name", flat=True)
    seen = Finding.objects.visible_to(user, on).filter(village=village).exclude(place="")
    earlier = seen.order_by("-reported_at").values_list("place", flat=True)[:PLACES_READ]
    return list(dict.fromkeys([*natural, *earlier]))[:PLACES]


# --- afterwards ---------------------------------------------
@require(*RECORDERS)
@require_safe
def stored(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Say that the report is safe, and what it still waits for; the page asks again until all photos are there."""
    own = Finding.objects.for_list().filter(reported_by=user_of(request))
    finding = get_object_or_404(own, pk=pk)
    waits = request.headers.get("HX-Target") == "stored"
    template = "inspections/record/_stored.html" if waits else "inspections/record/stored.html"
    return render(request, template, {"finding": finding, "arrival": dossier.arrivals([finding])[finding.pk]})


# --- small things ---------------------------------------------
def _recent(request: HttpRequest, kind: str) -> list[str]:
    kept: list[str] = request.session.get(f"recorded_{kind}", [])
    return kept


def _remember(request: HttpRequest, finding: Finding) -> None:
    """Keep village and item of the latest reports in the session, newest first."""
    _keep_recent(request, "villages", str(finding.village_id))
    _keep_recent(request, "items", str(finding.item_id))


def _keep_recent(request: HttpRequest, kind: str, value: str) -> None:
    others = [key for key in _recent(request, kind) if key != value]
    request.session[f"recorded_{kind}"] = [value, *others][:RECENT]


def _one(rows: "models.QuerySet[M]", key: Any) -> M | None:
    """Return the row of that key, if it is one of them."""
    try:
        return rows.filter(pk=getattr(key, "pk", key)).first() if key else None
    except (ValidationError, ValueError):
        return None


urlpatterns = [
    path("new/", record, name="record"),
    path("new/villages/", record_villages, name="record_villages"),
    path("new/items/", record_items, name="record_items"),
    path("new/hints/", record_hints, name="record_hints"),
    path("<uuid:pk>/stored/", stored, name="stored"),
]
