"""`/api/v1/visits/`: begin, submit once and whole, correct, release; what is revealed of the day's plan."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from accounts.models import User
from dalian_rural.problems import Problem
from inspections.api.fields import VillageField
from inspections.api.findings import DeclaredPhoto, step_problem
from inspections.api.photos import Coordinate, Metres
from inspections.models import MissReason, PlannedVisit, ReportConflict, Visit, VisitItem
from inspections.points import Point, PointStatus
from inspections.sheets import Sheet, SheetRefused
from inspections.steps import StepRefused


def asker(request: Request) -> tuple[User, datetime, date]:
    """Return who asks, the moment and the local day."""
    at = timezone.now()
    return user_of(request._request), at, timezone.localdate(at)


def visible(request: Request) -> QuerySet[Visit]:
    """Return the visits the caller may read; the others answer as if they did not exist."""
    user, _at, on = asker(request)
    return Visit.objects.visible_to(user, on).for_list()


def revealed(request: Request) -> QuerySet[PlannedVisit]:
    """Return what is revealed of the plan to the caller: the days of his own teams."""
    user, at, _on = asker(request)
    return PlannedVisit.objects.revealed_to(user, at).current().for_list()


@contextmanager
def problems() -> Iterator[None]:
    """Turn what a verb refuses into answers of the API."""
    try:
        yield
    except ReportConflict as conflict:
        raise Problem(409, conflict.code, str(conflict), field="id") from conflict
    except SheetRefused as refused:
        raise serializers.ValidationError(dict(refused.errors)) from refused
    except StepRefused as refused:
        raise step_problem(refused) from refused


# --- what comes in --------------------------------------------------------------------------------------------
class BeginBody(serializers.Serializer[Any]):
    """The beginning of a visit (开始检查). All but the village are claims."""

    village = VillageField()
    planned = serializers.UUIDField(required=False, allow_null=True, help_text="A revealed planned visit.")
    claimed_at = serializers.DateTimeField(required=False, allow_null=True)
    lat = Coordinate(required=False, allow_null=True, min_value=-90, max_value=90)
    lon = Coordinate(required=False, allow_null=True, min_value=-180, max_value=180)
    accuracy = Metres(required=False, allow_null=True, min_value=0, max_value=1_000_000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that a position is a pair."""
        if (attrs.get("lat") is None) != (attrs.get("lon") is None):
            raise serializers.ValidationError({"lat": _("Latitude and longitude belong together.")})
        return attrs


class PointBody(serializers.Serializer[Any]):
    """One observation point."""

    code = serializers.ChoiceField(choices=Point.choices)
    status = serializers.ChoiceField(choices=PointStatus.choices)
    remark = serializers.CharField(max_length=500, required=False, allow_blank=True)
    photos = DeclaredPhoto(many=True, required=False)


class ItemBody(serializers.Serializer[Any]):
    """One item, by its code."""

    item = serializers.CharField(max_length=10)
    status = serializers.ChoiceField(choices=[VisitItem.Status.SCORED, VisitItem.Status.NOT_LOOKED_AT])
    sampled = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=9999)
    met = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=9999)
    answer = serializers.BooleanField(required=False, allow_null=True)
    remark = serializers.CharField(max_length=500, required=False, allow_blank=True)


class SheetBody(serializers.Serializer[Any]):
    """A whole sheet: every point, every item that applies, the ids of its findings and of those who came along."""

    points = PointBody(many=True)
    items = ItemBody(many=True)
    findings = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=200)
    present = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=20)
    notes = serializers.CharField(max_length=4000, required=False, allow_blank=True)

    def sheet(self) -> Sheet:
        """Return what was sent as a sheet."""
        return Sheet.read(self.validated_data)


class SubmitBody(SheetBody):
    """The final sheet. With `begin` it also begins a visit whose beginning never arrived."""

    claimed_submitted_at = serializers.DateTimeField(required=False, allow_null=True)
    begin = BeginBody(required=False)


class CorrectBody(SheetBody):
    """A correction: the whole sheet again, and why."""

    reason = serializers.CharField(max_length=500)
    number = serializers.IntegerField(required=False, help_text="The version that it corrects.")


class MissBody(serializers.Serializer[Any]):
    """Why a planned visit was not made."""

    reason = serializers.ChoiceField(choices=MissReason.choices)
    remark = serializers.CharField(max_length=300, required=False, allow_blank=True)


# --- what goes out --------------------------------------------------------------------------------------------
class NamedRow(serializers.Serializer[Any]):
    """A place by id and name."""

    id = serializers.UUIDField(source="pk")
    name = serializers.CharField()


