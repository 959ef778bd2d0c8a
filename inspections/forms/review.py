"""The reviewer's decision on one case."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms.fields import OnSiteForm, version, words


class ReviewForm(OnSiteForm):
    """Which step, on which version of the finding, with which words."""

    STEPS = [("close", _("Close")), ("check", _("Check passed")), ("send_back", _("Send back"))]
    VERBS = {"close": "close", "check": "pass_check", "send_back": "send_back"}

    step = forms.ChoiceField(choices=STEPS)
    version = version()
    reason = words(_("Remark or reason"), rows=2, required=False)
    document = forms.CharField(label=_("signed decision"), max_length=100, required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for a reason where something is sent back."""
        data = super().clean() or {}
        if data.get("step") == "send_back" and not data.get("reason", "").strip():
            self.add_error("reason", _("Say what is still missing: pick a reason or write one."))
        return data

    @property
    def verb(self) -> str:
        """Return the finding's method of the step."""
        return self.VERBS[self.cleaned_data["step"]]

    def arguments(self) -> dict[str, Any]:
        """Return what the verb is called with."""
        step, reason = self.cleaned_data["step"], self.cleaned_data["reason"]
        if step == "send_back":
            return {"reason": reason}
        document = {"document": self.cleaned_data["document"]} if step == "close" else {}
        return {"remark": reason, "on_site": self.on_site(), **document}
