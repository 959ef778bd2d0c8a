"""`/api/v1/rounds/` and `/api/v1/draws/`: rounds for those who may know of them, steps by the verbs of the pages.

Everybody else gets the answer for what does not exist; what is read of a sealed round is written under its seal.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from accounts.models import User
from dalian_rural.problems import Problem
from inspections.api.fields import VillageField
from inspections.api.findings import step_problem
from inspections.models import (
    Amender,
    Amendment,
    Draw,
    Finding,
    LookBackDraw,
    MissReason,
    PlannedVisit,
    Round,
    RoundState,
    VisitKind,
)
from inspections.models.drawing import History
from inspections.rounds_progress import part_of, progress
from inspections.steps import StepRefused
from inspections.views.sealed import open_sealed


def readable(request: Request, at: datetime) -> QuerySet[Round]:
    """Return the rounds the caller may read."""
    user = user_of(request._request)
    return Round.objects.visible_to(user, timezone.localdate(at)).for_list()


def opened(request: Request, rows: QuerySet[Round], pk: UUID, at: datetime) -> Round:
    """Return one of these rounds, opened by the book."""
    row = get_object_or_404(rows, pk=pk)
    if row.is_secret:
        open_sealed(request._request, row, at)
    return row


# --- what is answered -----------------------------------------------------------------------------------------
class RoundRow(serializers.ModelSerializer[Round]):
    """A round as the list shows it."""

    state_text = serializers.CharField(source="get_state_display")
    kind_text = serializers.CharField(source="get_kind_display")
    office = serializers.CharField(source="office.label")

    class Meta:
        model = Round
        fields = [
            "id", "version", "state", "state_text", "kind", "kind_text", "office", "title", "basis_document",
            "plan_number", "begins_on", "ends_on", "coverage", "per_township", "per_day", "rests", "departs_at",
            "reveal_hours", "opened_at", "closed_at",
        ]  # fmt: skip


class RoundFiguresRow(serializers.Serializer[Any]):
    """How far a round has come."""

    planned = serializers.IntegerField()
    visited = serializers.IntegerField()
    missed = serializers.IntegerField()
    late = serializers.IntegerField()
    ahead = serializers.IntegerField()
    findings = serializers.IntegerField()


class RoundDrawRow(serializers.ModelSerializer[Draw]):
    """A draw as it may be known: its seed only once the round is closed."""

    round = serializers.UUIDField(source="round_id")
    round_title = serializers.CharField(source="round.title")
    seed = serializers.SerializerMethodField()

    class Meta:
        model = Draw
        fields = [
            "id", "round", "round_title", "number", "reason", "frozen_at", "commitment", "seed_sha256",
            "inputs_sha256", "public_number_name", "public_number_falls_on", "public_number", "drawn_at", "seed",
        ]  # fmt: skip

    def get_seed(self, row: Draw) -> str | None:
        """Return the seed, or nothing while it is secret."""
        return row.seed if row.round.state == RoundState.CLOSED else None


class AmendmentRow(serializers.ModelSerializer[Amendment]):
    """An amendment with its reason."""

    by = serializers.CharField(source="by.name")

    class Meta:
        model = Amendment
        fields = ["number", "kind", "reason", "by", "at"]


class RoundDetail(RoundRow):
    """One round with its draws, amendments, figures and what its reader may do now."""

    teams = serializers.SerializerMethodField()
    draws = serializers.SerializerMethodField()
    amendments = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    class Meta(RoundRow.Meta):
        fields = [*RoundRow.Meta.fields, "teams", "draws", "amendments", "progress", "steps"]

    def get_teams(self, row: Round) -> list[dict[str, Any]]:
        """Return the teams with their members' names."""
        teams = row.teams.standing().prefetch_related("members").order_by("name")
        return [
            {"id": str(team.pk), "name": team.name, "members": [str(member) for member in team.members.all()]}
            for team in teams
        ]

    def get_draws(self, row: Round) -> Any:
        """Return the draws by number."""
        return RoundDrawRow(row.draws.select_related("round").order_by("number"), many=True).data

    def get_amendments(self, row: Round) -> Any:
        """Return the amendments by number."""
        return AmendmentRow(row.amendments.select_related("by").order_by("number"), many=True).data

    def get_progress(self, row: Round) -> Any:
        """Return the figures of the whole round."""
        return RoundFiguresRow(progress(row, timezone.localdate(self.context["at"])).sum).data

    def get_steps(self, row: Round) -> list[str]:
        """Return the steps the caller may take now."""
        return row.steps_for(self.context["user"])


