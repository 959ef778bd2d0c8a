"""Photos as evidence: received once, sealed, shown as clean copies, attached to the findings they prove."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Unpack

from django.apps import apps
from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef, ProtectedError, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from audit.prepared import insert
from audit.verbs import alters_data
from inspections import photo_rules
from inspections.models import asked, visit_photos
from inspections.models.copies import CopyMaking
from inspections.models.photo_positions import Claims, PhotoPosition, PositionSet
from inspections.models.photo_uses import NearDuplicate, PhotoUse, Side
from inspections.photo_rules import PhotoRefused
from inspections.steps import StepRefused
from inspections.uploads import binary, sha256_of
from notifications.models import Notice
from schemes import imaging

if TYPE_CHECKING:
    from accounts.models import User
    from inspections.models.base import FindingBase
    from inspections.models.finding import Finding, FindingQuerySet


def sealed() -> Storage:
    """Return the storage of originals."""
    return storages["sealed"]


def original_name(photo: "Photo", _filename: str) -> str:
    """Name an original by day and id; the uploader's file name is never used."""
    return f"originals/{photo.received_at:%Y/%m/%d}/{photo.pk}"


def copy_name(photo: "Photo", filename: str) -> str:
    """Name a copy by day, id and size."""
    return f"photos/{photo.received_at:%Y/%m/%d}/{photo.pk}-{filename}"


def findings() -> "FindingQuerySet":
    """Return the findings; their module imports this one."""
    model: type[Finding] = apps.get_model("inspections", "Finding")
    return model.objects.all()


