"""What each step's request may carry; the names of the API on the left, the verb of the model on the right."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from inspections.api.fields import ItemField, VillageField
from inspections.models import Finding
from inspections.on_site import OnSiteCheck


class StepBody(serializers.Serializer[Any]):
    """Every step takes the version its sender looked at: an older one is told that someone was faster."""

    version = serializers.IntegerField(required=False, min_value=1)


class Remark(StepBody):
    remark = serializers.CharField(required=False, allow_blank=True, max_length=4000)


class Reason(StepBody):
    reason = serializers.CharField(max_length=4000)


class Issue(StepBody):
    kind = serializers.ChoiceField(choices=Finding.Kind.choices, required=False)
    incomplete_reason = serializers.CharField(required=False, allow_blank=True, max_length=4000)


class Rectify(StepBody):
    measures = serializers.CharField(max_length=4000)
    result = serializers.CharField(max_length=4000)
    photos = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=9)


class Check(Remark):
    seen_by = serializers.CharField(required=False, allow_blank=True, max_length=100)
    seen_on = serializers.DateField(
        required=False,
        help_text="With seen_by and seen_result: the on-site check, where it replaces after-photos.",
    )
    seen_result = serializers.CharField(required=False, allow_blank=True, max_length=500)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Gather the on-site check; one that is not whole is none."""
        by, on, result = (attrs.pop(name, None) for name in ("seen_by", "seen_on", "seen_result"))
        return {**attrs, "on_site": OnSiteCheck.of(by or "", on, result or "")}


class Close(Check):
    document = serializers.CharField(required=False, allow_blank=True, max_length=100)


class Claim(Reason):
    ending = serializers.ChoiceField(choices=["duplicate", "not_ours", "cannot"])
    duplicate_of = serializers.CharField(
        required=False, max_length=20, help_text="Public number of the finding it repeats."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the repeated finding by its number, within what the caller may see."""
        number = attrs.pop("duplicate_of", "")
        if attrs["ending"] == Finding.Ending.DUPLICATE:
            others = Finding.objects.visible_to(self.context["user"]).exclude(pk=self.context["finding"].pk)
            attrs["duplicate_of"] = others.filter(number=number.upper()).first()
            if attrs["duplicate_of"] is None:
                raise serializers.ValidationError(
                    {"duplicate_of": _("There is no such finding in your area.")}
                )
        return attrs


class Extend(Reason):
    until = serializers.DateField()


class Stage(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200)
    date = serializers.DateField()


class Plan(StepBody):
    measures = serializers.CharField(max_length=4000)
    owner = serializers.CharField(max_length=100)
    date = serializers.DateField()
    milestones = Stage(many=True, required=False)

    def validate_milestones(self, value: list[dict[str, Any]]) -> list[tuple[str, Any]]:
        """Return (title, date) pairs."""
        return [(stage["title"], stage["date"]) for stage in value]


class Decide(StepBody):
    accept = serializers.BooleanField()
    reason = serializers.CharField(required=False, allow_blank=True, max_length=4000)


class Amend(Remark):
    item = ItemField(required=False)
    village = VillageField(required=False)
    place = serializers.CharField(required=False, allow_blank=True, max_length=200)
    description = serializers.CharField(required=False, max_length=4000)
    kind = serializers.ChoiceField(choices=Finding.Kind.choices, required=False)


class Instruct(StepBody):
    text = serializers.CharField(max_length=4000)


class Sample(Remark):
    accept = serializers.BooleanField(
        help_text="Whether what was seen is in order; if not, the remark says why."
    )


class Note(StepBody):
    remark = serializers.CharField(max_length=4000)


class Undo(serializers.Serializer[Any]):
    """Takes back the caller's own latest decision; nothing to say."""


# step of the address: (verb, body)
STEP_BODIES: dict[str, tuple[str, type[serializers.Serializer[Any]]]] = {
    "issue": ("issue", Issue),
    "reject": ("reject", Reason),
    "reconsider": ("reconsider", Reason),
    "amend": ("amend", Amend),
    "urge": ("urge", Remark),
    "rectify": ("rectify", Rectify),
    "plan": ("file_plan", Plan),
    "decide-plan": ("decide_plan", Decide),
    "check": ("pass_check", Check),
    "close": ("close", Close),
    "return": ("send_back", Reason),
    "claim": ("claim", Claim),
    "decide-claim": ("decide_claim", Decide),
    "extend": ("ask_extension", Extend),
    "decide-extension": ("decide_extension", Decide),
    "withdraw": ("withdraw", Reason),
    "reopen": ("reopen", Reason),
    "undo": ("undo", Undo),
    "instruct": ("instruct", Instruct),
    "sample": ("sample", Sample),
    "note": ("note", Note),
}
