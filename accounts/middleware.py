"""The language of a page, and the password that must be changed before anything else."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import api_refusal

# what one may do before the first password is changed
STILL_OPEN = frozenset({"change_password", "account_logout", "set_language", "healthz"})


class LanguageMiddleware(LocaleMiddleware):
    """Choose the language: the one chosen (a cookie, set at sign-in too), else Accept-Language, else Chinese."""


class FirstSignInMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponseBase | None:
        """Send a user with a one-time password to the form that changes it."""
        if not isinstance(request.user, User) or not request.user.must_change_password:
            return None
        match = request.resolver_match
        if match and match.view_name in STILL_OPEN:
            return None
        if request.path.startswith(settings.API_PREFIX):
            return api_refusal(
                request, 403, "must_change_password", _("Change your one-time password first.")
            )
        return redirect("change_password")
