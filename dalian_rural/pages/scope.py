"""Choosing the scope in the top bar (`accounts.scope`), and where its link to the ledger leads."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.access import user_of
from accounts.models import Post
from accounts.scope import KEY, choices, chosen, key_of, narrowed
from inspections.ledger import PLACE_OF_LEVEL


def ledger_query(posts: Iterable[Post], key: str) -> str:
    """Return what the link to the ledger asks for while a place is chosen."""
    for post in posts:
        if key and key_of(post) == key and post.division and post.division.level in PLACE_OF_LEVEL:
            return "?" + urlencode({PLACE_OF_LEVEL[post.division.level]: key})
    return ""


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the chosen place in the session, or forget it, and go back to where the choice was made."""
    key = request.POST.get("place", "")
    if key in choices(user_of(request).posts_on(timezone.localdate())):
        request.session[KEY] = key
    else:
        request.session.pop(KEY, None)
    return redirect(_back(request))


def _back(request: HttpRequest) -> Any:
    url = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if ours else "home"


__all__ = ["choices", "choose", "chosen", "ledger_query", "narrowed"]
