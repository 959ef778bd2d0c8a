"""Putting right: one finding on its page, or many rows at the desk."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inspections.forms.fields import PhotosField, PickField, version, words
from inspections.models import Finding


class RectifyForm(forms.Form):
    """What was done, how it looks now, and the photos that the page has uploaded."""

    version = version()
    measures = words(_("measures"))
    result = words(_("result"), rows=2)
    photos = PhotosField()

    def arguments(self) -> dict[str, Any]:
        """Return what the verb is called with."""
        data = self.cleaned_data
        photos = [UUID(photo["id"]) for photo in data["photos"]]
        return {"measures": data["measures"], "result": data["result"], "photos": photos}

    def submit(self, finding: Finding, *, by: User, at: datetime) -> None:
        """Rectify the version that the page showed."""
        finding.version = self.cleaned_data["version"]
        finding.rectify(by=by, at=at, **self.arguments())


class SharedForm(forms.Form):
    """The picked rows, and measures and result for those that have none of their own."""

    pick = PickField(label=_("picked"), error_messages={"required": _("Pick at least one finding.")})
    measures = words(_("measures for all picked"), rows=2, required=False)
    result = words(_("result for all picked"), rows=2, required=False)


class DeskRowForm(RectifyForm):
    """One row of the desk; empty texts are taken from the shared ones."""

    measures = words(_("measures"), rows=2, required=False)
    result = words(_("result"), rows=2, required=False)

    def __init__(self, *args: Any, shared: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shared = shared or {}

    def clean_measures(self) -> str:
        """Take the shared text where the row has none."""
        return self._own_or_shared("measures")

    def clean_result(self) -> str:
        """Take the shared text where the row has none."""
        return self._own_or_shared("result")

    def _own_or_shared(self, name: str) -> str:
        text: str = self.cleaned_data[name] or self.shared.get(name, "")
        if not text:
            raise forms.ValidationError(_("Write it here or for all picked rows."))
        return text
