"""Good and bad examples of an item as pictures: clean copies only, since an example proves nothing."""

from __future__ import annotations

import io
import uuid
from datetime import date, datetime
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.verbs import alters_data
from schemes import image_headers, imaging
from schemes.models.items import Item
from schemes.models.parts import InTwoLanguages
from schemes.models.schemes import DRAFT_READERS, Scheme

MOST_PER_KIND = 6

REFUSALS: dict[str, Promise] = {
    "too_large": _("The photo is too large. Photos up to %(megabytes)s MB are accepted."),
    "too_many_pixels": _("The photo has too many pixels. Up to %(megapixels)s megapixels are accepted."),
    "unsupported": _("This is not a photo that can be used. JPEG, PNG, WebP and HEIC are accepted."),
    "unreadable": _("The photo is damaged. Take or choose it again."),
    "animated": _("This is an animation. Send a still photo."),
    "empty": _("The file is empty."),
    "full": _("There are %(most)s examples of this kind already."),
    "repeated": _("This picture is there already."),
}


class ExampleRefused(Exception):
    """A picture that is not accepted; `code` is a key of REFUSALS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        limits = {
            "megabytes": settings.PHOTO_MAX_BYTES // (1024 * 1024),
            "megapixels": settings.PHOTO_MAX_PIXELS // 1_000_000,
            "most": MOST_PER_KIND,
        }
        return str(REFUSALS[self.code]) % limits


def copy_name(example: ExamplePhoto, filename: str) -> str:
    """Name a copy by id and size; the uploader's file name is never used."""
    return f"examples/{example.at:%Y}/{example.pk}-{filename}"


class ExampleQuerySet(models.QuerySet["ExamplePhoto"]):
    def visible_to(self, user: User, on: date) -> ExampleQuerySet:
        """Return the pictures that stand in guidance, and with a part in writing it those of drafts."""
        if user.roles(on) & DRAFT_READERS:
            return self
        return self.filter(item__scheme__in=Scheme.objects.holding())

    @alters_data
    def show(
        self, item: Item, *, kind: str, file: File[Any], by: User, at: datetime, caption_zh: str = "",
        caption_en: str = "",
    ) -> ExamplePhoto:  # fmt: skip
        """Re-encode a picture and show it at an item. Raises ExampleRefused."""
        if item.examples.filter(kind=kind).count() >= MOST_PER_KIND:
            raise ExampleRefused("full")
        copies = clean_copies(file)
        example = ExamplePhoto(
            item=item, kind=kind, caption_zh=caption_zh, caption_en=caption_en, phash=copies.phash,
            width=copies.width, height=copies.height, by=by, at=at,
        )  # fmt: skip
        example.large.save("large.jpg", ContentFile(copies.large), save=False)
        example.small.save("small.jpg", ContentFile(copies.small), save=False)
        try:
            with transaction.atomic():
                example.save(force_insert=True)
        except IntegrityError as error:
            example.remove_files()
            raise ExampleRefused("repeated") from error
        return example


def clean_copies(file: File[Any]) -> imaging.Copies:
    """Judge a picture by size and header, then decode it fully and re-encode it. Raises ExampleRefused."""
    if (file.size or 0) > settings.PHOTO_MAX_BYTES:
        raise ExampleRefused("too_large")
    content = cast(BinaryIO, io.BytesIO(file.read()))
    try:
        header = image_headers.read_header(content)
    except image_headers.NotAPhoto as error:
        raise ExampleRefused(error.code) from error
    if header.pixels > settings.PHOTO_MAX_PIXELS:
        raise ExampleRefused("too_many_pixels")
    try:
        return imaging.make_copies(content, header.format)
    except imaging.Unreadable as error:
        raise ExampleRefused("unreadable") from error


class ExamplePhoto(InTwoLanguages):
    """One picture that shows what is good, or what is bad, with a line about it in both languages."""

    class Kind(models.TextChoices):
        GOOD = "good", _("Good example")
        BAD = "bad", _("Bad example")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="examples")
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices)
    caption_zh = models.CharField(max_length=200, blank=True)
    caption_en = models.CharField(max_length=200, blank=True)
    phash = models.CharField(max_length=16)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    # a copy of the scheme shows the same files
    large = models.FileField(upload_to=copy_name, max_length=200)
    small = models.FileField(upload_to=copy_name, max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = ExampleQuerySet.as_manager()

    class Meta:
        verbose_name = _("example")
        verbose_name_plural = _("examples")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["good", "bad"]), name="example_kind"),
            # a second tap on the button is no second example
            models.UniqueConstraint(fields=["item", "kind", "phash"], name="example_once"),
        ]

    def __str__(self) -> str:
        return self.caption or str(self.get_kind_display())

    @property
    def caption(self) -> str:
        """Return the line about the picture in the active language, or in the other where there is none."""
        return self.pick("caption") or self.caption_zh or self.caption_en

    @property
    def large_url(self) -> str:
        """Return the address of the large copy."""
        return reverse("example_photo", args=[self.pk, "large"])

    @property
    def small_url(self) -> str:
        """Return the address of the small copy."""
        return reverse("example_photo", args=[self.pk, "small"])

    @alters_data
    def show_at(self, item_id: uuid.UUID) -> ExamplePhoto:
        """Show the same picture at another item: the same files, a row of its own."""
        columns = ("kind", "caption_zh", "caption_en", "phash", "width", "height", "by_id", "at")
        kept = {name: getattr(self, name) for name in columns}
        return ExamplePhoto.objects.create(
            item_id=item_id, large=self.large.name, small=self.small.name, **kept
        )

    @alters_data
    def take_away(self) -> None:
        """Show the picture no longer; its files go with the last row that names them."""
        self.delete()
        if not ExamplePhoto.objects.filter(large=self.large.name).exists():
            transaction.on_commit(self.remove_files)

    @alters_data
    def remove_files(self) -> None:
        """Delete the files; call when no row names them."""
        for file in (self.large, self.small):
            file.delete(save=False)