class RoundPlanRow(serializers.ModelSerializer[PlannedVisit]):
    """A planned visit as the plan stands."""

    village = serializers.SerializerMethodField()
    township = serializers.CharField(source="township.label")
    county = serializers.CharField(source="county.label")
    team = serializers.SerializerMethodField()
    outcome = serializers.SerializerMethodField(help_text="visited, missed, late or ahead")
    planned_again = serializers.SerializerMethodField()

    class Meta:
        model = PlannedVisit
        fields = [
            "id", "day", "team", "order", "village", "township", "county", "pair", "reveals_at", "outcome",
            "missed_reason", "missed_remark", "planned_again",
        ]  # fmt: skip

    def get_village(self, row: PlannedVisit) -> dict[str, str]:
        """Return id and name."""
        return {"id": str(row.village_id), "name": row.village.name}

    def get_team(self, row: PlannedVisit) -> dict[str, str]:
        """Return id and name."""
        return {"id": str(row.team_id), "name": row.team.name}

    def get_outcome(self, row: PlannedVisit) -> str:
        """Return what has become of it."""
        return part_of(row, self.context["on"])

    def get_planned_again(self, row: PlannedVisit) -> bool:
        """Tell whether a newer row stands in its place."""
        return hasattr(row, "again")


# --- what comes in --------------------------------------------------------------------------------------------
class RoundStepBody(serializers.Serializer[Any]):
    """Every step takes the version its sender looked at: an older one is told that someone was faster."""

    version = serializers.IntegerField(required=False, min_value=1)


class RoundFreezeBody(RoundStepBody):
    public_number_name = serializers.CharField(max_length=200)
    public_number_falls_on = serializers.DateField()
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300)
    since = serializers.DateField(required=False, help_text="look_back: findings closed from this day on")
    until = serializers.DateField(required=False, help_text="look_back: and until this day")
    percent = serializers.IntegerField(
        required=False, min_value=1, max_value=100, help_text="look_back: the share that is looked at again"
    )


class RoundMixBody(RoundStepBody):
    public_number = serializers.CharField(max_length=100)


NEEDS = {
    "add": ("village", "team", "day"),
    "cancel": ("visit",),
    "move": ("visit", "team", "day"),
    "swap": ("visit", "other"),
    "replan": ("visit", "team", "day"),
}


def needs_of(row: Round, kind: str) -> tuple[str, ...]:
    """Return what an amendment of this kind needs; a look-back adds findings instead of villages."""
    adds = kind == "add" and row.kind == VisitKind.LOOK_BACK
    return ("finding", "team", "day") if adds else NEEDS[kind]


class RoundAmendBody(RoundStepBody):
    kind = serializers.ChoiceField(choices=Amendment.Kind.choices)
    reason = serializers.CharField(max_length=300)
    visit = serializers.UUIDField(
        required=False, help_text="The planned visit, or the case of a look-back: all but add."
    )
    other = serializers.UUIDField(required=False, help_text="What it changes places with: swap.")
    village = VillageField(required=False, help_text="add")
    finding = serializers.UUIDField(required=False, help_text="add, to a look-back")
    team = serializers.UUIDField(required=False, help_text="add, move, replan")
    day = serializers.DateField(required=False, help_text="add, move, replan")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that what the kind needs is there; ids become rows of this round."""
        row = self.context["round"]
        needs = needs_of(row, attrs["kind"])
        missing = {name: _("This is needed.") for name in needs if name not in attrs}
        if missing:
            raise serializers.ValidationError(missing)
        for name, rows in (
            ("visit", row.plan_rows().standing()),
            ("other", row.plan_rows().standing()),
            ("team", row.teams),
            ("finding", Finding.objects.filter(issuing_office=row.office_id).select_related("county")),
        ):
            if name in attrs:
                attrs[name] = rows.filter(pk=attrs[name]).first()
                if attrs[name] is None:
                    raise serializers.ValidationError({name: _("The round has no such row.")})
        return attrs


class RoundMissBody(RoundStepBody):
    visit = serializers.UUIDField()
    reason = serializers.ChoiceField(choices=MissReason.choices)
    remark = serializers.CharField(required=False, allow_blank=True, max_length=300)


# --- steps ----------------------------------------------------------------------------------------------------
Act = Callable[[Round, User, datetime, dict[str, Any]], object]


def _freeze(row: Round, by: User, at: datetime, data: dict[str, Any]) -> None:
    on, promise = timezone.localdate(at), dict(data)
    since, until = (promise.pop(name, None) for name in ("since", "until"))
    percent = promise.pop("percent", settings.LOOKBACK_SHARE)
    if row.kind == VisitKind.LOOK_BACK:
        since = since or on - timedelta(days=settings.LOOKBACK_DAYS)
        LookBackDraw(row, since, until or on, percent).freeze(by=by, at=at, **promise)
    else:
        Draw.objects.freeze(round=row, by=by, at=at, history=History.before(row), **promise)


def _mix(row: Round, by: User, at: datetime, data: dict[str, Any]) -> None:
    waiting = row.draws.filter(drawn_at=None).first()
    if waiting is None:
        raise StepRefused(_("No list waits for a number. Freeze the list first."), "wrong_state")
    waiting.round = row
    waiting.mix(by=by, at=at, **data)


def _amend(row: Round, by: User, at: datetime, data: dict[str, Any]) -> None:
    kind, amender = data["kind"], Amender.of(row, by=by, at=at, reason=data["reason"])
    if kind not in amender.kinds:
        raise StepRefused(_("A look-back has cases and no visits."), "look_back")
    needs = needs_of(row, kind)
    rows = [data[name] for name in needs if name in ("visit", "other")]
    getattr(amender, kind)(*rows, **{name: data[name] for name in needs if name not in ("visit", "other")})


def _miss(row: Round, by: User, at: datetime, data: dict[str, Any]) -> None:
    planned = get_object_or_404(row.planned.standing(), pk=data.pop("visit"))
    planned.miss(by=by, at=at, **data)


STEPS: dict[str, tuple[type[RoundStepBody], Act]] = {
    "freeze": (RoundFreezeBody, _freeze),
    "mix": (RoundMixBody, _mix),
    "open": (RoundStepBody, lambda row, by, at, data: row.open(by=by, at=at)),
    "amend": (RoundAmendBody, _amend),
    "miss": (RoundMissBody, _miss),
    "close": (RoundStepBody, lambda row, by, at, data: row.close(by=by, at=at)),
}


# --- views ----------------------------------------------------------------------------------------------------
class RoundList(generics.ListAPIView[Round]):
    """The rounds the caller may read, the newest first."""

    serializer_class = RoundRow
    queryset = Round.objects.none()  # for the schema
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Round]:
        """Return the rows with what each line shows."""
        return readable(self.request, timezone.now()).order_by("-begins_on", "-created_at", "pk")


class RoundView(APIView):
    """One round."""

    @extend_schema(responses=RoundDetail)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return the round."""
        at = timezone.now()
        return detail(request, opened(request, readable(request, at), pk, at), at)


