"""In a sensitive area no position is kept, not even inside the sealed original (docs/decisions/0006)."""

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypedDict

from django.core.files import File
from django.core.files.base import ContentFile
from django.db import models
from django.db.models import Exists, OuterRef

from audit.verbs import alters_data
from inspections import positions
from inspections.models import visit_photos
from inspections.models.photo_uses import PhotoUse

if TYPE_CHECKING:
    from inspections.models.photos import Photo


class Claims(TypedDict, total=False):
    """What the phone says about a photo; kept, never trusted."""

    original_sha256: str
    captured_at: datetime | None
    lat: Decimal | None
    lon: Decimal | None
    accuracy: int | None
    source: str


class PositionSet(models.QuerySet["Photo"]):
    """Photos whose position must go."""

    def with_position_to_remove(self) -> "models.QuerySet[Photo]":
        """Return photos of sensitive villages whose sealed original was not looked through yet, oldest first."""
        sensitive = PhotoUse.objects.filter(photo=OuterRef("pk"), finding__village__sensitive_area=True)
        return self.filter(
            Exists(sensitive) | visit_photos.of_sensitive_villages(), position_removed_at=None
        ).order_by("received_at", "pk")


class PhotoPosition(models.Model):
    """The mark that the sealed bytes were looked through, and their hash where they differ from those received."""

    sealed_sha256 = models.CharField(max_length=64, blank=True)
    position_removed_at = models.DateTimeField(null=True, blank=True)

    if TYPE_CHECKING:
        original: Any

    class Meta:
        abstract = True

    def seal(self, file: "File[Any]", at: datetime, *, sensitive: bool) -> None:
        """Store the bytes received; in a sensitive area without the position in them."""
        self.original.save("original", self._cleared(file, at) if sensitive else file, save=False)

    def _cleared(self, file: "File[Any]", at: datetime) -> "File[Any]":
        file.seek(0)
        received = file.read()
        kept = positions.without_position(received)
        self.position_removed_at = at
        self.sealed_sha256 = hashlib.sha256(kept).hexdigest() if kept != received else ""
        return ContentFile(kept, name="original")

    @alters_data
    def remove_position(self, *, at: datetime) -> bool:
        """Seal the original anew without its position, once; tell whether there was one.

        The new file is there before the row names it, and the old one goes last: a crash leaves an orphan at most.
        """
        old, mine = (
            self.original.name,
            type(self)._default_manager.filter(pk=self.pk, position_removed_at=None),
        )
        with self.original.storage.open(old, "rb") as file:
            cleared = self._cleared(file, at)
        changes: dict[str, Any] = {"position_removed_at": at, "sealed_sha256": self.sealed_sha256}
        changes |= {"lat": None, "lon": None, "accuracy": None}
        if not self.sealed_sha256:
            mine.update(**changes)
            return False
        name = self.original.storage.save(f"{old}-sealed", cleared)
        changes["original"] = name
        if not mine.update(**changes):  # another worker was faster
            self.original.storage.delete(name)
            return False
        self.original.storage.delete(old)
        self.original = name
        return True
