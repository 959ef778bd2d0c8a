"""Forms of publication and of applications for review."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from assessments.models import Appeal
from assessments.publication import Approval
from inspections.attachments import FileRefused, check_file
from inspections.forms.fields import day, version, words
from inspections.scans import ScanRefused, check_scan
from inspections.uploads import sha256_of
from schemes.models import UNITS, Item, SchemeSource, decimal_text
from villages.models import Division, Village

MOST_BYTES_HINT = _("PDF or JPEG of the signed document.")


class PlainForm(forms.Form):
    """A step that needs no words."""

    version = version()

    def arguments(self) -> dict[str, Any]:
        """Return what the verb takes."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class SendProvisionalForm(PlainForm):
    """Send the figures to the units."""

    appeals_until = day(_("applications for review until"))


class RemarkForm(PlainForm):
    """A step with some words, where they are needed."""

    remark = words(_("remark"), rows=2, required=False)


class ReasonForm(PlainForm):
    """A step that needs a reason."""

    remark = words(_("reason"), rows=2)


class CorrectForm(PlainForm):
    """Begin a correction."""

    reason = words(_("reason of the correction"), rows=2)


class ApprovalForm(PlainForm):
    """By what the standings were approved."""

    document = forms.CharField(label=_("approving document"), max_length=200)
    number = forms.CharField(label=_("number of the approval"), max_length=60)
    on = day(_("approved on"))
    scan = forms.FileField(label=_("signed scan"), required=False, help_text=MOST_BYTES_HINT)

    def clean_scan(self) -> Any:
        """Accept a PDF or a JPEG by content."""
        file = self.cleaned_data["scan"]
        if file:
            try:
                self.kind = check_scan(file)
            except ScanRefused as refused:
                raise ValidationError(str(refused)) from refused
        return file

    def arguments(self) -> dict[str, Any]:
        """Return the approval."""
        data = self.cleaned_data
        scan = data["scan"] or None
        kind, digest = (self.kind, sha256_of(scan)) if scan else ("", "")
        return {"approval": Approval(data["document"], data["number"], data["on"], scan, kind, digest)}


class AppealForm(forms.Form):
    """Apply for the review of one item of the unit."""

    item = forms.ModelChoiceField(Item.objects.none(), label=_("item"))
    source = forms.ChoiceField(label=_("scored by"), choices=SchemeSource.Code.choices)
    village = forms.ModelChoiceField(
        Village.objects.none(), label=_("village"), required=False, help_text=_("For a visit's score.")
    )
    text = words(_("what is asked, and why"), rows=4)
    file = forms.FileField(
        label=_("evidence"), required=False, help_text=_("PDF, JPEG, PNG, Word (.docx) or Excel (.xlsx).")
    )

    def __init__(self, *args: Any, items: QuerySet[Item], villages: QuerySet[Village], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = items  # type: ignore[attr-defined]
        self.fields["village"].queryset = villages  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        """Accept what may stand beside a finding, too."""
        file = self.cleaned_data["file"]
        if file:
            try:
                self.kind = check_file(file)
            except FileRefused as refused:
                raise ValidationError(str(refused)) from refused
        return file

    def clean(self) -> dict[str, Any]:
        """A visit scores a village; everything else scores the unit."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        visit, item = data.get("source") == SchemeSource.Code.VISIT, data.get("item")
        if item and data.get("source") not in item.sources:
            self.add_error("source", _("This source does not score this item."))
        if visit and not data.get("village"):
            self.add_error("village", _("Choose the village that was visited."))
        if not visit:
            data["village"] = None
        return data

    def arguments(self, unit: Division) -> dict[str, Any]:
        """Return what the verb takes."""
        data = dict(self.cleaned_data)
        file = data.pop("file")
        return {**data, "unit": unit, "files": [(file, self.kind)] if file else []}


class DecideAppealForm(forms.Form):
    """Decide an application: a new score, or the old one stays."""

    points = forms.DecimalField(
        label=_("new points of the item"), min_value=Decimal(0), decimal_places=4, max_digits=7, required=False,
        help_text=_("Leave it empty where the score stays."),
    )  # fmt: skip
    reason = words(_("reason of the decision"), rows=3)

    def __init__(self, *args: Any, appeal: Appeal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["points"].max_value = Decimal(appeal.item.points) / UNITS  # type: ignore[attr-defined]
        self.most = appeal.item.points

    def clean_points(self) -> int | None:
        """Return whole 1/10,000 points."""
        points = self.cleaned_data["points"]
        if points is None:
            return None
        if (units := int(points * UNITS)) > self.most:
            message = _("The item has %(points)s points.")
            raise ValidationError(message % {"points": decimal_text(self.most)})
        return units
