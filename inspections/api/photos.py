"""`/api/v1/photos/{uuid}/`: receive a photo under the client's id, say how it stands, hand out its files."""

import math
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from audit.log import refused
from dalian_rural.problems import Problem
from inspections.api.fields import plain
from inspections.models import Photo
from inspections.photo_rules import PhotoRefused, refusal
from inspections.points import Point
from inspections.tasks_photos import hasten
from inspections.uploads import HashingUploadHandler
from inspections.views.photos import deliver

# The multipart frame and the small fields around the file.
FRAME = 64 * 1024
STATUS = {
    "id_taken": 409, "id_conflict": 409, "photo_reused": 409, "photos_full": 409, "photos_parked_full": 409,
    "photo_in_use": 409, "wrong_state": 409, "not_yours": 403, "photo_too_large": 413,
}  # fmt: skip


def problem(cause: PhotoRefused) -> Problem:
    """Turn a photo's refusal into an answer of the API."""
    return Problem(STATUS.get(cause.code, 400), cause.code, str(cause), field="file")


class Coordinate(serializers.FloatField):
    """Degrees as a phone sends them, kept to six places."""

    def to_internal_value(self, data: Any) -> Any:
        """Return a decimal; infinities and NaN are no places."""
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return Decimal(value).quantize(Decimal("0.000001"))


class Metres(serializers.FloatField):
    """An accuracy, rounded up to whole metres."""

    def to_internal_value(self, data: Any) -> Any:
        """Return whole metres."""
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return math.ceil(value)


