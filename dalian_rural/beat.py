"""The beat process: Celery's own scheduler, which also shows that it lives when no worker does."""

import logging
import socket
from datetime import datetime, timedelta
from typing import Any

from celery.beat import PersistentScheduler
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from dalian_rural.models import Heartbeat

EVERY = timedelta(seconds=30)
log = logging.getLogger(__name__)


class Scheduler(PersistentScheduler):
    """Write a heartbeat beside sending what is due."""

    last: datetime | None = None

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        """Send what is due, and give a sign of life twice a minute."""
        now = timezone.now()
        if self.last is None or now - self.last >= EVERY:
            self.last = now
            self.show_life(now)
        return super().tick(*args, **kwargs)

    def show_life(self, now: datetime) -> None:
        """Write the row; a database that is away must not stop the clock."""
        try:
            close_old_connections()
            Heartbeat.objects.beat("beat", at=now, host=socket.gethostname())
        except DatabaseError as error:
            log.warning("heartbeat not written: %s", error)
