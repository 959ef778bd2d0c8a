"""Hand out the files beside a finding to whoever may read the finding."""

import uuid

from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import user_of
from audit.log import record
from inspections.attachments import TYPES
from inspections.models import Finding, FindingFile


@require_safe
def finding_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Hand out one file."""
    return deliver(request, pk)


def deliver(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Hand a file out, never inline, and write that down."""
    at = timezone.now()
    seen = Finding.objects.visible_to(user_of(request), timezone.localdate(at))
    row = get_object_or_404(FindingFile.objects.readable(seen).select_related("finding__village"), pk=pk)
    try:
        file = row.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    record(request, "download", obj=row.finding, at=at, file=str(row.pk), sha256=row.sha256)
    response = FileResponse(file, as_attachment=True, filename=row.name, content_type=TYPES[row.kind])
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


urlpatterns = [path("files/<uuid:pk>/", finding_file, name="finding_file")]
