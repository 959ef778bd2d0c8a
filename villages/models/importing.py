"""Files that wait between their dry run and the decision."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class ImportFile(models.Model):
    """An uploaded registry or roster: shown as a dry run first, then applied as a whole or not at all."""

    class Kind(models.TextChoices):
        REGISTRY = "registry", _("registry of villages")
        ROSTER = "roster", _("roster of responsibilities")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("file name"), max_length=200)
    content = models.BinaryField(_("content"))
    # The uploader by id and name: accounts lie above this app.
    by_id = models.UUIDField()
    by_name = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField(_("uploaded at"))
    applied_at = models.DateTimeField(_("applied at"), null=True, blank=True)
    summary = models.JSONField(_("summary"), default=dict)

    class Meta:
        verbose_name = _("imported file")

    def __str__(self) -> str:
        return self.name
