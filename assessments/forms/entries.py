"""The form of one entry: does it apply, what its rule asks for, the facts that deduct, a file."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from assessments.models import Entry, EntryRefused, FactValues, Values
from assessments.models.entries import MOST_FACTS
from inspections.attachments import check_file
from inspections.forms.fields import version
from inspections.steps import StepRefused
from schemes.models import Item
from villages.models import Village

APPLIES = [
    (Entry.Status.SCORED.value, _("Applies")),
    (Entry.Status.NOT_APPLICABLE.value, _("Does not apply")),
]
YES_NO = [("yes", _("Yes")), ("no", _("No"))]


class FactForm(forms.Form):
    """One deduction; one without words is none."""

    text = forms.CharField(
        label=_("what was found"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 500}),
    )
    village = forms.CharField(label=_("village"), max_length=120, required=False)
    place = forms.CharField(label=_("place"), max_length=100, required=False)
    zero_if = forms.BooleanField(label=_("leaves no point"), required=False)

    def __init__(self, *args: Any, villages: Mapping[str, Village], zero_if: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.villages = villages
        self.fields["village"].widget.attrs.update({"list": "villages", "autocomplete": "off"})
        if zero_if:
            self.fields["zero_if"].help_text = zero_if
        else:
            del self.fields["zero_if"]

    def clean_village(self) -> Village | None:
        """Find the village by the words of the list."""
        text = " ".join(self.cleaned_data["village"].split())
        if not text:
            return None
        if text not in self.villages:
            raise forms.ValidationError(_("Choose a village of the list, with its township or street."))
        return self.villages[text]

    def clean(self) -> dict[str, Any]:
        """Refuse a place without words that say what was found there."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        rest = data.get("village") or data.get("place") or data.get("zero_if")
        if rest and not data.get("text") and "text" not in self.errors:
            self.add_error("text", _("Say what was found."))
        return data

    def fact(self) -> FactValues | None:
        """Return the deduction, if there is one."""
        data = self.cleaned_data
        if not data.get("text"):
            return None
        return FactValues(
            data["text"], data.get("village"), data.get("place", ""), data.get("zero_if", False)
        )


FACTS: "type[BaseFormSet[FactForm]]" = formset_factory(
    FactForm, extra=2, max_num=MOST_FACTS, validate_max=True
)


class EntryForm(forms.Form):
    """What is said of one item of one unit, shaped by the item's rule."""

    version = version()
    status = forms.ChoiceField(label=_("this item"), choices=APPLIES, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("why it does not apply"), max_length=300, required=False)
    sampled = forms.IntegerField(
        label=_("number looked at"), min_value=1, max_value=10_000_000, required=False
    )
    met = forms.IntegerField(
        label=_("of them meet the standard"), min_value=0, max_value=10_000_000, required=False
    )
    answer = forms.ChoiceField(label=_("yes or no"), choices=YES_NO, widget=forms.RadioSelect, required=False)
    remark = forms.CharField(
        label=_("remark"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 1000}),
    )
    file = forms.FileField(label=_("file of evidence"), required=False)

    def __init__(self, *args: Any, item: Item, villages: Mapping[str, Village], **kwargs: Any) -> None:
        facts = kwargs.pop("facts", ())
        super().__init__(*args, **kwargs)
        self.item, self.villages = item, villages
        self.kind = ""  # of the file, by its content
        kind = item.rule["type"]
        for name, wanted in (("sampled", "proportion"), ("met", "proportion"), ("answer", "yes_no")):
            if kind != wanted:
                del self.fields[name]
        self.has_facts = kind == "deduction" or bool(item.zero_if)
        self.facts = FACTS(
            self.data if self.is_bound else None,
            prefix="fact",
            initial=list(facts),
            form_kwargs={"villages": villages, "zero_if": item.zero_if},
        )

    def clean_file(self) -> Any:
        """Tell what kind of file it is by its content."""
        file = self.cleaned_data["file"]
        if file:
            try:
                self.kind = check_file(file)
            except StepRefused as refused:
                raise forms.ValidationError(str(refused)) from refused
        return file

    def clean(self) -> dict[str, Any]:
        """Let the rule say what is missing, at its field."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.has_facts and not self.facts.is_valid():
            self.add_error(None, _("A deduction is not complete."))
        elif not self.errors:
            try:
                self.values().units(self.item)
            except EntryRefused as refused:
                name = refused.field if refused.field in self.fields else None
                self.add_error(name, str(refused))
        return data

    def values(self) -> Values:
        """Return what the verb takes."""
        data = self.cleaned_data
        facts = [form.fact() for form in self.facts] if self.has_facts else []
        return Values(
            applies=data["status"] == Entry.Status.SCORED,
            reason=data.get("reason", ""),
            sampled=data.get("sampled"),
            met=data.get("met"),
            answer={"yes": True, "no": False}.get(data.get("answer", "")),
            facts=tuple(fact for fact in facts if fact),
            remark=data.get("remark", ""),
        )

    @staticmethod
    def stored(entry: Entry | None) -> dict[str, Any]:
        """Return what the form of an entry begins with."""
        if entry is None:
            return {"version": 0, "status": Entry.Status.SCORED}
        answer = {True: "yes", False: "no"}.get(entry.answer) if entry.answer is not None else ""
        return {
            "version": entry.version, "status": entry.status, "reason": entry.reason, "sampled": entry.sampled,
            "met": entry.met, "answer": answer, "remark": entry.remark,
        }  # fmt: skip


class UploadForm(forms.Form):
    """A workbook of a department's grid."""

    file = forms.FileField(label=_("Excel file"))
