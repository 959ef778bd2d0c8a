"""The tasks that run by the beat schedule. Each may run twice, late or not at all."""

from celery import shared_task
from django.utils import timezone

from inspections import reminders
from inspections.models import Finding, Sweep


@shared_task(ignore_result=True)
def remind() -> None:
    """Tell and propose what is due."""
    reminders.sweep(at=timezone.now())


@shared_task(ignore_result=True)
def issue_ready() -> None:
    """Issue what has become complete without anybody noticing."""
    at = timezone.now()
    Sweep.finished("issue_ready", at, {"issued": Finding.objects.issue_ready(at)})
