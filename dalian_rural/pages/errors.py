"""The error pages. One body for everything that is not there, and never more than the user may know."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: dict[int, tuple[str, Promise]] = {
    400: ("bad_request", _("The request could not be understood.")),
    403: ("forbidden", _("This is not allowed.")),
    404: ("not_found", _("Not found.")),
    500: ("server_error", _("Something went wrong on our side.")),
}


def _reference(request: HttpRequest) -> str:
    return str(getattr(request, "request_id", ""))


def _problem(request: HttpRequest, status: int) -> JsonResponse:
    code, message = WORDS[status]
    body = {"code": code, "message": str(message), "field": None, "request_id": _reference(request)}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def _page(request: HttpRequest, status: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        return _problem(request, status)
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
    if request.path.startswith("/api/"):
        return _problem(request, 403)
    return render(request, "errors/stale.html", {"reference": _reference(request)}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without touching the database or the session, which may be what broke."""
    if request.path.startswith("/api/"):
        return _problem(request, 500)
    body = loader.render_to_string("errors/500.html", {"reference": _reference(request), "bare": True})
    return HttpResponse(body, status=500)
