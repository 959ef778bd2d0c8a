"""The head of a draft with its sources, and its aspects."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from schemes.definition import SOURCES, SourceRow
from schemes.forms.fields import Points, Text, code, pair, revision
from schemes.models import Aspect, Scheme, SourceCode
from schemes.reading import CODE, MOST_POINTS, NAME, TEXT, WORDS
from schemes.wording import FIELD_NAMES, in_language


class SourceForm(forms.Form):
    """One source: whether the scheme has it, its names, its weight."""

    used = forms.BooleanField(required=False)
    name_zh = Text(label=in_language(FIELD_NAMES["name"], "zh"), max_length=NAME, required=False)
    name_en = Text(label=in_language(FIELD_NAMES["name"], "en"), max_length=NAME, required=False)
    weight = forms.IntegerField(
        label=FIELD_NAMES["weight"], min_value=0, max_value=100, required=False, widget=forms.NumberInput()
    )

    def __init__(self, data: Any, *, source: str, initial: dict[str, Any]) -> None:
        super().__init__(data, prefix=f"source-{source}", initial=initial)
        self.source = source
        self.fields["used"].label = str(SourceCode(source).label)

    def clean(self) -> dict[str, Any]:
        """A source that is used has both names and a weight."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("used"):
            for name in ("name_zh", "name_en", "weight"):
                if data.get(name) in (None, "") and name not in self.errors:
                    self.add_error(name, _("This is missing."))
        return data

    def row(self) -> SourceRow:
        """Return the source as plain data."""
        data = self.cleaned_data
        return SourceRow(self.source, data["name_zh"], data["name_en"], data["weight"])


class HeadForm(forms.Form):
    """What holds for the whole scheme; the sources are forms of their own beside it."""

    revision = revision()
    max_total = forms.IntegerField(label=FIELD_NAMES["max_total"], min_value=1, max_value=MOST_POINTS)
    combine = forms.ChoiceField(
        label=FIELD_NAMES["combine"],
        choices=Scheme.Combine.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "Item by item: the weights are renormalised over the sources of each item. Source by source: each source "
            "is worked out of 100 on its own items, then the totals are weighted."
        ),
    )
    precedence = Text(
        label=FIELD_NAMES["precedence"],
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "One pair a line, as A1-06 > A6-06: a fact that meets both is entered under the first only."
        ),
    )
    field_order = ("revision", "name_zh", "name_en", "max_total", "combine")

    def __init__(self, data: Any = None, *, scheme: Scheme) -> None:
        names = ("name_zh", "name_en", "max_total", "combine", "status_note_zh", "status_note_en", "revision")
        initial = {name: getattr(scheme, name) for name in names}
        initial["precedence"] = "\n".join(" > ".join(one) for one in scheme.precedence)
        super().__init__(data, initial=initial)
        self.fields |= pair("name", WORDS)
        self.fields |= pair("status_note", TEXT, rows=3, required=False)
        self.order_fields(self.field_order)
        stored = {row.code: row for row in scheme.sources.all()}
        self.sources = [SourceForm(data, source=key, initial=_source(stored.get(key))) for key in SOURCES]

    def clean_precedence(self) -> list[list[str]]:
        """Read the pairs."""
        lines = [line for line in self.cleaned_data["precedence"].split("\n") if line.strip()]
        pairs = [[part.strip() for part in line.replace("＞", ">").split(">")] for line in lines]
        if any(len(one) != 2 or not all(one) for one in pairs):
            raise forms.ValidationError(_("Write each pair as A1-06 > A6-06."))
        return pairs

    def is_valid(self) -> bool:
        """Judge the sources too."""
        whole = [super().is_valid(), *(form.is_valid() for form in self.sources)]
        if all(whole) and not any(form.cleaned_data["used"] for form in self.sources):
            self.add_error(None, _("A scheme has at least one source."))
        return all(whole) and not self.errors

    def arguments(self) -> dict[str, Any]:
        """Return what the verb takes."""
        rows = [form.row() for form in self.sources if form.cleaned_data["used"]]
        return {**self.cleaned_data, "sources": rows}


def _source(row: Any) -> dict[str, Any]:
    if row is None:
        return {}
    return {"used": True, "name_zh": row.name_zh, "name_en": row.name_en, "weight": row.weight}


class AspectForm(forms.Form):
    """One aspect."""

    revision = revision()
    code = code(CODE)
    max_points_units = Points(label=FIELD_NAMES["points"])

    def __init__(self, data: Any = None, *, scheme: Scheme, aspect: Aspect | None = None) -> None:
        names = ("code", "name_zh", "name_en", "max_points_units", "revision")
        initial = {name: getattr(aspect, name) for name in names} if aspect else {"revision": 1}
        super().__init__(data, initial=initial)
        self.fields |= pair("name", NAME)
        self.order_fields(("revision", "code", "name_zh", "name_en", "max_points_units"))
        self.others = scheme.aspects.exclude(pk=aspect.pk) if aspect else scheme.aspects.all()

    def clean_code(self) -> str:
        """Refuse a code that another aspect has."""
        found: str = self.cleaned_data["code"]
        if self.others.filter(code=found).exists():
            raise forms.ValidationError(_("Another aspect has this code."))
        return found
