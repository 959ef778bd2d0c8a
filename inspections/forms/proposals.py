"""The form that signs proposals or lets them be."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms.fields import PickField, words


class ProposalForm(forms.Form):
    """Decide on one proposal, or sign several urges at once."""

    pick = PickField(label=_("picked"), error_messages={"required": _("Pick at least one proposal.")})
    do = forms.ChoiceField(choices=[("sign", _("Sign")), ("dismiss", _("Dismiss"))])
    remark = words(_("remark"), rows=2, required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for a reason where a measure is dismissed."""
        data = super().clean() or {}
        if data.get("do") == "dismiss" and not data.get("remark", "").strip():
            self.add_error("remark", _("Say why this measure is not needed."))
        return data
