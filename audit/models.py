"""Who did what to what. Actor and object are ids and text: this app knows no other."""

import datetime as dt
import uuid
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
    SEALED_READ = "sealed_read", _("Opened a sealed plan")
    UNSEALED = "unsealed", _("Seal broken")


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


class Line(models.Model):
    """Who did what to what, from where: the columns of both logs."""

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

    class Meta:
        abstract = True


class Entry(Line):
    """One thing that happened. Never changed and never deleted: the database refuses it."""

    append_only: ClassVar[bool] = True

    id = models.BigAutoField(primary_key=True)

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


class SealedEntryQuerySet(models.QuerySet["SealedEntry"]):
    def under(self, seal: uuid.UUID) -> "SealedEntryQuerySet":
        """Return the lines kept under a seal, in the order they were written."""
        return self.filter(seal=seal).order_by("at", "id")


class SealedEntry(Line):
    """A line about something still secret, kept apart: in the open log its mere id would tell that there is something.

    `seal` is the id of the secret thing. When that is revealed, `audit.log.unseal` copies the lines into the open log.
    """

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seal = models.UUIDField()

    objects = SealedEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("Sealed audit entry")
        verbose_name_plural = _("Sealed audit log")
        indexes = [
            # read by the page of the secret thing, and when the seal is broken
            models.Index(fields=["seal", "at"], name="sealed_entry_seal"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.verb} {self.label}"


class BrokenSeal(models.Model):
    """A seal whose lines stand in the open log; its row makes sure that they are copied once."""

    append_only: ClassVar[bool] = True

    seal = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    lines = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.seal} {self.at:%Y-%m-%d %H:%M}"
