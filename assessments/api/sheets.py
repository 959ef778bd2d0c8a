"""`/api/v1/sheets/`: the sheets the caller may read; entries are PUT whole by their owner and twice is once."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from assessments.models import Entry, EntryRefused, FactValues, Sheet, Values
from assessments.views.entries import deliver
from audit.log import seal, unseal
from dalian_rural.problems import Problem
from inspections.api.fields import VillageField
from inspections.api.findings import step_problem
from inspections.steps import StepRefused
from schemes.models import Item
from villages.models import Division


# --- what is answered -----------------------------------------------------------------------------------------
class SheetRow(serializers.ModelSerializer[Sheet]):
    """A sheet as the list shows it."""

    owner = serializers.CharField()
    period_title = serializers.CharField(source="period.title")
    due_on = serializers.DateField(source="period.sheets_due_on")
    state_text = serializers.CharField(source="get_state_display")

    class Meta:
        model = Sheet
        fields = [
            "id", "version", "period", "period_title", "source", "owner", "unit", "organisation", "due_on", "state",
            "state_text", "submitted_at", "returned_reason",
        ]  # fmt: skip


class EntryFactRow(serializers.Serializer[Any]):
    """One deduction."""

    text = serializers.CharField()
    village = serializers.UUIDField(source="village_id", allow_null=True)
    village_name = serializers.SerializerMethodField()
    place = serializers.CharField()
    zero_if = serializers.BooleanField()

    def get_village_name(self, row: Any) -> str:
        """Return the village's name."""
        return row.village.name if row.village else ""


class EntryFileRow(serializers.Serializer[Any]):
    """One file of evidence; handed out at `entry-files/{id}/`."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class EntryRow(serializers.ModelSerializer[Entry]):
    """What a sheet says of one item of one unit; `units` are 1/10,000 points, null where it does not apply."""

    item = serializers.CharField(source="item.code")
    unit_name = serializers.CharField(source="unit.label")
    facts = EntryFactRow(many=True)
    files = EntryFileRow(many=True)

    class Meta:
        model = Entry
        fields = [
            "id", "version", "unit", "unit_name", "item", "status", "reason", "sampled", "met", "answer", "units",
            "remark", "facts", "files", "updated_at",
        ]  # fmt: skip


class SheetDetail(SheetRow):
    """One sheet with the entries that its reader may see, and what he may do now."""

    entries = serializers.SerializerMethodField()
    items = serializers.SerializerMethodField()
    units = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    class Meta(SheetRow.Meta):
        fields = [*SheetRow.Meta.fields, "items", "units", "entries", "steps"]

    def get_entries(self, row: Sheet) -> Any:
        """Return the entries by unit and item."""
        seen = Entry.objects.visible_to(self.context["user"], self.context["on"]).filter(sheet=row)
        return EntryRow(seen.with_facts().order_by("unit__position", "item__position"), many=True).data

    def get_items(self, row: Sheet) -> list[str]:
        """Return the codes of the items it asks for."""
        return [item.code for item in row.items()]

    def get_units(self, row: Sheet) -> list[dict[str, str]]:
        """Return the units it speaks of."""
        return [{"id": str(unit.pk), "name": unit.label} for unit in row.units()]

    def get_steps(self, row: Sheet) -> list[str]:
        """Return the steps the caller may take now."""
        return row.steps_for(self.context["user"], self.context["on"])


# --- what comes in --------------------------------------------------------------------------------------------
class EntryFactBody(serializers.Serializer[Any]):
    """One deduction."""

    text = serializers.CharField(max_length=500)
    village = VillageField(required=False, allow_null=True)
    place = serializers.CharField(max_length=100, required=False, allow_blank=True)
    zero_if = serializers.BooleanField(required=False, default=False)


class EntryBody(serializers.Serializer[Any]):
    """The whole entry: what is left out is empty. `version` is the entry that was looked at, 0 for none."""

    version = serializers.IntegerField(required=False, min_value=0)
    applies = serializers.BooleanField(required=False, default=True)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)
    sampled = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=10_000_000)
    met = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=10_000_000)
    answer = serializers.BooleanField(required=False, allow_null=True, default=None)
    facts = EntryFactBody(many=True, required=False)
    remark = serializers.CharField(max_length=1000, required=False, allow_blank=True)

    def values(self) -> Values:
        """Return what the verb takes."""
        data = dict(self.validated_data)
        data.pop("version", None)
        facts = tuple(FactValues(**fact) for fact in data.pop("facts", ()))
        return Values(**data, facts=facts)


class SheetStepBody(serializers.Serializer[Any]):
    """The version that was looked at: an older one is told that someone was faster."""

    version = serializers.IntegerField(required=False, min_value=1)


# --- views ----------------------------------------------------------------------------------------------------
def _readable(request: Request) -> Any:
    return Sheet.objects.visible_to(user_of(request._request), timezone.localdate()).for_list()


def _own(request: Request, pk: UUID) -> Sheet:
    """Return a sheet of the caller's office; while it is sealed the request leaves no line in the open log."""
    mine = Sheet.objects.owned_by(user_of(request._request), timezone.localdate()).for_list()
    found = get_object_or_404(mine, pk=pk)
    if found.is_sealed:
        seal(request._request, found.pk)
    return found


