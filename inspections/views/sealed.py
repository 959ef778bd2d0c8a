"""Open what is still a secret: nobody reads or changes it without a line, and the line is as secret as the thing."""

from datetime import datetime
from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from audit.log import record_sealed, seal
from audit.models import Verb


def open_sealed(request: HttpRequest, obj: Model, at: datetime) -> None:
    """Keep the request's line under the seal of a secret thing, and for a page write down that it was read."""
    key: Any = obj.pk
    seal(request, key)
    if request.method in {"GET", "HEAD"}:
        record_sealed(key, request, Verb.SEALED_READ, obj=obj, at=at)
