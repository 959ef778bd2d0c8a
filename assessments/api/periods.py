"""`/api/v1/periods/`: the periods that the caller may know of, and for the city office who owes a sheet."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from accounts.models import Role
from assessments.models import Adjustment, Period, Sheet


class PeriodRow(serializers.ModelSerializer[Period]):
    """A period as the list shows it."""

    state_text = serializers.CharField(source="get_state_display")
    kind_text = serializers.CharField(source="get_kind_display")
    scheme = serializers.SerializerMethodField(help_text="code and version")

    class Meta:
        model = Period
        fields = [
            "id", "version", "state", "state_text", "kind", "kind_text", "title", "scheme", "begins_on", "ends_on",
            "basis_document", "plan_number", "sheets_due_on", "previous", "opened_at", "sheets_opened_at",
            "missing_reason", "appeals_until", "approval_document", "approval_number", "approved_on", "published_at",
        ]  # fmt: skip

    def get_scheme(self, row: Period) -> str:
        """Return code and version."""
        return f"{row.scheme.code} {row.scheme.version}"


class AdjustmentRow(serializers.ModelSerializer[Adjustment]):
    """A bonus or a penalty."""

    unit = serializers.CharField(source="unit.label")

    class Meta:
        model = Adjustment
        fields = ["id", "unit", "kind", "category", "units", "reason", "document", "state", "decided_at"]


class PeriodDetail(PeriodRow):
    """One period with its rounds, the parts of a year, the adjustments and the steps its reader may take."""

    rounds = serializers.SerializerMethodField()
    parts = serializers.SerializerMethodField()
    adjustments = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    class Meta(PeriodRow.Meta):
        fields = [*PeriodRow.Meta.fields, "rounds", "parts", "adjustments", "steps"]

    def get_rounds(self, row: Period) -> list[dict[str, str]]:
        """Return id and name of the rounds whose visits score."""
        return [{"id": str(one.pk), "title": one.title} for one in row.rounds.order_by("begins_on", "pk")]

    def get_parts(self, row: Period) -> list[dict[str, Any]]:
        """Return the parts of a year with their weight in per cent."""
        return [{"period": str(part.part_id), "weight": part.weight} for part in row.parts.order_by("pk")]

    def get_adjustments(self, row: Period) -> Any:
        """Return the adjustments that the caller may see."""
        user, on = self.context["user"], self.context["on"]
        return AdjustmentRow(
            Adjustment.objects.visible_to(user, on).filter(period=row).for_list(), many=True
        ).data

    def get_steps(self, row: Period) -> list[str]:
        """Return the steps the caller may take now."""
        return row.steps_for(self.context["user"], self.context["on"])


class SheetStatusRow(serializers.ModelSerializer[Sheet]):
    """Whether a sheet is there; never what it says."""

    owner = serializers.CharField()
    state_text = serializers.CharField(source="get_state_display")
    late = serializers.SerializerMethodField()

    class Meta:
        model = Sheet
        fields = ["id", "source", "owner", "state", "state_text", "late", "submitted_at", "returned_at"]

    def get_late(self, row: Sheet) -> bool:
        """Tell whether it is owed since a day that is over."""
        return row.is_late(self.context["on"])


class PeriodList(generics.ListAPIView[Period]):
    """The periods the caller may know of, the newest first."""

    serializer_class = PeriodRow
    queryset = Period.objects.none()  # for the schema
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Period]:
        """Return the periods with what each line shows."""
        user = user_of(self.request._request)
        return Period.objects.visible_to(user, timezone.localdate()).for_list().newest_first()


def readable(request: Request, pk: UUID) -> Period:
    """Return a period that the caller may know of."""
    user = user_of(request._request)
    return get_object_or_404(Period.objects.visible_to(user, timezone.localdate()).for_list(), pk=pk)


class PeriodView(APIView):
    """One period."""

    @extend_schema(responses=PeriodDetail)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return the period."""
        context = {"user": user_of(request._request), "on": timezone.localdate()}
        return Response(PeriodDetail(readable(request, pk), context=context).data)


class PeriodSheetsView(APIView):
    """Who owes a sheet in one period: for the city office."""

    @extend_schema(responses=SheetStatusRow(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """Return the sheets with whether they are there."""
        on = timezone.localdate()
        if not user_of(request._request).has_role(Role.CITY_OFFICE, on):
            raise Http404
        rows = Sheet.objects.filter(period=readable(request, pk)).for_list().in_order()
        return Response(SheetStatusRow(rows, many=True, context={"on": on}).data)


urlpatterns = [
    path("periods/", PeriodList.as_view(), name="api_periods"),
    path("periods/<uuid:pk>/", PeriodView.as_view(), name="api_period"),
    path("periods/<uuid:pk>/sheets/", PeriodSheetsView.as_view(), name="api_period_sheets"),
]