def detail(request: Request, row: Round, at: datetime) -> Response:
    """Answer with a round as it stands."""
    return Response(RoundDetail(row, context={"user": user_of(request._request), "at": at}).data)


class PlanView(generics.ListAPIView[PlannedVisit]):
    """The plan of a round as it stands, in the order of driving; for inspectors see `visits/`."""

    serializer_class = RoundPlanRow
    queryset = PlannedVisit.objects.none()  # for the schema
    filter_backends = ()

    def get_queryset(self) -> QuerySet[PlannedVisit]:
        """Return the planned visits."""
        at = timezone.now()
        row = opened(self.request, readable(self.request, at), self.kwargs["pk"], at)
        return row.planned.standing().for_list().in_order()

    def get_serializer_context(self) -> dict[str, Any]:
        """Add the day that outcomes are told on."""
        return {**super().get_serializer_context(), "on": timezone.localdate()}


class RoundStepView(APIView):
    """Take one step of a round by the verb that pages use too."""

    @extend_schema(
        parameters=[OpenApiParameter("step", str, "path", enum=sorted(STEPS))],
        request=PolymorphicProxySerializer(
            "RoundStep",
            [RoundFreezeBody, RoundMixBody, RoundAmendBody, RoundMissBody, RoundStepBody],
            resource_type_field_name=None,
        ),
        responses=RoundDetail,
    )
    def post(self, request: Request, pk: UUID, step: str) -> Response:
        """Check the body, take the step, answer with the round as it stands then."""
        user, at = user_of(request._request), timezone.now()
        known = Round.objects.known_to(user, timezone.localdate(at)).for_list()
        row = opened(request, known, pk, at)
        if step not in STEPS:
            raise Problem(404, "not_found", _("Not found."))
        body, act = STEPS[step]
        form = body(data=request.data, context={"round": row})
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        row.version = data.pop("version", row.version)
        try:
            act(row, user, at, data)
        except StepRefused as refused:
            raise step_problem(refused) from refused
        row.refresh_from_db()
        return detail(request, row, at)


class DrawList(generics.ListAPIView[Draw]):
    """The draws whose commitment is public, and those of the rounds the caller may read; the newest first."""

    serializer_class = RoundDrawRow
    queryset = Draw.objects.none()  # for the schema
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Draw]:
        """Return the draws."""
        at = timezone.now()
        user = user_of(self.request._request)
        mine = Round.objects.visible_to(user, timezone.localdate(at)).values("pk")
        public = Round.objects.revealed(at).values("pk")
        seen = Draw.objects.filter(Q(round__in=mine) | Q(round__in=public))
        return seen.select_related("round").order_by("-frozen_at", "-number", "pk")


urlpatterns = [
    path("rounds/", RoundList.as_view(), name="api_rounds"),
    path("rounds/<uuid:pk>/", RoundView.as_view(), name="api_round"),
    path("rounds/<uuid:pk>/plan/", PlanView.as_view(), name="api_round_plan"),
    path("rounds/<uuid:pk>/<str:step>/", RoundStepView.as_view(), name="api_round_step"),
    path("draws/", DrawList.as_view(), name="api_draws"),
]
