"""How the API names places, items and findings: by id, or by the code that people know."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.prepared import Prepared
from schemes.models import Item
from villages.models import Village, VillageCode

VILLAGES: Prepared[Village] = Prepared(
    lambda id, on: Village.objects.current(on).filter(pk=id).order_by(), UUID, date
)
ITEMS: Prepared[Item] = Prepared(
    lambda id: Item.objects.current().select_related(None).select_related("aspect").filter(pk=id), UUID
)


def plain(value: Any) -> Any:
    """Return a value as JSON takes it: moments in local time, days, ids."""
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _uuid(data: Any) -> UUID | None:
    try:
        return UUID(str(data))
    except ValueError:
        return None


def _coded_village(code: str, on: date) -> Village | None:
    coded = VillageCode.objects.on(on).filter(code=code).values("village_id")
    return Village.objects.current(on).filter(pk__in=coded).first()


@extend_schema_field(OpenApiTypes.STR)
class VillageField(serializers.Field[Village, Any, str, Any]):
    """A village of today, by id or by its statistics code."""

    def to_internal_value(self, data: Any) -> Village:
        """Find the village."""
        on, key = timezone.localdate(), _uuid(data)
        village = VILLAGES.first(key, on) if key else _coded_village(str(data)[:20], on)
        if village is None:
            raise serializers.ValidationError(_("There is no such village today."), "unknown_village")
        return village

    def to_representation(self, value: Village) -> str:
        """Return the id."""
        return str(value.pk)


@extend_schema_field(OpenApiTypes.STR)
class ItemField(serializers.Field[Item, Any, str, Any]):
    """A scheme item, by id or by code (`A1-01`)."""

    def to_internal_value(self, data: Any) -> Item:
        """Find the item in the scheme that findings are filed under."""
        key = _uuid(data)
        item = ITEMS.first(key) if key else Item.objects.current().filter(code=str(data)[:20]).first()
        if item is None:
            raise serializers.ValidationError(_("There is no such item in the scheme."), "unknown_item")
        return item

    def to_representation(self, value: Item) -> str:
        """Return the id."""
        return str(value.pk)
