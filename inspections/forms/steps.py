"""One small form per step of a finding: its fields, and the verb it calls with them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inspections.attachments import TYPES, FileRefused, check_file
from inspections.forms import phrases
from inspections.forms.fields import OnSiteForm, day, version, words
from inspections.models import Finding, Instruction, Milestone
from schemes.models import Item
from villages.models import Village

ACCEPT = [("yes", _("Agree")), ("no", _("Refuse"))]
SAMPLED = [("yes", _("In order")), ("no", _("Not in order"))]
STAGES = 4
ACCEPTED = ",".join((*TYPES.values(), ".pdf,.jpg,.jpeg,.png,.docx,.xlsx"))


class StepForm(forms.Form):
    """Fields of one step; `verb` is the method of Finding, `arguments` what it is called with."""

    verb: ClassVar[str] = ""
    phrases: ClassVar[Sequence[Promise]] = ()
    phrases_for: ClassVar[str] = ""
    # said above the button, where it matters what will happen
    consequence: ClassVar[Promise | str] = ""
    danger: ClassVar[bool] = False

    version = version()

    def __init__(self, *args: Any, finding: Finding, user: User, at: datetime, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {})
        kwargs["initial"] = {"version": finding.version, **kwargs["initial"]}
        super().__init__(*args, **kwargs)
        self.finding, self.user, self.at = finding, user, at
        self.prepare()

    def prepare(self) -> None:
        """Fit choices and required fields to the finding."""

    def arguments(self) -> dict[str, Any]:
        """Return what the verb is called with, from clean data."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    @property
    def on(self) -> date:
        """Return the local day of the request."""
        return timezone.localdate(self.at)


class RemarkForm(StepForm):
    remark = words(_("remark"), required=False)


class ReasonForm(StepForm):
    reason = words(_("reason"))
    phrases_for = "reason"


STILL_OUT = {
    "photos": _("Declared photos have not arrived."),
    "sheet": _("The sheet of its visit has not arrived, or does not name it."),
    "both": _("Declared photos and the sheet of its visit have not arrived."),
}


class IssueForm(StepForm):
    verb = "issue"
    phrases = phrases.NOT_ISSUED_IN_FULL
    phrases_for = "incomplete_reason"
    consequence = _(
        "The township, its secretary and the county office are told in the same minute; the clock starts."
    )

    kind = forms.ChoiceField(label=_("kind of rectification"), choices=Finding.Kind, widget=forms.RadioSelect)
    incomplete_reason = words(_("why before it is complete"), required=False)

    def prepare(self) -> None:
        """Ask for the reason only where something is missing; say what."""
        self.initial["kind"] = self.finding.kind
        if self.finding.is_complete():
            del self.fields["incomplete_reason"]
        else:
            field = self.fields["incomplete_reason"]
            field.required, field.help_text = True, STILL_OUT[self.finding.lacks()]


class RejectForm(ReasonForm):
    verb = "reject"
    phrases = phrases.REJECT
    consequence = _("The report is not issued; its reporter reads the reason.")
    danger = True


class MergeForm(RemarkForm):
    verb = "merge_into"
    consequence = _("The report ends as a duplicate; its photos are shown on the other finding too.")

    other = forms.ModelChoiceField(
        Finding.objects.none(), label=_("merge into"), empty_label=None, widget=forms.RadioSelect
    )
    field_order = ("version", "other", "remark")

    def prepare(self) -> None:
        """Offer the live findings of the same village, the same item first."""
        similar = Finding.objects.similar(self.finding.village, self.finding.item)
        others = similar.exclude(pk=self.finding.pk)
        self.fields["other"].queryset = others  # type: ignore[attr-defined]
        self.fields["other"].label_from_instance = one_line  # type: ignore[attr-defined]
        if not others.exists():
            self.fields["other"].help_text = _("This village has no other live finding to merge into.")


