"""Import of a problem list from another source: template, dry run, confirmation, progress."""

import tempfile
import uuid
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from audit.log import record
from inspections import problem_import as importing
from inspections import problem_template
from inspections.forms.problem_import import ConfirmForm, ProblemListForm
from inspections.models import ProblemImport
from inspections.problem_plan import Plan
from inspections.tasks_imports import hasten
from inspections.uploads import sha256_of
from schemes.models import Item
from villages.models import Division, Village
from villages.spreadsheet import Unreadable

OFFICES = (Role.CITY_OFFICE, Role.COUNTY_OFFICE)
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 200
STATE = ProblemImport.State


def _offices(user: User, on: date) -> list[Division]:
    posts = {p.division_id: p.division for p in user.posts_on(on) if p.role in OFFICES and p.division}
    return list(posts.values())


@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def problem_import(request: HttpRequest) -> HttpResponse:
    """Take a list; show the office's earlier ones."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ProblemListForm(*data, offices=_offices(user, on))
    if form.is_bound and form.is_valid():
        return redirect(_keep(user, at, form))
    jobs = (
        ProblemImport.objects.visible_to(user, on).select_related("by", "office").order_by("-created_at")[:20]
    )
    return render(request, "inspections/problem_import.html", {"form": form, "jobs": jobs})


def _keep(user: User, at: datetime, form: ProblemListForm) -> ProblemImport:
    file = form.cleaned_data["file"]
    job = ProblemImport(
        office=form.office,
        by=user,
        created_at=at,
        name=file.name[:200],
        size=file.size,
        sha256=sha256_of(file),
    )
    job.file.save("list.xlsx", file, save=False)
    job.save(force_insert=True)
    return job


def _job(request: HttpRequest, pk: uuid.UUID, at: datetime) -> ProblemImport:
    seen = ProblemImport.objects.visible_to(user_of(request), timezone.localdate(at))
    return get_object_or_404(seen.select_related("by", "office"), pk=pk)


@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def problem_import_check(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the dry run; a post carries the list out. Once it runs, show how far it is."""
    at = timezone.now()
    job = _job(request, pk, at)
    if job.state not in (STATE.CHECKED, STATE.FAILED):
        return render(request, "inspections/problem_import_job.html", {"job": job})
    try:
        with tempfile.TemporaryDirectory() as folder:
            plan = importing.plan_of(job, importing.unpack(job, folder), at)
    except Unreadable as error:
        return render(
            request, "inspections/problem_import_unreadable.html", {"job": job, "error": error}, status=422
        )
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and not plan.errors:
        return _confirm(request, job, form.cleaned_data["skip_duplicates"], at)
    return render(request, "inspections/problem_import_check.html", _page(job, plan, form, user_of(request)))


def _confirm(request: HttpRequest, job: ProblemImport, skip_duplicates: bool, at: datetime) -> HttpResponse:
    if job.by_id != user_of(request).pk:
        messages.error(
            request, _("Who has uploaded the list imports it: the findings are recorded in that name.")
        )
    elif job.confirm(skip_duplicates=skip_duplicates):
        record(request, "import", obj=job, at=at, sha256=job.sha256)
        hasten(job.pk)
    return redirect(job)


def _page(job: ProblemImport, plan: Plan, form: ConfirmForm, user: User) -> dict[str, Any]:
    flagged = [
        {
            "entry": entry,
            "findings": plan.duplicates.get(entry.row, []),
            "repeats": plan.repeats.get(entry.row),
        }
        for entry in plan.entries
        if entry.row in plan.duplicates or entry.row in plan.repeats
    ]
    fresh = plan.fresh(skip_duplicates=False)
    return {
        "job": job,
        "form": form,
        "errors": plan.errors[:SHOWN],
        "error_count": len(plan.errors),
        "flagged": flagged[:SHOWN],
        "fresh": fresh[:SHOWN],
        "counts": {
            "rows": len(plan.entries),
            "new": len(plan.fresh(skip_duplicates=True)),
            "flagged": len(flagged),
            "there": len(plan.there),
            "photos": sum(len(entry.photos) for entry in fresh),
        },
        "mine": job.by_id == user.pk,
        "shown": SHOWN,
    }


@require(*OFFICES)
@require_safe
def problem_import_status(request: HttpRequest, pk: uuid.UUID) -> JsonResponse:
    """Tell how far the work is, for the progress bar."""
    job = _job(request, pk, timezone.now())
    done = job.state == STATE.DONE
    state = {STATE.CHECKED: STATE.WAITING}.get(STATE(job.state), job.state)
    url = reverse("issue_queue") if done else ""
    return JsonResponse(
        {"state": state, "done": job.done, "total": job.total, "url": url, "message": job.error}
    )


@require(*OFFICES)
@require_safe
def problem_import_template(request: HttpRequest) -> HttpResponse:
    """Hand out the empty list with the office's places and the items as drop-downs."""
    on = timezone.localdate()
    office = _offices(user_of(request), on)[0]
    body = problem_template.write(*_choices(office, on))
    response = HttpResponse(body, content_type=EXCEL)
    response.headers["Content-Disposition"] = 'attachment; filename="problem-list.xlsx"'
    return response


def _choices(office: Division, on: date) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return units, townships and items, and the place of the example."""
    villages = Village.objects.current(on).with_places(on)
    if office.level != Division.Level.CITY:
        villages = villages.filter(county_id=office.pk)
    rows = list(
        villages.values_list("county_name", "township_name", "name").order_by("county_name", "township_name")
    )
    counties = list(dict.fromkeys(row[0] for row in rows if row[0]))
    townships = list(dict.fromkeys(row[1] for row in rows if row[1]))
    items = [f"{item.code} {item.name_zh}" for item in Item.objects.current()]
    return counties, townships, items, [text or "" for text in rows[0]] if rows else []


urlpatterns = [
    path("import/", problem_import, name="problem_import"),
    path("import/template/", problem_import_template, name="problem_import_template"),
    path("import/<uuid:pk>/", problem_import_check, name="problem_import_check"),
    path("import/<uuid:pk>/status/", problem_import_status, name="problem_import_status"),
]