def _detail(request: Request, row: Sheet) -> Response:
    context = {"user": user_of(request._request), "on": timezone.localdate()}
    return Response(SheetDetail(row, context=context).data)


class SheetList(generics.ListAPIView[Sheet]):
    """The sheets the caller may read: his office's own, and opened ones."""

    serializer_class = SheetRow
    queryset = Sheet.objects.none()  # for the schema
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Sheet]:
        """Return the sheets, those of the newest period first."""
        return _readable(self.request).order_by("-period__ends_on", "period__pk", "unit__position", "pk")  # type: ignore[no-any-return]


class SheetView(APIView):
    """One sheet."""

    @extend_schema(responses=SheetDetail)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return the sheet with the entries that the caller may see."""
        return _detail(request, get_object_or_404(_readable(request), pk=pk))


class EntryView(APIView):
    """What one sheet says of one item of one unit."""

    @extend_schema(request=EntryBody, responses={200: EntryRow, 201: EntryRow})
    def put(self, request: Request, pk: UUID, unit: UUID, code: str) -> Response:
        """Store the entry: 201 the first time, 200 after that; the same again changes nothing."""
        sheet, by, at = _own(request, pk), user_of(request._request), timezone.now()
        division, item = _cell(sheet, unit, code)
        form = EntryBody(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            entry, new = sheet.fill(
                by=by,
                at=at,
                unit=division,
                item=item,
                values=form.values(),
                version=form.validated_data.get("version"),
            )
        except EntryRefused as refused:
            raise Problem(400, refused.code, str(refused), field=refused.field) from refused
        except StepRefused as refused:
            raise step_problem(refused) from refused
        stored = Entry.objects.with_facts().get(pk=entry.pk)
        return Response(EntryRow(stored).data, 201 if new else 200)


def _cell(sheet: Sheet, unit: UUID, code: str) -> tuple[Division, Item]:
    division = next((row for row in sheet.units() if row.pk == unit), None)
    item = next((row for row in sheet.items() if row.code == code), None)
    if division is None or item is None:
        raise Problem(404, "not_found", _("Not found."))
    return division, item


class SheetSubmitView(APIView):
    """Hand a sheet in by the verb that the page uses too."""

    @extend_schema(request=SheetStepBody, responses=SheetDetail)
    def post(self, request: Request, pk: UUID) -> Response:
        """Check the version, hand it in, answer with the sheet as it stands then."""
        sheet, by, at = _own(request, pk), user_of(request._request), timezone.now()
        form = SheetStepBody(data=request.data)
        form.is_valid(raise_exception=True)
        sheet.version = form.validated_data.get("version", sheet.version)
        try:
            sheet.submit(by=by, at=at)
        except StepRefused as refused:
            raise step_problem(refused) from refused
        if not sheet.is_sealed:
            unseal(sheet.pk, at=at)
        return _detail(request, sheet)


class EntryFileView(APIView):
    """One file of evidence, to whoever may read its entry."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Hand it out as a download; that is written down."""
        return deliver(request._request, pk)


urlpatterns = [
    path("sheets/", SheetList.as_view(), name="api_sheets"),
    path("sheets/<uuid:pk>/", SheetView.as_view(), name="api_sheet"),
    path("sheets/<uuid:pk>/submit/", SheetSubmitView.as_view(), name="api_sheet_submit"),
    path("sheets/<uuid:pk>/entries/<uuid:unit>/<str:code>/", EntryView.as_view(), name="api_sheet_entry"),
    path("entry-files/<uuid:pk>/", EntryFileView.as_view(), name="api_entry_file"),
]
