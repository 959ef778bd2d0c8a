"""A user's exports: how far each is, and the file while it is kept."""

import uuid

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import require, user_of
from audit.log import record
from inspections import official
from inspections.models import ExportJob
from inspections.views.ledger import READERS

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS = 20


@require(*READERS)
@require_safe
def exports(request: HttpRequest) -> HttpResponse:
    """List the user's exports, the newest first."""
    jobs = ExportJob.objects.visible_to(user_of(request)).select_related("submission__division")
    page = Paginator(jobs.order_by("-created_at", "pk"), ROWS).get_page(request.GET.get("page"))
    return render(request, "inspections/exports/list.html", {"page": page})


def _job(request: HttpRequest, pk: uuid.UUID) -> ExportJob:
    return get_object_or_404(ExportJob.objects.visible_to(user_of(request)), pk=pk)


@require(*READERS)
@require_safe
def export(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one export: its progress, then its control totals and the file."""
    job = _job(request, pk)
    totals = official.named_totals(job.totals) if job.totals else []
    return render(request, "inspections/exports/export.html", {"job": job, "totals": totals})


@require(*READERS)
@require_safe
def export_status(request: HttpRequest, pk: uuid.UUID) -> JsonResponse:
    """Tell how far the work is, for the progress bar."""
    job = _job(request, pk)
    ready = job.state == ExportJob.State.DONE
    return JsonResponse(
        {
            "state": job.state,
            "done": job.done,
            "total": job.total,
            "url": reverse("export_file", args=[job.pk]) if ready else "",
            "message": _("%(rows)s rows, ready") % {"rows": f"{job.done:,}"} if ready else "",
        }
    )


@require(*READERS)
@require_safe
def export_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Hand the workbook to the person who asked for it, and write that down."""
    job, at = _job(request, pk), timezone.now()
    if not job.is_ready:
        raise Http404
    try:
        file = job.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    record(request, "download", obj=job, at=at, rows=job.done, sha256=job.sha256)
    name = _("ledger-%(job)s.xlsx") % {"job": job}
    response = FileResponse(file, as_attachment=True, filename=name, content_type=EXCEL)
    response.headers["Cache-Control"] = "private, no-store"
    return response


urlpatterns = [
    path("exports/", exports, name="exports"),
    path("exports/<uuid:pk>/", export, name="export"),
    path("exports/<uuid:pk>/status/", export_status, name="export_status"),
    path("exports/<uuid:pk>/file/", export_file, name="export_file"),
]
