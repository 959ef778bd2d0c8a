"""Full coverage, or the list of gaps."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit.log import record
from villages.access import DIFFICULTY_READERS, KEEPERS, may, today
from villages.coverage import KINDS, Coverage, Gap, coverage_for
from villages.forms import read_day
from villages.models import Responsibility
from villages.workbooks import download, workbook

PER_PAGE = 20


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Show the coverage of the user's places, today or on any day."""
    on = read_day(request.GET.get("on"), today())
    found = coverage_for(request.user, on)
    gaps = _gaps(request, found)
    context = {
        "coverage": found,
        "page": Paginator(gaps, PER_PAGE).get_page(request.GET.get("page")),
        "kinds": [(kind, Responsibility.Kind(kind).label, found.total.missing[kind]) for kind in KINDS],
        "on": on,
        "may_keep": may(request.user, today(), *KEEPERS),
        "reads_difficulties": may(request.user, today(), *DIFFICULTY_READERS),
    }
    return render(request, "villages/coverage.html", context)


@require_safe
def coverage_export(request: HttpRequest) -> HttpResponse:
    """Download the gaps as Excel."""
    on = read_day(request.GET.get("on"), today())
    gaps = _gaps(request, coverage_for(request.user, on))
    headings = [_("No."), _("Unit"), _("Township"), _("Village"), _("Code"), _("Missing")]
    rows = [
        (number, gap.county, gap.township, gap.name, gap.code, "、".join(gap.words))
        for number, gap in enumerate(gaps, start=1)
    ]
    record(request, "export", label="coverage", rows=len(rows))
    return download(workbook(_("Gaps in coverage, %(day)s") % {"day": on}, headings, rows), f"coverage-{on}")


def _gaps(request: HttpRequest, found: Coverage) -> list[Gap]:
    wanted = {key: request.GET.get(key, "") for key in ("kind", "county", "township")}
    return found.filtered(**wanted)


urlpatterns = [
    path("coverage/", coverage, name="coverage"),
    path("coverage/export/", coverage_export, name="coverage_export"),
]
