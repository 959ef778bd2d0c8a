"""Look-backs: what is drawn, what was seen, what the township says, what the second person decides."""

import uuid
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.forms.fields import PhotosField, day, words
from inspections.forms.rounds import AmendForm, FreezeForm
from inspections.models import Amendment, Finding, LookBackCase, Round

Result = LookBackCase.Result


class DrawForm(FreezeForm):
    """Which closed findings, what share of them, and the public number that is named before it falls."""

    since = day(_("closed from"))
    until = day(_("closed until"))
    percent = forms.IntegerField(
        label=_("share of them, in percent"), min_value=1, max_value=100,
        help_text=_("Rounded up, and every unit has its share of it."),
    )  # fmt: skip

    field_order = ("since", "until", "percent", "public_number_name", "public_number_falls_on", "reason")

    def __init__(self, *args: Any, today: date, again: bool, **kwargs: Any) -> None:
        super().__init__(*args, again=again, **kwargs)
        self.today = today
        self.fields["public_number_falls_on"].help_text = _("Cases are planned from the day after.")

    def clean(self) -> dict[str, Any]:
        """Ask for days in order, none of them to come."""
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and since > until:
            self.add_error("until", _("The last day comes before the first."))
        if until and until > self.today:
            self.add_error("until", _("Choose a day that has come."))
        return data

    def arguments(self) -> dict[str, Any]:
        """Return what the verb takes: the promise without the list."""
        return {
            name: value
            for name, value in super().arguments().items()
            if name not in ("since", "until", "percent")
        }


class AmendCaseForm(AmendForm):
    """One change of a look-back's plan with its reason; which fields there are depends on the kind."""

    FIELDS = {**AmendForm.FIELDS, Amendment.Kind.ADD: ("finding", "team", "day")}

    visit = forms.ModelChoiceField(LookBackCase.objects.none(), label=_("case"))
    other = forms.ModelChoiceField(LookBackCase.objects.none(), label=_("changes places with"))
    finding = forms.CharField(
        label=_("number of the finding"),
        max_length=40,
        help_text=_("A finding that your office has closed as fixed."),
    )

    field_order = ("visit", "other", "finding", "team", "day", "reason")

    def offer(self, row: Round, on: date) -> None:
        """Offer the cases without a result, and know which findings may be added."""
        self.fixed = Finding.objects.filter(issuing_office=row.office_id, ending=Finding.Ending.FIXED)
        cases = row.cases.standing().outstanding().in_order().select_related("team", "finding__village")
        for name in ("visit", "other"):
            self._offer(name, cases)

    def clean_finding(self) -> Finding:
        """Return the finding of that number."""
        number = self.cleaned_data["finding"].strip()
        found = self.fixed.filter(number__iexact=number).select_related("county").first()
        if found is None:
            raise forms.ValidationError(_("Your office has closed no finding of this number as fixed."))
        return found

    @staticmethod
    def called(visit: Any) -> str:
        """Return what a case is called in a list of choices."""
        return f"{visit.day:%m-%d} {visit.team} · {visit.finding.village} · {visit.finding.number}"


class ResultForm(forms.Form):
    """What was seen. The id becomes the new finding's where the problem came back; photos are sent under it."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    photos = PhotosField()
    result = forms.ChoiceField(
        label=_("What do you see?"), widget=forms.RadioSelect,
        error_messages={"required": _("Choose what you have seen.")},
        choices=[
            (Result.FIXED, _("Fixed: it was put right and still is")),
            (Result.NOT_FIXED, _("Not fixed: something was done, but the problem is still there")),
            (Result.CLAIMED, _("Claimed but never done: nothing was done at all")),
            (Result.CAME_BACK, _("Came back: it was put right, and is there again")),
        ],
    )  # fmt: skip
    remark = words(_("what you see"), rows=3, required=False)
    severity = forms.ChoiceField(
        label=_("severity of what came back"),
        choices=Finding.Severity,
        initial=Finding.Severity.MINOR,
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """Ask for words and photos where the result rests on them."""
        data = super().clean() or {}
        result = data.get("result")
        if result and result != Result.FIXED and not data.get("remark", "").strip():
            self.add_error("remark", _("Describe what you have seen."))
        if (
            result in {Result.CLAIMED, Result.CAME_BACK}
            and not data.get("photos")
            and "photos" not in self.errors
        ):
            self.add_error(None, _("Take at least one photo of the problem."))
        return data

    @property
    def came_back(self) -> bool:
        """Tell whether it becomes a new finding."""
        return bool(self.cleaned_data["result"] == Result.CAME_BACK)

    def arguments(self) -> dict[str, Any]:
        """Return what the verb of this result is called with."""
        data = self.cleaned_data
        if self.came_back:
            return {
                "id": data["id"], "description": data["remark"].strip(), "photos": data["photos"],
                "severity": data["severity"] or Finding.Severity.MINOR,
            }  # fmt: skip
        keys = [uuid.UUID(photo["id"]) for photo in data["photos"]]
        return {"result": data["result"], "remark": data["remark"], "photos": keys}


class HearForm(forms.Form):
    """The township's own words."""

    text = words(
        _("statement of the township"), rows=5,
        error_messages={"required": _("Write what your township has to say.")},
    )  # fmt: skip

    def arguments(self) -> dict[str, Any]:
        """Return what the verb is called with."""
        return {"text": self.cleaned_data["text"]}


class ConfirmForm(forms.Form):
    """The second person's decision."""

    accept = forms.TypedChoiceField(
        label=_("your decision"), widget=forms.RadioSelect, coerce=lambda value: value == "yes",
        choices=[("yes", _("Confirm: it was never done")), ("no", _("Drop it: it stands as done"))],
        error_messages={"required": _("Choose what you decide.")},
    )  # fmt: skip
    remark = words(_("reason"), rows=3, error_messages={"required": _("Give a reason.")})

    def arguments(self) -> dict[str, Any]:
        """Return what the verb is called with."""
        return dict(self.cleaned_data)


class GiveUpForm(forms.Form):
    """Why it is not looked at after all."""

    reason = forms.CharField(
        label=_("reason"), max_length=300, error_messages={"required": _("Give a reason.")}
    )

    def arguments(self) -> dict[str, Any]:
        """Return what the verb is called with."""
        return {"reason": self.cleaned_data["reason"]}
