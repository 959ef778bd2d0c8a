"""What the frame around every page needs: places to go, unread notices, scope, look."""

import dataclasses
from functools import cache, lru_cache
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from dalian_rural.pages import scope
from notifications.models import unread_count

EVERYBODY = frozenset(Role.values)
OFFICES = frozenset({Role.CITY_OFFICE, Role.COUNTY_OFFICE})
READERS = OFFICES | {Role.TOWNSHIP, Role.LEADER, Role.AUDITOR, Role.DEPARTMENT}


@dataclasses.dataclass(frozen=True)
class Place:
    """One entry of the side bar: a URL name, its word and icon, who sees it, and whether the phone's bar has it."""

    name: str
    label: Promise
    icon: str
    roles: frozenset[str]
    bottom: bool = False
    also: tuple[str, ...] = ()  # addresses of other pages that belong here


# In the order of ux.md. A place whose pages do not exist yet is left out by itself.
PLACES = (
    Place("home", _("Workbench"), "house", EVERYBODY, bottom=True),
    Place("record", _("Record a problem"), "camera", OFFICES | {Role.INSPECTOR}, bottom=True),
    Place("ledger", _("Problem ledger"), "list-check", READERS | {Role.INSPECTOR}, bottom=True),
    Place("issue_queue", _("Reports to issue"), "inbox", OFFICES),
    Place("review", _("Review queue"), "clipboard-check", OFFICES),
    Place("desk", _("Desk mode"), "images", frozenset({Role.TOWNSHIP})),
    Place("proposals", _("Proposed measures"), "megaphone", OFFICES),
    Place("documents", _("Official documents"), "file-earmark-text", READERS - {Role.DEPARTMENT}),
    Place("problem_import", _("Import a problem list"), "upload", OFFICES),
    Place("instructions", _("Instructions"), "chat-left-text", OFFICES | {Role.LEADER, Role.AUDITOR}),
    Place("milestones", _("Milestones"), "signpost-split", OFFICES | {Role.TOWNSHIP}),
    Place(
        "visits",
        _("Unannounced visits"),
        "binoculars",
        OFFICES | {Role.INSPECTOR, Role.TOWNSHIP, Role.LEADER, Role.AUDITOR},
    ),
    Place("rounds", _("Rounds"), "shuffle", OFFICES | {Role.LEADER, Role.AUDITOR}),
    Place(
        "lookbacks",
        _("Look-backs"),
        "arrow-repeat",
        OFFICES | {Role.INSPECTOR, Role.TOWNSHIP, Role.AUDITOR},
    ),
    Place(
        "meetings",
        _("On-site meetings"),
        "easel",
        OFFICES | {Role.TOWNSHIP, Role.INSPECTOR, Role.LEADER, Role.AUDITOR, Role.DEPARTMENT},
    ),
    Place("rankings", _("Assessment rankings"), "bar-chart-line", READERS),
    Place("periods", _("Assessment periods"), "calendar2-range", READERS),
    Place(
        "sheets",
        _("Assessment sheets"),
        "ui-checks-grid",
        frozenset({Role.COUNTY_OFFICE, Role.DEPARTMENT}),
    ),
    Place("plans", _("Plan and tasks"), "calendar2-check", READERS),
    Place("recovery", _("Recovery ledger"), "recycle", READERS),
    Place("rewards", _("Rewards and honours"), "award", READERS),
    Place("tiles", _("Villages at a glance"), "grid-3x3-gap-fill", READERS),
    Place("villages", _("Villages"), "geo-alt", EVERYBODY - {Role.SYSADMIN}),
    Place(
        "coverage",
        _("Responsibilities"),
        "diagram-3",
        READERS,
        also=(
            "/villages/responsibilities/",
            "/villages/areas/",
            "/villages/persons/",
            "/villages/difficulties/",
        ),
    ),
    Place("submissions", _("Submitted ledgers"), "inboxes", OFFICES | {Role.TOWNSHIP, Role.AUDITOR}),
    Place("guidance", _("Guidance"), "book", EVERYBODY - {Role.SYSADMIN}),
    Place("deadline_rules", _("Deadline rules"), "calendar3", OFFICES, also=("/villages/holidays/",)),
    Place("users", _("Users"), "people", frozenset({Role.SYSADMIN})),
    Place("audit", _("Audit log"), "shield-check", frozenset({Role.AUDITOR, Role.SYSADMIN})),
    Place("status", _("System status"), "activity", frozenset({Role.SYSADMIN})),
)


