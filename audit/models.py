"""Who did what to what. Actor and object are ids and text: this app knows no other."""

import datetime as dt
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Verb(models.TextChoices):
    SIGN_IN = "sign_in", _("Signed in")
    SIGN_OUT = "sign_out", _("Signed out")
    SIGN_IN_FAILED = "sign_in_failed", _("Failed sign-in")
    LOCKED_OUT = "locked_out", _("Locked out")
    WRITE = "write", _("Write")
    REFUSED = "refused", _("Refused")
    EXPORT = "export", _("Export")
    DOWNLOAD = "download", _("Download")


class EntryQuerySet(models.QuerySet["Entry"]):
    def newest_first(self) -> "EntryQuerySet":
        """Order by the key that pages are cut by."""
        return self.order_by("-id")

    def older_than(self, entry_id: int | None) -> "EntryQuerySet":
        """Return what comes after the given entry on the next page."""
        return self if entry_id is None else self.filter(id__lt=entry_id)

    def between(self, since: dt.datetime | None, until: dt.datetime | None) -> "EntryQuerySet":
        """Return the entries of the half-open span [since, until)."""
        rows = self
        if since:
            rows = rows.filter(at__gte=since)
        return rows.filter(at__lt=until) if until else rows


class Entry(models.Model):
    """One thing that happened. Never changed and never deleted: the database refuses it."""

    append_only: ClassVar[bool] = True

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("At"))
    actor_id = models.CharField(max_length=64, blank=True)
    actor_name = models.CharField(_("Who"), max_length=150, blank=True)
    verb = models.CharField(_("Action"), max_length=40)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    label = models.CharField(_("What"), max_length=250, blank=True)
    detail = models.JSONField(_("Detail"), default=dict)
    address = models.CharField(_("Address"), max_length=45, blank=True)
    request_id = models.CharField(_("Request"), max_length=36, blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("Audit entry")
        verbose_name_plural = _("Audit log")
        indexes = [
            # read by the audit page: one person's trail, one verb's trail, one object's trail
            models.Index(fields=["actor_id", "-id"], name="entry_actor"),
            models.Index(fields=["verb", "-id"], name="entry_verb"),
            models.Index(fields=["object_id", "-id"], name="entry_object"),
            models.Index(fields=["request_id"], name="entry_request"),
            models.Index(fields=["at"], name="entry_at"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.verb} {self.label}"

    @property
    def verb_label(self) -> str:
        """Return the word for the verb; a verb of another app stands for itself."""
        return str(Verb(self.verb).label) if self.verb in Verb.values else self.verb
