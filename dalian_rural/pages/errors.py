"""The error pages. One body for everything that is not there, and never more than the user may know."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from dalian_rural.problems import plain

CODES = {400: "parse_error", 403: "permission_denied", 404: "not_found", 500: "error"}


def _reference(request: HttpRequest) -> str:
    return str(getattr(request, "request_id", ""))


def _page(request: HttpRequest, status: int) -> HttpResponse:
    if request.path.startswith(settings.API_PREFIX):
        return plain(request, status, CODES[status])
    return render(request, f"errors/{status}.html", {"reference": _reference(request)}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, with the same words for what does not exist and for what is out of scope."""
    return _page(request, 404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403: a rule forbids it, whoever asks."""
    return _page(request, 403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400: the request makes no sense to us."""
    return _page(request, 400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a stale form with what to do; the browser still holds what was typed."""
    if request.path.startswith(settings.API_PREFIX):
        return plain(request, 403, CODES[403])
    return render(request, "errors/stale.html", {"reference": _reference(request)}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without touching the database or the session, which may be what broke."""
    if request.path.startswith(settings.API_PREFIX):
        return plain(request, 500, CODES[500])
    body = loader.render_to_string("errors/500.html", {"reference": _reference(request), "bare": True})
    return HttpResponse(body, status=500)
