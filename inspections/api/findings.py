"""`/api/v1/findings/`: reports come in under the client's id, findings are read and taken on by the model's verbs."""

from datetime import date
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from accounts.models import User
from dalian_rural.problems import Problem
from inspections.api.fields import ItemField, VillageField, plain
from inspections.api.photos import problem as photo_problem
from inspections.api.steps import STEP_BODIES, StepBody
from inspections.models import Finding, FindingEvent, ReportConflict, asked
from inspections.photo_rules import PhotoRefused
from inspections.points import Point
from inspections.reporting import digest
from inspections.steps import StepRefused

STATUS = {
    "not_yours": 403, "reason_missing": 400, "photos_missing": 400, "on_site_missing": 400, "invalid": 400,
    "no_place": 400,
}  # fmt: skip


def user_and_today(request: Request) -> tuple[User, date]:
    """Return who asks, and the local day."""
    return user_of(request._request), timezone.localdate()


def visible(request: Request) -> QuerySet[Finding]:
    """Return the findings the caller may read; the others answer as if they did not exist."""
    user, on = user_and_today(request)
    return Finding.objects.visible_to(user, on)


class DeclaredPhoto(serializers.Serializer[Any]):
    """A before-photo that was taken, whether or not it has arrived."""

    id = serializers.UUIDField()
    sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}$")

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """Keep both as text, as they are stored; the API also takes the older name `uuid`."""
        renamed = {**data, "id": data.get("id") or data.get("uuid")} if isinstance(data, dict) else data
        clean = super().to_internal_value(renamed)
        return {"id": str(clean["id"]), "sha256": clean["sha256"].lower()}


