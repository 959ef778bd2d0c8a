"""What the API answers when it does not do what was asked: RFC 9457 problem documents, and its pages of lists."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.views import exception_handler

from accounts.refusals import api_refusal, problem_body
from audit.log import refused

CONTENT_TYPE = "application/problem+json"
WORDS: dict[str, str | Promise] = {
    "not_found": _("Not found."),
    "permission_denied": _("This is not allowed."),
    "not_authenticated": _("Sign in first."),
    "authentication_failed": _("The token is not valid."),
    "method_not_allowed": _("This method is not allowed here."),
    "not_acceptable": _("Only JSON is served."),
    "unsupported_media_type": _("This kind of content is not accepted here."),
    "parse_error": _("The body could not be read."),
    "throttled": _("Too many requests."),
    "invalid": _("Some fields are wrong."),
    "error": _("Something went wrong on our side."),
}


class Problem(exceptions.APIException):
    """A refusal with a stable code: `raise Problem(409, "id_taken", _("…"), field="id")`."""

    def __init__(self, status: int, code: str, detail: str | Promise, field: str = "") -> None:
        super().__init__(str(detail), code)
        self.status_code = status
        self.field = field


class Pages(PageNumberPagination):
    """`count`, `next`, `previous`, `results`; the caller may ask for up to 100 at a time."""

    page_size_query_param = "page_size"
    max_page_size = 100


def handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn every exception of an API view into a problem document."""
    exc = _known(exc)
    response = exception_handler(exc, context)
    if response is None or not isinstance(exc, exceptions.APIException):
        return response
    request = context["request"]._request
    response.data = body(request, exc)
    response.content_type = CONTENT_TYPE
    if response.status_code == 409:
        refused(request, response.data["code"])
    return response


def _known(exc: Exception) -> Exception:
    if isinstance(exc, Http404):
        return exceptions.NotFound()
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(exc, ValidationError):
        return exceptions.ValidationError(as_serializer_error(exc))
    # a rule's refusal (StepRefused and its like) knows its code; this module need not know the rule
    code = getattr(exc, "code", None)
    if isinstance(code, str) and not isinstance(exc, exceptions.APIException):
        return Problem(409, code, str(exc))
    return exc


def body(request: HttpRequest, exc: exceptions.APIException) -> dict[str, object]:
    """Return the problem document of an exception."""
    errors = list(_errors(exc))
    code = "invalid" if isinstance(exc, exceptions.ValidationError) else _code(exc)
    detail = str(exc.detail) if isinstance(exc.detail, str) and _speaks(exc) else str(WORDS.get(code, ""))
    if not detail:
        detail = str(exc.detail)
    return problem_body(request, exc.status_code, code, detail) | {"errors": errors}


def _code(exc: exceptions.APIException) -> str:
    codes = exc.get_codes()
    return codes if isinstance(codes, str) else exc.default_code


def _speaks(exc: exceptions.APIException) -> bool:
    # the framework's own texts name models and methods, and its Chinese is not ours: our words stand for them
    return _code(exc) not in WORDS


def _errors(exc: exceptions.APIException) -> Iterator[dict[str, str]]:
    if isinstance(exc, Problem) and exc.field:
        yield {"field": exc.field, "code": _code(exc), "message": str(exc.detail)}
    if isinstance(exc, exceptions.ValidationError):
        yield from _flat("", exc.get_full_details())


def _flat(path: str, details: Any) -> Iterator[dict[str, str]]:
    if isinstance(details, list):
        for index, part in enumerate(details):
            yield from _flat(path if "message" in part else f"{path}.{index}" if path else str(index), part)
    elif "message" in details and "code" in details and not isinstance(details["message"], dict | list):
        yield {"field": path, "code": str(details["code"]), "message": str(details["message"])}
    else:
        for name, part in details.items():
            inner = "" if name == "non_field_errors" else str(name)
            yield from _flat(".".join(piece for piece in (path, inner) if piece), part)


def plain(request: HttpRequest, status: int, code: str) -> JsonResponse:
    """Answer with a problem outside any API view (an address that does not exist, a failure)."""
    return api_refusal(request, status, code, str(WORDS.get(code, WORDS["error"])))
