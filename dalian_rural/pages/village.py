"""A village's file: who is responsible on a day, its findings, its history, its difficulties."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.access import user_of
from accounts.models import Role
from inspections.models import Finding
from villages.access import keeps, may, today
from villages.chain import chain_on
from villages.forms import AnswerForm, DifficultyForm, NaturalVillageForm, read_day
from villages.models import Responsibility, Village

FINDINGS = 20
# who answers for a place or watches over it; visits bring nobody into its difficulties and its past responsibilities
INSIDERS = (Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.TOWNSHIP, Role.LEADER, Role.AUDITOR)


@require_safe
def village(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the file of one village in the user's places."""
    on = today()
    found = get_object_or_404(Village.objects.select_related("successor"), pk=pk)
    # A retired village is seen by those in whose places it last lay.
    last = found.retired_on - timedelta(days=1) if found.retired_on and found.retired_on <= on else on
    township = found.township_on(last)
    county = township.parent_on(last) if township else None
    where: dict[str, Any] = {"county": county and county.pk, "township": township and township.pk}
    if not user_of(request).places(on).covers(**where, village=found.pk):
        raise Http404
    inside = user_of(request).places(on, *INSIDERS).covers(**where, village=found.pk)
    kept = keeps(request.user, on)
    context = {
        "village": found,
        "township": township,
        "county": county,
        "attributes": _attributes(found),
        "may_keep": bool(kept) and kept.covers(**where) and last == on,
        "may_merge": may(request.user, on, "city_office") and last == on,
        "may_raise": may(request.user, on, "township", "leader") and last == on,
        "inside": inside,
        **_chain(request, found, read_day(request.GET.get("on"), on) if inside else on, on),
        **_findings(request, found),
        **_history(found),
        **(_inside(found) if inside else {}),
    }
    return render(request, "pages/village.html", context)


def _attributes(village: Village) -> list[tuple[str, bool]]:
    fields = {field.name: field for field in Village._meta.fields}
    return [(str(fields[name].verbose_name), value) for name, value in village.attributes.items()]


def _chain(request: HttpRequest, village: Village, day: date, on: date) -> dict[str, Any]:
    """Return who is responsible on the day, kind by kind, whose page opens, and where the village lay."""
    chain = chain_on(village, day)
    township = village.township_on(day)
    rows = []
    for kind in Responsibility.Kind:
        value = getattr(chain, kind.value)
        rows.append((kind, value if isinstance(value, list) else [value] if value else []))
    people = [person for _kind, persons in rows for person in persons]
    seen = Responsibility.objects.visible_to(request.user, on).filter(person__in=people)
    return {
        "chain": rows,
        "open_persons": set(seen.values_list("person", flat=True)),
        "day": day,
        "is_today": day == on,
        "township_then": township,
        "area_then": village.area_on(day),
    }


def _findings(request: HttpRequest, village: Village) -> dict[str, Any]:
    """Return the newest findings that the user may see, and how many there are in each state."""
    seen = Finding.objects.visible_to(user_of(request)).filter(village=village)
    counts = dict(seen.values_list("state").annotate(n=Count("pk")).order_by())
    return {
        "findings": seen.for_list().order_by("-reported_at")[:FINDINGS],
        "counts": counts,
        "total": sum(counts.values()),
    }


def _history(village: Village) -> dict[str, Any]:
    """Return the dated rows of the village, the newest first."""
    return {
        "links": village.links.select_related("township").order_by("-since"),
        "codes": village.codes.order_by("-since"),
        "area_links": village.area_links.select_related("area").order_by("-since"),
        "predecessors": village.predecessors.order_by("-retired_on"),
        "natural_villages": village.natural_villages.order_by("name"),
        "natural_form": NaturalVillageForm(),
    }


def _inside(village: Village) -> dict[str, Any]:
    """Return what only those read who answer for the place: who was responsible, and what was raised."""
    return {
        "past": village.responsibilities.select_related("person").order_by("-since", "kind")[:50],
        "difficulties": village.difficulties.order_by("-raised_at")[:20],
        "difficulty_form": DifficultyForm(),
        "answer_form": AnswerForm(),
    }