class PhotoQuerySet(PositionSet):
    """Sets of photos, and the verbs that receive and attach them."""

    # --- scope ------------------------------------------------------------------------------------------------
    def visible_to(self, user: "User", on: date | None = None) -> "PhotoQuerySet":
        """Return photos of findings the user may read, parked ones of their own, drafts of their township."""
        on = on or timezone.localdate()
        seen = findings().visible_to(user, on)
        uses = PhotoUse.objects.filter(photo=OuterRef("pk"))
        township = user.places(on, Role.TOWNSHIP)
        drafts = seen.filter(township.q(), pk=OuterRef("parent_id")) if township else seen.none()
        return self.filter(
            Exists(uses.filter(finding__in=seen))
            | visit_photos.shown_to(user, on)
            | (~Exists(uses) & (Q(uploader=user) | (Q(side=Photo.Side.AFTER) & Exists(drafts))))
        )

    def unattached(self) -> "PhotoQuerySet":
        """Return photos that nothing shows, no finding, visit or look-back: parked ones and drafts."""
        uses = PhotoUse.objects.filter(photo=OuterRef("pk"))
        return self.filter(~Exists(uses), ~visit_photos.shown(), look_back_use=None)

    def drafts_for(self, finding: "FindingBase") -> "PhotoQuerySet":
        """Return the after-photos that wait for the finding's rectification to be submitted, oldest first."""
        waiting = self.unattached().filter(parent_id=finding.pk, side=Photo.Side.AFTER, refused="")
        return waiting.order_by("received_at", "pk")

    def without_copies(self) -> "PhotoQuerySet":
        """Return photos that wait for the worker, oldest first."""
        return self.filter(made_at=None, refused="").order_by("received_at", "pk")

    def parked_by_others(self, parent_id: uuid.UUID, user: "User") -> bool:
        """Tell whether somebody else has photos under an id: then only that person may report under it."""
        return bool(asked.OTHERS(parent_id, user.pk))

    def parking_is_full(self, user: "User", parent_id: uuid.UUID, photo_id: uuid.UUID) -> bool:
        """Tell whether a person has as many photos under ids without a report as one may; a repeat finds room."""
        if asked.REPORT(parent_id):
            return False
        return len(set(asked.PARKED(user.pk)) - {(photo_id,)}) >= int(settings.PHOTOS_PARKED)

    def before_complete(self, finding: "FindingBase") -> bool:
        """Tell whether every declared before-photo is attached with its declared bytes."""
        declared = photo_rules.declared(finding.declared_photos)
        if not declared:
            return True
        here = {id: sha for id, _side, sha in asked.PHOTOS(finding.pk)}
        return all(photo_rules.same_bytes(sha, here.get(key)) for key, sha in declared.items())

    # --- receive ----------------------------------------------------------------------------------------------
    def receive(
        self,
        *,
        id: uuid.UUID,
        parent_id: uuid.UUID,
        side: str,
        file: "File[Any]",
        by: "User",
        at: datetime,
        sha256: str = "",
        **claims: Unpack[Claims],
    ) -> tuple["Photo", bool]:
        """Take in one photo under the client's id; a repeat of the same bytes returns the first row.

        Returns (photo, created). Raises PhotoRefused; then nothing has been stored.
        """
        digest = sha256_of(file)
        if sha256 and sha256.lower() != digest:
            raise photo_rules.refusal("hash_mismatch")
        if existing := self._same_photo(id, parent_id, side, digest, by):
            existing.join(at)
            return existing, False
        header = photo_rules.check_file(binary(file), file.size)
        photo = self.model(
            id=id, parent_id=parent_id, side=side, uploader=by, received_at=at, sha256=digest, size=file.size,
            width=header.width, height=header.height, format=header.format, **claims,
        )  # fmt: skip
        return self._keep(photo, file, at, sensitive=photo.admission(at))

    def _same_photo(
        self, id: uuid.UUID, parent_id: uuid.UUID, side: str, digest: str, by: "User"
    ) -> "Photo | None":
        existing = asked.PHOTO.first(id)
        if existing and existing.uploader_id != by.pk:
            raise photo_rules.refusal("id_taken")
        if existing and (existing.sha256, existing.parent_id, existing.side) != (digest, parent_id, side):
            raise photo_rules.refusal("id_conflict")
        return existing

    def _keep(
        self, photo: "Photo", file: "File[Any]", at: datetime, *, sensitive: bool
    ) -> tuple["Photo", bool]:
        """Store the bytes, then the row; the bytes go again if the row is refused."""
        photo.seal(file, at, sensitive=sensitive)
        try:
            with transaction.atomic():
                photo.admission(at, lock=True)
                insert(photo)
        except (PhotoRefused, IntegrityError) as error:
            photo.original.delete(save=False)
            if isinstance(error, PhotoRefused):
                raise
            first = self._same_photo(photo.pk, photo.parent_id, photo.side, photo.sha256, photo.uploader)
            if first is None:
                raise
            return first, False  # the same PUT came twice at once: the other one was first
        photo.join(at)
        return photo, True

    # --- attach -----------------------------------------------------------------------------------------------
    @transaction.atomic(savepoint=False)
    def adopt(self, finding: "FindingBase") -> list[PhotoUse]:
        """Attach what the reporter has sent for a finding: photos parked under its id, shared ones it declares."""
        declared = photo_rules.declared(finding.declared_photos)
        photos = asked.to_adopt(finding, declared)
        if not photos:
            return []
        taken = len(asked.SHOWN(finding.pk, Photo.Side.BEFORE))
        found = photo_rules.by_hash(PhotoUse.objects.claim_bytes(photos))
        fit: list[Photo] = []
        refused: dict[Photo, str] = {}
        for photo in photos:
            room = settings.PHOTOS_PER_SIDE - taken - len(fit)
            code = photo.adoption_refusal(finding, declared, found, room)
            if code:
                refused[photo] = code
            else:
                fit.append(photo)
        self._refuse(finding, refused)
        return self._show(
            finding, fit, Photo.Side.BEFORE, by_id=finding.reported_by_id, at=finding.reported_at
        )

    def _refuse(self, finding: "FindingBase", refused: "dict[Photo, str]") -> None:
        """Mark parked photos that a finding cannot take; one that another finding shows stays what it is."""
        for photo, code in refused.items():
            if photo.parent_id == finding.pk:
                photo.mark_refused(code, at=finding.reported_at)

    @transaction.atomic
    def attach(
        self, *, finding: "FindingBase", ids: Sequence[uuid.UUID], side: str, by: "User", at: datetime
    ) -> list[PhotoUse]:
        """Attach drafts, or photos shown by another finding of the same village and place; raise PhotoRefused."""
        wanted = list(dict.fromkeys(ids))
        if len(wanted) > settings.PHOTOS_PER_SIDE:
            raise photo_rules.refusal("photos_full")
        usable = self.visible_to(by, timezone.localdate(at)).filter(pk__in=wanted, side=side).in_bulk()
        photos = [usable[key] for key in wanted if key in usable]
        if len(photos) < len(wanted):
            raise photo_rules.refusal("photo_missing")
        found = photo_rules.by_hash(PhotoUse.objects.claim_bytes(photos))
        for photo in photos:
            if photo.refused == Photo.Refusal.UNREADABLE:
                raise photo_rules.refusal("photo_unreadable")
            if photo.is_reuse(finding, side, timezone.localdate(at), found):
                raise photo_rules.refusal("photo_reused")
        return self._show(finding, photos, side, by_id=by.pk, at=at)

    def share(
        self, photo: "Photo", finding: "FindingBase", side: str, by: "User", at: datetime
    ) -> list[PhotoUse]:
        """Let one photo serve one more finding of the same village and place."""
        return self.attach(finding=finding, ids=[photo.pk], side=side, by=by, at=at)

    def show_also(self, merged: "FindingBase", target: "FindingBase", *, at: datetime) -> list[PhotoUse]:
        """Show a merged report's before-photos on the finding it was merged into, as far as there is room."""
        side = Photo.Side.BEFORE
        here = PhotoUse.objects.filter(finding_id=target.pk, side=side)
        room = max(0, settings.PHOTOS_PER_SIDE - here.count())
        moved = PhotoUse.objects.filter(finding_id=merged.pk, side=side).exclude(
            photo__in=here.values("photo_id")
        )
        photos = [use.photo for use in moved.select_related("photo").order_by("position")[:room]]
        return self._show(target, photos, side, by_id=merged.reported_by_id, at=at)

    def _show(
        self, finding: "FindingBase", photos: "Sequence[Photo]", side: str, *, by_id: uuid.UUID, at: datetime
    ) -> list[PhotoUse]:
        """Attach photos; in a sensitive area the position of one that was parked is dropped now."""
        if photos and finding.village.sensitive_area:
            keys = [photo.pk for photo in photos]
            self.model._default_manager.filter(pk__in=keys).update(lat=None, lon=None, accuracy=None)
        return PhotoUse.objects.add(finding, photos, side, by_id=by_id, at=at)

    def join_stragglers(self, at: datetime, *, limit: int = 200) -> int:
        """Attach before-photos whose report was stored in the same moment, so that neither saw the other."""
        parents = findings().filter(pk=OuterRef("parent_id"), reported_by=OuterRef("uploader_id"))
        lost = self.unattached().filter(Exists(parents), side=Photo.Side.BEFORE, refused="")
        return sum(photo.join(at) for photo in lost.order_by("received_at")[:limit])


