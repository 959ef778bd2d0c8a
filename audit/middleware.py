"""Give every request an id and write down what signed-in people change or are refused."""

import logging
import uuid
from collections.abc import Callable
from typing import Any, cast

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase

from audit import signins
from audit.log import AuditedRequest, is_broken, record, record_sealed
from audit.models import Verb

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
log = logging.getLogger(__name__)


class AuditMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        signins.listen()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, then append its entry if it is one to keep."""
        audited = cast(AuditedRequest, request)
        audited.request_id = str(uuid.uuid4())
        was = getattr(request, "user", None)  # signing out leaves nobody on the request
        response = self.get_response(request)
        response["X-Request-ID"] = audited.request_id
        verb = _verb(request, response)
        if verb:
            _append(request, response, verb, was)
        return response


def _verb(request: HttpRequest, response: HttpResponseBase) -> str:
    if response.status_code in (403, 404) or getattr(request, "refusal_code", None):
        return Verb.REFUSED
    return "" if request.method in SAFE else Verb.WRITE


def _append(request: HttpRequest, response: HttpResponseBase, verb: str, was: Any) -> None:
    users: tuple[Any, Any] = (request.user, was)
    actor = next((user for user in users if getattr(user, "is_authenticated", False)), None)
    if actor is None:
        return
    match = request.resolver_match
    detail: dict[str, Any] = {
        "method": request.method,
        "route": match.view_name if match else "",
        "status": response.status_code,
    }
    if code := getattr(request, "refusal_code", ""):
        detail["code"] = code
    try:
        # the request that breaks a seal is itself no secret any more
        if (under := getattr(request, "seal", None)) and not is_broken(under):
            record_sealed(under, request, verb, label=request.path, actor=actor, **detail)
        else:
            record(request, verb, label=request.path, actor=actor, **detail)
    except DatabaseError:
        # what the person did is done already: an error page now would be a lie, so the server log keeps the line
        log.exception("audit entry lost: %s %s %s %s", verb, actor.pk, request.path, detail)
