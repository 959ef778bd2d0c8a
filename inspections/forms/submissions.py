"""Which period of which place is handed in; and what the receiver says to it."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms.fields import day, words
from inspections.submitting import Period
from villages.models import Division


class PeriodForm(forms.Form):
    """A place and a period; the place only where the user has several."""

    division = forms.ModelChoiceField(Division.objects.none(), label=_("place"), empty_label=None)
    since = day(_("issued from"))
    until = day(_("issued to"))

    def __init__(self, *args: Any, places: list[Division], on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on = on
        field = self.fields["division"]
        field.queryset = Division.objects.filter(pk__in=[place.pk for place in places])  # type: ignore[attr-defined]
        if len(places) == 1:
            field.widget, field.initial = forms.HiddenInput(), places[0].pk

    def clean(self) -> dict[str, Any]:
        """Refuse a period that runs backwards or lies ahead."""
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The end lies before the beginning."))
        if until and until > self.on:
            self.add_error("until", _("The period has not ended yet."))
        return data

    @property
    def period(self) -> Period:
        """Return the period of clean data."""
        return Period(self.cleaned_data["since"], self.cleaned_data["until"])


class HandInForm(PeriodForm):
    remark = words(_("remark to the receiver"), rows=2, required=False)


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(choices=[("accept", _("Accept")), ("return", _("Return"))])
    reason = words(_("reason"), rows=2, required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for a reason where a ledger is returned."""
        data = super().clean() or {}
        if data.get("decision") == "return" and not data.get("reason", "").strip():
            self.add_error("reason", _("Say what is to be corrected."))
        return data