class Photo(CopyMaking, PhotoPosition):
    """One photo: sealed original, two clean copies, what was measured and what the phone claims."""

    Side = Side

    class Source(models.TextChoices):
        CAMERA = "camera", _("Camera")
        ALBUM = "album", _("Album")

    class Refusal(models.TextChoices):
        UNREADABLE = "unreadable", _("The photo is damaged and cannot be shown. Take or choose it again.")
        REUSED = "reused", _("The photo already proves another village or an earlier problem.")
        FULL = "full", _("The finding already has as many photos as it may have.")
        MISMATCH = "mismatch", _("The photo is not the one that the report names.")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # no foreign key: the finding may come days later
    parent_id = models.UUIDField(db_index=True)
    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    side = models.CharField(_("side"), max_length=6, choices=Side.choices)

    # measured
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    format = models.CharField(max_length=4)
    received_at = models.DateTimeField(_("received"))
    phash = models.CharField(max_length=16, blank=True)

    # claimed
    original_sha256 = models.CharField(max_length=64, blank=True)
    captured_at = models.DateTimeField(_("taken (by the phone's clock)"), null=True, blank=True)
    lat = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    lon = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    accuracy = models.PositiveIntegerField(_("accuracy in metres"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=6, choices=Source.choices, blank=True)

    # files
    original = models.FileField(storage=sealed, upload_to=original_name, max_length=200)
    large = models.FileField(upload_to=copy_name, max_length=200, blank=True)
    small = models.FileField(upload_to=copy_name, max_length=200, blank=True)
    made_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    refused = models.CharField(max_length=10, choices=Refusal.choices, blank=True)
    # may still wait for its report: a finding that shows the photo takes the mark away
    parked = models.BooleanField(default=True)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        constraints = [
            models.CheckConstraint(condition=Q(side__in=["before", "after", "point"]), name="photo_side"),
            # a position is a pair on the globe, or nothing
            models.CheckConstraint(
                condition=Q(lat=None, lon=None) | Q(lat__range=(-90, 90), lon__range=(-180, 180)),
                name="photo_position",
            ),
        ]
        indexes = [
            # the sweep that makes missing copies
            models.Index(
                fields=["received_at", "id"],
                condition=Q(made_at=None, refused=""),
                name="photo_without_copies",
            ),
            # how many photos a person has under ids without a report
            models.Index(fields=["uploader"], condition=Q(parked=True), name="photo_parked"),
            # the reuse check looks at both hashes
            models.Index(
                fields=["original_sha256"], condition=~Q(original_sha256=""), name="photo_original_hash"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_side_display()} {self.pk}"

    @property
    def hashes(self) -> set[str]:
        """Return the hashes by which the photo is known again: of the bytes here and of those on the phone."""
        return {self.sha256, self.original_sha256} - {""}

    @property
    def large_url(self) -> str:
        """Return the address of the large copy (a placeholder until it exists)."""
        return reverse("photo_file", args=[self.pk, "large"])

    @property
    def small_url(self) -> str:
        """Return the address of the small copy (a placeholder until it exists)."""
        return reverse("photo_file", args=[self.pk, "small"])

    @property
    def original_url(self) -> str:
        """Return the address that downloads the sealed original."""
        return reverse("photo_file", args=[self.pk, "original"])

    def original_open_to(self, user: "User", on: date) -> bool:
        """Tell whether a reader of the photo may also download the original."""
        return self.uploader_id == user.pk or bool(user.roles(on) & photo_rules.ORIGINAL_ROLES)

    # --- the finding it is for --------------------------------------------------------------------------------
    def admission(self, at: datetime, *, lock: bool = False) -> bool:
        """Check that the photo may be stored now; raise PhotoRefused. Tell whether its village is a sensitive area.

        A finding that the uploader may not see is treated exactly like one that does not exist: the photo is parked.
        """
        if self.side == self.Side.POINT:
            return visit_photos.admit(self, at)
        on = timezone.localdate(at)
        finding = self._parent(on, lock=lock)
        if finding is None:
            photo_rules.check_poster(self.side, self.uploader.roles(on))
        else:
            photo_rules.check_uploader(finding, self, on)
            found = photo_rules.by_hash(PhotoUse.objects.of_bytes([self]))
            if self.is_reuse(finding, self.side, self.day_for(finding, on), found):
                raise photo_rules.refusal("photo_reused")
            if finding.village.sensitive_area:
                self.lat = self.lon = self.accuracy = None
        if asked.siblings(self) >= settings.PHOTOS_PER_SIDE:
            raise photo_rules.refusal("photos_full")
        return finding is not None and finding.village.sensitive_area

    def _parent(self, on: date, *, lock: bool) -> "Finding | None":
        """Return the finding under the parent's id if the uploader sees it; most photos come before their report."""
        if not asked.REPORT(self.parent_id):
            return None
        seen = findings().visible_to(self.uploader, on).filter(pk=self.parent_id)
        return (seen.select_for_update(of=("self",)) if lock else seen).first()

    def day_for(self, finding: "FindingBase", on: date) -> date:
        """Return the day on which the photo is evidence: of the report, or of the rectification."""
        return timezone.localdate(finding.reported_at) if self.side == self.Side.BEFORE else on

    def is_reuse(
        self, finding: "FindingBase", side: str, day: date, found: dict[str, list[PhotoUse]]
    ) -> bool:
        """Tell whether the same bytes already prove something else than this village and place on this day."""
        known = {use.pk: use for key in self.hashes for use in found.get(key, [])}
        return any(use.conflicts_with(finding, side, day) for use in known.values())

    def adoption_refusal(
        self,
        finding: "FindingBase",
        declared: dict[uuid.UUID, str],
        found: dict[str, list[PhotoUse]],
        room: int,
    ) -> str:
        """Return why a parked photo cannot be attached to its finding, or nothing."""
        if not photo_rules.same_bytes(declared.get(self.pk, ""), self.sha256):
            return self.Refusal.MISMATCH
        if self.is_reuse(finding, self.Side.BEFORE, timezone.localdate(finding.reported_at), found):
            return self.Refusal.REUSED
        return self.Refusal.FULL if room < 1 else ""

    @alters_data
    def join(self, at: datetime) -> bool:
        """Attach a before-photo to the findings that wait for it, and let them be issued if it was the last."""
        if self.side == self.Side.POINT:
            return visit_photos.join(self)
        if self.side != self.Side.BEFORE or self.refused:
            return False
        joined = False
        for finding in self._waiting():
            joined |= bool(Photo.objects.adopt(finding))
            with suppress(StepRefused):  # stored all the same; the office issues it by hand
                finding.photo_arrived(at=at)
        return joined

    def _waiting(self) -> "list[Finding]":
        """Return the uploader's findings this photo is for: its parent, and reports that declare it."""
        ids = asked.waiting_for(self)
        return list(findings().filter(pk__in=ids).select_related("village", "reported_by")) if ids else []

    @alters_data
    def discard(self, *, by: "User") -> None:
        """Take back a photo that nothing shows yet; files go with it."""
        try:
            with transaction.atomic():
                gone, _rows = Photo.objects.unattached().filter(pk=self.pk, uploader=by).delete()
        except (ProtectedError, IntegrityError):  # it was attached in this moment
            gone = 0
        if not gone:
            raise photo_rules.refusal("photo_in_use")
        self.remove_files()

    # --- copies -----------------------------------------------------------------------------------------------
    def measured(self, copies: imaging.Copies) -> dict[str, Any]:
        """Return the size of the upright photo and its perceptual hash."""
        return {"width": copies.width, "height": copies.height, "phash": copies.phash}

    @alters_data
    def mark_refused(self, code: str, *, at: datetime) -> None:
        """Note why the photo is of no use and tell its uploader."""
        self.refused = code
        Photo.objects.filter(pk=self.pk).update(refused=code)
        reported = findings().filter(pk=self.parent_id).exists()
        Notice.objects.tell(
            [self.uploader], key=f"photo-{code}:{self.pk}",
            text=lambda: str(self.get_refused_display()),
            url=reverse("finding", args=[self.parent_id]) if reported else reverse("record"),
            at=at, step="photo_refused",
        )  # fmt: skip


__all__ = ["Claims", "NearDuplicate", "Photo", "PhotoQuerySet", "PhotoUse", "Side"]
