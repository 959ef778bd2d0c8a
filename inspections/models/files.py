"""Files beside a finding: a letter, a contract, a drawing; kept exactly as received."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inspections.attachments import TYPES, FileRefused, name_of
from inspections.uploads import sha256_of

if TYPE_CHECKING:
    from accounts.models import User


def sealed() -> Storage:
    """Return the storage of what is kept exactly as received."""
    return storages["sealed"]


# a report may be merged into one that is merged itself; nobody merges deeper than this
MERGES = 3


def _all_merged(link: str) -> Q:
    """Return the condition that every report below the last one of a path was merged, not closed as a duplicate."""
    parts = link.split("__")
    return Q(**{f"{'__'.join(parts[:n])}__state": "rejected" for n in range(1, len(parts))})


def file_name(row: "FindingFile", _filename: str) -> str:
    """Name a file by day and id; the uploader's file name is never used."""
    return f"files/{row.at:%Y/%m/%d}/{row.pk}"


class FindingFileQuerySet(models.QuerySet["FindingFile"]):
    """Files of findings; whoever reads the finding reads its files."""

    def for_list(self) -> "FindingFileQuerySet":
        """Fetch who added each, in the order they came."""
        return self.select_related("uploaded_by__person").order_by("at", "pk")

    def readable(self, findings: "models.QuerySet[Any]") -> "FindingFileQuerySet":
        """Return the files that readers of these findings may have: theirs and those of reports merged into them."""
        shown = Q(finding__in=findings)
        link = "finding"
        for _depth in range(MERGES):
            link += "__duplicate_of"
            shown |= Q(**{f"{link}__in": findings}) & _all_merged(link)
        return self.filter(shown)

    def shown_on(self, finding: uuid.UUID) -> "FindingFileQuerySet":
        """Return the files on a finding's page: its own, and those of reports merged into it."""
        reports = self.model._meta.get_field("finding").related_model
        shown = last = [finding]
        for _depth in range(MERGES):
            merged = reports._default_manager.filter(duplicate_of__in=last, state="rejected")  # type: ignore[union-attr]
            last = list(merged.values_list("pk", flat=True))
            if not last:
                break
            shown = [*shown, *last]
        return self.filter(finding__in=shown)

    def prepare(
        self, finding: uuid.UUID, *, by: "User", at: datetime, file: "File[Any]", kind: str
    ) -> "FindingFile":
        """Return the unsaved row of one more file; refuse a repeat and more than a finding may have."""
        here = self.filter(finding_id=finding)
        if here.count() >= settings.FILES_PER_FINDING:
            message = _("A finding has at most %(n)s files.")
            raise FileRefused(message % {"n": settings.FILES_PER_FINDING}, "file_too_many")
        digest = sha256_of(file)
        if here.filter(sha256=digest).exists():
            raise FileRefused(_("This file has been added already."), "file_repeated")
        return self.model(
            finding_id=finding, uploaded_by=by, at=at, name=name_of(file.name or "", kind), kind=kind,
            size=file.size, sha256=digest, file=File(file.file, name="file"),
        )  # fmt: skip


class FindingFile(models.Model):
    """One file as it came; written once, with the step that added it."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    finding = models.ForeignKey("inspections.Finding", models.PROTECT, related_name="files")
    file = models.FileField(storage=sealed, upload_to=file_name, max_length=200)
    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(max_length=4)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("received"))

    objects = FindingFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file")
        constraints = [
            # a second tap on "Add" is no second file
            models.UniqueConstraint(fields=["finding", "sha256"], name="finding_file_once"),
            models.CheckConstraint(condition=Q(kind__in=list(TYPES)), name="finding_file_kind"),
        ]

    def __str__(self) -> str:
        return self.name
