"""The sending sweep."""

from celery import shared_task
from django.utils import timezone

from notifications.sending import send_due


@shared_task
def send() -> None:
    """Send what is due; losing or doubling this task changes nothing."""
    send_due(timezone.now())
