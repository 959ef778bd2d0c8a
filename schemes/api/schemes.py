"""Schemes by version: the list, one with its aspects and items, and the files that are imported again."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.access import user_of
from schemes.models import Aspect, Item, Scheme, SchemeSource, decimal_text
from schemes.views.versions import exported


class SchemeRow(serializers.ModelSerializer[Scheme]):
    """One version."""

    name = serializers.CharField(read_only=True)
    aspects = serializers.IntegerField(source="n_aspects", read_only=True)
    items = serializers.IntegerField(source="n_items", read_only=True)

    class Meta:
        model = Scheme
        fields = [
            *["code", "version", "name", "name_zh", "name_en", "max_total", "combine", "aspects", "items"],
            *["frozen_at", "is_default", "in_use_since"],
        ]


class SourceSerializer(serializers.ModelSerializer[SchemeSource]):
    class Meta:
        model = SchemeSource
        fields = ["code", "name_zh", "name_en", "weight"]


class SchemeItemSerializer(serializers.ModelSerializer[Item]):
    """One item with its rule; points and deductions are 1/10,000 in `rule`, decimal strings in `points`."""

    points = serializers.SerializerMethodField()
    rule = serializers.JSONField(read_only=True)
    sources = serializers.ListField(child=serializers.CharField(), read_only=True)
    applies_if = serializers.ListField(child=serializers.CharField(), read_only=True)
    department = serializers.CharField(source="department_name", read_only=True)

    class Meta:
        model = Item
        fields = [
            *["id", "code", "name_zh", "name_en", "points", "sources", "rule", "unit_zh", "unit_en"],
            *["zero_if_zh", "zero_if_en", "level", "applies_if", "department"],
        ]

    def get_points(self, item: Item) -> str:
        """Write the points as a decimal string."""
        return decimal_text(item.points)


class AspectSerializer(serializers.ModelSerializer[Aspect]):
    points = serializers.CharField(source="points_text", read_only=True)
    items = serializers.SerializerMethodField()

    class Meta:
        model = Aspect
        fields = ["code", "name_zh", "name_en", "points", "items"]

    @extend_schema(responses=SchemeItemSerializer(many=True))
    def get_items(self, aspect: Aspect) -> list[dict[str, Any]]:
        """Return the items in order."""
        rows = sorted(aspect.items.all(), key=lambda item: item.position)
        return list(SchemeItemSerializer(rows, many=True).data)


class SchemeDetail(SchemeRow):
    """One version with its sources, aspects and items."""

    sources = SourceSerializer(many=True, read_only=True)
    aspects = serializers.SerializerMethodField()  # type: ignore[assignment]
    items = None  # type: ignore[assignment]
    precedence = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))

    class Meta:
        model = Scheme
        fields = [
            *[name for name in SchemeRow.Meta.fields if name not in ("items",)],
            *["sources", "precedence", "status_note_zh", "status_note_en"],
        ]

    @extend_schema(responses=AspectSerializer(many=True))
    def get_aspects(self, scheme: Scheme) -> list[dict[str, Any]]:
        """Return the aspects in order."""
        rows = scheme.aspects.prefetch_related("items").order_by("position", "pk")
        return list(AspectSerializer(rows, many=True).data)


class SchemeListView(generics.ListAPIView[Scheme]):
    """The versions that the caller may read, the newest first."""

    queryset = Scheme.objects.none()  # for the schema; rows come from get_queryset
    serializer_class = SchemeRow

    def get_queryset(self) -> Any:
        """Return the versions in the caller's scope."""
        seen = Scheme.objects.visible_to(user_of(self.request), timezone.localdate())
        return seen.in_order().with_counts()


class SchemeView(generics.RetrieveAPIView[Scheme]):
    """One version."""

    queryset = Scheme.objects.none()
    serializer_class = SchemeDetail

    def get_object(self) -> Scheme:
        """Return the version if the caller may read it."""
        seen = Scheme.objects.visible_to(user_of(self.request), timezone.localdate())
        return get_object_or_404(seen, code=self.kwargs["code"], version=self.kwargs["version"])


class SchemeExportView(APIView):
    """One version as a file that is imported again."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, code: str, version: int, form: str) -> HttpResponse:
        """Return an Excel workbook (xlsx) or YAML (yaml)."""
        seen = Scheme.objects.visible_to(user_of(request), timezone.localdate())
        return exported(get_object_or_404(seen, code=code, version=version), form, request)


urlpatterns = [
    path("schemes/", SchemeListView.as_view(), name="api_schemes"),
    path("schemes/<str:code>/<int:version>/", SchemeView.as_view(), name="api_scheme"),
    path(
        "schemes/<str:code>/<int:version>/export/<str:form>/",
        SchemeExportView.as_view(),
        name="api_scheme_export",
    ),
]
