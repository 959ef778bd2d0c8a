"""Plans, extensions and claims that wait for an office's decision, the longest first."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import require, user_of
from accounts.models import Role
from inspections.forms import ledger
from inspections.requests import KINDS, entries, keys

OFFICES = (Role.CITY_OFFICE, Role.COUNTY_OFFICE)
ROWS = 20


@require(*OFFICES)
@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """List what the reader's offices have to decide; narrowed by kind, and by unit or township."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    choices = ledger.choices(user, on, int(at.timestamp() // 60))
    places = choices.units if len(choices.units) > 1 else choices.townships_of(None)
    place = next((key for key, _name in places if key == request.GET.get("place")), "")
    offices = [post.division_id for post in user.posts_on(on) if post.role in OFFICES]
    found = keys(offices, kind=kind, place=UUID(place) if place else None)
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": entries(page.object_list),
        "kinds": _kinds(kind, place),
        "places": places,
        "place": place,
        "kind": kind,
    }
    return render(request, "inspections/requests.html", context)


def _kinds(chosen: str, place: str) -> list[dict[str, Any]]:
    every = [("", _("Every kind")), *((key, kind.label) for key, kind in KINDS.items())]
    return [
        {"label": label, "url": f"?kind={key}&place={place}", "active": key == chosen} for key, label in every
    ]


urlpatterns = [path("requests/", requests, name="requests")]