class PhotoUpload(serializers.Serializer[Any]):
    """What comes with a photo. All but the first three are claims of the sender."""

    file = serializers.FileField(allow_empty_file=True, max_length=None)
    finding = serializers.UUIDField(required=False)
    visit = serializers.UUIDField(required=False, help_text="For a photo of an observation point.")
    point = serializers.ChoiceField(choices=Point.choices, required=False)
    side = serializers.ChoiceField(choices=Photo.Side.choices, required=False)
    sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}$", required=False, allow_blank=True)
    original_sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}$", required=False, allow_blank=True)
    captured_at = serializers.DateTimeField(required=False, allow_null=True)
    lat = Coordinate(required=False, allow_null=True, min_value=-90, max_value=90)
    lon = Coordinate(required=False, allow_null=True, min_value=-180, max_value=180)
    accuracy = Metres(required=False, allow_null=True, min_value=0, max_value=1_000_000)
    # the API's name for it; the metaclass moves it out of the way of the field's own attribute
    source = serializers.ChoiceField(choices=Photo.Source.choices, required=False, allow_blank=True)  # type: ignore[assignment]
    width = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    height = serializers.IntegerField(required=False, allow_null=True, min_value=1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that it is for one thing and a position is a pair, and name things as the model does."""
        finding, visit, point = (attrs.pop(name, None) for name in ("finding", "visit", "point"))
        if (finding is None) == (visit is None):
            raise serializers.ValidationError({"finding": _("Name the finding or the visit.")})
        attrs["side"] = Photo.Side.POINT if visit else attrs.get("side", "")
        if (
            (visit is None) != (point is None)
            or not attrs["side"]
            or (finding and attrs["side"] == Photo.Side.POINT)
        ):
            raise serializers.ValidationError({"side": _("A finding has sides, a visit has points.")})
        if (attrs.get("lat") is None) != (attrs.get("lon") is None):
            raise serializers.ValidationError({"lat": _("Latitude and longitude belong together.")})
        # the server measures these itself
        attrs.pop("width", None)
        attrs.pop("height", None)
        attrs["original_sha256"] = attrs.get("original_sha256", "").lower()
        attrs["parent_id"] = finding or visit
        return attrs


# how a value of a photo is read where it is not the attribute of that name
VALUES = {
    "finding": "parent_id", "ready": "is_ready", "refused_text": "get_refused_display", "large": "large_url",
    "small": "small_url",
}  # fmt: skip


class PhotoState(serializers.ModelSerializer[Photo]):
    """How a photo stands; the fields are the schema's, the answer is written without them."""

    finding = serializers.UUIDField(source="parent_id")
    ready = serializers.BooleanField(source="is_ready")
    refused_text = serializers.CharField(source="get_refused_display")
    large = serializers.CharField(source="large_url")
    small = serializers.CharField(source="small_url")

    class Meta:
        model = Photo
        fields = [
            "id", "finding", "side", "sha256", "size", "width", "height", "format", "received_at", "captured_at",
            "source", "ready", "refused", "refused_text", "large", "small",
        ]  # fmt: skip

    def to_representation(self, instance: Photo) -> dict[str, Any]:
        """Write the answer without a field object for each value: phones send many photos."""
        values = {name: getattr(instance, VALUES.get(name, name)) for name in self.Meta.fields}
        return {name: value() if callable(value) else plain(value) for name, value in values.items()}


class PhotoView(APIView):
    """One photo under the id its sender chose."""

    parser_classes = [MultiPartParser]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Have uploads hashed and written to disk as they come."""
        request.upload_handlers = [HashingUploadHandler(request)]
        return super().initialize_request(request, *args, **kwargs)

    @extend_schema(request={"multipart/form-data": PhotoUpload}, responses={200: PhotoState, 201: PhotoState})
    def put(self, request: Request, pk: UUID) -> Response:
        """Store a photo: 201 the first time, 200 on a repeat, 409 for other bytes under the same id."""
        try:
            photo, created = self._receive(request, pk)
        except PhotoRefused as cause:
            refused(request._request, cause.code)
            raise problem(cause) from cause
        if not photo.is_ready:
            hasten(photo.pk)
        return Response(PhotoState(photo).data, 201 if created else 200)

    def _receive(self, request: Request, pk: UUID) -> tuple[Photo, bool]:
        # before the body is read: what is too long is not even received
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.PHOTO_MAX_BYTES + FRAME:
            raise refusal("photo_too_large")
        form = PhotoUpload(data=request.data)
        form.is_valid(raise_exception=True)
        by = user_of(request._request)
        if Photo.objects.parking_is_full(by, form.validated_data["parent_id"], pk):
            raise refusal("photos_parked_full")
        return Photo.objects.receive(id=pk, by=by, at=timezone.now(), **form.validated_data)

    @extend_schema(responses=PhotoState)
    def get(self, request: Request, pk: UUID) -> Response:
        """Say how a photo stands: its copies may not be ready, or the worker may have refused it."""
        photo = get_object_or_404(Photo.objects.visible_to(user_of(request._request)), pk=pk)
        return Response(PhotoState(photo).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Take back an own photo that no finding shows yet."""
        user = user_of(request._request)
        photo = get_object_or_404(Photo.objects.visible_to(user).filter(uploader=user), pk=pk)
        try:
            photo.discard(by=user)
        except PhotoRefused as cause:
            raise problem(cause) from cause
        return Response(status=204)


class PhotoFileView(APIView):
    """A photo's files: `original` (download for those who may), `large` and `small` (clean copies)."""

    @extend_schema(
        operation_id="photo_file_retrieve",
        parameters=[OpenApiParameter("size", str, "path", enum=["original", "large", "small"])],
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY, (202, "image/svg+xml"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID, size: str) -> HttpResponseBase:
        """Hand out one file; 202 with a drawing while the copy is being made."""
        photo = get_object_or_404(Photo.objects.visible_to(user_of(request._request)), pk=pk)
        return deliver(request._request, photo, size)


urlpatterns = [
    path("photos/<uuid:pk>/", PhotoView.as_view(), name="api_photo"),
    path("photos/<uuid:pk>/<str:size>/", PhotoFileView.as_view(), name="api_photo_file"),
]
