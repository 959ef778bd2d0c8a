"""Forms of a period: what is planned, the rounds, the weights of a year's parts, opening the sheets."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assessments.models import Period
from assessments.models.periods import TOO_FEW_VISITS, rounds_to_choose
from inspections.forms.fields import day, version, words
from schemes.models import Scheme

COLUMNS = (
    "kind", "title", "scheme", "begins_on", "ends_on", "basis_document", "plan_number", "sheets_due_on", "previous",
)  # fmt: skip
MONTH = ("month", _("Month (off)"))


class RoundsField(forms.ModelMultipleChoiceField):
    """The rounds whose visits score."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        """Name a round with its dates."""
        return f"{obj.title} · {obj.get_kind_display()} · {obj.begins_on} – {obj.ends_on}"


class PeriodForm(forms.ModelForm):
    """What is planned for a period."""

    begins_on = day(_("first day"))
    ends_on = day(_("last day"))
    sheets_due_on = day(
        _("sheets are due on"),
        required=False,
        help_text=_("The last day on which self-assessments and departmental assessments are in time."),
    )
    kind = forms.ChoiceField(
        label=_("kind"),
        widget=forms.RadioSelect,
        choices=[*Period.Kind.choices, MONTH],
        help_text=TOO_FEW_VISITS,
    )

    class Meta:
        model = Period
        fields = COLUMNS
        help_texts = {
            "basis_document": _(
                "Name and number of the document that orders the assessment. Needed to open it."
            ),
            "plan_number": _(
                "The number under which the approved inspection plan lists the assessment. Needed to open it."
            ),
            "scheme": _("It is frozen when the period opens, if it adds up."),
            "previous": _("Ranks move and scores improve against this period."),
        }

    def __init__(self, *args: Any, at: datetime, parts_of: Period | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Period.objects.exclude(pk__in=[parts_of.pk] if parts_of else [])
        self.fields["scheme"].queryset = Scheme.objects.order_by("-is_default", "-pk")  # type: ignore[attr-defined]
        self.fields["previous"].queryset = others.newest_first()  # type: ignore[attr-defined]
        self.fields["rounds"] = RoundsField(
            label=_("rounds that score"),
            queryset=rounds_to_choose(at),
            required=False,
            help_text=_(
                "A round can be chosen from its first reveal on; more can be added while sheets come in."
            ),
        )
        self.choosable = list(others.exclude(kind=Period.Kind.YEAR).newest_first())
        for part in self.choosable:
            self.fields[f"weight-{part.pk}"] = forms.IntegerField(
                label=part.title, min_value=0, max_value=100, required=False
            )

    @property
    def weights(self) -> list[Any]:
        """Return the fields of the parts' weights."""
        return [self[f"weight-{part.pk}"] for part in self.choosable]

    @property
    def plain_fields(self) -> list[Any]:
        """Return all other fields."""
        return [field for field in self if not field.name.startswith("weight-")]

    def clean(self) -> dict[str, Any]:
        """Refuse dates the wrong way round, a month, and weights that do not make 100."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        begins, ends = data.get("begins_on"), data.get("ends_on")
        if begins and ends and ends < begins:
            self.add_error("ends_on", _("The last day is before the first."))
        if data.get("kind") == MONTH[0]:
            self.add_error("kind", TOO_FEW_VISITS)
        return data

    def _post_clean(self) -> None:
        """Leave the instance alone: the model's verb writes, not the form."""

    def _parts(self) -> dict[Period, int]:
        given = {part: self.cleaned_data.get(f"weight-{part.pk}") for part in self.choosable}
        return {part: weight for part, weight in given.items() if weight}

    def arguments(self) -> dict[str, Any]:
        """Return what the verbs take."""
        columns = {name: self.cleaned_data[name] for name in COLUMNS}
        return {**columns, "rounds": list(self.cleaned_data["rounds"]), "parts": self._parts()}

    @classmethod
    def stored(cls, row: Period) -> dict[str, Any]:
        """Return what the form of a stored period begins with."""
        plain = {name: getattr(row, name) for name in COLUMNS if name not in ("scheme", "previous")}
        weights = {f"weight-{part.part_id}": part.weight for part in row.parts.all()}
        rounds = list(row.rounds.values_list("pk", flat=True))
        return {**plain, **weights, "scheme": row.scheme_id, "previous": row.previous_id, "rounds": rounds}


class NewPeriodForm(PeriodForm):
    """A period to come; the page makes its id, so that a doubled click makes one period."""

    id = forms.UUIDField(widget=forms.HiddenInput)

    def arguments(self) -> dict[str, Any]:
        """Add the id."""
        return {"id": self.cleaned_data["id"], **super().arguments()}

    @classmethod
    def proposal(cls) -> dict[str, Any]:
        """Return what a new form holds."""
        scheme = Scheme.objects.filter(is_default=True).first()
        last = Period.objects.newest_first().first()
        return {"id": uuid.uuid4(), "kind": Period.Kind.ROUND, "scheme": scheme, "previous": last}


class ChangePeriodForm(PeriodForm):
    """A period that is in preparation."""

    version = version()


class PeriodRoundsForm(forms.Form):
    """The rounds whose visits score."""

    version = version()

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rounds"] = RoundsField(
            label=_("rounds that score"), queryset=rounds_to_choose(at), required=False
        )


class VersionForm(forms.Form):
    """The version that the page showed."""

    version = version()


class OpenSheetsForm(VersionForm):
    """Open all sheets at once; what is missing needs a reason."""

    reason = words(_("why without those that are missing"), rows=2, required=False)


class SendBackForm(VersionForm):
    """Send one sheet back."""

    reason = words(_("why it is sent back"), rows=2)
