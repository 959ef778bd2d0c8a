"""Forms of adjustments: propose one, decide on one."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from assessments.models import Adjustment
from assessments.models.adjustments import CATEGORIES_OF, cap
from schemes.models import UNITS
from villages.models import Division


class AdjustmentForm(forms.Form):
    """Propose a bonus or a penalty."""

    unit = forms.ModelChoiceField(label=_("Unit"), queryset=Division.objects.none())
    kind = forms.ChoiceField(label=_("kind"), choices=Adjustment.Kind.choices, widget=forms.RadioSelect)
    category = forms.ChoiceField(
        label=_("category"),
        choices=Adjustment.Category.choices,
        help_text=_(
            "Media reports, leaders' instructions and the use of any system are no reason for points."
        ),
    )
    points = forms.DecimalField(label=_("points"), min_value=Decimal("0.01"), decimal_places=4, max_digits=7)
    reason = forms.CharField(
        label=_("reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 500})
    )
    document = forms.CharField(
        label=_("document"), max_length=200, help_text=_("Name and number of the document that proves it.")
    )

    def __init__(self, *args: Any, units: QuerySet[Division], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        self.fields["points"].help_text = _(
            "At most %(points)s for the unit's bonuses, and for its penalties."
        ) % {"points": cap() // UNITS}

    def clean(self) -> dict[str, Any]:
        """Refuse a category of the other kind."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("category") and data.get("category") not in CATEGORIES_OF.get(data.get("kind", ""), ()):
            self.add_error("category", _("This category does not go with the kind."))
        return data

    def arguments(self) -> dict[str, Any]:
        """Return what the verb takes: points as whole 1/10,000."""
        data = dict(self.cleaned_data)
        units = int(data.pop("points") * UNITS)
        return {**data, "units": units}


class DecideForm(forms.Form):
    """Decide on a proposal; a refusal needs words."""

    remark = forms.CharField(label=_("remark"), max_length=300, required=False)
