"""The worker's part of photos: copies, look-alikes, and the sweep that catches what a message missed."""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import KombuError, OperationalError

from inspections.models import MeetingPhoto, Photo, PhotoUse, Sweep
from inspections.orphans import remove_orphans

logger = logging.getLogger(__name__)

# A sweep leaves the newest photos to their own message and stops in time for the next one.
GRACE = timedelta(seconds=60)
PER_SWEEP = 200


@shared_task
def make_copies(photo_id: str) -> None:
    """Make one photo's copies and compare it with the township's others."""
    at = timezone.now()
    photo = Photo.objects.filter(pk=photo_id).first()
    if photo and (photo.make_copies(at=at) or photo.is_ready):
        for use in PhotoUse.objects.to_compare().filter(photo=photo):
            use.find_near_duplicates(at=at)
    for sensitive in Photo.objects.with_position_to_remove().filter(pk=photo_id):
        sensitive.remove_position(at=at)


@shared_task
def make_meeting_copies(photo_id: str) -> None:
    """Make the copies of one photo of a meeting."""
    for photo in MeetingPhoto.objects.filter(pk=photo_id):
        photo.make_copies(at=timezone.now())


@shared_task
def sweep_photos() -> None:
    """Do what no message has done: join, copy, compare."""
    at = timezone.now()
    joined = Photo.objects.join_stragglers(at)
    cleared = sum(
        photo.remove_position(at=at) for photo in Photo.objects.with_position_to_remove()[:PER_SWEEP]
    )
    late = Photo.objects.without_copies().filter(received_at__lt=at - GRACE)[:PER_SWEEP]
    of_meetings = MeetingPhoto.objects.without_copies().filter(at__lt=at - GRACE)[:PER_SWEEP]
    made = sum(_copied(photo, at) for photo in (*late, *of_meetings))
    uses = list(PhotoUse.objects.to_compare().order_by("pk")[:PER_SWEEP])
    flagged = sum(len(use.find_near_duplicates(at=at)) for use in uses)
    Sweep.finished(
        "photos",
        at,
        {"joined": joined, "copies": made, "compared": len(uses), "flagged": flagged, "cleared": cleared},
    )


@shared_task
def sweep_orphans() -> None:
    """Remove files that a crash left without a row."""
    at = timezone.now()
    Sweep.finished("orphans", at, {"removed": remove_orphans(at)})


def _copied(photo: Photo | MeetingPhoto, at: datetime) -> bool:
    """Make one photo's copies; a file that is missing or a full disk leaves the others their turn."""
    try:
        return photo.make_copies(at=at)
    except Exception as error:
        logger.exception("The copies of photo %s could not be made.", photo.pk)
        if not isinstance(error, MemoryError):  # a storage that is away says nothing about the photo
            rows = type(photo)._default_manager.filter(pk=photo.pk, attempts__gt=0)
            rows.update(attempts=F("attempts") - 1)
        return False


def hasten(photo_id: UUID, task: Any = make_copies) -> None:
    """Ask a worker for the copies now; without a broker the sweep makes them."""
    try:
        task.delay(str(photo_id))
    except (KombuError, OperationalError, OSError):
        logger.warning("No broker: the copies of photo %s wait for the sweep.", photo_id)
