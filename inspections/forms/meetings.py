"""The forms of on-site meetings: prepare, findings to show, minutes, photos, decisions."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organisation, Post, Role, User
from inspections.forms.fields import PickField, day, words
from inspections.models import Meeting
from villages.models import Division, Responsibility, Village

OFFICES = (Role.CITY_OFFICE, Role.COUNTY_OFFICE)


def streets_for(user: User, on: date) -> Any:
    """Return the streets and townships in which the user may hold meetings, each with its unit."""
    places = user.places(on, *OFFICES)
    townships = Division.objects.townships(on).filter(
        places.q(county="county_id", township="pk", village="pk")
    )
    return townships.order_by("county_name", "position", "name")


def villages_of(township: Division, on: date) -> Any:
    """Return the street's villages on the day."""
    return (
        Village.objects.current(on).with_places(on).filter(township_id=township.pk).order_by("code", "name")
    )


def people_for(township: Division, on: date, but: User) -> list[User]:
    """Return who may be told of a meeting in preparation: offices, inspectors, leaders of the unit; no street."""
    county = township.parent_on(on)
    posts = Post.objects.on(on).filter(
        Q(role=Role.CITY_OFFICE) | Q(role=Role.COUNTY_OFFICE, division=county) | Q(role=Role.INSPECTOR)
    )
    duties = Responsibility.objects.on(on).filter(
        Q(kind=Responsibility.Kind.MUNICIPAL, county=county)
        | Q(kind=Responsibility.Kind.COUNTY, area__county=county)
    )
    barred = Post.objects.on(on).filter(role__in=[Role.TOWNSHIP, Role.SYSADMIN]).values("user")
    found = User.objects.filter(is_active=True).exclude(pk=but.pk).exclude(pk__in=barred)
    asked = found.filter(Q(pk__in=posts.values("user")) | Q(person__in=duties.values("person")))
    return list(asked.order_by("name", "username"))


class MeetingForm(forms.Form):
    """What is prepared: day, words, the villages to visit and who may know. The id comes from the page."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    on = day(_("date"))
    title = forms.CharField(label=pgettext_lazy("meeting", "title"), max_length=120)
    host = forms.CharField(label=_("chaired by"), max_length=200, required=False)
    villages = forms.MultipleChoiceField(
        label=_("villages visited unannounced that day"),
        widget=forms.CheckboxSelectMultiple(attrs={"data-select-row": ""}),
        error_messages={"required": _("Choose at least one village.")},
    )
    readers = forms.MultipleChoiceField(
        label=_("who may know of it beforehand"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_(
            "Nobody else, not even colleagues and the auditor, sees anything of it before it is opened."
        ),
    )

    def __init__(
        self, data: Any = None, *, villages: Iterable[Village], people: Iterable[User], **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.village_by_key = {str(village.pk): village for village in villages}
        self.user_by_key = {str(user.pk): user for user in people}
        self.fields["villages"].choices = [(k, v.name) for k, v in self.village_by_key.items()]  # type: ignore[attr-defined]
        self.fields["readers"].choices = [(k, str(u)) for k, u in self.user_by_key.items()]  # type: ignore[attr-defined]

    def arguments(self) -> dict[str, Any]:
        """Return what the verbs are called with."""
        data = self.cleaned_data
        return {
            **{name: data[name] for name in ("on", "title", "host")},
            "villages": [self.village_by_key[key] for key in data["villages"]],
            "readers": [self.user_by_key[key] for key in data["readers"]],
        }


class VersionForm(forms.Form):
    """A step without words: only which version of the meeting the page showed."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def arguments(self) -> dict[str, Any]:
        """Return what the verb is called with besides who and when."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class CallOffForm(VersionForm):
    reason = words(_("reason"), rows=2)


class PickForm(VersionForm):
    pick = PickField(label=_("findings"), required=False)

    def arguments(self) -> dict[str, Any]:
        """Return the ids in the order of the page."""
        return {"ids": self.cleaned_data["pick"]}


class MinutesForm(VersionForm):
    """Who was there, what was said, and a remark on each village."""

    people_present = forms.IntegerField(
        label=_("people present"), min_value=1, max_value=99_999, required=False
    )
    units_present = words(_("units present"), rows=2, required=False)
    minutes = forms.CharField(
        label=_("minutes"), required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 8})
    )

    def __init__(self, data: Any = None, *, meeting: Meeting, **kwargs: Any) -> None:
        names = ("people_present", "units_present", "minutes")
        initial = {"version": meeting.version, **{name: getattr(meeting, name) for name in names}}
        super().__init__(data, initial=initial, **kwargs)
        self.rows = list(meeting.villages.select_related("village").order_by("position"))
        for row in self.rows:
            label = _("remark on %(village)s") % {"village": row.village.name}
            self.fields[f"remark-{row.village_id}"] = words(label, rows=2, required=False, initial=row.remark)

    def arguments(self) -> dict[str, Any]:
        """Return the words, the remarks by village."""
        data = self.cleaned_data
        remarks = {row.village_id: data[f"remark-{row.village_id}"] for row in self.rows}
        return {
            **{name: data[name] for name in ("people_present", "units_present", "minutes")},
            "remarks": remarks,
        }


class PhotoForm(VersionForm):
    file = forms.FileField(
        label=_("photo"),
        help_text=_("JPEG, PNG, WebP or HEIC; no faces and papers."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/heic,image/heif"}),
    )
    caption = forms.CharField(label=_("caption"), max_length=200, required=False)


class DecisionForm(VersionForm):
    """One decision: what, who, until when. The owner is a place or a department of the list, or any words."""

    text = words(pgettext_lazy("meeting", "decision"), rows=2)
    place = forms.ChoiceField(label=_("responsible"), required=False)
    owner = forms.CharField(
        label=_("responsible, in words"), max_length=200, required=False,
        help_text=_("A person or post; needed where the list does not have it."),
    )  # fmt: skip
    due_on = day(_("to be done by"), required=False)

    def __init__(self, data: Any = None, *, meeting: Meeting, **kwargs: Any) -> None:
        super().__init__(data, initial={"version": meeting.version}, **kwargs)
        places = {place.pk: place for place in (meeting.township, meeting.county, meeting.office)}
        departments = Organisation.objects.filter(kind=Organisation.Kind.DEPARTMENT).order_by("name")
        rows: list[Division | Organisation] = [*places.values(), *departments]
        self.owners = {str(row.pk): row for row in rows}
        choices = [("", "—"), *((key, str(row)) for key, row in self.owners.items())]
        self.fields["place"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for an owner."""
        data = super().clean() or {}
        if not data.get("place") and not data.get("owner"):
            self.add_error("owner", _("Name who is responsible."))
        return data

    def arguments(self) -> dict[str, Any]:
        """Return the decision with its owner as what it is."""
        data = self.cleaned_data
        chosen = self.owners.get(data["place"])
        return {
            "text": data["text"], "owner": data["owner"], "due_on": data["due_on"],
            "division": chosen if isinstance(chosen, Division) else None,
            "organisation": chosen if isinstance(chosen, Organisation) else None,
        }  # fmt: skip


class PartForm(VersionForm):
    """A step about one photo or decision of the meeting."""

    part = forms.UUIDField(widget=forms.HiddenInput)

    def arguments(self) -> dict[str, Any]:
        """Return the id of the part."""
        part: uuid.UUID = self.cleaned_data["part"]
        return {"part": part}


class DoneForm(PartForm):
    note = words(_("how it was done"), rows=2)

    def arguments(self) -> dict[str, Any]:
        """Return the id of the decision and the note."""
        return {**super().arguments(), "note": self.cleaned_data["note"]}
