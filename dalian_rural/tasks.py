"""The installation's own tasks."""

import socket

from celery import shared_task
from django.utils import timezone

from dalian_rural.models import Heartbeat


@shared_task
def heartbeat() -> None:
    """Show that a worker takes what beat sends."""
    Heartbeat.objects.beat("worker", at=timezone.now(), host=socket.gethostname())