class VisitRow(serializers.ModelSerializer[Visit]):
    """A visit as the list shows it; points in 1/10,000."""

    village = NamedRow()
    township = NamedRow()
    county = NamedRow()
    organisation = serializers.CharField(source="organisation.name", default=None)
    round_title = serializers.CharField(source="round.title", default=None)

    class Meta:
        model = Visit
        fields = [
            "id", "kind", "village", "township", "county", "organisation", "round_title", "begun_at", "claimed_at",
            "submitted_at", "released_at", "number", "got", "possible",
        ]  # fmt: skip


ITEM_COLUMNS = (
    "status", "units", "sampled", "met", "answer", "counted", "repeated", "zeroed", "remark",
)  # fmt: skip


class VisitDetail(VisitRow):
    """One visit with its points, items, findings and versions."""

    inspector = serializers.CharField(source="inspector.name")
    present = serializers.SerializerMethodField()
    points = serializers.SerializerMethodField()
    items = serializers.SerializerMethodField()
    findings = serializers.ListField(child=serializers.UUIDField(), source="named_findings")
    photos = serializers.SerializerMethodField()
    versions = serializers.SerializerMethodField()

    class Meta(VisitRow.Meta):
        fields = [
            *VisitRow.Meta.fields, "inspector", "present", "notes", "points", "items", "findings", "photos", "versions",
        ]  # fmt: skip

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_present(self, row: Visit) -> list[str]:
        """Return the names of those who came along."""
        return [user.name for user in row.present.select_related("person").order_by("username")]

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_points(self, row: Visit) -> list[dict[str, Any]]:
        """Return what was seen at each point."""
        return [dict(point) for point in row.points.order_by("pk").values("code", "status", "remark")]

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_items(self, row: Visit) -> list[dict[str, Any]]:
        """Return the items with their points and what they follow from."""
        rows = row.items.select_related("item").order_by("item__position")
        return [
            {
                "item": r.item.code,
                "points": r.item.points,
                **{name: getattr(r, name) for name in ITEM_COLUMNS},
            }
            for r in rows
        ]

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_photos(self, row: Visit) -> list[dict[str, Any]]:
        """Return the photos of points that have arrived."""
        return [
            {"id": key, "point": point}
            for key, point in row.photos.order_by("pk").values_list("photo_id", "point")
        ]

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_versions(self, row: Visit) -> list[dict[str, Any]]:
        """Return when and why the sheet changed."""
        rows = row.versions.order_by("number").values("number", "cause", "reason", "at", "got", "possible")
        return [dict(version) for version in rows]


class PlannedRow(serializers.ModelSerializer[PlannedVisit]):
    """A revealed planned visit."""

    village = NamedRow()
    township = NamedRow()
    county = NamedRow()
    team = serializers.CharField(source="team.name")
    visit = serializers.UUIDField(source="visit_id", allow_null=True)

    class Meta:
        model = PlannedVisit
        fields = ["id", "day", "order", "team", "village", "township", "county", "visit", "missed_reason"]


# --- views ----------------------------------------------------------------------------------------------------
class VisitFilter(django_filters.FilterSet):
    """What the list can be narrowed by. A round that the caller may not know of answers like one that is none."""

    round = django_filters.UUIDFilter(field_name="round_id")

    class Meta:
        model = Visit
        fields = {
            "kind": ["exact"], "village": ["exact"], "township": ["exact"], "county": ["exact"],
            "organisation": ["exact"], "submitted_at": ["date__gte", "date__lte", "isnull"],
        }  # fmt: skip


class VisitList(generics.ListAPIView[Visit]):
    """The visits in the caller's scope, the newest first."""

    serializer_class = VisitRow
    filterset_class = VisitFilter
    queryset = Visit.objects.none()  # for the schema

    def get_queryset(self) -> QuerySet[Visit]:
        """Return the rows with what each line shows."""
        return visible(self.request).order_by("-begun_at", "id")


class TodayList(generics.ListAPIView[PlannedVisit]):
    """What is revealed of the plan of the caller's teams and still waits, in the order of driving."""

    serializer_class = PlannedRow
    filter_backends = ()
    queryset = PlannedVisit.objects.none()  # for the schema

    def get_queryset(self) -> QuerySet[PlannedVisit]:
        """Return the rows in order."""
        return revealed(self.request).outstanding().in_order()  # type: ignore[attr-defined,no-any-return]


