"""`/api/v1/meetings/`: on-site meetings as their reader may know of them; a sealed one is opened by the book."""

from datetime import datetime
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from inspections.models import Meeting
from inspections.slides import photos_of, shown_to
from inspections.views.sealed import open_sealed


def visible(request: Request, at: datetime) -> QuerySet[Meeting]:
    """Return the meetings the caller may know of."""
    return Meeting.objects.visible_to(user_of(request._request), timezone.localdate(at)).for_list()


class PlaceRow(serializers.Serializer[Any]):
    """A place by id and name."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class MeetingRow(serializers.ModelSerializer[Meeting]):
    """A meeting as the list shows it."""

    township = PlaceRow()
    county = PlaceRow()
    office = PlaceRow()
    state_text = serializers.CharField(source="get_state_display")

    class Meta:
        model = Meeting
        fields = [
            "id", "version", "state", "state_text", "on", "title", "host", "township", "county", "office",
            "people_present", "held_at", "closed_at",
        ]  # fmt: skip


class VillageRow(serializers.Serializer[Any]):
    """A village that was visited, with the remark on it."""

    id = serializers.UUIDField(source="village_id")
    name = serializers.CharField(source="village.name")
    remark = serializers.CharField()


class ShownRow(serializers.Serializer[Any]):
    """A finding that was shown, with the ids of its photos."""

    id = serializers.UUIDField(source="finding_id")
    number = serializers.CharField(source="finding.number", allow_null=True)
    village = serializers.CharField(source="finding.village.name")
    description = serializers.CharField(source="finding.description")
    item = serializers.CharField(source="finding.item.code")
    state = serializers.CharField(source="finding.state")
    on_the_spot = serializers.BooleanField()
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()

    def _photos(self, row: Any, side: str) -> list[UUID]:
        return [photo.pk for photo in self.context["photos"].get(row.finding_id, {}).get(side, [])]

    def get_before(self, row: Any) -> list[UUID]:
        """Return the photos of the problem."""
        return self._photos(row, "before")

    def get_after(self, row: Any) -> list[UUID]:
        """Return the photos of what was put right."""
        return self._photos(row, "after")


class DecisionRow(serializers.Serializer[Any]):
    """A decision with its owner and date."""

    id = serializers.UUIDField()
    text = serializers.CharField()
    owner = serializers.CharField()
    division = serializers.UUIDField(source="division_id", allow_null=True)
    organisation = serializers.UUIDField(source="organisation_id", allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)
    done_note = serializers.CharField()


class MeetingDetail(MeetingRow):
    """One meeting with villages, the findings its reader may read, and decisions."""

    villages = serializers.SerializerMethodField()
    findings = serializers.SerializerMethodField()
    decisions = serializers.SerializerMethodField()

    class Meta(MeetingRow.Meta):
        fields = [*MeetingRow.Meta.fields, "units_present", "minutes", "villages", "findings", "decisions"]

    @extend_schema_field(VillageRow(many=True))
    def get_villages(self, row: Meeting) -> Any:
        """Return the villages in the order of the visit."""
        return VillageRow(row.villages.select_related("village").order_by("position"), many=True).data

    @extend_schema_field(ShownRow(many=True))
    def get_findings(self, row: Meeting) -> Any:
        """Return what is shown at the meeting."""
        shown = shown_to(row, self.context["user"], timezone.localdate(self.context["at"]))
        return ShownRow(shown, many=True, context={"photos": photos_of(shown)}).data

    @extend_schema_field(DecisionRow(many=True))
    def get_decisions(self, row: Meeting) -> Any:
        """Return the decisions in order."""
        return DecisionRow(row.decisions.order_by("position"), many=True).data


class MeetingFilter(django_filters.FilterSet):
    """What the list can be narrowed by."""

    class Meta:
        model = Meeting
        fields = {
            "state": ["exact"], "township": ["exact"], "county": ["exact"], "on": ["gte", "lte", "year"],
        }  # fmt: skip


class MeetingList(generics.ListAPIView[Meeting]):
    """The meetings the caller may know of, the newest first."""

    serializer_class = MeetingRow
    filterset_class = MeetingFilter
    queryset = Meeting.objects.none()  # for the schema

    def get_queryset(self) -> QuerySet[Meeting]:
        """Return the rows with what each line shows."""
        return visible(self.request, timezone.now())

    def paginate_queryset(self, queryset: Any) -> Any:
        """Write down which sealed ones the answer names."""
        page, at = super().paginate_queryset(queryset), timezone.now()
        for row in page or []:
            if row.is_sealed:
                open_sealed(self.request._request, row, at)
        return page


class MeetingView(APIView):
    """Read one meeting."""

    @extend_schema(responses=MeetingDetail)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return one meeting."""
        at = timezone.now()
        found = get_object_or_404(visible(request, at), pk=pk)
        if found.is_sealed:
            open_sealed(request._request, found, at)
        context = {"user": user_of(request._request), "at": at}
        return Response(MeetingDetail(found, context=context).data)


urlpatterns = [
    path("meetings/", MeetingList.as_view(), name="api_meetings"),
    path("meetings/<uuid:pk>/", MeetingView.as_view(), name="api_meeting"),
]
