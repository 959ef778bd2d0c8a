"""Which findings show which photos, and which photos look alike."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.verbs import alters_data
from inspections import photo_rules
from inspections.models import asked

if TYPE_CHECKING:
    from inspections.models.base import FindingBase
    from inspections.models.photos import Photo


class Side(models.TextChoices):
    BEFORE = "before", _("Before")
    AFTER = "after", _("After")
    POINT = "point", _("Observation point")  # of a visit, not of a finding


class PhotoUseQuerySet(models.QuerySet["PhotoUse"]):
    """Which findings show which photos."""

    def for_list(self) -> "PhotoUseQuerySet":
        """Fetch the photos along, in the order they are shown."""
        return self.select_related("photo").order_by("side", "position", "pk")

    def of_bytes(self, photos: "Iterable[Photo]") -> "list[PhotoUse]":
        """Return the uses of the same bytes, by either hash of either photo."""
        hashes = {key for photo in photos for key in photo.hashes}
        if len(hashes) < 2:
            return [use for key in hashes for use in asked.SAME_BYTES(key)]
        same = Q(photo__sha256__in=hashes) | Q(photo__original_sha256__in=hashes)
        return list(self.filter(same).select_related("photo", "finding"))

    @alters_data
    def claim_bytes(self, photos: "Iterable[Photo]") -> "list[PhotoUse]":
        """Return the uses of the same bytes; until this transaction ends nobody else decides on these bytes.

        Two that arrive in one moment would else both find nothing. SQLite writes one at a time anyhow.
        """
        rows = list(photos)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # in one order, so that two never wait for each other
                for key in sorted({int(key[:15], 16) for photo in rows for key in photo.hashes}):
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
        return self.of_bytes(rows)

    def add(
        self, finding: "FindingBase", photos: "Sequence[Photo]", side: str, *, by_id: uuid.UUID, at: datetime
    ) -> "list[PhotoUse]":
        """Show photos on a finding after those it has; one that is there already stays where it is."""
        if not photos:
            return []
        start = len(asked.SHOWN(finding.pk, side))
        rows = [
            PhotoUse(finding_id=finding.pk, photo=photo, side=side, position=start + n, by_id=by_id, at=at)
            for n, photo in enumerate(photos)
        ]
        type(photos[0])._default_manager.filter(pk__in=[photo.pk for photo in photos], parked=True).update(
            parked=False
        )
        return PhotoUse.objects.bulk_create(rows, ignore_conflicts=True)

    @alters_data
    def take_back(self, merged: "FindingBase", at: datetime) -> int:
        """Take off what a merge of that moment showed on the other finding; return how many photos that were."""
        own = PhotoUse.objects.filter(finding_id=merged.pk).values("photo")
        return self.filter(photo__in=own, at=at).exclude(finding_id=merged.pk).delete()[0]

    def to_compare(self) -> "PhotoUseQuerySet":
        """Return uses whose photo has a perceptual hash but was not compared yet."""
        return self.filter(compared_at=None).exclude(photo__phash="").select_related("finding", "photo")


class PhotoUse(models.Model):
    """A finding shows a photo, as before or as after."""

    finding = models.ForeignKey("inspections.Finding", models.CASCADE, related_name="photo_uses")
    photo = models.ForeignKey("inspections.Photo", models.PROTECT, related_name="uses")
    side = models.CharField(max_length=6, choices=Side.choices)
    position = models.PositiveSmallIntegerField(default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # as evidence: of the report for a before-photo, of the submission for an after-photo
    at = models.DateTimeField()
    compared_at = models.DateTimeField(null=True, blank=True)

    objects = PhotoUseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["finding", "photo", "side"], name="one_photo_use"),
        ]
        indexes = [
            # the sweep that looks for near-duplicates
            models.Index(fields=["id"], condition=Q(compared_at=None), name="photo_use_to_compare"),
        ]

    def __str__(self) -> str:
        return f"{self.finding_id} {self.side} {self.position}"

    def conflicts_with(self, finding: "FindingBase", side: str, day: date) -> bool:
        """Tell whether the same bytes may not prove this finding, given that they prove what this row says."""
        if self.finding_id == finding.pk:
            return self.side != side
        return (
            self.finding.village_id != finding.village_id
            or timezone.localdate(self.at) < day
            or not photo_rules.same_place(self.finding.place, finding.place)
        )

    @alters_data
    def find_near_duplicates(self, *, at: datetime) -> "list[NearDuplicate]":
        """Flag photos of other findings of the township that look the same; a constant number of statements."""
        mine = set(PhotoUse.objects.filter(photo_id=self.photo_id).values_list("finding_id", flat=True))
        months, when = (
            timedelta(days=round(settings.NEAR_DUPLICATE_MONTHS * 30.4375)),
            self.finding.reported_at,
        )
        others = PhotoUse.objects.filter(
            finding__township_id=self.finding.township_id,
            finding__reported_at__range=(when - months, when + months),
        ).exclude(photo__phash="")
        rows = others.values_list("photo_id", "finding_id", "photo__phash", "photo__received_at")
        near = photo_rules.near(self.photo_id, self.photo.phash, mine, rows)
        pairs = [NearDuplicate.of(self.photo, other, received, bits) for other, received, bits in near]
        NearDuplicate.objects.bulk_create(pairs, ignore_conflicts=True)
        PhotoUse.objects.filter(pk=self.pk).update(compared_at=at)
        return pairs


class NearDuplicateQuerySet(models.QuerySet["NearDuplicate"]):
    """Flags for the reviewer."""

    def among(self, photo_ids: Iterable[uuid.UUID]) -> "NearDuplicateQuerySet":
        """Return flags on any of these photos, from either end, closest first."""
        ids = list(photo_ids)
        either = self.filter(Q(photo__in=ids) | Q(other__in=ids))
        return either.select_related("photo", "other").order_by("distance", "pk")


class NearDuplicate(models.Model):
    """Two photos of different findings look the same; `photo` came later. A hint for the reviewer, never a refusal."""

    photo = models.ForeignKey("inspections.Photo", models.CASCADE, related_name="near_duplicates")
    other = models.ForeignKey("inspections.Photo", models.CASCADE, related_name="+")
    distance = models.PositiveSmallIntegerField()

    objects = NearDuplicateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["photo", "other"], name="one_near_duplicate"),
            models.CheckConstraint(condition=~Q(photo=F("other")), name="near_duplicate_of_another"),
        ]

    def __str__(self) -> str:
        return f"{self.photo_id} ~ {self.other_id} ({self.distance})"

    @classmethod
    def of(cls, photo: "Photo", other_id: uuid.UUID, received: datetime, distance: int) -> "NearDuplicate":
        """Build the flag with the later photo first, so that a pair is one row whoever is compared last."""
        if (received, other_id) > (photo.received_at, photo.pk):
            return cls(photo_id=other_id, other_id=photo.pk, distance=distance)
        return cls(photo_id=photo.pk, other_id=other_id, distance=distance)
