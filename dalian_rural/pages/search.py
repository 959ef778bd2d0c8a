"""Search over villages, findings and persons in the user's places; a whole number leads straight to its finding."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.access import user_of
from accounts.models import Role, User
from inspections import ledger
from inspections.models import Finding
from villages.models import Person, Responsibility, Village

ROWS = 20
SUGGESTED = 5
LONGEST = 100
NUMBER = re.compile(r"([A-Za-z]{1,4})-?(\d{4})-?(\d{1,6})")


@dataclass(frozen=True)
class Suggestion:
    """One line under the search box: where it leads, what it is called, what it is, and its icon."""

    url: str
    name: str
    note: str
    icon: str


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what was found, in groups; a public number typed whole goes to the finding itself."""
    user, at = user_of(request), timezone.now()
    words = _asked(request)
    if found := by_number(user, words, at):
        return redirect(found)
    groups = [group for group in _groups(user, words, at) if group] if words else []
    return render(request, "pages/search.html", {"words": words, "groups": groups, "now": at})


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """List a few villages, numbers and persons in the user's places that what was typed so far may mean."""
    user, at = user_of(request), timezone.now()
    words = _asked(request)
    rows = _suggestions(user, words, at) if words else []
    return render(request, "pages/search_suggest.html", {"rows": rows, "words": words})


def _asked(request: HttpRequest) -> str:
    return " ".join(request.GET.get("q", "").replace("\0", "").split())[:LONGEST]


def _suggestions(user: User, words: str, at: datetime) -> list[Suggestion]:
    on = timezone.localdate(at)
    villages = found_villages(user, words, on)[:SUGGESTED]
    persons = found_persons(user, words, on)[:SUGGESTED]
    return [
        *(
            _suggest(row, row.name, f"{row.county_name or ''} {row.township_name or ''}", "geo-alt")
            for row in villages
        ),
        *(
            _suggest(row, row.number or "", f"{row.village.name} {row.item.name}", "list-check")
            for row in _numbered(user, words, on)
        ),
        *(_suggest(row, row.name, row.title, "person") for row in persons),
    ]


def _suggest(row: Any, name: str, note: str, icon: str) -> Suggestion:
    return Suggestion(row.get_absolute_url(), name, note, icon)


def _numbered(user: User, words: str, on: date) -> Iterable[Finding]:
    """Return the newest findings whose number holds what was typed; words without a digit are no number."""
    if not re.search(r"\d", words):
        return ()
    seen = Finding.objects.visible_to(user, on).issued().filter(number__icontains=words)
    return seen.for_list().order_by("-issued_at", "-id")[:SUGGESTED]


def by_number(user: User, words: str, at: datetime) -> Finding | None:
    """Return the finding in the user's scope whose public number this is (zeros and dashes may be left out)."""
    match = NUMBER.fullmatch(words)
    if not match:
        return None
    prefix, year, serial = match.groups()
    number = f"{prefix.upper()}-{year}-{int(serial):06d}"
    return Finding.objects.visible_to(user, timezone.localdate(at)).filter(number=number).first()


def _groups(user: User, words: str, at: datetime) -> list[dict[str, Any] | None]:
    return [
        _villages(user, words, at),
        _findings(user, words, at),
        _persons(user, words, at),
        _users(user, words, at),
    ]


def _group(template: str, title: Any, found: "QuerySet[Any]", all_url: str) -> dict[str, Any] | None:
    """Return a group with at most twenty rows; with more there is a link to all of them."""
    rows = list(found[: ROWS + 1])
    more = all_url if len(rows) > ROWS else ""
    return {"template": template, "title": title, "rows": rows[:ROWS], "more": more} if rows else None


def _all(name: str, words: str) -> str:
    return f"{reverse(name)}?{urlencode({'q': words})}"


def _villages(user: User, words: str, at: datetime) -> dict[str, Any] | None:
    on = timezone.localdate(at)
    found = found_villages(user, words, on)
    return _group("pages/search_villages.html", _("Villages"), found, _all("villages", words))


def found_villages(user: User, words: str, on: date) -> Any:
    """Return the villages in the user's places that hold every word."""
    return Village.objects.current(on).visible_to(user, on).in_order().search(words)


def _findings(user: User, words: str, at: datetime) -> dict[str, Any] | None:
    on = timezone.localdate(at)
    seen = ledger.matching(Finding.objects.visible_to(user, on).issued(), ledger.Query(q=words), on)
    found = seen.for_list().order_by("-issued_at", "-id")
    return _group("pages/search_findings.html", _("Findings"), found, _all("ledger", words))


def _persons(user: User, words: str, at: datetime) -> dict[str, Any] | None:
    found = found_persons(user, words, timezone.localdate(at))
    return _group("pages/search_persons.html", _("Persons"), found, _all("responsibilities", words))


def found_persons(user: User, words: str, on: date) -> "QuerySet[Person]":
    """Return the persons who answer for one of the user's places and whose name or title holds every word."""
    held = Responsibility.objects.on(on).visible_to(user, on)
    found = Person.objects.filter(pk__in=held.values("person"))
    for word in words.split():
        found = found.filter(Q(name__icontains=word) | Q(title__icontains=word))
    return found.order_by("name", "pk")


def _users(user: User, words: str, at: datetime) -> dict[str, Any] | None:
    """Return the accounts, for whom keeps them."""
    if not user.has_role(Role.SYSADMIN, timezone.localdate(at)):
        return None
    found = User.objects.search(words).order_by("username")
    return _group("pages/search_users.html", _("Users"), found, _all("users", words))
