"""A new version from a file: upload, dry run, and the import of all of it or nothing."""

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import require
from audit.log import refused
from schemes.differences import compare
from schemes.forms.imports import ImportForm
from schemes.importing import Plan, plan_import
from schemes.models import Scheme
from schemes.views.scope import EDITORS
from schemes.written import tables_of
from schemes.yaml_form import write
from villages.spreadsheet import Unreadable


@require(*EDITORS)
@require_http_methods(["GET", "POST"])
def scheme_import(request: HttpRequest) -> HttpResponse:
    """Take a file, show what it would become, and on confirmation write it as a draft."""
    if confirmed := request.POST.get("content"):
        return _imported(request, confirmed.encode())
    form = ImportForm(request.POST or None, request.FILES or None)
    if form.is_bound and form.is_valid():
        try:
            plan = plan_import(_content(form, "file"), _content(form, "guidance"))
            return _shown(request, plan, form.cleaned_data["file"].name or "")
        except Unreadable as error:
            refused(request, "unreadable")
            form.add_error("file", str(error))
    return render(request, "schemes/import.html", {"form": form})


def _content(form: ImportForm, name: str) -> bytes:
    file: UploadedFile | None = form.cleaned_data[name]
    return file.read() if file else b""


def _shown(request: HttpRequest, plan: Plan, name: str) -> HttpResponse:
    """Show the dry run; the page carries the content, so that nothing is stored before it is confirmed."""
    before = Scheme.objects.filter(code=plan.definition.code).in_order().first()
    context = {"plan": plan, "name": name, "before": before}
    if not plan.errors:
        context["content"] = write(plan.definition)
        if before:
            context["tables"] = tables_of(compare(before.definition(), plan.definition))
    return render(request, "schemes/import_check.html", context)


def _imported(request: HttpRequest, content: bytes) -> HttpResponse:
    try:
        plan = plan_import(content)
    except Unreadable as error:
        refused(request, "unreadable")
        messages.error(request, str(error))
        return redirect("scheme_import")
    if plan.errors:
        refused(request, "errors")
        return _shown(request, plan, "")
    made = Scheme.objects.draft(plan.definition, at=timezone.now())
    messages.success(request, _("Version %(version)s is a draft now.") % {"version": made.version})
    return redirect(made)
