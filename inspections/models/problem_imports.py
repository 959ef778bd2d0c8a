"""Imports of problem lists as rows: the file as it came, what the dry run said, how far the work is."""

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from audit.verbs import alters_data
from inspections.models.leases import Leased, LeasedQuerySet

if TYPE_CHECKING:
    from accounts.models import User


def sealed() -> Storage:
    """Return the storage of what is kept exactly as received."""
    return storages["sealed"]


def list_name(job: "ProblemImport", _filename: str) -> str:
    """Name a list by day and id; the uploader's file name is never used."""
    return f"problem-lists/{job.created_at:%Y/%m/%d}/{job.pk}.xlsx"


class ProblemImportQuerySet(LeasedQuerySet["ProblemImport"]):
    """Sets of imports."""

    def visible_to(self, user: "User", on: date) -> "ProblemImportQuerySet":
        """Return the imports of the user's own offices: colleagues finish what one has begun."""
        posts = user.posts_on(on)
        offices = [p.division_id for p in posts if p.role in {Role.CITY_OFFICE, Role.COUNTY_OFFICE}]
        return self.filter(office__in=offices)


class ProblemImport(Leased):
    """One uploaded list: checked in a dry run, confirmed by its uploader, carried out whole or not at all."""

    class State(models.TextChoices):
        CHECKED = "checked", _("Checked")
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Imported")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    office = models.ForeignKey("villages.Division", models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("uploaded"))
    name = models.CharField(_("file"), max_length=200)
    file = models.FileField(storage=sealed, upload_to=list_name, max_length=200)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    skip_duplicates = models.BooleanField(default=True)

    state = models.CharField(max_length=8, choices=State.choices, default=State.CHECKED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    # {"created", "there", "skipped", "photos"} once it is done
    counts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    finished_at = models.DateTimeField(null=True)

    objects = ProblemImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("problem list")
        indexes = [
            # the office's list of imports
            models.Index(fields=["office", "-created_at"], name="problem_import_of_office"),
            # the sweep that picks up what no message has started
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="problem_import_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the import's page."""
        return reverse("problem_import_check", args=[self.pk])

    @alters_data
    def confirm(self, *, skip_duplicates: bool) -> bool:
        """Ask a worker to carry it out; of two confirmations one counts."""
        asked = ProblemImport.objects.filter(pk=self.pk, state__in=[self.State.CHECKED, self.State.FAILED])
        columns: dict[str, Any] = {
            "state": self.State.WAITING,
            "skip_duplicates": skip_duplicates,
            "tries": 0,
        }
        return bool(asked.update(**columns, error="", done=0))

    @alters_data
    def finish(self, counts: dict[str, int], at: datetime) -> None:
        """Note what came of it."""
        changes = {"state": self.State.DONE, "counts": counts, "finished_at": at, "done": F("total")}
        self.mine.update(**changes)
