"""Which roles may open a page of this app, asked of the user alone (accounts lie above)."""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from villages.models import Person, Responsibility

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

# Who keeps the roster, the areas and the village files: the offices, each in its own places.
KEEPERS = ("city_office", "county_office")
DIFFICULTY_READERS = (*KEEPERS, "township", "leader", "auditor")
REGISTRARS = ("city_office", "sysadmin")


def today() -> date:
    """Return the day it is in Shanghai (called by views only)."""
    return timezone.localdate()


def may(user: Any, on: date, *roles: str) -> bool:
    """Say whether the user holds one of the roles on the day."""
    return bool(set(roles) & user.roles(on))


def require(*roles: str) -> Callable[[View[P]], View[P]]:
    """Let only users with one of the roles in; for all others the page does not exist."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not may(request.user, today(), *roles):
                raise Http404
            return view(request, *args, **kwargs)

        return cast("View[P]", guarded)

    return decorate


def keeps(user: Any, on: date) -> Any:
    """Return the places whose roster, areas and files the user keeps."""
    return user.places(on, *KEEPERS) if may(user, on, *KEEPERS) else None


def keeps_person(user: Any, person: Person, on: date) -> bool:
    """Say whether everything the person covers lies in the places that the user keeps."""
    if not may(user, on, *KEEPERS):
        return False
    rows = Responsibility.objects.open().filter(person=person)
    return bool(rows.count() == rows.visible_to(user, on, *KEEPERS).count())
