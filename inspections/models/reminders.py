"""What the sweep remembers: which step of which finding was told, and when it last ran."""

from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _


class Reminder(models.Model):
    """A step of a finding that people were told of: once, ever.

    The unique key of a notice already keeps doubles out; this row spares the sweep from trying them again.
    """

    finding = models.ForeignKey("inspections.Finding", models.CASCADE, related_name="reminders")
    step = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("reminder")
        constraints = [models.UniqueConstraint(fields=["finding", "step"], name="one_reminder_per_step")]


class Sweep(models.Model):
    """The last finished run of one sweep; read by the status page."""

    name = models.CharField(max_length=30, primary_key=True)
    at = models.DateTimeField()
    counts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("sweep")

    @classmethod
    def finished(cls, name: str, at: datetime, counts: dict[str, Any]) -> None:
        """Record that a sweep has run to its end."""
        cls.objects.update_or_create(name=name, defaults={"at": at, "counts": counts})

    @classmethod
    def last(cls, name: str) -> datetime | None:
        """Return when a sweep began that has run to its end, if one ever has."""
        return cls.objects.filter(name=name).values_list("at", flat=True).first()
