"""What the whole installation says about itself."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    """Signs of life by name."""

    def beat(self, name: str, *, at: datetime, **detail: Any) -> None:
        """Say that a process lives."""
        self.update_or_create(name=name, defaults={"at": at, "detail": detail})

    beat.alters_data = True  # type: ignore[attr-defined]

    def fresh(self, *, at: datetime, within: timedelta = timedelta(minutes=2)) -> "HeartbeatQuerySet":
        """Keep the processes that gave a sign of life lately."""
        return self.filter(at__gt=at - within)


class Heartbeat(models.Model):
    """The last sign of life of a process: `worker`, `beat`."""

    name = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