def safe_reverse(name: str) -> str:
    """Give the address of a URL name, or nothing where that page does not exist."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def nav_for(roles: set[str], path: str, ledger_query: str = "") -> list[dict[str, Any]]:
    """List the places these roles may go, the one that holds `path` marked; the ledger's link asks a question."""
    found = _open_to(frozenset(roles))
    here = _here(found, path)
    return [
        {
            "url": url + ledger_query if place.name == "ledger" else url,
            "label": place.label,
            "icon": place.icon,
            "active": place is here,
            "bottom": place.bottom,
        }
        for place, url in found
    ]


def nav_key(roles: set[str], path: str, ledger_query: str = "") -> str:
    """Name what the places of a page depend on besides the language: base.html keeps them under it."""
    here = _here(_open_to(frozenset(roles)), path)
    return f"{','.join(sorted(roles))} {here.name if here else ''} {ledger_query}"


@lru_cache(maxsize=256)
def _open_to(roles: frozenset[str]) -> list[tuple[Place, str]]:
    return [(place, url) for place in PLACES if roles & place.roles and (url := safe_reverse(place.name))]


def _here(found: list[tuple[Place, str]], path: str) -> Place | None:
    # the longest address that `path` begins with; the home page holds only itself
    fits = [
        (len(prefix), place)
        for place, url in found
        for prefix in (url, *place.also)
        if path.startswith(prefix) and (prefix != "/" or path == "/")
    ]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


def look_of(request: HttpRequest, user: User | AnonymousUser) -> dict[str, Any]:
    """Choose theme and text size: this device's choice first, then the user's."""
    theme = request.COOKIES.get("theme") or getattr(user, "theme", "auto")
    large = request.COOKIES.get("large_text")
    return {
        "theme": theme if theme in ("light", "dark") else "auto",
        "large_text": large == "1" if large else bool(getattr(user, "large_text", False)),
    }


def _is_secure(request: HttpRequest) -> bool:
    # Browsers treat localhost as secure: camera and crypto.subtle work there without TLS.
    return request.is_secure() or request.META.get("HTTP_HOST", "").split(":")[0] in (
        "localhost",
        "127.0.0.1",
    )


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give base.html its context; what costs a query is read only when a page shows it."""
    now = timezone.now()
    user = getattr(request, "user", AnonymousUser())
    context: dict[str, Any] = {
        "now": now,
        "nav": [],
        "unread_count": 0,
        "scope_label": "",
        "secure_origin": _is_secure(request),
        **look_of(request, user),
    }
    if not isinstance(user, User):
        return context
    posts = cache(lambda: user.posts_on(timezone.localdate(now)))
    roles = cache(lambda: {str(post.role) for post in posts()})
    chosen = cache(lambda: scope.chosen(request, posts()))
    asked = cache(lambda: scope.ledger_query(posts(), chosen()))
    places = cache(lambda: scope.choices(posts()))
    # Callables that templates call where they use them: a fragment for htmx asks for none of these.
    return context | {
        "nav": cache(lambda: nav_for(roles(), request.path, asked())),
        "nav_key": cache(lambda: nav_key(roles(), request.path, asked())),
        "unread_count": cache(lambda: unread_count(user, now)),
        "scope": chosen,
        "scopes": cache(lambda: places().items() if len(places()) > 1 else ()),
        "scope_label": cache(lambda: places().get(chosen()) or " · ".join(places().values())),
    }
