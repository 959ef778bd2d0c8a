"""The forms of official documents: which kind, its passages, the signed scan."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from inspections.forms.fields import PickField
from inspections.models import Document
from inspections.papers import PASSAGES, Passage
from inspections.scans import ScanRefused, check_scan
from villages.models import Division


class NewDocumentForm(forms.Form):
    """Which kind of document is to be drafted about which findings."""

    pick = PickField(label=_("picked"), error_messages={"required": _("Pick at least one finding.")})
    kind = forms.ChoiceField(label=_("kind of document"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, kinds: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - told to mypy
        field.choices = kinds


class DocumentForm(forms.Form):
    """The passages of one draft, and whom it goes to."""

    def __init__(self, data: Any = None, *, document: Document, addressees: list[Division]) -> None:
        super().__init__(data, initial={"addressee": document.addressee_id, **document.text})
        self.document = document
        self.places = {str(place.pk): place for place in addressees}
        choices = [(key, place.label) for key, place in self.places.items()]
        self.fields["addressee"] = forms.ChoiceField(label=_("addressee"), choices=choices)
        for passage in PASSAGES[document.kind]:
            self.fields[passage.key] = _field(passage)

    def arguments(self) -> dict[str, Any]:
        """Return what the verb is called with."""
        text = {p.key: self.cleaned_data[p.key] for p in PASSAGES[self.document.kind]}
        return {"text": text, "addressee": self.places[self.cleaned_data["addressee"]]}


def _field(passage: Passage) -> forms.CharField:
    label = str(passage.label)
    if passage.short:
        return forms.CharField(label=label, required=passage.required, max_length=200)
    widget = forms.Textarea(attrs={"rows": passage.rows, "maxlength": 4000})
    return forms.CharField(label=label, required=passage.required, max_length=4000, widget=widget)


class ScanForm(forms.Form):
    """The scan of the signed paper."""

    file = forms.FileField(
        label=_("signed scan"),
        help_text=_("PDF or JPEG, at most 20 MB. It is kept exactly as it comes."),
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/jpeg"}),
    )

    def clean_file(self) -> Any:
        """Judge the file by its content."""
        file = self.cleaned_data["file"]
        try:
            self.format = check_scan(file)
        except ScanRefused as refused:
            raise ValidationError(str(refused), code=refused.code) from refused
        return file
