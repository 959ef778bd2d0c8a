"""Findings for the tests, made by the product's own verbs."""

import hashlib
import uuid
from datetime import datetime
from typing import Any

from accounts.models import User
from inspections.models import Finding
from schemes.models import Item
from villages.models import Village


def report(by: User, village: Village, item: Item, at: datetime, **more: Any) -> Finding:
    """Report one finding without photos; a direct team's is issued at once."""
    id = more.pop("id", None) or uuid.uuid4()
    body = more.pop("description", "村口散落垃圾")
    finding, _created = Finding.objects.report(
        id=id, by=by, at=at, village=village, item=item, description=body,
        digest=hashlib.sha256(body.encode()).hexdigest(), **more,
    )  # fmt: skip
    return Finding.objects.get(pk=finding.pk)


def fresh(finding: Finding) -> Finding:
    """Read the finding again, as another request would."""
    return Finding.objects.get(pk=finding.pk)


def submit(finding: Finding, by: User, at: datetime, **more: Any) -> Finding:
    """Rectify the finding as a township official."""
    row = fresh(finding)
    row.rectify(by=by, at=at, **{"measures": "组织清理", "result": "已清理干净", **more})
    return row