class ReportBody(serializers.Serializer[Any]):
    """One problem in one village, as its finder reports it."""

    village = VillageField()
    item = ItemField()
    description = serializers.CharField(max_length=4000)
    place = serializers.CharField(max_length=200, required=False, allow_blank=True)
    severity = serializers.ChoiceField(choices=Finding.Severity.choices, required=False)
    kind = serializers.ChoiceField(choices=Finding.Kind.choices, required=False)
    source = serializers.ChoiceField(choices=Finding.Source.choices, required=False)  # type: ignore[assignment]
    claimed_at = serializers.DateTimeField(required=False, allow_null=True)
    photos = DeclaredPhoto(many=True, required=False)
    visit = serializers.UUIDField(
        required=False, help_text="The visit that found it; its sheet may come later."
    )
    point = serializers.ChoiceField(choices=Point.choices, required=False, allow_blank=True)
    repeats = serializers.BooleanField(
        required=False, help_text="The same fact stands in this visit already: recorded, not deducted."
    )
    zero_if = serializers.BooleanField(required=False, help_text="The item gets no point for this.")
    outside_number = serializers.CharField(max_length=60, required=False, allow_blank=True)
    outside_deadline = serializers.DateField(required=False, allow_null=True)
    outside_document = serializers.CharField(max_length=200, required=False, allow_blank=True)
    recurrence_of = serializers.CharField(
        max_length=20,
        required=False,
        help_text="Public number of the fixed finding of this village that came back.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find what a look-back has found again: a fixed finding of the same village that the caller may see."""
        if visit := attrs.pop("visit", None):
            attrs["visit_id"] = visit
        number = attrs.pop("recurrence_of", "")
        if number:
            seen = Finding.objects.visible_to(self.context["user"])
            fixed = seen.filter(village=attrs["village"], ending=Finding.Ending.FIXED, number=number.upper())
            attrs["recurrence_of"] = fixed.first()
            if attrs["recurrence_of"] is None or attrs.get("source") != Finding.Source.LOOK_BACK:
                message = _(
                    "A recurrence is recorded by a look-back and names a fixed finding of this village."
                )
                raise serializers.ValidationError({"recurrence_of": message})
        return attrs


# how a value of a row is read where it is not the attribute of that name
COLUMNS = {"recurrence_of": "recurrence_of_id", "duplicate_of": "duplicate_of_id", "visit": "visit_id"}
COMPUTED = {"village", "township", "county", "item", "overdue", "photos", "steps", "state_text"}


class FindingRow(serializers.ModelSerializer[Finding]):
    """A finding as a list shows it; the fields are the schema's, the answer is written without them."""

    village = serializers.SerializerMethodField()
    township = serializers.SerializerMethodField()
    county = serializers.SerializerMethodField()
    item = serializers.SerializerMethodField()
    overdue = serializers.SerializerMethodField()
    state_text = serializers.CharField(source="get_state_display")

    class Meta:
        model = Finding
        fields = [
            "id", "number", "version", "state", "state_text", "ending", "kind", "severity", "source", "village",
            "township", "county", "place", "item", "description", "reported_at", "issued_at", "due_on",
            "first_due_on", "overdue", "submitted_at", "closed_at", "on_time", "times_returned",
        ]  # fmt: skip

    def to_representation(self, instance: Finding) -> dict[str, Any]:
        """Write the answer without a field object for each value: a quarter of a report's CPU went there."""
        return {name: self._value(name, instance) for name in self.Meta.fields}

    def _value(self, name: str, row: Finding) -> Any:
        if name in COMPUTED:
            return getattr(self, f"get_{name}")(row)
        return plain(getattr(row, COLUMNS.get(name, name)))

    def get_state_text(self, row: Finding) -> str:
        """Return the state in the caller's language."""
        return row.get_state_display()

    def get_village(self, row: Finding) -> dict[str, str]:
        """Return id and name."""
        return {"id": str(row.village_id), "name": row.village.name}

    def get_township(self, row: Finding) -> dict[str, str]:
        """Return id and name."""
        return {"id": str(row.township_id), "name": row.township.name}

    def get_county(self, row: Finding) -> dict[str, str]:
        """Return id and name."""
        return {"id": str(row.county_id), "name": row.county.name}

    def get_item(self, row: Finding) -> dict[str, str]:
        """Return id, code and name in the caller's language."""
        return {"id": str(row.item_id), "code": row.item.code, "name": row.item.name}

    def get_overdue(self, row: Finding) -> bool:
        """Tell whether it is in hand past its due date today."""
        return bool(row.state in {"open", "returned"} and row.due_on and row.due_on < timezone.localdate())


class FindingDetail(FindingRow):
    """One finding with its photos and what its reader may do now."""

    photos = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    class Meta(FindingRow.Meta):
        fields = [
            *FindingRow.Meta.fields, "measures", "result", "chain", "outside_number", "outside_deadline",
            "outside_document", "recurrence_of", "duplicate_of", "visit", "point", "repeats", "zero_if",
            "declared_photos", "photos", "steps",
        ]  # fmt: skip

    def get_photos(self, row: Finding) -> list[dict[str, str]]:
        """Return the photos that have arrived, by side and order."""
        return [{"id": str(id), "side": side, "sha256": sha} for id, side, sha in asked.PHOTOS(row.pk)]

    def get_steps(self, row: Finding) -> list[str]:
        """Return the steps the caller may take now."""
        return row.steps_for(self.context["user"], self.context["at"])


class EventRow(serializers.ModelSerializer[FindingEvent]):
    """One line of the timeline."""

    by = serializers.CharField(source="by.name", default="")
    on_site = serializers.SerializerMethodField()

    class Meta:
        model = FindingEvent
        fields = ["step", "by", "at", "remark", "from_state", "to_state", "version", "on_site"]

    @extend_schema_field(serializers.DictField(child=serializers.CharField(), allow_null=True))
    def get_on_site(self, row: FindingEvent) -> dict[str, str] | None:
        """Return who looked on site (`by`, `on`, `result`), where the decision rests on that."""
        kept: dict[str, str] | None = row.data.get("on_site")
        return kept


class FindingFilter(django_filters.FilterSet):
    """What the list can be narrowed by."""

    class Meta:
        model = Finding
        fields = {
            "state": ["exact"], "kind": ["exact"], "source": ["exact"], "ending": ["exact"], "village": ["exact"],
            "township": ["exact"], "county": ["exact"], "issued_at": ["date__gte", "date__lte"],
        }  # fmt: skip


class FindingList(generics.ListAPIView[Finding]):
    """The findings in the caller's scope, newest first."""

    serializer_class = FindingRow
    filterset_class = FindingFilter
    queryset = Finding.objects.none()  # for the schema

    def get_queryset(self) -> QuerySet[Finding]:
        """Return the rows with what each line shows."""
        return visible(self.request).for_list().order_by("-reported_at", "-id")  # type: ignore[attr-defined,no-any-return]


class FindingView(APIView):
    """Take in a report (PUT, idempotent), or read a finding."""

    @extend_schema(responses=FindingDetail)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return one finding."""
        return Response(self._detail(request, get_object_or_404(visible(request), pk=pk)))

    @extend_schema(request=ReportBody, responses={200: FindingDetail, 201: FindingDetail})
    def put(self, request: Request, pk: UUID) -> Response:
        """Store a report: 201 first, 200 on a repeat, 409 for another body or somebody else's id."""
        user, at = user_of(request._request), timezone.now()
        form = ReportBody(data=request.data, context={"user": user})
        form.is_valid(raise_exception=True)
        fields = form.validated_data
        try:
            finding, created = Finding.objects.report(id=pk, by=user, at=at, digest=digest(fields), **fields)
        except ReportConflict as conflict:
            raise Problem(409, conflict.code, str(conflict), field="id") from conflict
        except StepRefused as refused:
            raise step_problem(refused) from refused
        except PhotoRefused as refused:
            raise photo_problem(refused) from refused
        if created:  # it has all that is shown already
            return Response(self._detail(request, finding), 201)
        return Response(self._detail(request, Finding.objects.for_list().get(pk=pk)), 200)

    def _detail(self, request: Request, finding: Finding) -> Any:
        context = {"user": user_of(request._request), "at": timezone.now()}
        return FindingDetail(finding, context=context).data


class EventList(generics.ListAPIView[FindingEvent]):
    """The timeline of one finding, as far as the caller may read it."""

    serializer_class = EventRow
    queryset = FindingEvent.objects.none()  # for the schema
    filter_backends = ()

    def get_queryset(self) -> QuerySet[FindingEvent]:
        """Return the events in order."""
        finding = get_object_or_404(visible(self.request), pk=self.kwargs["pk"])
        return finding.timeline(*user_and_today(self.request))


def step_problem(refused: StepRefused) -> Problem:
    """Turn a refused step into an answer of the API."""
    return Problem(STATUS.get(refused.code, 409), refused.code, str(refused))


class StepView(APIView):
    """Take one step of one finding by the verb that pages use too."""

    @extend_schema(
        parameters=[OpenApiParameter("step", str, "path", enum=sorted(STEP_BODIES))],
        request=StepBody,
        responses=FindingDetail,
    )
    def post(self, request: Request, pk: UUID, step: str) -> Response:
        """Check the body, take the step, answer with the finding as it stands then."""
        finding = get_object_or_404(visible(request), pk=pk)
        if step not in STEP_BODIES:
            raise Problem(404, "not_found", _("Not found."))
        user, at = user_of(request._request), timezone.now()
        verb, body = STEP_BODIES[step]
        form = body(data=request.data, context={"finding": finding, "user": user})
        form.is_valid(raise_exception=True)
        arguments = dict(form.validated_data)
        finding.version = arguments.pop("version", finding.version)
        try:
            getattr(finding, verb)(by=user, at=at, **arguments)
        except StepRefused as refused:
            raise step_problem(refused) from refused
        except PhotoRefused as refused:
            raise photo_problem(refused) from refused
        row = Finding.objects.for_list().get(pk=pk)
        return Response(FindingDetail(row, context={"user": user, "at": at}).data)


urlpatterns = [
    path("findings/", FindingList.as_view(), name="api_findings"),
    path("findings/<uuid:pk>/", FindingView.as_view(), name="api_finding"),
    path("findings/<uuid:pk>/events/", EventList.as_view(), name="api_finding_events"),
    path("findings/<uuid:pk>/<str:step>/", StepView.as_view(), name="api_finding_step"),
]