class PlanForm(StepForm):
    verb = "file_plan"

    measures = words(_("measures"))
    owner = forms.CharField(label=_("owner"), max_length=100, help_text=_("Who answers for it being done."))
    date = day(_("to be finished by"))

    def prepare(self) -> None:
        """Add lines for stages."""
        for number in range(1, STAGES + 1):
            title = forms.CharField(label=_("stage %(n)s") % {"n": number}, max_length=200, required=False)
            self.fields[f"stage_{number}"] = title
            self.fields[f"stage_{number}_date"] = day(_("stage %(n)s by") % {"n": number}, required=False)

    def clean(self) -> dict[str, Any]:
        """Want a stage's title and date together."""
        data = super().clean() or {}
        for number in range(1, STAGES + 1):
            title, by = data.get(f"stage_{number}"), data.get(f"stage_{number}_date")
            if bool(title) != bool(by) and f"stage_{number}_date" not in self.errors:
                self.add_error(f"stage_{number}", _("A stage needs both a title and a date."))
        return data

    def arguments(self) -> dict[str, Any]:
        """Gather the stages."""
        data = self.cleaned_data
        stages = [(data[f"stage_{n}"], data[f"stage_{n}_date"]) for n in range(1, STAGES + 1)]
        main = {name: data[name] for name in ("measures", "owner", "date")}
        return {**main, "milestones": [(title, by) for title, by in stages if title]}


class MilestoneForm(RemarkForm):
    verb = "complete_milestone"

    milestone = forms.ModelChoiceField(
        Milestone.objects.none(), label=_("milestone"), empty_label=None, widget=forms.RadioSelect
    )
    field_order = ("version", "milestone", "remark")

    def prepare(self) -> None:
        """Offer the open stages; the next one is chosen."""
        stages = self.finding.open_milestones()
        self.fields["milestone"].queryset = stages  # type: ignore[attr-defined]
        self.fields["milestone"].label_from_instance = lambda m: f"{m.date:%Y-%m-%d} {m.title}"  # type: ignore[attr-defined]
        self.initial.setdefault("milestone", stages.first())


class ExtensionForm(ReasonForm):
    verb = "ask_extension"
    phrases = phrases.EXTEND
    consequence = _("Until the issuing office has decided, the present due date counts.")

    until = day(_("new due date"))
    field_order = ("version", "until", "reason")


class ClaimForm(ReasonForm):
    verb = "claim"
    phrases = phrases.CLAIM
    consequence = _("The issuing office decides; until then the clock runs on.")

    ending = forms.ChoiceField(label=_("how it ends"), widget=forms.RadioSelect)
    duplicate_of = forms.CharField(
        label=_("number of the other finding"),
        required=False,
        help_text=_("Only for a duplicate, as JP-2026-000123."),
    )
    field_order = ("version", "ending", "duplicate_of", "reason")

    def prepare(self) -> None:
        """Offer the three endings that can be claimed."""
        endings = (Finding.Ending.DUPLICATE, Finding.Ending.NOT_OURS, Finding.Ending.CANNOT)
        self.fields["ending"].choices = [(e.value, e.label) for e in endings]  # type: ignore[attr-defined]

    def clean_duplicate_of(self) -> Finding | None:
        """Find the other finding by its number, within what the user may see."""
        number = self.cleaned_data["duplicate_of"].strip().upper()
        if not number:
            return None
        other = (
            Finding.objects.visible_to(self.user, self.on)
            .filter(number=number)
            .exclude(pk=self.finding.pk)
            .first()
        )
        if other is None:
            raise forms.ValidationError(_("There is no such finding in your area."))
        return other

    def clean(self) -> dict[str, Any]:
        """A duplicate names the other one."""
        data = super().clean() or {}
        wants = data.get("ending") == Finding.Ending.DUPLICATE and "duplicate_of" not in self.errors
        if wants and not data.get("duplicate_of"):
            self.add_error("duplicate_of", _("Name the finding that it repeats."))
        return data


