"""The items of the default scheme, as a client needs them to record a finding and to show what it means."""

from typing import Any

from django_filters import rest_framework as filters
from rest_framework import routers, serializers, viewsets

from schemes.models import Item, ItemQuerySet, decimal_text
from schemes.search import find_items


class ItemFilter(filters.FilterSet):
    aspect = filters.CharFilter(field_name="aspect__code", help_text="A1 … A8")
    level = filters.ChoiceFilter(choices=Item.Level.choices)
    search = filters.CharFilter(
        method="find", help_text="Words of the code, the name or the standard; likeliest first"
    )

    class Meta:
        model = Item
        fields: list[str] = []

    def find(self, items: ItemQuerySet, _name: str, text: str) -> ItemQuerySet:
        """Keep the items that contain every word."""
        return find_items(text[:100], items)


class ItemSerializer(serializers.ModelSerializer[Item]):
    name = serializers.CharField(read_only=True)
    aspect = serializers.CharField(source="aspect.code", read_only=True)
    aspect_name = serializers.CharField(source="aspect.name", read_only=True)
    points = serializers.SerializerMethodField()
    unit = serializers.CharField(read_only=True)
    department = serializers.CharField(source="department_name", read_only=True)
    standard = serializers.CharField(read_only=True)
    good = serializers.ListField(child=serializers.CharField(), read_only=True)
    bad = serializers.ListField(child=serializers.CharField(), read_only=True)
    photograph = serializers.ListField(child=serializers.CharField(), read_only=True)
    not_counted = serializers.ListField(child=serializers.CharField(), read_only=True)
    sources = serializers.ListField(child=serializers.CharField(), read_only=True)
    applies_if = serializers.ListField(child=serializers.CharField(), read_only=True)
    goes_before = serializers.ListField(child=serializers.CharField(), read_only=True)
    gives_way_to = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Item
        fields = [
            *[
                "id",
                "code",
                "name",
                "name_zh",
                "name_en",
                "aspect",
                "aspect_name",
                "points",
                "unit",
                "sources",
            ],
            *["level", "applies_if", "department", "standard", "good", "bad", "photograph", "not_counted"],
            *["goes_before", "gives_way_to"],
        ]

    def get_points(self, item: Item) -> str:
        """Write the points as a decimal string."""
        return decimal_text(item.points)


class ItemViewSet(viewsets.ReadOnlyModelViewSet[Item]):
    """The items of the scheme that findings are filed under."""

    queryset = Item.objects.none()  # for the schema; rows come from get_queryset
    serializer_class = ItemSerializer
    filterset_class = ItemFilter

    def get_queryset(self) -> Any:
        """Return the items of today's default scheme."""
        return Item.objects.current()


router = routers.SimpleRouter()
router.register("items", ItemViewSet, basename="item")
urlpatterns = router.urls
