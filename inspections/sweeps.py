"""The tasks that run by the beat schedule. Each may run twice, late or not at all."""

from celery import shared_task
from django.utils import timezone

from inspections import reminders
from inspections.models import Finding, Sweep, Visit, visit_photos


@shared_task(ignore_result=True)
def remind() -> None:
    """Tell and propose what is due."""
    reminders.sweep(at=timezone.now())


@shared_task(ignore_result=True)
def issue_ready() -> None:
    """Issue what has become complete without anybody noticing."""
    at = timezone.now()
    Sweep.finished("issue_ready", at, {"issued": Finding.objects.issue_ready(at)})


@shared_task(ignore_result=True)
def rescore() -> None:
    """Score visits anew whose findings have moved, and show photos of points that met their sheet in one moment."""
    at = timezone.now()
    visit_photos.join_stragglers()
    changed = Visit.objects.rescore_stale(at, since=Sweep.last("rescore"))
    Sweep.finished("rescore", at, {"changed": changed})
