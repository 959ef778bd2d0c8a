"""The installation's own tasks."""

import socket

from celery import shared_task
from django.utils import timezone

from dalian_rural.demo import loading
from dalian_rural.models import Heartbeat


@shared_task
def heartbeat() -> None:
    """Show that a worker takes what beat sends."""
    Heartbeat.objects.beat("worker", at=timezone.now(), host=socket.gethostname())


@shared_task
def demo_rest(start: int) -> None:
    """Play one batch of the demo and leave the next one to the next message."""
    following = loading.play_from(start)
    if following is not None:
        demo_rest.delay(following)
