"""One item of a draft: what is looked at, by whom, by which rule, and the written standard."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from schemes.definition import MOST_PER_POINT, PARTS
from schemes.forms.fields import ChineseLines, Lines, Points, Text, code, pair, revision
from schemes.models import Aspect, ExamplePhoto, Item, Scheme, SourceCode
from schemes.reading import CODE, NAME, TEXT, WORDS
from schemes.scoring import CAP_PER_POINT
from schemes.wording import FIELD_NAMES, in_language

DEDUCTION = ("per_finding", "floor", "cap_per_point")
PROPORTION = ("target_pct", "zero_at_or_below_pct", "target_basis")
# which fields stand together on the page
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("what", ("aspect", "code", "name_zh", "name_en", "points", "level", "sources", "applies_if")),
    (
        "rule",
        ("rule_type", *DEDUCTION, *PROPORTION, "system", "unit_zh", "unit_en", "zero_if_zh", "zero_if_en"),
    ),
    (
        "who",
        ("department", "department_zh", "department_en", "evidence_zh", "evidence_en"),
    ),
    ("texts", tuple(f"{part}_{language}" for part in PARTS for language in ("zh", "en"))),
)
ROWS = {"standard": 4}


class ItemForm(forms.Form):
    """Every column of an item; the numbers of the rules that are not chosen are left aside."""

    revision = revision()
    aspect = forms.ModelChoiceField(Aspect.objects.none(), label=FIELD_NAMES["aspect"], empty_label=None)
    code = code(CODE)
    points = Points(label=FIELD_NAMES["points"])
    level = forms.ChoiceField(
        label=FIELD_NAMES["level"], choices=Item.Level.choices, widget=forms.RadioSelect
    )
    sources = forms.MultipleChoiceField(label=FIELD_NAMES["sources"], widget=forms.CheckboxSelectMultiple)
    applies_if = forms.MultipleChoiceField(
        label=FIELD_NAMES["applies_if"],
        choices=Item.Attribute.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Only villages that have all of it; none ticked means every village."),
    )
    rule_type = forms.ChoiceField(
        label=FIELD_NAMES["rule"], choices=Item.RuleType.choices, widget=forms.RadioSelect
    )
    per_finding = Points(label=FIELD_NAMES["per_finding"], required=False)
    floor = Points(
        label=FIELD_NAMES["floor"],
        least=Decimal(0),
        required=False,
        help_text=_("Findings never take more than down to here."),
    )
    cap_per_point = forms.IntegerField(
        label=FIELD_NAMES["cap_per_point"], min_value=1, max_value=MOST_PER_POINT, required=False,
        help_text=_("Findings that deduct at one observation point of a visit; empty means %(n)s.")
        % {"n": CAP_PER_POINT},
    )  # fmt: skip
    target_pct = forms.IntegerField(
        label=FIELD_NAMES["target_pct"], min_value=1, max_value=100, required=False
    )
    zero_at_or_below_pct = forms.IntegerField(
        label=FIELD_NAMES["zero_at_or_below_pct"], min_value=0, max_value=99, required=False
    )
    system = forms.ChoiceField(
        label=FIELD_NAMES["system"],
        choices=[("", "—"), *Item.System.choices],
        required=False,
        help_text=_("Only for items that the system scores: the figure that nobody types."),
    )
    target_basis = Text(label=FIELD_NAMES["target_basis"], max_length=NAME, required=False)
    evidence_zh = ChineseLines(
        label=in_language(FIELD_NAMES["evidence"], "zh"), required=False,
        widget=forms.Textarea(attrs={"rows": 3}), max_length=2000, help_text=_("One document a line."),
    )  # fmt: skip
    evidence_en = Lines(
        label=in_language(FIELD_NAMES["evidence"], "en"), required=False,
        widget=forms.Textarea(attrs={"rows": 3}), max_length=2000, help_text=_("One document a line."),
    )  # fmt: skip
    department = forms.ModelChoiceField(
        Organisation.objects.none(), label=FIELD_NAMES["organisation"], required=False,
        help_text=_("Whose accounts fill in the departmental assessment of this item."),
    )  # fmt: skip

    def __init__(
        self, data: Any = None, *, scheme: Scheme, item: Item | None = None, aspect: Aspect | None = None
    ) -> None:
        super().__init__(data, initial=_initial(item, aspect))
        for field, most in (("name", NAME), ("unit", WORDS)):
            self.fields |= pair(field, most)
        for field, most in (("zero_if", WORDS), ("department", NAME)):
            self.fields |= pair(field, most, required=False)
        for part in PARTS:
            self.fields |= pair(part, TEXT, rows=ROWS.get(part, 5), required=False)
        self._offer(scheme)
        self.others = scheme.items.exclude(pk=item.pk) if item else scheme.items.all()

    def _offer(self, scheme: Scheme) -> None:
        fields: Any = self.fields
        fields["aspect"].queryset = scheme.aspects.order_by("position")
        known = set(scheme.sources.values_list("code", flat=True))
        fields["sources"].choices = [pair for pair in SourceCode.choices if pair[0] in known]
        departments = Organisation.objects.filter(kind=Organisation.Kind.DEPARTMENT)
        fields["department"].queryset = departments.order_by("name")

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the fields as they stand together."""
        return [(key, [self[name] for name in names]) for key, names in GROUPS]

    def clean_code(self) -> str:
        """Refuse a code that another item has."""
        found: str = self.cleaned_data["code"]
        if self.others.filter(code=found).exists():
            raise forms.ValidationError(_("Another item has this code."))
        return found

    def clean(self) -> dict[str, Any]:
        """Ask for the numbers of the chosen rule, and that they fit the points."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        kind = data.get("rule_type")
        needed = {"deduction": ("per_finding",), "proportion": ("target_pct", "zero_at_or_below_pct")}
        for name in needed.get(kind or "", ()):
            if data.get(name) is None and name not in self.errors:
                self.add_error(name, _("This is missing."))
        if not self.errors:
            self._clean_numbers(data)
        return data

    def _clean_numbers(self, data: dict[str, Any]) -> None:
        if data["rule_type"] == "deduction":
            if data["per_finding"] > data["points"]:
                self.add_error("per_finding", _("One finding cannot cost more than the item has points."))
            if (data["floor"] or 0) >= data["points"]:
                self.add_error("floor", _("The floor must lie below the points of the item."))
        if data["rule_type"] == "proportion" and data["zero_at_or_below_pct"] >= data["target_pct"]:
            self.add_error("target_pct", _("Full points must begin above where no points end."))

    def arguments(self) -> dict[str, Any]:
        """Return the columns, the rule put together."""
        left_out = {"rule_type", "revision", "system", *DEDUCTION, *PROPORTION}
        columns = {name: value for name, value in self.cleaned_data.items() if name not in left_out}
        return {**columns, "rule": self._rule()}

    def _rule(self) -> dict[str, Any]:
        data = self.cleaned_data
        system = {"system": data["system"]} if data["system"] else {}
        if data["rule_type"] == "deduction":
            cap = {"cap_per_point": data["cap_per_point"]} if data["cap_per_point"] else {}
            return {
                "type": "deduction",
                "per_finding": data["per_finding"],
                "floor": data["floor"] or 0,
                **cap,
                **system,
            }
        names = PROPORTION if data["rule_type"] == "proportion" else ()
        return {"type": data["rule_type"], **{name: data[name] for name in names}, **system}


def _initial(item: Item | None, aspect: Aspect | None) -> dict[str, Any]:
    if item is None:
        code = f"{aspect.code}-" if aspect else ""
        return {"revision": 1, "aspect": aspect, "code": code, "level": "village", "rule_type": "deduction"}
    columns = {field.attname: getattr(item, field.attname) for field in Item._meta.concrete_fields}
    rule = {"rule_type": item.rule["type"], **{k: v for k, v in item.rule.items() if k != "type"}}
    return {**columns, **rule, "aspect": item.aspect_id, "department": item.department_id}


class ExampleForm(forms.Form):
    """A picture for an item, good or bad, with a line about it."""

    kind = forms.ChoiceField(label=_("kind"), choices=ExamplePhoto.Kind.choices, widget=forms.RadioSelect)
    file = forms.FileField(
        label=_("photo"),
        help_text=_(
            "JPEG, PNG, WebP or HEIC; no faces and papers. Only a clean copy without its data is kept."
        ),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/heic,image/heif"}),
    )
    caption_zh = forms.CharField(label=_("what it shows (Chinese)"), max_length=WORDS, required=False)
    caption_en = forms.CharField(label=_("what it shows (English)"), max_length=WORDS, required=False)


class MoveForm(forms.Form):
    """Which way a row goes."""

    direction = forms.ChoiceField(choices=[("up", "up"), ("down", "down")])
