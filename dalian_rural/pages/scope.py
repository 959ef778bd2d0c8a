"""The scope in the top bar: whoever works for several places may look at one of them at a time.

The choice lives in the session. It narrows the home page and where the link to the ledger leads, never more: what a
user may see is decided by `visible_to`, and every address still opens whatever lies in another of the user's places.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.access import user_of
from accounts.models import Post, User
from villages.models import Division

KEY = "scope"
# what the ledger calls a place of this level
COLUMNS = {Division.Level.COUNTY: "unit", Division.Level.TOWNSHIP: "township"}


def key_of(post: Post) -> str:
    """Return the id of the place or organisation that a post is for."""
    return str(post.division_id or post.organisation_id or "")


def choices(posts: Iterable[Post]) -> dict[str, str]:
    """Name the places and organisations that posts are for, by id, each once."""
    named = ((key_of(post), str(post.division or post.organisation or "")) for post in posts)
    return {key: name for key, name in named if key and name}


def chosen(request: HttpRequest, posts: Iterable[Post]) -> str:
    """Return the id of the chosen place; nothing where all are shown or the post has ended."""
    known = choices(posts)
    key = str(request.session.get(KEY, "")) if len(known) > 1 else ""
    return key if key in known else ""


def narrowed(request: HttpRequest, user: User, on: date) -> User:
    """Return the user as somebody with only the posts of the chosen place."""
    posts = user.posts_on(on)
    key = chosen(request, posts)
    return user.holding_only([post for post in posts if key_of(post) == key], on) if key else user


def ledger_query(posts: Iterable[Post], key: str) -> str:
    """Return what the link to the ledger asks for while a place is chosen."""
    for post in posts:
        if key and key_of(post) == key and post.division and post.division.level in COLUMNS:
            return "?" + urlencode({COLUMNS[Division.Level(post.division.level)]: key})
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
