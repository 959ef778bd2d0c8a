"""What is asked of the database for every report and every photo that comes in."""

import json
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Cast

from audit.prepared import Prepared

if TYPE_CHECKING:
    from inspections.models.base import FindingBase
    from inspections.models.photo_uses import PhotoUse
    from inspections.models.photos import Photo

Ids = tuple[uuid.UUID]


def _rows(name: str) -> Any:
    return apps.get_model("inspections", name)._default_manager.all()


def _unattached() -> Any:
    return _rows("Photo").filter(~Exists(_rows("PhotoUse").filter(photo=OuterRef("pk"))))


# (reporter, digest) of the finding under an id
REPORT: Prepared[tuple[uuid.UUID, str]] = Prepared(
    lambda id: _rows("Finding").filter(pk=id).values_list("reported_by_id", "digest"), uuid.UUID
)
# photos under an id that are somebody else's
OTHERS: Prepared[Ids] = Prepared(
    lambda parent, user: (
        _rows("Photo").filter(parent_id=parent).exclude(uploader_id=user).values_list("pk")[:1]
    ),
    uuid.UUID,
    uuid.UUID,
)
# photos of a person that no finding shows, under ids without a report; `parked` alone would name some too many
PARKED: Prepared[Ids] = Prepared(
    lambda user: (
        _unattached()
        .filter(~Exists(_rows("Finding").filter(pk=OuterRef("parent_id"))), uploader_id=user, parked=True)
        .values_list("pk")
    ),
    uuid.UUID,
)
PHOTO: "Prepared[Photo]" = Prepared(lambda id: _rows("Photo").filter(pk=id), uuid.UUID)
# the uploader's photos of one side of a finding
SIBLINGS: Prepared[Ids] = Prepared(
    lambda parent, side, user: (
        _rows("Photo").filter(parent_id=parent, side=side, uploader_id=user, refused="").values_list("pk")
    ),
    uuid.UUID,
    str,
    uuid.UUID,
)
UNATTACHED: Prepared[Ids] = Prepared(
    lambda parent: _unattached().filter(parent_id=parent).values_list("pk"), uuid.UUID
)
# a reporter's before-photos that are parked under a finding's id and not yet shown by it
TO_ADOPT: "Prepared[Photo]" = Prepared(
    lambda user, finding: (
        _rows("Photo")
        .filter(uploader_id=user, side="before", refused="", parent_id=finding)
        .exclude(pk__in=_rows("PhotoUse").filter(finding_id=finding, side="before").values("photo_id"))
        .order_by("received_at", "pk")
    ),
    uuid.UUID,
    uuid.UUID,
)
SHOWN: Prepared[Ids] = Prepared(
    lambda finding, side: _rows("PhotoUse").filter(finding_id=finding, side=side).values_list("pk"),
    uuid.UUID,
    str,
)
# the uses of the same bytes, by either hash
SAME_BYTES: "Prepared[PhotoUse]" = Prepared(
    lambda sha: (
        _rows("PhotoUse")
        .filter(Q(photo__sha256=sha) | Q(photo__original_sha256=sha))
        .select_related("photo", "finding")
    ),
    str,
)
# (photo, side, SHA-256) of what a finding shows, as the API lists it
PHOTOS: Prepared[tuple[uuid.UUID, str, str]] = Prepared(
    lambda finding: (
        _rows("PhotoUse")
        .filter(finding_id=finding)
        .order_by("-side", "position")
        .values_list("photo_id", "side", "photo__sha256")
    ),
    uuid.UUID,
)


def to_adopt(finding: "FindingBase", declared: Iterable[uuid.UUID]) -> "list[Photo]":
    """Return the reporter's photos that the finding does not show yet: parked under its id, or declared."""
    photos = TO_ADOPT(finding.reported_by_id, finding.pk)
    if elsewhere := set(declared) - {photo.pk for photo in photos}:
        mine = _rows("Photo").filter(uploader_id=finding.reported_by_id, side="before", refused="")
        attached = _rows("PhotoUse").filter(finding_id=finding.pk, side="before")
        photos += mine.filter(pk__in=elsewhere).exclude(pk__in=attached.values("photo_id"))
    return sorted(photos, key=lambda photo: (photo.received_at, photo.pk))


def siblings(photo: "Photo") -> int:
    """Count the uploader's photos against the limit of the photo's side."""
    mine = SIBLINGS(photo.parent_id, photo.side, photo.uploader_id)
    # each rectification brings its own after-photos
    return len(mine) if photo.side == "before" else len(set(mine) & set(UNATTACHED(photo.parent_id)))


# on PostgreSQL the index finding_awaits_photo answers the second half
_WAITING = """SELECT id FROM inspections_finding WHERE reported_by_id = %s
AND (id = %s OR (state = 'reported' AND declared_photos @> %s::jsonb))"""


def waiting_for(photo: "Photo") -> list[Any]:
    """Return the ids of the uploader's findings a photo is for: its parent, and reports that declare it."""
    if connection.vendor == "postgresql":
        named = json.dumps([{"id": str(photo.pk)}])
        with connection.cursor() as cursor:
            cursor.execute(_WAITING, [photo.uploader_id, photo.parent_id, named])
            return [row[0] for row in cursor.fetchall()]
    mine = _rows("Finding").filter(reported_by_id=photo.uploader_id)
    text = mine.annotate(declared_text=Cast("declared_photos", models.TextField()))
    names_it = Q(state="reported", declared_text__contains=str(photo.pk))
    return list(text.filter(Q(pk=photo.parent_id) | names_it).values_list("pk", flat=True))
