"""Fields that several forms share: uploaded photos, the stored version, days."""

import json
import re
import uuid
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from inspections.on_site import OnSiteCheck

SHA256 = re.compile(r"^[0-9a-f]{64}$")


class PhotosField(forms.Field):
    """The photos that the page has uploaded already, as JSON [{"id", "sha256"}]; cleans to that list."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, label=_("photos"), **kwargs)

    def prepare_value(self, value: Any) -> str:
        """Write the list as the page's script reads it."""
        return value if isinstance(value, str) else json.dumps(value or [])

    def to_python(self, value: Any) -> list[dict[str, str]]:
        """Read the list; each photo once."""
        try:
            rows = [_photo(row) for row in json.loads(value or "[]")]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValidationError(_("The list of photos cannot be read. Reload the page.")) from error
        return list({row["id"]: row for row in rows}.values())

    def validate(self, value: list[dict[str, str]]) -> None:
        """Refuse more photos than a side may have."""
        if len(value) > settings.PHOTOS_PER_SIDE:
            raise ValidationError(_("At most %(n)s photos.") % {"n": settings.PHOTOS_PER_SIDE})


def _photo(row: dict[str, str]) -> dict[str, str]:
    sha256 = row["sha256"].lower()
    if not SHA256.match(sha256):
        raise ValueError(sha256)
    return {"id": str(uuid.UUID(row["id"])), "sha256": sha256}


class PickField(forms.Field):
    """The ticked rows of a list; cleans to ids."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[uuid.UUID]:
        """Read the ids; what is none is not ours."""
        try:
            return [uuid.UUID(key) for key in value or []]
        except ValueError as error:
            raise ValidationError(_("Reload the page and pick again.")) from error


def day(label: Any, **kwargs: Any) -> forms.DateField:
    """Return a date field with the browser's calendar."""
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, widget=widget, **kwargs)


def words(label: Any, rows: int = 3, **kwargs: Any) -> forms.CharField:
    """Return a field for some sentences."""
    attrs = {"rows": rows, "maxlength": 2000}
    return forms.CharField(label=label, widget=forms.Textarea(attrs=attrs), max_length=2000, **kwargs)


def version() -> forms.IntegerField:
    """Return the hidden field that tells which version of the finding the page showed."""
    return forms.IntegerField(widget=forms.HiddenInput)


class OnSiteForm(forms.Form):
    """Who looked at the place, when and with what result, where that replaces after-photos."""

    seen_by = forms.CharField(label=_("checked on site by"), max_length=100, required=False)
    seen_on = day(_("checked on site on"), required=False)
    seen_result = forms.CharField(label=_("result of the on-site check"), max_length=500, required=False)

    on_site_fields: ClassVar[tuple[str, ...]] = ("seen_by", "seen_on", "seen_result")

    def on_site(self) -> OnSiteCheck | None:
        """Return the check, if it is whole."""
        data = self.cleaned_data
        seen_on: date | None = data.get("seen_on")
        return OnSiteCheck.of(data.get("seen_by") or "", seen_on, data.get("seen_result") or "")
