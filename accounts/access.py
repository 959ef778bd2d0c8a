"""Which roles may open a page. Whoever may not sees what a wrong address shows."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts.models import User

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], R]


def require(*roles: str) -> Callable[[View[P, R]], View[P, R]]:
    """Let only users with one of the roles today in; everybody else gets 404."""

    def decorate(view: View[P, R]) -> View[P, R]:
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
            user = request.user
            if not isinstance(user, User) or not user.roles(timezone.localdate()) & set(roles):
                raise Http404
            return view(request, *args, **kwargs)

        return cast("View[P, R]", wraps(view)(guarded))

    return decorate


def user_of(request: HttpRequest) -> User:
    """Return the signed-in user, typed (views behind the sign-in have one)."""
    return cast(User, request.user)
