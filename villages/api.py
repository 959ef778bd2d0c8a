"""Places and responsibilities over the API: read only, in the user's scope."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import routers, serializers, viewsets

from villages.models import Division, Responsibility, Village
from villages.views.places import read_uuid

SEARCH = OpenApiParameter(
    "search", str, description="Words of the name, township or unit, or the start of the code."
)
COUNTY = OpenApiParameter("county", str, description="Id of a unit.")
TOWNSHIP = OpenApiParameter("township", str, description="Id of a township.")


class PlaceSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class DivisionSerializer(serializers.ModelSerializer):
    code = serializers.CharField(allow_null=True)
    county = serializers.UUIDField(source="county_id", allow_null=True)

    class Meta:
        model = Division
        fields = [
            "id",
            "level",
            "kind",
            "name",
            "name_en",
            "official_name",
            "adcode",
            "code",
            "county",
            "position",
        ]


class VillageSerializer(serializers.ModelSerializer):
    code = serializers.CharField(allow_null=True)
    township = serializers.SerializerMethodField()
    county = serializers.SerializerMethodField()
    attributes = serializers.DictField(child=serializers.BooleanField())

    class Meta:
        model = Village
        fields = [
            "id",
            "name",
            "official_name",
            "name_en",
            "kind",
            "code",
            "township",
            "county",
            "attributes",
            "households",
            "population",
        ]

    @extend_schema_field(PlaceSerializer)
    def get_township(self, village: Any) -> dict[str, str]:
        """Return the township of the day."""
        return {"id": str(village.township_id), "name": village.township_name}

    @extend_schema_field(PlaceSerializer)
    def get_county(self, village: Any) -> dict[str, str]:
        """Return the unit of the day."""
        return {"id": str(village.county_id), "name": village.county_name}


class ResponsibilitySerializer(serializers.ModelSerializer):
    person = serializers.SerializerMethodField()
    place = serializers.SerializerMethodField()
    county = serializers.UUIDField(source="in_county_id", allow_null=True)
    township = serializers.UUIDField(source="in_township_id", allow_null=True)

    class Meta:
        model = Responsibility
        fields = ["id", "kind", "person", "place", "county", "township", "since", "until", "basis"]

    @extend_schema_field(PlaceSerializer)
    def get_person(self, row: Responsibility) -> dict[str, str]:
        """Return who covers the place."""
        return {"id": str(row.person.pk), "name": row.person.name, "title": row.person.title}

    @extend_schema_field(PlaceSerializer)
    def get_place(self, row: Responsibility) -> dict[str, str]:
        """Return the place that is covered."""
        return {"id": str(row.place.pk), "name": str(row.place)}


@extend_schema_view(list=extend_schema(parameters=[COUNTY]))
class DivisionViewSet(viewsets.ReadOnlyModelViewSet):
    """Units and townships of the user's places."""

    serializer_class = DivisionSerializer
    queryset = Division.objects.none()

    def get_queryset(self) -> QuerySet[Division]:
        """Return the divisions of today."""
        on = timezone.localdate()
        rows: Any = Division.objects.visible_to(self.request.user, on).with_code(on)
        if county := read_uuid(self.request.query_params.get("county")):
            rows = rows.filter(county_id=county)
        found: QuerySet[Division] = rows.order_by("level", "position", "name", "pk")
        return found


@extend_schema_view(list=extend_schema(parameters=[SEARCH, COUNTY, TOWNSHIP]))
class VillageViewSet(viewsets.ReadOnlyModelViewSet):
    """Villages of the user's places."""

    serializer_class = VillageSerializer
    queryset = Village.objects.none()

    def get_queryset(self) -> QuerySet[Village]:
        """Return the villages of today that the query string asks for."""
        on, wanted = timezone.localdate(), self.request.query_params
        rows: Any = Village.objects.current(on).visible_to(self.request.user, on).in_order()
        rows = rows.search(wanted.get("search", ""))
        for column in ("county", "township"):
            if key := read_uuid(wanted.get(column)):
                rows = rows.filter(**{f"{column}_id": key})
        found: QuerySet[Village] = rows
        return found


@extend_schema_view(list=extend_schema(parameters=[SEARCH, COUNTY, TOWNSHIP]))
class ResponsibilityViewSet(viewsets.ReadOnlyModelViewSet):
    """Who covers what today in the user's places."""

    serializer_class = ResponsibilitySerializer
    queryset = Responsibility.objects.none()

    def get_queryset(self) -> QuerySet[Responsibility]:
        """Return the responsibilities of today that the query string asks for."""
        on, wanted = timezone.localdate(), self.request.query_params
        rows: Any = Responsibility.objects.on(on).visible_to(self.request.user, on).for_list()
        rows = rows.search(wanted.get("search", ""))
        for column in ("county", "township"):
            if key := read_uuid(wanted.get(column)):
                rows = rows.filter(**{f"in_{column}_id": key})
        found: QuerySet[Responsibility] = rows.order_by("kind", "pk")
        return found


router = routers.SimpleRouter()
router.register("divisions", DivisionViewSet, basename="api_division")
router.register("villages", VillageViewSet, basename="api_village")
router.register("responsibilities", ResponsibilityViewSet, basename="api_responsibility")
urlpatterns = router.urls
