from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from villages.models import Difficulty, Division, Holiday, NaturalVillage, Person, Responsibility, Village
from villages.spreadsheet import MAX_BYTES


class DayInput(forms.DateInput):
    """The browser's own date field."""

    input_type = "date"

    def __init__(self) -> None:
        """Write dates the way the browser reads them."""
        super().__init__(format="%Y-%m-%d")


class UploadForm(forms.Form):
    """A table to import; nothing is changed before the dry run has been seen."""

    file = forms.FileField(label=_("File"), help_text=_("Excel (.xlsx) or CSV, up to 10 MB."))

    def clean_file(self) -> UploadedFile:
        """Refuse what is too large to be a registry."""
        file: UploadedFile = self.cleaned_data["file"]
        if file.size and file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 10 MB."))
        return file


class VillageForm(forms.ModelForm):
    """What is in a village, and how large it is."""

    class Meta:
        model = Village
        fields = [*Village.ATTRIBUTES, "households", "population", "lat", "lon"]

    def clean(self) -> dict[str, Any]:
        """Take no position in a sensitive area."""
        cleaned = super().clean() or {}
        if cleaned.get("sensitive_area") and (cleaned.get("lat") or cleaned.get("lon")):
            self.add_error("lat", _("No positions are taken in a sensitive area."))
        return cleaned


class MergeForm(forms.Form):
    """Into which village this one goes, and when."""

    successor = forms.CharField(label=_("Code of the village it is merged into"), max_length=20)
    on = forms.DateField(label=_("From"), widget=DayInput())

    def __init__(self, *args: Any, villages: Any, **kwargs: Any) -> None:
        """Take the villages that may be named."""
        super().__init__(*args, **kwargs)
        self.villages = villages

    def clean_successor(self) -> Village:
        """Find the village of the code."""
        found: Village | None = self.villages.filter(code=self.cleaned_data["successor"]).first()
        if found is None:
            raise forms.ValidationError(_("No village has this code."))
        return found


class NaturalVillageForm(forms.ModelForm):
    class Meta:
        model = NaturalVillage
        fields = ["name"]


class DifficultyForm(forms.ModelForm):
    class Meta:
        model = Difficulty
        fields = ["text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("Answer"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class PersonForm(forms.ModelForm):
    class Meta:
        model = Person
        fields = ["name", "title", "employer", "phone"]


class PlaceForm(forms.Form):
    """First half of a new responsibility: what kind, and in which unit."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Responsibility.Kind.choices)
    county = forms.ModelChoiceField(label=_("Unit"), queryset=Division.objects.none())

    def __init__(self, *args: Any, counties: QuerySet[Division], **kwargs: Any) -> None:
        """Offer the units whose roster the user keeps."""
        super().__init__(*args, **kwargs)
        self.fields["county"].queryset = counties  # type: ignore[attr-defined]


class PlaceField(forms.ModelChoiceField):
    """A choice of places, with the township before a village's name."""

    def label_from_instance(self, obj: Any) -> str:
        """Name the place so that namesakes differ."""
        township = getattr(obj, "township_name", "")
        return f"{township} {obj}".strip()


class NamedPersonForm(forms.Form):
    """A person by name: one that is known (asked when there are any of the name) or a new one."""

    name = forms.CharField(label=_("Name"), max_length=60)
    person = forms.ChoiceField(label=_("Which person of this name"), required=False, widget=forms.RadioSelect)
    title = forms.CharField(label=_("Title"), max_length=120, required=False)
    employer = forms.CharField(label=_("Employer"), max_length=120, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=30, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the persons of the name once one is typed."""
        super().__init__(*args, **kwargs)
        self.namesakes = list(Person.objects.filter(name=str(self.data.get("name", "")).strip())[:20])
        if self.namesakes:
            field: Any = self.fields["person"]
            field.choices = [*map(described, self.namesakes), ("new", _("Another person of this name"))]
        else:
            del self.fields["person"]

    def clean(self) -> dict[str, Any]:
        """Ask which person is meant when the name is known."""
        cleaned = super().clean() or {}
        if self.namesakes and not cleaned.get("person"):
            self.add_error("person", _("There is a person of this name: please choose."))
        return cleaned

    def chosen_person(self) -> Person:
        """Return the chosen person, or a new one (not yet stored)."""
        chosen = self.cleaned_data.get("person")
        known = next((row for row in self.namesakes if str(row.pk) == chosen), None)
        fields = {key: self.cleaned_data[key] for key in ("name", "title", "employer", "phone")}
        return known or Person(**fields)


def described(person: Person) -> tuple[str, str]:
    """Return a person as a choice that tells namesakes apart."""
    return str(person.pk), " · ".join(filter(None, [person.name, person.title, person.employer]))


class ResponsibilityForm(NamedPersonForm):
    """Second half: which place, who, from when."""

    place = PlaceField(label=_("Place"), queryset=Village.objects.none())
    since = forms.DateField(label=_("From"), widget=DayInput())
    basis = forms.CharField(label=_("Basis"), max_length=200, required=False)
    replace = forms.BooleanField(label=_("Replaces whoever covers this place now"), required=False)
    field_order = ["place", "name", "person", "title", "employer", "phone", "since", "basis", "replace"]

    def __init__(self, *args: Any, places: QuerySet[Any], **kwargs: Any) -> None:
        """Offer the places."""
        super().__init__(*args, **kwargs)
        self.fields["place"].queryset = places  # type: ignore[attr-defined]


class EndForm(forms.Form):
    on = forms.DateField(label=_("First day without it"), widget=DayInput())


class RosterFilter(forms.Form):
    """What the roster shows."""

    q = forms.CharField(label=_("Person or place"), required=False)
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("All kinds")), *Responsibility.Kind.choices]
    )
    county = forms.ModelChoiceField(
        label=_("Unit"), required=False, queryset=Division.objects.none(), empty_label=_("All units")
    )
    on = forms.DateField(label=_("On the day"), required=False, widget=DayInput())

    def __init__(self, *args: Any, counties: QuerySet[Division], **kwargs: Any) -> None:
        """Offer the user's units."""
        super().__init__(*args, **kwargs)
        self.fields["county"].queryset = counties  # type: ignore[attr-defined]


class AreaForm(forms.Form):
    """An area and the villages that lie in it."""

    name = forms.CharField(label=_("Name"), max_length=60)
    villages = forms.ModelMultipleChoiceField(
        label=_("Villages"),
        queryset=Village.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A village lies in one area: ticking it here takes it out of the other."),
    )
    since = forms.DateField(label=_("From"), widget=DayInput())

    def __init__(self, *args: Any, villages: Any, **kwargs: Any) -> None:
        """Offer the villages of the township."""
        super().__init__(*args, **kwargs)
        self.fields["villages"].queryset = villages  # type: ignore[attr-defined]


class HolidayForm(forms.ModelForm):
    class Meta:
        model = Holiday
        fields = ["day", "kind", "name"]
        widgets = {"day": DayInput()}


def read_day(text: str | None, default: date) -> date:
    """Return the day of a query string, or the default."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return default
