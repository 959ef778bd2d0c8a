"""A department's grid as a workbook: kept between the dry run and the confirmation, for its sheet's owner alone."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from assessments.models.sheets import Sheet
from audit.verbs import alters_data


class SheetImport(models.Model):
    """One workbook that was sent for a sheet; done once it has been carried out."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sheet = models.ForeignKey(Sheet, models.CASCADE, related_name="imports")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    name = models.CharField(max_length=200)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("workbook of a sheet")

    def __str__(self) -> str:
        return self.name

    @alters_data
    def finish(self, *, at: datetime) -> bool:
        """Mark it as carried out; False where somebody else just did."""
        return bool(SheetImport.objects.filter(pk=self.pk, done_at=None).update(done_at=at))
