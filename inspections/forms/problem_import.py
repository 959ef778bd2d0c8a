"""The forms of a problem list: the upload, and the confirmation after the dry run."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from villages.models import Division

EXCEL = ".xlsx,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ProblemListForm(forms.Form):
    """A workbook, and the office for which it comes in where the user has several."""

    file = forms.FileField(label=_("problem list (.xlsx)"), widget=forms.FileInput(attrs={"accept": EXCEL}))

    def __init__(self, *args: Any, offices: list[Division], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offices = {str(office.pk): office for office in offices}
        self.fields["file"].help_text = _("At most %(megabytes)s MB and %(rows)s rows.") % {
            "megabytes": settings.IMPORT_MAX_BYTES // 1024 // 1024,
            "rows": settings.IMPORT_MAX_ROWS,
        }
        if len(offices) > 1:
            choices = [(key, office.label) for key, office in self.offices.items()]
            self.fields["office"] = forms.ChoiceField(label=_("office"), choices=choices)

    def clean_file(self) -> Any:
        """Refuse what is too large before anything is read."""
        file = self.cleaned_data["file"]
        if file.size > settings.IMPORT_MAX_BYTES:
            raise ValidationError(_("The file is too large. Split the list."))
        return file

    @property
    def office(self) -> Division:
        """Return the chosen office, or the only one."""
        return self.offices.get(self.cleaned_data.get("office", ""), next(iter(self.offices.values())))


class ConfirmForm(forms.Form):
    """What happens to rows that look like findings that exist."""

    skip_duplicates = forms.BooleanField(
        label=_("Leave out the rows that look like findings that exist"), required=False, initial=True
    )
