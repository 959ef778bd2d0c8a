"""`/api/v1/findings/{uuid}/files/`: the files beside a finding, added by the verb that the page uses too."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from dalian_rural.problems import Problem
from inspections.attachments import FileRefused, check_file
from inspections.models import Finding, FindingFile
from inspections.steps import StepRefused
from inspections.views.files import deliver

STATUS = {"not_yours": 403, "wrong_state": 409, "conflict": 409, "file_repeated": 409, "file_too_many": 409,
          "file_too_large": 413}  # fmt: skip


class FileBody(serializers.Serializer[Any]):
    """One PDF, JPEG, PNG, Word or Excel file, kept exactly as it comes."""

    file = serializers.FileField(allow_empty_file=True, max_length=None)


class FileRow(serializers.ModelSerializer[FindingFile]):
    """What is known of a file, and where it is handed out."""

    uploaded_by = serializers.CharField(source="uploaded_by.name")
    url = serializers.SerializerMethodField()

    class Meta:
        model = FindingFile
        fields = ["id", "finding", "name", "kind", "size", "sha256", "uploaded_by", "at", "url"]

    def get_url(self, row: FindingFile) -> str:
        """Return the address of the file over the API."""
        return reverse("api_finding_file", args=[row.pk])


class FileList(APIView):
    """The files of one finding, as far as the caller may read it."""

    parser_classes = [MultiPartParser]

    @extend_schema(responses=FileRow(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """List them in the order they came, those of merged reports too."""
        finding = _scoped(request, pk)
        return Response(FileRow(FindingFile.objects.shown_on(finding.pk).for_list(), many=True).data)

    @extend_schema(request={"multipart/form-data": FileBody}, responses={201: FileRow})
    def post(self, request: Request, pk: UUID) -> Response:
        """Add one; the same rules as on the page."""
        finding = _scoped(request, pk)
        form = FileBody(data=request.data)
        form.is_valid(raise_exception=True)
        file, by = form.validated_data["file"], user_of(request._request)
        try:
            finding.attach(by=by, at=timezone.now(), file=file, kind=check_file(file))
        except FileRefused as refused:
            raise Problem(
                STATUS.get(refused.code, 400), refused.code, str(refused), field="file"
            ) from refused
        except StepRefused as refused:
            raise Problem(STATUS.get(refused.code, 409), refused.code, str(refused)) from refused
        return Response(FileRow(finding.files.order_by("-at", "-pk")[0]).data, 201)


class FileView(APIView):
    """One file, to whoever may read its finding."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Hand it out as a download; that is written down."""
        return deliver(request._request, pk)


def _scoped(request: Request, pk: UUID) -> Finding:
    seen = Finding.objects.visible_to(user_of(request._request), timezone.localdate())
    return get_object_or_404(seen, pk=pk)


urlpatterns = [
    path("findings/<uuid:pk>/files/", FileList.as_view(), name="api_finding_files"),
    path("files/<uuid:pk>/", FileView.as_view(), name="api_finding_file"),
]