class CheckForm(OnSiteForm, RemarkForm):
    verb = "pass_check"

    def prepare(self) -> None:
        """Ask for the on-site check only where one replaces after-photos."""
        if self.finding.needs_on_site():
            for name in self.on_site_fields:
                self.fields[name].required = True
            self.order_fields(["version", *self.on_site_fields])
        else:
            for name in self.on_site_fields:
                del self.fields[name]

    def arguments(self) -> dict[str, Any]:
        """Gather the on-site check."""
        given = super().arguments()
        rest = {name: value for name, value in given.items() if name not in self.on_site_fields}
        return {**rest, "on_site": self.on_site()}


class CloseForm(CheckForm):
    verb = "close"
    consequence = _("The finding ends as fixed. You can undo this for ten seconds.")

    document = forms.CharField(label=_("number of the signed decision"), max_length=100, required=False)

    def prepare(self) -> None:
        """Ask for the signed decision only where one ends the finding."""
        super().prepare()
        if self.finding.kind == Finding.Kind.CONTINUING:
            self.fields["document"].required = True
        else:
            del self.fields["document"]


class SendBackForm(ReasonForm):
    verb = "send_back"
    phrases = phrases.SEND_BACK
    consequence = _("The township gets at least two more days, on record.")


class DecisionForm(StepForm):
    accept = forms.ChoiceField(label=_("decision"), choices=ACCEPT, widget=forms.RadioSelect)
    reason = words(_("reason"), required=False, help_text=_("Needed for a refusal."))

    def arguments(self) -> dict[str, Any]:
        """Say yes or no."""
        return {"accept": self.cleaned_data["accept"] == "yes", "reason": self.cleaned_data["reason"]}

    def clean(self) -> dict[str, Any]:
        """A refusal has a reason."""
        data = super().clean() or {}
        if data.get("accept") == "no" and not data.get("reason"):
            self.add_error("reason", _("Give a reason."))
        return data


class DecidePlanForm(DecisionForm):
    verb = "decide_plan"
    consequence = _("With your consent the clock runs to the date of the plan.")


class DecideExtensionForm(DecisionForm):
    verb = "decide_extension"
    consequence = _("The first due date stays on record and decides whether it was on time.")


class DecideClaimForm(DecisionForm):
    verb = "decide_claim"
    consequence = _("With your consent the finding is closed with the claimed ending, not as fixed.")


class WithdrawForm(ReasonForm):
    verb = "withdraw"
    phrases = phrases.WITHDRAW
    consequence = _(
        "The finding ends as withdrawn and does not count as fixed. Its number is not used again."
    )
    danger = True


class ReconsiderForm(ReasonForm):
    verb = "reconsider"
    consequence = _("The report waits to be issued again; its reporter is told.")


class ReopenForm(ReasonForm):
    verb = "reopen"
    consequence = _("This corrects a wrong decision. A problem that has come back is a new finding.")


class AmendForm(RemarkForm):
    verb = "amend"
    consequence = _("Those who were told are told again; the due date stays.")

    village = forms.ModelChoiceField(Village.objects.none(), label=_("village"), empty_label=None)
    place = forms.CharField(label=_("place"), max_length=200, required=False)
    item = forms.ModelChoiceField(Item.objects.none(), label=_("item"), empty_label=None)
    description = words(_("problem"))
    kind = forms.ChoiceField(label=_("kind of rectification"), choices=Finding.Kind)
    field_order = ("version", "village", "place", "item", "description", "kind", "remark")

    def prepare(self) -> None:
        """Offer the villages of the same unit (before the issue: of the user's places) and show what is stored."""
        places = Village.objects.visible_to(self.user, self.on).current(self.on).in_order()
        if self.finding.number:
            places = places.filter(county_id=self.finding.county_id)
        village = self.fields["village"]
        village.queryset = places  # type: ignore[attr-defined]
        village.label_from_instance = lambda v: f"{v.county_name} {v.township_name} {v.name}"  # type: ignore[attr-defined]
        self.fields["item"].queryset = Item.objects.current()  # type: ignore[attr-defined]
        for name in ("village", "place", "item", "description", "kind"):
            self.initial.setdefault(name, getattr(self.finding, name))


class UrgeForm(RemarkForm):
    verb = "urge"
    phrases = phrases.URGE
    phrases_for = "remark"


