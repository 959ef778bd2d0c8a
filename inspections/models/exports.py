"""Exports as rows: what was asked, by whom, how far it is, and the file until it is removed."""

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files import File
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.verbs import alters_data
from inspections.models.leases import Leased, LeasedQuerySet

if TYPE_CHECKING:
    from accounts.models import User
    from inspections.models.submissions import Submission


def file_name(job: "ExportJob", _filename: str) -> str:
    """Name a finished workbook by its day and id."""
    return f"exports/{job.created_at:%Y/%m/%d}/{job.pk}.xlsx"


class ExportJobQuerySet(LeasedQuerySet["ExportJob"]):
    """Sets of exports, and the verb that asks for one."""

    def visible_to(self, user: "User") -> "ExportJobQuerySet":
        """Return the user's own exports: nobody downloads what another person's scope has gathered."""
        return self.filter(user=user)

    def outlived(self, at: datetime) -> "ExportJobQuerySet":
        """Return finished exports whose file is to go."""
        return self.filter(removed_at=None, created_at__lt=at - timedelta(days=settings.EXPORT_DAYS)).exclude(
            file=""
        )

    @alters_data
    def ask(self, *, by: "User", at: datetime, **what: Any) -> "ExportJob":
        """Ask for an export: `query` (of the ledger's address), `picked` ids, or a `submission`; and `language`."""
        return self.create(user=by, created_at=at, **what)


class ExportJob(Leased):
    """One workbook that somebody asked for; a worker writes it in the scope of that person."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Ready")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    language = models.CharField(max_length=10)
    query = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    picked = models.JSONField(default=list, blank=True, encoder=DjangoJSONEncoder)
    submission: "models.ForeignKey[Submission | None, Submission | None]" = models.ForeignKey(
        "inspections.Submission", models.PROTECT, null=True, blank=True, related_name="+"
    )

    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, validators=[MinValueValidator(0)])
    error = models.CharField(max_length=200, blank=True)

    file = models.FileField(upload_to=file_name, blank=True)
    size = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    totals = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    finished_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    objects = ExportJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        indexes = [
            # a user's list of exports
            models.Index(fields=["user", "-created_at"], name="export_of_user"),
            # the sweep that picks up what no message has started
            models.Index(
                fields=["created_at"], condition=Q(state__in=["waiting", "running"]), name="export_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y%m%d-%H%M%S}"

    @property
    def is_ready(self) -> bool:
        """Tell whether there is a file to download."""
        return self.state == self.State.DONE and bool(self.file) and self.removed_at is None

    @property
    def expires_at(self) -> datetime:
        """Return when the file goes."""
        return self.created_at + timedelta(days=settings.EXPORT_DAYS)

    @alters_data
    def finish(
        self, workbook: "File[bytes]", at: datetime, *, rows: int, sha256: str, totals: dict[str, Any]
    ) -> None:
        """Keep the finished workbook, unless another worker has taken over meanwhile."""
        self.file.save("ledger.xlsx", workbook, save=False)
        self.mine.filter(state=self.State.RUNNING).update(
            state=self.State.DONE, file=self.file.name, size=workbook.size, sha256=sha256, totals=totals,
            done=rows, total=rows, finished_at=at,
        )  # fmt: skip
        self.refresh_from_db()

    @alters_data
    def remove_file(self, at: datetime) -> None:
        """Delete the workbook whose days are over; the row, its totals and its hash stay."""
        self.file.delete(save=False)
        ExportJob.objects.filter(pk=self.pk).update(file="", removed_at=at)
