"""A file for a new version."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from schemes.workbook import MOST_BYTES


class ImportForm(forms.Form):
    """An Excel workbook or a YAML file; nothing is stored before the dry run has been seen."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("Excel (.xlsx) with the five sheets of the template, or YAML; up to 2 MB."),
    )
    guidance = forms.FileField(
        label=_("File with the guidance"),
        required=False,
        help_text=_("Only where a YAML file has its guidance apart."),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse what is too large to be a scheme."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("file", "guidance"):
            file: UploadedFile | None = data.get(name)
            if file and (file.size or 0) > MOST_BYTES:
                self.add_error(name, _("The file is larger than 2 MB."))
        return data