class InstructForm(StepForm):
    verb = "instruct"
    consequence = _("The issuing office gets this as a task and replies to you here.")

    text = words(_("instruction"))


class ReplyForm(StepForm):
    verb = "reply"

    instruction = forms.ModelChoiceField(
        Instruction.objects.none(), label=_("instruction"), empty_label=None, widget=forms.RadioSelect
    )
    text = words(_("reply"))

    def prepare(self) -> None:
        """Offer what has no reply yet."""
        rows = (
            Instruction.objects.filter(finding=self.finding, replied_at=None)
            .select_related("by")
            .order_by("at")
        )
        self.fields["instruction"].queryset = rows  # type: ignore[attr-defined]
        self.fields["instruction"].label_from_instance = lambda i: f"{i.by}：{i.text}"  # type: ignore[attr-defined]
        self.initial.setdefault("instruction", rows.first())


class SampleForm(StepForm):
    verb = "sample"
    consequence = _("The finding stays closed. The county office is told; where need be it re-opens it.")

    accept = forms.ChoiceField(label=_("what was seen"), choices=SAMPLED, widget=forms.RadioSelect)
    remark = words(_("remark"), required=False, help_text=_("Needed where it is not in order."))

    def arguments(self) -> dict[str, Any]:
        """Say yes or no."""
        return {"accept": self.cleaned_data["accept"] == "yes", "remark": self.cleaned_data["remark"]}

    def clean(self) -> dict[str, Any]:
        """What is not in order is said."""
        data = super().clean() or {}
        if data.get("accept") == "no" and not data.get("remark"):
            self.add_error("remark", _("Say what is not in order."))
        return data


class NoteForm(StepForm):
    verb = "note"

    remark = words(_("remark"))


class AttachForm(StepForm):
    verb = "attach"

    file = forms.FileField(
        label=_("file"),
        help_text=_(
            "PDF, JPEG, PNG, Word (.docx) or Excel (.xlsx), at most 20 MB. It is kept exactly as it comes."
        ),
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
    )

    def prepare(self) -> None:
        """A file does not depend on what the page showed: it goes to the finding as it is now."""
        self.fields["version"].required = False

    def clean_version(self) -> int:
        """Take the present version."""
        return self.finding.version

    def clean_file(self) -> Any:
        """Judge the file by its content."""
        file = self.cleaned_data["file"]
        try:
            self.kind = check_file(file)
        except FileRefused as refused:
            raise forms.ValidationError(str(refused), code=refused.code) from refused
        return file

    def arguments(self) -> dict[str, Any]:
        """Say what the file is."""
        return {"file": self.cleaned_data["file"], "kind": self.kind}


class UndoForm(StepForm):
    verb = "undo"

    def prepare(self) -> None:
        """The toast sends no version: the latest decision is meant, and only one's own can be taken back."""
        self.fields["version"].required = False

    def clean_version(self) -> int:
        """Take the present version."""
        return self.cleaned_data["version"] or self.finding.version


# `rectify` has a page of its own
STEP_FORMS: dict[str, type[StepForm]] = {
    "issue": IssueForm,
    "reject": RejectForm,
    "merge": MergeForm,
    "reconsider": ReconsiderForm,
    "file_plan": PlanForm,
    "complete_milestone": MilestoneForm,
    "ask_extension": ExtensionForm,
    "claim": ClaimForm,
    "check": CheckForm,
    "close": CloseForm,
    "send_back": SendBackForm,
    "decide_plan": DecidePlanForm,
    "decide_extension": DecideExtensionForm,
    "decide_claim": DecideClaimForm,
    "withdraw": WithdrawForm,
    "reopen": ReopenForm,
    "amend": AmendForm,
    "urge": UrgeForm,
    "instruct": InstructForm,
    "reply": ReplyForm,
    "sample": SampleForm,
    "note": NoteForm,
    "attach": AttachForm,
    "undo": UndoForm,
}


def one_line(finding: Finding) -> str:
    """Name a finding in one line of a list of choices."""
    parts = (finding.number, finding.item.code, finding.item.name, finding.place, finding.description[:40])
    return " · ".join(part for part in parts if part)
