"""Import of the registry and of the roster: a dry run first, then all of it or nothing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.log import record
from villages.access import KEEPERS, REGISTRARS, keeps, require, today
from villages.forms import UploadForm
from villages.models import Division, ImportFile, RosterRefused, Village
from villages.registry import Parsed, parse
from villages.registry_import import RegistryRefused, apply_plan, default_day, plan_import
from villages.roster import RosterPlan, apply_roster, plan_roster
from villages.spreadsheet import Unreadable

SHOWN = 100


@require(*REGISTRARS)
@require_http_methods(["GET", "POST"])
def registry(request: HttpRequest) -> HttpResponse:
    """Say what the registry holds and where it comes from; take a new file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return redirect("registry_import", _keep(request, ImportFile.Kind.REGISTRY).pk)
    on = today()
    context = {
        "form": form,
        "counties": Division.objects.counties(on).count(),
        "townships": Division.objects.townships(on).count(),
        "villages": Village.objects.current(on).count(),
        "files": _files(ImportFile.Kind.REGISTRY),
    }
    return render(request, "villages/registry.html", context)


@require(*REGISTRARS)
@require_http_methods(["GET", "POST"])
def registry_import(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what a file would change, ask, and carry it out."""
    file = get_object_or_404(ImportFile, pk=pk, kind=ImportFile.Kind.REGISTRY, applied_at=None)
    try:
        parsed = parse(bytes(file.content))
    except Unreadable as error:
        return render(request, "villages/import_unreadable.html", {"file": file, "error": error})
    if parsed.errors:
        return render(request, "villages/import_errors.html", {"file": file, "errors": parsed.errors})
    return _registry_step(request, file, parsed)


def _registry_step(request: HttpRequest, file: ImportFile, parsed: Parsed) -> HttpResponse:
    """Show the dry run, or apply it when it is still what was shown."""
    asked = {question.key for question in plan_import(parsed.lines).asked}
    plan = plan_import(parsed.lines, same=asked)
    if request.method == "POST":
        if request.POST.get("digest") == plan.digest():
            return _registry_apply(request, file, parsed, asked)
        messages.warning(request, _("The registry has changed meanwhile. Nothing was imported: look again."))
    context = {
        "file": file,
        "plan": plan,
        "counts": plan.counts(),
        "uncounted": parsed.uncounted,
        "lists": {name: plan.those(name)[:SHOWN] for name in ("renamed", "recoded", "moved", "returned")},
        "new": plan.new[:SHOWN],
        "retired": plan.retired[:SHOWN],
    }
    return render(request, "villages/registry_import.html", context)


def _registry_apply(request: HttpRequest, file: ImportFile, parsed: Parsed, asked: set[str]) -> HttpResponse:
    """Carry out what was shown, with the answers to what was asked."""
    same = set(request.POST.getlist("same")) & asked
    plan = plan_import(parsed.lines, same=same, separate=asked - same)
    try:
        apply_plan(plan, on=default_day(today()))
    except (RegistryRefused, IntegrityError) as refused:
        messages.error(request, _("Nothing was imported: %(reason)s") % {"reason": refused})
        return redirect("registry_import", file.pk)
    return _applied(request, file, plan.counts(), "registry")


@require(*KEEPERS)
@require_http_methods(["GET", "POST"])
def roster_upload(request: HttpRequest) -> HttpResponse:
    """Take a roster file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return redirect("roster_import", _keep(request, ImportFile.Kind.ROSTER).pk)
    return render(request, "villages/roster_upload.html", {"form": form})


@require(*KEEPERS)
@require_http_methods(["GET", "POST"])
def roster_import(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what a roster would add, and carry it out. Only its uploader has it."""
    mine = ImportFile.objects.filter(by_id=_uploader(request), kind=ImportFile.Kind.ROSTER, applied_at=None)
    file = get_object_or_404(mine, pk=pk)
    on = today()
    try:
        plan = plan_roster(bytes(file.content), keeps(request.user, on), on)
    except Unreadable as error:
        return render(request, "villages/import_unreadable.html", {"file": file, "error": error})
    if plan.errors:
        return render(request, "villages/import_errors.html", {"file": file, "errors": plan.errors})
    if request.method == "POST":
        return _roster_apply(request, file, plan)
    return render(request, "villages/roster_import.html", {"file": file, "plan": plan})


def _roster_apply(request: HttpRequest, file: ImportFile, plan: RosterPlan) -> HttpResponse:
    try:
        count = apply_roster(plan)
    except (RosterRefused, IntegrityError) as refused:
        messages.error(request, _("Nothing was imported: %(reason)s") % {"reason": refused})
        return redirect("roster_import", file.pk)
    return _applied(request, file, {"new": count}, "responsibilities")


def _applied(request: HttpRequest, file: ImportFile, counts: dict[str, int], page: str) -> HttpResponse:
    ImportFile.objects.filter(pk=file.pk).update(applied_at=timezone.now(), summary=counts)
    record(request, "import", obj=file, counts=counts)
    messages.success(request, _("Imported."))
    return redirect(page)


def _keep(request: HttpRequest, kind: str) -> ImportFile:
    upload: Any = request.FILES["file"]
    return ImportFile.objects.create(
        kind=kind,
        name=upload.name[:200],
        content=upload.read(),
        by_id=_uploader(request),
        by_name=str(request.user)[:60],
        at=timezone.now(),
    )


def _uploader(request: HttpRequest) -> UUID:
    """Return the id of who uploads (pages behind the sign-in have one)."""
    return UUID(str(request.user.pk))


def _files(kind: str) -> Any:
    return ImportFile.objects.filter(kind=kind).defer("content").order_by("-at")[:10]


urlpatterns = [
    path("registry/", registry, name="registry"),
    path("registry/<uuid:pk>/", registry_import, name="registry_import"),
    path("responsibilities/import/", roster_upload, name="roster_upload"),
    path("responsibilities/import/<uuid:pk>/", roster_import, name="roster_import"),
]
