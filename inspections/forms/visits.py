"""The sheet of a visit as a form, and the small forms around it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organisation, User
from inspections.forms.fields import PhotosField, day, words
from inspections.forms.record import villages_for
from inspections.models import MissReason
from inspections.points import EVERYWHERE, Point, PointStatus
from inspections.sheets import NOT_LOOKED_AT, SCORED, Sheet, SheetRefused
from villages.models import Village

if TYPE_CHECKING:
    from inspections.models import Finding
    from schemes.models import Item

ITEM_STATUS = (
    (SCORED, pgettext_lazy("visit", "Looked at")),
    (NOT_LOOKED_AT, pgettext_lazy("visit", "Not looked at")),
)
ANSWERS = (("yes", _("Yes")), ("no", _("No")))


class BeginForm(forms.Form):
    """Begin a visit (开始检查): the id comes from the page, so that sending twice begins once."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    village = forms.ModelChoiceField(
        Village.objects.none(), label=_("village"), error_messages={"required": _("Choose the village.")}
    )
    planned = forms.UUIDField(required=False, widget=forms.HiddenInput)
    claimed_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    lat = forms.DecimalField(required=False, widget=forms.HiddenInput, min_value=-90, max_value=90)
    lon = forms.DecimalField(required=False, widget=forms.HiddenInput, min_value=-180, max_value=180)
    accuracy = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=0, max_value=1_000_000)

    def __init__(self, *args: Any, user: User, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["village"].queryset = villages_for(user, on)  # type: ignore[attr-defined]

    def arguments(self) -> dict[str, Any]:
        """Return what the verb takes; half a position is none."""
        data = dict(self.cleaned_data)
        if data["lat"] is None or data["lon"] is None:
            data |= {"lat": None, "lon": None, "accuracy": None}
        return data


class SheetForm(forms.Form):
    """The whole sheet: a part for each point and each item that applies."""

    def __init__(
        self,
        *args: Any,
        items: "Sequence[Item]",
        findings: "Sequence[Finding]",
        people: Mapping[str, User],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.scheme_items, self.found = list(items), list(findings)
        for code in Point.values:
            self._add_point(code)
        for item in self.scheme_items:
            self._add_item(item)
        self.fields["findings"] = forms.MultipleChoiceField(
            label=_("findings"), required=False, widget=forms.CheckboxSelectMultiple,
            choices=[(str(row.pk), row.description) for row in self.found],
        )  # fmt: skip
        self.fields["present"] = forms.MultipleChoiceField(
            label=_("inspectors present"), required=False, widget=forms.CheckboxSelectMultiple,
            choices=[(key, user.name) for key, user in people.items()],
        )  # fmt: skip
        self.fields["notes"] = words(_("notes"), rows=3, required=False)

    def _add_point(self, code: str) -> None:
        label = Point(code).label
        choices = [
            pair for pair in PointStatus.choices if pair[0] != PointStatus.NONE or code not in EVERYWHERE
        ]
        self.fields[f"point-{code}-status"] = forms.ChoiceField(
            label=label, choices=choices, required=False, widget=forms.RadioSelect
        )
        self.fields[f"point-{code}-photos"] = PhotosField()
        self.fields[f"point-{code}-remark"] = forms.CharField(
            label=_("remark"), max_length=500, required=False
        )

    def _add_item(self, item: "Item") -> None:
        name, kind = f"item-{item.code}", item.rule["type"]
        self.fields[f"{name}-status"] = forms.ChoiceField(
            label=f"{item.code} {item.name}", choices=ITEM_STATUS, required=False, widget=forms.RadioSelect
        )
        if kind == "proportion":
            whole = {"inputmode": "numeric", "autocomplete": "off"}
            for part, label in (("sampled", _("number looked at")), ("met", _("of them in order"))):
                self.fields[f"{name}-{part}"] = forms.IntegerField(
                    label=label,
                    required=False,
                    min_value=0,
                    max_value=9999,
                    widget=forms.NumberInput(attrs=whole),
                )
        if kind == "yes_no":
            self.fields[f"{name}-answer"] = forms.ChoiceField(
                label=_("answer"), choices=ANSWERS, required=False, widget=forms.RadioSelect
            )
        self.fields[f"{name}-remark"] = forms.CharField(label=_("remark"), max_length=500, required=False)

    # --- in and out ---------------------------------------------------------------------------------------------
    @staticmethod
    def start(
        sheet: Sheet | None, findings: "Sequence[Finding]", present: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return the initial values: the sheet as it stands, or what the findings so far say."""
        values: dict[str, Any] = {"findings": [str(row.pk) for row in findings], "present": list(present)}
        if sheet is None:
            return values | {f"point-{row.point}-status": "finding" for row in findings if row.point}
        values |= {"findings": list(sheet.findings), "present": list(sheet.present), "notes": sheet.notes}
        for point in sheet.points:
            values |= {f"point-{point.code}-{part}": getattr(point, part) for part in ("status", "remark")}
            values[f"point-{point.code}-photos"] = list(point.photos)
        for item in sheet.items:
            parts = ("status", "remark", "sampled", "met")
            values |= {f"item-{item.item}-{part}": getattr(item, part) for part in parts}
            values[f"item-{item.item}-answer"] = {True: "yes", False: "no", None: ""}[item.answer]
        return values

    def sheet(self) -> Sheet:
        """Return what was filled in. A point that says nothing and has a finding says “finding”."""
        return Sheet.read(
            {
                "points": [point for code in Point.values if (point := self._point(code))["status"]],
                "items": [row for item in self.scheme_items if (row := self._item(item))["status"]],
                **{name: self.cleaned_data.get(name) for name in ("findings", "present", "notes")},
            }
        )

    def _point(self, code: str) -> dict[str, Any]:
        data = {
            part: self.cleaned_data.get(f"point-{code}-{part}") for part in ("status", "photos", "remark")
        }
        named = set(self.cleaned_data.get("findings") or ())
        if not data["status"] and any(row.point == code and str(row.pk) in named for row in self.found):
            data["status"] = PointStatus.FINDING
        return {
            "code": code,
            "status": data["status"],
            "photos": data["photos"] or [],
            "remark": data["remark"] or "",
        }

    def _item(self, item: "Item") -> dict[str, Any]:
        value = {
            part: self.cleaned_data.get(f"item-{item.code}-{part}") for part in ("status", "sampled", "met")
        }
        answer = {"yes": True, "no": False}.get(self.cleaned_data.get(f"item-{item.code}-answer") or "")
        if not value["status"] and (value["sampled"] or answer is not None):
            value["status"] = SCORED  # what was measured was looked at
        remark = self.cleaned_data.get(f"item-{item.code}-remark") or ""
        return {"item": item.code, **value, "answer": answer, "remark": remark}

    def take(self, refused: SheetRefused) -> None:
        """Show what the verb has refused at its parts."""
        for name, message in refused.errors.items():
            field = name if name in self.fields else f"{name}-status"
            self.add_error(field if field in self.fields else None, message)

    # --- for the template -----------------------------------------------------------------------------------------
    def point_parts(self) -> Iterator[dict[str, Any]]:
        """Yield what the template shows of each point."""
        for code in Point.values:
            status = self[f"point-{code}-status"]
            yield {
                "code": code, "label": Point(code).label, "status": status, "photos": self[f"point-{code}-photos"],
                "remark": self[f"point-{code}-remark"], "findings": [row for row in self.found if row.point == code],
            }  # fmt: skip

    def aspects(self) -> list[dict[str, Any]]:
        """Return the items under their aspects."""
        groups: dict[Any, dict[str, Any]] = {}
        for item in self.scheme_items:
            group = groups.setdefault(item.aspect_id, {"aspect": item.aspect, "parts": []})
            group["parts"].append(self._item_part(item))
        return list(groups.values())

    def _item_part(self, item: "Item") -> dict[str, Any]:
        names = {
            part: f"item-{item.code}-{part}" for part in ("status", "sampled", "met", "answer", "remark")
        }
        fields = {part: self[name] for part, name in names.items() if name in self.fields}
        count = sum(row.item.code == item.code for row in self.found)
        return {"item": item, "count": count, **fields}

    def loose_findings(self) -> "list[Finding]":
        """Return the findings that stand at no point."""
        return [row for row in self.found if not row.point]


class CorrectionForm(forms.Form):
    """Why a sheet is corrected, and the version it starts from."""

    reason = forms.CharField(label=_("reason of the correction"), max_length=500, required=False)
    number = forms.IntegerField(widget=forms.HiddenInput)


class MissForm(forms.Form):
    """Why a planned visit was not made."""

    reason = forms.ChoiceField(label=_("reason"), choices=MissReason.choices, widget=forms.RadioSelect)
    remark = forms.CharField(label=_("remark"), max_length=300, required=False)


class RecheckForm(forms.Form):
    """Draw a share of an agency's sheets."""

    organisation = forms.ModelChoiceField(Organisation.objects.none(), label=_("third-party agency"))
    since = day(_("submitted from"))
    until = day(_("until"))
    share = forms.IntegerField(label=_("share, per cent"), min_value=1, max_value=100)
    inspector = forms.ChoiceField(label=_("who re-checks"))

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agencies = Organisation.objects.filter(kind=Organisation.Kind.AGENCY).order_by("name")
        self.fields["organisation"].queryset = agencies  # type: ignore[attr-defined]
        self.people = {str(user.pk): user for user in people}
        self.fields["inspector"].choices = [  # type: ignore[attr-defined]
            (key, user.name) for key, user in self.people.items()
        ]

    def arguments(self) -> dict[str, Any]:
        """Return what the verb takes."""
        return self.cleaned_data | {"inspector": self.people[self.cleaned_data["inspector"]]}
