"""The issuing office's forms: issue in bulk, set a deadline rule."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms.fields import PickField, day, words
from inspections.models import DeadlineRule, Finding


class BulkIssueForm(forms.Form):
    """Issue what is picked; the kind and the reason go for all of it."""

    pick = PickField(label=_("picked"), error_messages={"required": _("Pick at least one finding.")})
    kind = forms.ChoiceField(
        label=_("kind of rectification"),
        choices=[("", _("As recorded")), *Finding.Kind.choices],
        required=False,
    )
    incomplete_reason = words(
        _("why before it is complete"),
        rows=2,
        required=False,
        help_text=_("Only for those that wait for photos or for the sheet of their visit."),
    )


class DeadlineRuleForm(forms.Form):
    """A rule from a day on; other days for major and grave findings where wanted."""

    since = day(_("in force from"))
    days = forms.IntegerField(label=_("days"), min_value=1, max_value=365, initial=5)
    counting = forms.ChoiceField(
        label=_("counting"), choices=DeadlineRule.Counting, initial="calendar", widget=forms.RadioSelect
    )
    start = forms.ChoiceField(
        label=_("start"), choices=DeadlineRule.Start, initial="issue", widget=forms.RadioSelect
    )
    major = forms.IntegerField(label=_("days for major findings"), min_value=1, max_value=365, required=False)
    grave = forms.IntegerField(label=_("days for grave findings"), min_value=1, max_value=365, required=False)

    def arguments(self) -> dict[str, Any]:
        """Return what the verb is called with."""
        data = self.cleaned_data
        by_severity = {name: data[name] for name in ("major", "grave") if data[name]}
        return {
            **{name: data[name] for name in ("since", "days", "counting", "start")},
            "severity_days": by_severity,
        }
