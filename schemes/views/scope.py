"""Which versions and items a page is about, and how a refusal is shown."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from accounts.access import user_of
from accounts.models import Role, User
from audit.log import refused
from schemes.models import READERS, Item, Scheme, SchemeRefused

PAGE_READERS = tuple(sorted(READERS))
EDITORS = (Role.CITY_OFFICE,)


def scoped(request: HttpRequest, code: str, version: int) -> Scheme:
    """Return a version that the user may read; 404 for all others."""
    seen = Scheme.objects.visible_to(user_of(request), timezone.localdate())
    return get_object_or_404(seen, code=code, version=version)


def scoped_item(scheme: Scheme, code: str) -> Item:
    """Return an item of a version."""
    rows = Item.objects.with_aspects().prefetch_related("examples")
    return get_object_or_404(rows, scheme=scheme, code=code)


def may_edit(user: User, scheme: Scheme, at: datetime) -> bool:
    """Tell whether the user may change the version now."""
    return scheme.is_draft and bool(user.roles(timezone.localdate(at)) & set(EDITORS))


def signs(user: User, at: datetime) -> bool:
    """Tell whether the user is a head of the city office."""
    posts = user.posts_on(timezone.localdate(at))
    return any(post.role == Role.CITY_OFFICE and post.may_sign for post in posts)


def refuse(request: HttpRequest, form: Any, refusal: SchemeRefused) -> None:
    """Show why a change was refused, above what was typed; the audit line gets its code."""
    refused(request, refusal.code)
    form.add_error(None, str(refusal))


def turned_away(request: HttpRequest, scheme: Scheme, refusal: Exception, code: str) -> HttpResponse:
    """Go back to the version's page with the reason."""
    refused(request, code)
    messages.error(request, str(refusal))
    return redirect(scheme)
