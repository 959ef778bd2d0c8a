"""What the photo tests share: reports, uploads and the worker's part, without a broker."""

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.files.base import ContentFile

from accounts.models import User
from inspections.models import Finding, Photo, PhotoUse

NOON = datetime(2026, 9, 21, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
DAY = timedelta(days=1)


def sha(body: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(body).hexdigest()


def report(
    by: User, village: Any, item: Any, *, at: datetime = NOON, photos: Any = (), **more: Any
) -> Finding:
    """Report a finding; `photos` are the declared ones."""
    key = more.pop("id", None) or uuid.uuid4()
    finding, _created = Finding.objects.report(
        id=key, by=by, at=at, village=village, item=item, description="垃圾散落", digest=sha(key.bytes),
        photos=photos, **{"place": "村口东侧", **more},
    )  # fmt: skip
    return finding


def send(
    by: User, finding: Any, body: bytes, *, at: datetime = NOON, side: str = "before", **more: Any
) -> Photo:
    """Send a photo for a finding, or for an id that is none yet."""
    parent = getattr(finding, "pk", finding)
    key = more.pop("id", None) or uuid.uuid4()
    photo, _created = Photo.objects.receive(
        id=key, parent_id=parent, side=side, file=ContentFile(body, "photo.jpg"), by=by, at=at, **more
    )
    return photo


def work(at: datetime = NOON) -> None:
    """Do what the worker does."""
    for photo in Photo.objects.without_copies():
        photo.make_copies(at=at)
    for use in PhotoUse.objects.to_compare():
        use.find_near_duplicates(at=at)


def codes(finding: Finding, side: str = "before") -> list[str]:
    """Return the hashes of what a finding shows on one side, in order."""
    uses = finding.photo_uses.filter(side=side).order_by("position")
    return list(uses.values_list("photo__sha256", flat=True))
