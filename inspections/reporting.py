"""The digest of a report: pages and API compute it here, so that a repeat is told from a different report."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

# What a client may leave out means the same as what it would send.
DEFAULTS = {"severity": "minor", "kind": "at_once", "repeats": False, "zero_if": False}


def digest(fields: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a report's canonical body.

    `fields` are the keyword arguments of `Finding.objects.report`: rows or ids, blanks left out or not, in any order.
    """
    body = {name: _plain(value) for name, value in fields.items()}
    kept = {name: value for name, value in body.items() if value not in ("", [], None, DEFAULTS.get(name))}
    text = json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return str(value.pk)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(row) for row in value]
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return str(value).strip().lower() if isinstance(value, UUID) else _text(value)


def _text(value: Any) -> Any:
    # browsers send CRLF in a textarea, phones LF
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value
