"""Forms of a round: what is planned, who may know, who goes, the draw's public number, amendments."""

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Post, Role, User
from inspections.forms.fields import day, version, words
from inspections.models import Amendment, MissReason, PlannedVisit, Round, Team, TeamPlan, VisitKind
from inspections.models.rounds import units_of
from schemes.models import Scheme
from villages.models import Division, Village

CITY_KINDS = (VisitKind.CITY, VisitKind.THIRD_PARTY, VisitKind.MUTUAL)
COLUMNS = (
    "title", "basis_document", "plan_number", "begins_on", "ends_on", "scheme", "coverage", "per_township", "rests",
    "per_day", "departs_at", "reveal_hours",
)  # fmt: skip


class RoundForm(forms.ModelForm):
    """What is planned for a round."""

    begins_on = day(_("first day"))
    ends_on = day(_("last day"))

    class Meta:
        model = Round
        fields = COLUMNS
        help_texts = {
            "basis_document": _("Name and number of the document that orders the round. Needed to open it."),
            "plan_number": _(
                "The number under which the approved inspection plan lists the round. Needed to open it."
            ),
            "per_township": _("For a sample: so many, or all where a township has fewer."),
            "rests": _("For a sample: not the same village twice running."),
            "reveal_hours": _("A time before departure; earlier nobody but the planners knows."),
        }
        widgets = {
            "coverage": forms.RadioSelect,
            "departs_at": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        }

    def __init__(self, *args: Any, office: Division, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scheme"].queryset = Scheme.objects.order_by("-pk")  # type: ignore[attr-defined]
        self.fields["scheme"].required = False
        for name, most in (("per_township", 500), ("per_day", 30), ("reveal_hours", 336)):
            self.fields[name].widget.attrs["max"] = most

    def clean(self) -> dict[str, Any]:
        """Refuse dates the wrong way round, and a sample without a size."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        begins, ends = data.get("begins_on"), data.get("ends_on")
        if begins and ends and ends < begins:
            self.add_error("ends_on", _("The last day is before the first."))
        if data.get("coverage") == Round.Coverage.SAMPLE and not data.get("per_township"):
            self.add_error("per_township", _("Say how many villages each township's sample has."))
        if data.get("per_day") == 0:
            self.add_error("per_day", _("A day holds at least one visit."))
        return data

    def _post_clean(self) -> None:
        """Leave the instance alone: the model's verb writes, not the form."""

    def arguments(self) -> dict[str, Any]:
        """Return what the verb takes."""
        return {name: self.cleaned_data[name] for name in COLUMNS}


class NewRoundForm(RoundForm):
    """What is planned for a round to come; the page makes its id, under which even a refused attempt stays secret."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("kind"), widget=forms.RadioSelect)

    field_order = ("id", "kind", *COLUMNS)

    def __init__(self, *args: Any, office: Division, **kwargs: Any) -> None:
        super().__init__(*args, office=office, **kwargs)
        city = office.level == Division.Level.CITY
        kinds = (*(CITY_KINDS if city else (VisitKind.COUNTY_PATROL,)), VisitKind.LOOK_BACK)
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        self.initial.setdefault("kind", kinds[0].value)

    def arguments(self) -> dict[str, Any]:
        """Return what the verb takes."""
        return {**super().arguments(), "id": self.cleaned_data["id"], "kind": self.cleaned_data["kind"]}


class ChangeRoundForm(RoundForm):
    """What is planned, to be changed; the version tells whether somebody else was faster."""

    version = version()


class VersionForm(forms.Form):
    """A step that needs nothing but the version its page showed."""

    version = version()


class ReaderForm(VersionForm):
    """One more person who may know."""

    user = forms.ModelChoiceField(User.objects.none(), label=_("person"))

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = people  # type: ignore[attr-defined]


def inspectors(row: Round, on: date) -> list[User]:
    """Return who may go into a team of this round."""
    people = User.objects.holding(Role.INSPECTOR, on)
    if row.kind == VisitKind.THIRD_PARTY:
        people = people.filter(posts__organisation__kind="agency")
    if row.kind == VisitKind.COUNTY_PATROL:
        people = people.filter(posts__division=row.office, posts__role=Role.INSPECTOR)
    return list(people.distinct().order_by("name", "username"))


class TeamsForm(VersionForm):
    """Each inspector's team, by its name; who has none stays at home."""

    def __init__(self, *args: Any, people: Iterable[User], on: date, mutual: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people, self.on, self.mutual = list(people), on, mutual
        for person in self.people:
            self.fields[f"team-{person.pk}"] = forms.CharField(
                label=str(person), max_length=60, required=False,
                widget=forms.TextInput(attrs={"list": "team-names", "aria-label": str(person)}),
            )  # fmt: skip

    def rows(self) -> Iterable[tuple[User, str, Any]]:
        """Walk the inspectors with where they belong and their field."""
        held: dict[Any, list[str]] = {}
        posts = Post.objects.on(self.on).filter(role=Role.INSPECTOR, user__in=self.people)
        for post in posts.select_related("division", "organisation").order_by("since", "pk"):
            held.setdefault(post.user_id, []).append(str(post.organisation or post.division or ""))
        for person in self.people:
            yield person, " · ".join(filter(None, held.get(person.pk, []))), self[f"team-{person.pk}"]

    def teams(self) -> list[TeamPlan]:
        """Return the teams; where units inspect each other, a team is sent by the unit its members belong to."""
        members: dict[str, list[User]] = {}
        for person in self.people:
            if name := self.cleaned_data.get(f"team-{person.pk}", "").strip():
                members.setdefault(name, []).append(person)
        return [TeamPlan(name, people, self._sender(people)) for name, people in sorted(members.items())]

    def _sender(self, people: list[User]) -> Division | None:
        if not self.mutual:
            return None
        homes = [units_of(person, self.on) for person in people]
        shared = set.intersection(*homes)
        return Division.objects.filter(pk__in=shared).first()


class FreezeForm(VersionForm):
    """The public number that is named before it falls; for a draw made again the reason."""

    public_number_name = forms.CharField(
        label=_("public number"), max_length=200,
        help_text=_("Which number, and where it is published: a lottery result, say. It must not be known yet."),
    )  # fmt: skip
    public_number_falls_on = day(_("falls on"), help_text=_("Visits are planned from the day after."))
    reason = words(_("reason for drawing again"), rows=2, required=False)

    def __init__(self, *args: Any, again: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = again
        self.fields["reason"].max_length = 300  # type: ignore[attr-defined]
        if not again:
            del self.fields["reason"]

    def arguments(self) -> dict[str, Any]:
        """Return what the verb takes."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class MixForm(VersionForm):
    """The number as it was published, typed twice: it is entered once and never again."""

    public_number = forms.CharField(
        label=_("the number as published"),
        max_length=100,
        help_text=_("With its spaces and signs, as others will copy it from where it is published."),
    )
    again = forms.CharField(label=_("the number once more"), max_length=100)

    def clean(self) -> dict[str, Any]:
        """Refuse two different numbers."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "again" in data and data.get("public_number") != data["again"]:
            self.add_error("again", _("The two differ. Look again: it cannot be corrected later."))
        return data


class AmendForm(VersionForm):
    """One change of the plan with its reason; which fields there are depends on the kind."""

    FIELDS: ClassVar[dict[str, tuple[str, ...]]] = {
        Amendment.Kind.ADD: ("village", "team", "day"),
        Amendment.Kind.CANCEL: ("visit",),
        Amendment.Kind.MOVE: ("visit", "team", "day"),
        Amendment.Kind.SWAP: ("visit", "other"),
        Amendment.Kind.REPLAN: ("visit", "team", "day"),
    }

    visit: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        PlannedVisit.objects.none(), label=_("visit")
    )
    other: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        PlannedVisit.objects.none(), label=_("changes places with")
    )
    village = forms.ModelChoiceField(Village.objects.none(), label=_("village"))
    team = forms.ModelChoiceField(Team.objects.none(), label=_("team"))
    day = day(_("day"))
    reason = forms.CharField(
        label=_("reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 300})
    )

    def __init__(self, *args: Any, row: Round, kind: str, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = Amendment.Kind(kind)
        keep = {*self.FIELDS[self.kind], "reason", "version"}
        for name in [name for name in self.fields if name not in keep]:
            del self.fields[name]
        self._offer("team", row.teams.standing().order_by("name"))
        self.offer(row, on)
        if "day" in self.fields:
            limits = {"min": max(on, row.begins_on).isoformat(), "max": row.ends_on.isoformat()}
            self.fields["day"].widget.attrs.update(limits)

    def offer(self, row: Round, on: date) -> None:
        """Offer what the plan holds."""
        plan = row.planned.standing().in_order().select_related("village", "team")
        open_ = plan.filter(visit=None, missed_reason="")
        again = plan.current().outstanding().filter(visit=None) | plan.current().exclude(missed_reason="")
        self._offer("visit", again if self.kind == Amendment.Kind.REPLAN else open_)
        self._offer("other", open_)
        self._offer("village", Village.objects.current(on))

    def _offer(self, name: str, rows: QuerySet[Any]) -> None:
        if name in self.fields:
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
            if name in ("visit", "other"):
                self.fields[name].label_from_instance = self.called  # type: ignore[attr-defined]

    def arguments(self) -> list[Any]:
        """Return what the amender's verb takes by position: the visits."""
        return [self.cleaned_data[name] for name in ("visit", "other") if name in self.fields]

    def keywords(self) -> dict[str, Any]:
        """Return what the amender's verb takes by name."""
        names = [name for name in self.FIELDS[self.kind] if name not in ("visit", "other")]
        return {name: self.cleaned_data[name] for name in names}

    @staticmethod
    def called(visit: Any) -> str:
        """Return what a planned visit is called in a list of choices."""
        return f"{visit.day:%m-%d} {visit.team} · {visit.village}"


class MissForm(VersionForm):
    """Why a visit was not made."""

    reason = forms.ChoiceField(label=_("reason"), choices=MissReason.choices, widget=forms.RadioSelect)
    remark = forms.CharField(label=_("remark"), max_length=300, required=False)

    def arguments(self) -> dict[str, Any]:
        """Return what the verb takes."""
        return {"reason": self.cleaned_data["reason"], "remark": self.cleaned_data["remark"]}
