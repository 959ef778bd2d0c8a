"""Work that a worker takes for a while: exports and imports as rows, given back if its worker dies."""

from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import F, Q

from audit.verbs import alters_data

# a worker that has said nothing for so long is dead; another one begins anew
LEASE = timedelta(minutes=5)
MOST_TRIES = 3


M = TypeVar("M", bound=models.Model)


class LeasedQuerySet(models.QuerySet[M]):
    def waiting(self, at: datetime) -> Self:
        """Return rows nobody works on, oldest first: new ones, and those whose worker has died."""
        lost = Q(state="running", beat_at__lt=at - LEASE)
        return self.filter(Q(state="waiting") | lost).order_by("created_at", "pk")


class Leased(models.Model):
    """Has `state`, `done`, `total` and `error`; `tries` tells a worker whether the row is still its own."""

    tries = models.PositiveSmallIntegerField(default=0)
    beat_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def mine(self) -> Any:
        """Return the row while no other worker has taken it over."""
        return type(self)._default_manager.filter(pk=self.pk, tries=self.tries)

    @alters_data
    def claim(self, at: datetime) -> bool:
        """Begin work; of two workers at once, one gets it."""
        free = self.mine.waiting(at).order_by()
        if not free.update(state="running", tries=F("tries") + 1, beat_at=at, done=0, error=""):
            return False
        self.refresh_from_db()
        return True

    @alters_data
    def progress(self, done: int, total: int, at: datetime) -> None:
        """Say how far the work is: the page shows it, and other workers see that this one lives."""
        self.mine.update(done=done, total=total, beat_at=at)

    @alters_data
    def fail(self, error: str, at: datetime, *, again: bool = True) -> None:
        """Note why it did not work; an accident is tried again a few times, a refusal is not."""
        state = "waiting" if again and self.tries < MOST_TRIES else "failed"
        self.mine.update(state=state, error=error, beat_at=at)
