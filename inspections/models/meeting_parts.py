"""What belongs to an on-site meeting: villages, findings, photos, decisions, who may know, what happened."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organisation
from audit.verbs import alters_data
from inspections.meeting_steps import STEPS
from inspections.models.copies import UNREADABLE, CopyMaking
from notifications.models import Notice
from villages.models import Division

if TYPE_CHECKING:
    from inspections.models.meetings import Meeting


def sealed() -> Storage:
    """Return the storage of what is kept exactly as received."""
    return storages["sealed"]


def original_name(photo: "MeetingPhoto", _filename: str) -> str:
    """Name an original by day and id; the uploader's file name is never used."""
    return f"meetings/{photo.at:%Y/%m/%d}/{photo.pk}"


def copy_name(photo: "MeetingPhoto", filename: str) -> str:
    """Name a copy by day, id and size."""
    return f"meetings/{photo.at:%Y/%m/%d}/{photo.pk}-{filename}"


class MeetingReader(models.Model):
    """Somebody who may know of a meeting while it is being prepared."""

    meeting: "models.ForeignKey[Meeting, Meeting]" = models.ForeignKey(
        "inspections.Meeting", models.CASCADE, related_name="readers"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "user"], name="meeting_reader_once")]

    def __str__(self) -> str:
        return str(self.user)


class MeetingVillage(models.Model):
    """A village that was visited unannounced on the day, and what is to be said of it."""

    meeting: "models.ForeignKey[Meeting, Meeting]" = models.ForeignKey(
        "inspections.Meeting", models.CASCADE, related_name="villages"
    )
    village = models.ForeignKey("villages.Village", models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    remark = models.TextField(_("remark"), blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "village"], name="meeting_village_once")]

    def __str__(self) -> str:
        return str(self.village)


class MeetingFinding(models.Model):
    """A finding that is shown at the meeting: found on the spot that day, or an earlier one of the street."""

    meeting: "models.ForeignKey[Meeting, Meeting]" = models.ForeignKey(
        "inspections.Meeting", models.CASCADE, related_name="shown"
    )
    # nothing of a finding points back: who reads it learns nothing of a meeting
    finding = models.ForeignKey("inspections.Finding", models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    on_the_spot = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "finding"], name="meeting_finding_once")]

    def __str__(self) -> str:
        return str(self.finding)


class MeetingPhotoQuerySet(models.QuerySet["MeetingPhoto"]):
    """Sets of photos of meetings."""

    def without_copies(self) -> Self:
        """Return photos that wait for the worker, oldest first."""
        return self.filter(made_at=None, refused="").order_by("at", "pk")

    def shown(self) -> Self:
        """Return what there is to show, in the order in which it came."""
        return self.filter(refused="").order_by("at", "pk")


class MeetingPhoto(CopyMaking, models.Model):
    """A photo of the meeting itself: the original sealed, two clean copies to show, made by a worker."""

    class Refusal(models.TextChoices):
        UNREADABLE = UNREADABLE, _("The photo is damaged and cannot be shown. Take or choose it again.")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting: "models.ForeignKey[Meeting, Meeting]" = models.ForeignKey(
        "inspections.Meeting", models.CASCADE, related_name="photos"
    )
    caption = models.CharField(_("caption"), max_length=200, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    format = models.CharField(max_length=4)
    original = models.FileField(storage=sealed, upload_to=original_name, max_length=200)
    large = models.FileField(upload_to=copy_name, max_length=200, blank=True)
    small = models.FileField(upload_to=copy_name, max_length=200, blank=True)
    made_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    refused = models.CharField(max_length=10, choices=Refusal.choices, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("received"))

    objects = MeetingPhotoQuerySet.as_manager()

    class Meta:
        verbose_name = _("photo of a meeting")
        indexes = [
            # the sweep that makes missing copies
            models.Index(
                fields=["at", "id"], condition=Q(made_at=None, refused=""), name="meeting_photo_uncopied"
            ),
        ]
        constraints = [
            # a second tap on "Add" is no second photo
            models.UniqueConstraint(fields=["meeting", "sha256"], name="meeting_photo_once"),
        ]

    def __str__(self) -> str:
        return self.caption or str(self.pk)

    @property
    def large_url(self) -> str:
        """Return the address of the large copy."""
        return reverse("meeting_photo", args=[self.pk, "large"])

    @property
    def small_url(self) -> str:
        """Return the address of the small copy."""
        return reverse("meeting_photo", args=[self.pk, "small"])

    @alters_data
    def mark_refused(self, code: str, *, at: datetime) -> None:
        """Note that the photo is of no use and tell who added it."""
        self.refused = code
        MeetingPhoto.objects.filter(pk=self.pk).update(refused=code)
        Notice.objects.tell(
            [self.by], key=f"meeting-photo-{code}:{self.pk}", text=lambda: str(self.get_refused_display()),
            url=self.meeting.get_absolute_url(), at=at, step="photo_refused",
        )  # fmt: skip


class MeetingDecision(models.Model):
    """What was decided: who does it until when; the owner in words, and as a place or department if it is one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting: "models.ForeignKey[Meeting, Meeting]" = models.ForeignKey(
        "inspections.Meeting", models.CASCADE, related_name="decisions"
    )
    position = models.PositiveSmallIntegerField()
    text = models.TextField(pgettext_lazy("meeting", "decision"))
    owner = models.CharField(_("responsible"), max_length=200)
    division = models.ForeignKey(Division, models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    due_on = models.DateField(_("to be done by"), null=True)
    done_note = models.TextField(_("how it was done"), blank=True)
    done_at = models.DateTimeField(_("reported as done"), null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(division=None) | Q(organisation=None), name="meeting_decision_one_owner"
            ),
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None, done_note="")
                | Q(done_at__isnull=False, done_by__isnull=False, done_note__gt=""),
                name="meeting_decision_done_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    def is_overdue(self, on: Any) -> bool:
        """Tell whether it should have been reported as done before this day."""
        return bool(self.done_at is None and self.due_on and self.due_on < on)


class MeetingEvent(models.Model):
    """One step that was taken; never changed. Kept apart from the open audit log until the meeting is held."""

    append_only = True

    meeting: "models.ForeignKey[Meeting, Meeting]" = models.ForeignKey(
        "inspections.Meeting", models.PROTECT, related_name="events"
    )
    step = models.CharField(max_length=20)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    remark = models.TextField(blank=True)
    version = models.PositiveIntegerField()

    class Meta:
        indexes = [
            # the page of one meeting
            models.Index(fields=["meeting", "at"], name="meeting_events"),
        ]

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.step}"

    @property
    def label(self) -> str:
        """Return the step's word."""
        return str(STEPS[self.step].label)
