"""The rules of photos as evidence: what is accepted, from whom, and when the same bytes prove something else."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from inspections.steps import Actor, State, StepRefused
from schemes import image_headers
from schemes.imaging import distance

if TYPE_CHECKING:
    from inspections.models.base import FindingBase
    from inspections.models.photo_uses import PhotoUse
    from inspections.models.photos import Photo

# Who may send which side at all; for a known finding the rules below are stricter.
POSTERS = {
    "before": {Role.INSPECTOR, Role.CITY_OFFICE, Role.COUNTY_OFFICE},
    "after": {Role.TOWNSHIP},
    "point": {Role.INSPECTOR, Role.CITY_OFFICE, Role.COUNTY_OFFICE},
}
# Who may download originals of what they may read (the uploader always may).
ORIGINAL_ROLES = {Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.AUDITOR}

MESSAGES: dict[str, Promise] = {
    "hash_mismatch": _("The photo did not arrive as it was sent. Send it again."),
    "id_taken": _("This id belongs to something else."),
    "id_conflict": _("A different photo was already stored under this id."),
    "photo_reused": _("This photo already proves another village, place or an earlier day. Take a new one."),
    "photos_full": _("There are already as many photos on this side as there may be."),
    "photos_parked_full": _("Too many of your photos wait for their reports. Send the reports first."),
    "photo_too_large": _("The photo is too large. Photos up to %(megabytes)s MB are accepted."),
    "photo_too_many_pixels": _(
        "The photo has too many pixels. Up to %(megapixels)s megapixels are accepted."
    ),
    "photo_unsupported": _("This is not a photo that can be used. JPEG, PNG, WebP and HEIC are accepted."),
    "photo_unreadable": _("The photo is damaged. Take or choose it again."),
    "photo_animated": _("This is an animation. Send a still photo."),
    "photo_empty": _("The file is empty."),
    "photo_missing": _("A photo has not arrived yet. Wait for the upload or remove the photo."),
    "photo_in_use": _("This photo is kept as evidence already and cannot be taken back."),
    "not_yours": _("Photos of this side are sent by somebody else."),
    "wrong_state": _("This finding takes no more photos of this side now."),
}


class PhotoRefused(StepRefused):
    """A photo that is not accepted; `code` is a key of `MESSAGES` and stable."""


def refusal(code: str) -> PhotoRefused:
    """Build a refusal with its message."""
    limits = {
        "megabytes": settings.PHOTO_MAX_BYTES // (1024 * 1024),
        "megapixels": settings.PHOTO_MAX_PIXELS // 1_000_000,
    }
    return PhotoRefused(str(MESSAGES[code]) % limits if "%(" in str(MESSAGES[code]) else MESSAGES[code], code)


# --- what is accepted -----------------------------------------------------------------------------------------
def check_file(file: BinaryIO, size: int) -> image_headers.Header:
    """Judge a file by size and header; return the header or raise PhotoRefused."""
    if size > settings.PHOTO_MAX_BYTES:
        raise refusal("photo_too_large")
    try:
        header = image_headers.read_header(file)
    except image_headers.NotAPhoto as error:
        raise refusal(f"photo_{error.code}") from error
    finally:
        file.seek(0)
    if header.pixels > settings.PHOTO_MAX_PIXELS:
        raise refusal("photo_too_many_pixels")
    return header


# --- from whom ------------------------------------------------------------------------------------------------
def check_poster(side: str, roles: set[str]) -> None:
    """Refuse a photo from somebody whose posts never send this side."""
    if not roles & POSTERS[side]:
        raise refusal("not_yours")


def check_uploader(finding: "FindingBase", photo: "Photo", on: date) -> None:
    """Refuse a photo that this finding does not take from this person now."""
    if photo.side == "after":
        _check_after(finding, photo, on)
        return
    promised = declared(finding.declared_photos)
    if finding.reported_by_id != photo.uploader_id:
        raise refusal("not_yours")
    # one that the report names may come late, whatever has happened meanwhile: its bytes were fixed by then
    if finding.state != State.REPORTED and photo.pk not in promised:
        raise refusal("wrong_state")
    if not same_bytes(promised.get(photo.pk, ""), photo.sha256):
        raise refusal("hash_mismatch")


def _check_after(finding: "FindingBase", photo: "Photo", on: date) -> None:
    if Actor.TOWNSHIP not in finding.actors(photo.uploader, on):
        raise refusal("not_yours")
    if finding.state not in (State.OPEN, State.RETURNED):
        raise refusal("wrong_state")


def declared(photos: Iterable[Mapping[str, Any]]) -> dict[uuid.UUID, str]:
    """Return the declared photos as id → SHA-256 (empty where the report gave none)."""
    return {uuid.UUID(str(photo["id"])): str(photo.get("sha256") or "").lower() for photo in photos}


def same_bytes(wanted: str, found: str | None) -> bool:
    """Tell whether a photo is there and is the declared one; a report may leave the hash out."""
    return found is not None and wanted in ("", found)


# --- what the same bytes may prove ----------------------------------------------------------------------------
def by_hash(uses: "Iterable[PhotoUse]") -> "dict[str, list[PhotoUse]]":
    """Group uses by each hash of their photo."""
    found: dict[str, list[PhotoUse]] = defaultdict(list)
    for use in uses:
        for key in use.photo.hashes:
            found[key].append(use)
    return found


def same_place(one: str, other: str) -> bool:
    """Tell whether two places may be one; a finding without a place says nothing against it."""
    one, other = one.strip().casefold(), other.strip().casefold()
    return not one or not other or one == other


def near(
    photo_id: uuid.UUID,
    phash: str,
    own_findings: set[uuid.UUID],
    rows: Iterable[tuple[uuid.UUID, uuid.UUID, str, datetime]],
) -> list[tuple[uuid.UUID, datetime, int]]:
    """Return (photo, received, distance) of what looks the same among (photo, finding, hash, received).

    A photo that one of the photo's own findings shows is never named: before and after are meant to be alike.
    """
    mine, own, close = int(phash, 16), {photo_id}, {}
    for other_id, finding_id, other_hash, received in rows:
        if finding_id in own_findings:
            own.add(other_id)
        bits = distance(mine, int(other_hash, 16))
        if bits <= settings.NEAR_DUPLICATE_DISTANCE:
            close[other_id] = (received, bits)
    return [(key, received, bits) for key, (received, bits) in close.items() if key not in own]
