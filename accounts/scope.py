"""The scope in the top bar: whoever works for several places may look at one of them at a time.

The choice lives in the session. It narrows what the home page and the ledger show, never more: what a user may see is
decided by `visible_to`, and every address still opens whatever lies in another of the user's places.
"""

from collections.abc import Iterable
from datetime import date

from django.http import HttpRequest

from accounts.models import Post, User
from villages.models import Division

KEY = "scope"


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


def place(request: HttpRequest, user: User, on: date) -> Division | None:
    """Return the chosen place, if one is chosen and it is a place."""
    if not request.session.get(KEY):
        return None
    posts = user.posts_on(on)
    key = chosen(request, posts)
    return next((post.division for post in posts if key and key_of(post) == key), None)


def narrowed(request: HttpRequest, user: User, on: date) -> User:
    """Return the user as somebody with only the posts of the chosen place."""
    posts = user.posts_on(on)
    key = chosen(request, posts)
    return user.holding_only([post for post in posts if key_of(post) == key], on) if key else user
