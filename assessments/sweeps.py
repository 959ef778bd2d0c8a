"""The tasks of assessment that run by the beat schedule. Each may run twice, late or not at all."""

from celery import shared_task
from django.utils import timezone

from assessments import reminders
from inspections.models import Sweep


@shared_task(ignore_result=True)
def remind_of_sheets() -> None:
    """Remind who owes a sheet."""
    at = timezone.now()
    Sweep.finished("sheets", at, reminders.remind(at))
