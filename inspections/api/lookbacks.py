"""`/api/v1/lookbacks/`: the cases of look-backs as their reader may know of them, and their steps."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from inspections.api.findings import DeclaredPhoto, step_problem
from inspections.api.photos import problem as photo_problem
from inspections.models import Finding, LookBackCase
from inspections.photo_rules import PhotoRefused
from inspections.steps import StepRefused
from inspections.views.sealed import open_sealed


def visible(request: Request, at: datetime) -> QuerySet[LookBackCase]:
    """Return the cases the caller may know of."""
    return LookBackCase.objects.visible_to(user_of(request._request), at).for_list()


def opened(request: Request, pk: UUID, at: datetime) -> LookBackCase:
    """Return one case, a secret one opened by the book."""
    found = get_object_or_404(visible(request, at), pk=pk)
    if found.is_secret:
        open_sealed(request._request, found.round, at)
    return found


class CaseRow(serializers.ModelSerializer[LookBackCase]):
    """A case as the list shows it."""

    number = serializers.CharField(source="finding.number", allow_null=True)
    village = serializers.CharField(source="finding.village.name")
    township = serializers.CharField(source="finding.township.name")
    county = serializers.CharField(source="finding.county.name")
    item = serializers.CharField(source="finding.item.code")
    place = serializers.CharField(source="finding.place")
    description = serializers.CharField(source="finding.description")
    team = serializers.CharField(source="team.name")
    result_text = serializers.CharField(source="get_result_display")

    class Meta:
        model = LookBackCase
        fields = [
            "id", "round", "finding", "number", "village", "township", "county", "item", "place", "description",
            "team", "day", "order", "result", "result_text", "remark", "result_at", "new_finding", "hear_by",
            "statement", "statement_at", "confirmed", "confirmed_at", "confirm_remark", "given_up_reason",
        ]  # fmt: skip


class ResultBody(serializers.Serializer[Any]):
    """What was seen. What came back becomes the finding `finding`, an id the caller has made."""

    result = serializers.ChoiceField(choices=LookBackCase.Result.choices)
    remark = serializers.CharField(required=False, allow_blank=True, max_length=4000)
    photos = DeclaredPhoto(many=True, required=False)
    finding = serializers.UUIDField(
        required=False, help_text="Needed for came_back; its photos are sent under it."
    )
    severity = serializers.ChoiceField(choices=Finding.Severity.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for the id of the new finding."""
        if attrs["result"] == LookBackCase.Result.CAME_BACK and not attrs.get("finding"):
            raise serializers.ValidationError({"finding": self.fields["finding"].error_messages["required"]})
        return attrs


class HearBody(serializers.Serializer[Any]):
    """The township's statement."""

    text = serializers.CharField(max_length=2000)


class ConfirmBody(serializers.Serializer[Any]):
    """The second person's decision."""

    accept = serializers.BooleanField()
    remark = serializers.CharField(max_length=2000)


class CaseFilter(django_filters.FilterSet):
    """What the list can be narrowed by."""

    class Meta:
        model = LookBackCase
        fields = {"round": ["exact"], "result": ["exact"], "day": ["exact", "gte", "lte"]}


class CaseList(generics.ListAPIView[LookBackCase]):
    """The cases the caller may know of, in the order of the days."""

    serializer_class = CaseRow
    filterset_class = CaseFilter
    queryset = LookBackCase.objects.none()  # for the schema

    def get_queryset(self) -> QuerySet[LookBackCase]:
        """Return the rows with what each line shows."""
        return visible(self.request, timezone.now()).order_by("day", "team__name", "order", "pk")

    def paginate_queryset(self, queryset: Any) -> Any:
        """Write down which secret rounds the answer names."""
        page, at = super().paginate_queryset(queryset), timezone.now()
        for row in {case.round_id: case.round for case in page or [] if case.is_secret}.values():
            open_sealed(self.request._request, row, at)
        return page


class CaseView(APIView):
    """Read one case."""

    @extend_schema(responses=CaseRow)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return one case."""
        return Response(CaseRow(opened(request, pk, timezone.now())).data)


def taken(case: LookBackCase, take: Callable[[], Any]) -> Response:
    """Take a step and answer with the case as it stands then."""
    try:
        take()
    except StepRefused as refused:
        raise step_problem(refused) from refused
    except PhotoRefused as refused:
        raise photo_problem(refused) from refused
    return Response(CaseRow(LookBackCase.objects.for_list().get(pk=case.pk)).data)


class ResultView(APIView):
    """Write down what was seen."""

    @extend_schema(request=ResultBody, responses=CaseRow)
    def put(self, request: Request, pk: UUID) -> Response:
        """Store the result; the same one of the same inspector again changes nothing, another one gets 409."""
        user, at = user_of(request._request), timezone.now()
        case = opened(request, pk, at)
        form = ResultBody(data=request.data)
        form.is_valid(raise_exception=True)
        body = form.validated_data
        words, photos = body.get("remark", ""), body.get("photos", [])
        if body["result"] == LookBackCase.Result.CAME_BACK:
            severity = body.get("severity", Finding.Severity.MINOR)
            more = {"id": body["finding"], "description": words, "photos": photos, "severity": severity}
            return taken(case, lambda: case.find_again(by=user, at=at, **more))
        if case.result == body["result"] and case.result_by_id == user.pk and case.remark == words.strip():
            return Response(CaseRow(case).data)
        keys = [UUID(str(photo["id"])) for photo in photos]
        seen = {"result": body["result"], "remark": words, "photos": keys}
        return taken(case, lambda: case.look(by=user, at=at, **seen))


class HearView(APIView):
    """Take the township's statement."""

    @extend_schema(request=HearBody, responses=CaseRow)
    def post(self, request: Request, pk: UUID) -> Response:
        """Store the statement."""
        return _posted(request, pk, HearBody, "hear")


class ConfirmView(APIView):
    """Take the second person's decision."""

    @extend_schema(request=ConfirmBody, responses=CaseRow)
    def post(self, request: Request, pk: UUID) -> Response:
        """Store the decision."""
        return _posted(request, pk, ConfirmBody, "confirm")


def _posted(request: Request, pk: UUID, body: type[serializers.Serializer[Any]], verb: str) -> Response:
    user, at = user_of(request._request), timezone.now()
    case = opened(request, pk, at)
    form = body(data=request.data)
    form.is_valid(raise_exception=True)
    return taken(case, lambda: getattr(case, verb)(by=user, at=at, **form.validated_data))


urlpatterns = [
    path("lookbacks/", CaseList.as_view(), name="api_lookbacks"),
    path("lookbacks/<uuid:pk>/", CaseView.as_view(), name="api_lookback"),
    path("lookbacks/<uuid:pk>/result/", ResultView.as_view(), name="api_lookback_result"),
    path("lookbacks/<uuid:pk>/hear/", HearView.as_view(), name="api_lookback_hear"),
    path("lookbacks/<uuid:pk>/confirm/", ConfirmView.as_view(), name="api_lookback_confirm"),
]
