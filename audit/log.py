"""The one way to write into the audit log."""

import datetime as dt
import uuid
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from audit.models import BrokenSeal, Entry, Line, SealedEntry, Verb
from audit.prepared import insert


class AuditedRequest(HttpRequest):
    """A request as the audit middleware leaves it."""

    request_id: str
    refusal_code: str
    seal: uuid.UUID  # what the request is about is secret: its line goes under this seal


def record(
    request: HttpRequest | None,
    verb: str,
    *,
    obj: Model | None = None,
    label: str = "",
    actor: Any = None,
    at: dt.datetime | None = None,
    **detail: Any,
) -> Entry:
    """Append one entry; actor, address and request id come from the request where there is one.

    `detail` must be JSON: ids, counts and codes, never personal text or passwords.
    """
    return insert(Entry(**_columns(request, verb, obj, label, actor, at, detail)))


def record_sealed(
    seal: uuid.UUID,
    request: HttpRequest | None,
    verb: str,
    *,
    obj: Model | None = None,
    label: str = "",
    actor: Any = None,
    at: dt.datetime | None = None,
    **detail: Any,
) -> SealedEntry:
    """Append one line under a seal; the open log shows nothing of it until the seal is broken."""
    return SealedEntry.objects.create(seal=seal, **_columns(request, verb, obj, label, actor, at, detail))


@transaction.atomic
def unseal(seal: uuid.UUID, *, at: dt.datetime) -> int:
    """Copy what was kept under a seal into the open log, with the times it happened; twice copies once."""
    lines = list(SealedEntry.objects.under(seal))
    _broken, first = BrokenSeal.objects.get_or_create(seal=seal, defaults={"at": at, "lines": len(lines)})
    if not first:
        return 0
    names = [field.name for field in Line._meta.fields]
    Entry.objects.bulk_create(Entry(**{name: getattr(line, name) for name in names}) for line in lines)
    record(None, Verb.UNSEALED, label=str(seal), at=at, lines=len(lines))
    return len(lines)


def seal(request: HttpRequest, seal: uuid.UUID) -> None:
    """Keep the line of this request under a seal: the middleware writes it there instead of the open log."""
    cast(AuditedRequest, request).seal = seal


def is_broken(seal: uuid.UUID) -> bool:
    """Tell whether the lines under this seal stand in the open log."""
    return BrokenSeal.objects.filter(seal=seal).exists()


def refused(request: HttpRequest, code: str) -> None:
    """Mark the request as refused by a rule; the middleware writes it down with this code."""
    cast(AuditedRequest, request).refusal_code = code


def client_address(request: HttpRequest | None) -> str:
    """Return the caller's address; behind our proxies, the one the outermost of them saw."""
    if request is None:
        return ""
    hops = int(getattr(settings, "AXES_IPWARE_PROXY_COUNT", None) or 0)
    forwarded = [
        part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
    ]
    if hops and len(forwarded) >= hops:
        return str(forwarded[-hops])[:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def _columns(
    request: HttpRequest | None,
    verb: str,
    obj: Model | None,
    label: str,
    actor: Any,
    at: dt.datetime | None,
    detail: dict[str, Any],
) -> dict[str, Any]:
    return {
        "at": at or timezone.now(),
        "verb": verb,
        "label": (label or (str(obj) if obj is not None else ""))[:250],
        "object_type": obj._meta.label_lower if obj is not None else "",
        "object_id": str(obj.pk) if obj is not None else "",
        "detail": detail,
        "address": client_address(request),
        "request_id": getattr(request, "request_id", ""),
        **_actor_columns(actor if actor is not None else getattr(request, "user", None)),
    }


def _actor_columns(actor: Any) -> dict[str, str]:
    if actor is None or not getattr(actor, "is_authenticated", False):
        return {"actor_id": "", "actor_name": ""}
    return {"actor_id": str(actor.pk), "actor_name": str(actor)[:150]}