def begin(request: Request, pk: UUID, fields: dict[str, Any]) -> tuple[Visit, bool]:
    """Begin by the verb; a plan that is not revealed to the caller does not exist."""
    user, at, _on = asker(request)
    fields = dict(fields)
    planned = fields.pop("planned", None)
    again = Visit.objects.filter(pk=pk, inspector=user).exists()
    if planned and not again:
        fields["planned"] = get_object_or_404(revealed(request), pk=planned)
        if fields["planned"].village_id != fields["village"].pk:
            raise Problem(400, "invalid", _("This visit is to another village."), field="village")
    return Visit.objects.begin(id=pk, by=user, at=at, **fields)


class VisitView(APIView):
    """Read a visit, or submit its sheet (PUT, final, idempotent)."""

    @extend_schema(responses=VisitDetail)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return one visit."""
        return Response(VisitDetail(get_object_or_404(visible(request), pk=pk)).data)

    @extend_schema(request=SubmitBody, responses={200: VisitDetail, 201: VisitDetail})
    def put(self, request: Request, pk: UUID) -> Response:
        """Take in the sheet: 201 first, 200 on a repeat, 409 for another sheet or somebody else's id."""
        user, at, _on = asker(request)
        form = SubmitBody(data=request.data)
        form.is_valid(raise_exception=True)
        with problems():
            if start := form.validated_data.get("begin"):
                begin(request, pk, start)
            visit = Visit.objects.filter(pk=pk).first()
            if visit is None or not visit.is_party(user):
                raise Problem(409, "not_begun", _("Begin the visit first."), field="begin")
            claimed = form.validated_data.get("claimed_submitted_at")
            created = visit.submit(by=user, at=at, sheet=form.sheet(), claimed_submitted_at=claimed)
        return Response(VisitDetail(Visit.objects.for_list().get(pk=pk)).data, 201 if created else 200)


class BeginView(APIView):
    """Begin a visit under the client's id."""

    @extend_schema(request=BeginBody, responses={200: VisitDetail, 201: VisitDetail})
    def post(self, request: Request, pk: UUID) -> Response:
        """Begin: 201 first, 200 on a repeat."""
        form = BeginBody(data=request.data)
        form.is_valid(raise_exception=True)
        with problems():
            visit, created = begin(request, pk, form.validated_data)
        return Response(VisitDetail(Visit.objects.for_list().get(pk=visit.pk)).data, 201 if created else 200)


class CorrectView(APIView):
    """Correct a submitted sheet."""

    @extend_schema(request=CorrectBody, responses=VisitDetail)
    def post(self, request: Request, pk: UUID) -> Response:
        """Keep the old version and put this in its place."""
        visit, (user, at, _on) = get_object_or_404(visible(request), pk=pk), asker(request)
        form = CorrectBody(data=request.data)
        form.is_valid(raise_exception=True)
        more = {name: form.validated_data.get(name) for name in ("reason", "number")}
        with problems():
            visit.correct(by=user, at=at, sheet=form.sheet(), **more)
        return Response(VisitDetail(Visit.objects.for_list().get(pk=pk)).data)


class ReleaseView(APIView):
    """Show a visit to the inspected side."""

    @extend_schema(request=None, responses=VisitDetail)
    def post(self, request: Request, pk: UUID) -> Response:
        """Release it."""
        visit, (user, at, _on) = get_object_or_404(visible(request), pk=pk), asker(request)
        with problems():
            visit.release(by=user, at=at)
        return Response(VisitDetail(Visit.objects.for_list().get(pk=pk)).data)


class MissView(APIView):
    """Say why a planned visit was not made; the id is that of the plan's row."""

    @extend_schema(request=MissBody, responses=PlannedRow)
    def post(self, request: Request, pk: UUID) -> Response:
        """Record the reason."""
        planned, (user, at, _on) = get_object_or_404(revealed(request), pk=pk), asker(request)
        form = MissBody(data=request.data)
        form.is_valid(raise_exception=True)
        with problems():
            planned.miss(by=user, at=at, **form.validated_data)
        return Response(PlannedRow(planned).data)


urlpatterns = [
    path("visits/", VisitList.as_view(), name="api_visits"),
    path("visits/today/", TodayList.as_view(), name="api_visits_today"),
    path("visits/<uuid:pk>/", VisitView.as_view(), name="api_visit"),
    path("visits/<uuid:pk>/begin/", BeginView.as_view(), name="api_visit_begin"),
    path("visits/<uuid:pk>/correct/", CorrectView.as_view(), name="api_visit_correct"),
    path("visits/<uuid:pk>/release/", ReleaseView.as_view(), name="api_visit_release"),
    path("visits/planned/<uuid:pk>/miss/", MissView.as_view(), name="api_visit_miss"),
]
