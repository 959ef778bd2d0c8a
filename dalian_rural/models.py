"""What the whole installation says about itself."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.verbs import alters_data


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    """Signs of life by name."""

    @alters_data
    def beat(self, name: str, *, at: datetime, **detail: Any) -> None:
        """Say that a process lives."""
        self.update_or_create(name=name, defaults={"at": at, "detail": detail})

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


class FeedbackRefused(Exception):
    """A complaint or suggestion that is not taken now; the message says why."""


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    """Complaints and suggestions."""

    def waiting(self) -> "FeedbackQuerySet":
        """Keep what nobody has dealt with."""
        return self.filter(done_at=None)

    def for_list(self) -> "FeedbackQuerySet":
        """Return all, what waits first, then the newest, with who dealt with it."""
        return self.select_related("done_by").order_by(F("done_at").desc(nulls_first=True), "-at", "pk")

    @alters_data
    def receive(self, *, at: datetime, address: str, **fields: Any) -> "Feedback":
        """Store what somebody wrote; one address may write only so often in an hour."""
        lately = self.filter(address=address or None, at__gt=at - timedelta(hours=1)).count()
        if lately >= settings.FEEDBACK_PER_HOUR:
            raise FeedbackRefused(
                _("Too many messages came from your network within an hour. Please try again later.")
            )
        return self.create(at=at, address=address or None, **fields)


class Feedback(models.Model):
    """A complaint or suggestion about this site, from anybody; the city office and the administrators read it."""

    class Kind(models.TextChoices):
        SUGGESTION = "suggestion", _("Suggestion")
        COMPLAINT = "complaint", _("Complaint")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("What it is"), max_length=10, choices=Kind.choices, default=Kind.SUGGESTION)
    text = models.TextField(_("Your message"), max_length=2000)
    name = models.CharField(_("Your name"), max_length=60, blank=True)
    contact = models.CharField(_("How to reach you"), max_length=100, blank=True)
    at = models.DateTimeField()
    # only to slow down a flood; shown to nobody
    address = models.GenericIPAddressField(null=True)
    remark = models.TextField(max_length=1000, blank=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("complaint or suggestion")
        indexes = [
            # read by `receive`: how often an address wrote lately
            models.Index(fields=["address", "at"], name="feedback_by_address"),
        ]

    def __str__(self) -> str:
        return self.text[:40]

    @alters_data
    def finish(self, *, by: User, at: datetime, remark: str) -> bool:
        """Record what was done about it; False when somebody else was faster."""
        return bool(
            Feedback.objects.waiting().filter(pk=self.pk).update(done_by=by, done_at=at, remark=remark)
        )
