"""Recording a problem: what the inspector's phone or an office's page sends."""

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from inspections.forms.fields import PhotosField, day, words
from inspections.models import Finding, Visit
from inspections.points import Point
from schemes.models import Item
from villages.models import Village

Source = Finding.Source
OUTSIDE = (Source.PROVINCIAL, Source.HOTLINE, Source.MEDIA, Source.INSTRUCTION)


class RecordForm(forms.Form):
    """One problem. The id comes from the page, so that sending twice stores once."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    photos = PhotosField()
    village = forms.ModelChoiceField(
        Village.objects.none(), label=_("village"), error_messages={"required": _("Choose the village.")}
    )
    place = forms.CharField(
        label=_("place"),
        max_length=200,
        required=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "enterkeyhint": "next", "list": "place-options"}
        ),
        help_text=_("Natural village, lane, house or landmark."),
    )
    item = forms.ModelChoiceField(
        Item.objects.none(), label=_("item"), error_messages={"required": _("Choose what it is about.")}
    )
    description = words(_("problem"), rows=2)
    severity = forms.ChoiceField(
        label=_("severity"),
        choices=Finding.Severity,
        initial=Finding.Severity.MINOR,
        widget=forms.RadioSelect,
    )
    source = forms.ChoiceField(label=_("source"), required=False)
    outside_number = forms.CharField(label=_("outside number"), max_length=60, required=False)
    outside_deadline = day(_("outside deadline"), required=False)
    outside_document = forms.CharField(label=_("outside document"), max_length=200, required=False)

    recurrence_of = forms.ModelChoiceField(
        Finding.objects.none(), label=_("what has come back"), required=False
    )

    office_fields: ClassVar[tuple[str, ...]] = (
        "source", "outside_number", "outside_deadline", "outside_document",
    )  # fmt: skip

    # of a visit only
    point = forms.ChoiceField(
        label=_("observation point"), required=False, choices=[("", _("Elsewhere")), *Point.choices]
    )
    repeats = forms.BooleanField(
        label=_("The same fact stands in this visit already"),
        required=False,
        help_text=_("It is recorded and put right, and not deducted a second time."),
    )
    zero_if = forms.BooleanField(
        label=_("This leaves the item without a point"),
        required=False,
        help_text=_("Only where the item's standard says so."),
    )
    visit_fields: ClassVar[tuple[str, ...]] = ("point", "repeats", "zero_if")

    def __init__(self, *args: Any, user: User, on: date, visit: Visit | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.visit = visit
        if visit is None:
            for name in self.visit_fields:
                del self.fields[name]
        self.fields["village"].queryset = villages_for(user, on)  # type: ignore[attr-defined]
        self.fields["item"].queryset = Item.objects.current()  # type: ignore[attr-defined]
        self.fields["recurrence_of"].queryset = Finding.objects.visible_to(user, on)  # type: ignore[attr-defined]
        offices = user.roles(on) & {Role.CITY_OFFICE, Role.COUNTY_OFFICE}
        self.fields["source"].choices = self._sources()  # type: ignore[attr-defined]
        if not offices or visit:
            for name in (*self.office_fields, "recurrence_of"):
                del self.fields[name]

    @staticmethod
    def _sources() -> list[tuple[str, Any]]:
        own = [("", _("Found by ourselves"))]
        return own + [(source.value, source.label) for source in (*OUTSIDE, Source.LOOK_BACK)]

    def clean(self) -> dict[str, Any]:
        """Ask for the source where something of it is given, and for a photo or outside document."""
        data = super().clean() or {}
        if self.visit:
            data["visit_id"] = self.visit.pk
        source = data.get("source")
        outside = any(data.get(name) for name in ("outside_number", "outside_document", "outside_deadline"))
        if outside and not source:
            self.add_error("source", _("Say where this comes from."))
        again = data.get("recurrence_of")
        if again and source != Source.LOOK_BACK:
            self.add_error("source", _("What has come back is recorded by a look-back: choose that source."))
        if again and data.get("village") and again.village_id != data["village"].pk:
            self.add_error("recurrence_of", _("Choose a finding of this village."))
        if not data.get("photos") and not source and "photos" not in self.errors:
            self.add_error(None, _("Take at least one photo of the problem."))
        return data

    def of_visit(self) -> list[forms.BoundField]:
        """Return the fields that only a visit has."""
        return [self[name] for name in self.visit_fields if name in self.fields]

    def office(self) -> list[forms.BoundField]:
        """Return the fields that only offices have."""
        return [self[name] for name in self.office_fields if name in self.fields]


def villages_for(user: User, on: date) -> Any:
    """Return the villages in which the user may record problems on that day."""
    return Village.objects.visible_to(user, on).current(on)
