"""Versions of a scheme: the list, one of them, what two have different, files, and the steps of a version."""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from audit.log import record
from schemes import differences, workbook, yaml_form
from schemes.checks import problems
from schemes.models import Scheme, SchemeRefused
from schemes.summary import lines_of, problems_of
from schemes.views.scope import EDITORS, PAGE_READERS, may_edit, scoped, signs, turned_away
from schemes.weights import total_weights
from schemes.written import Table, tables_of
from villages.workbooks import XLSX

YAML = "application/yaml; charset=utf-8"


@require(*PAGE_READERS)
@require_safe
def schemes(request: HttpRequest) -> HttpResponse:
    """List the versions the user may read, the newest first."""
    user, at = user_of(request), timezone.now()
    rows = list(Scheme.objects.visible_to(user, timezone.localdate(at)).in_order().with_counts())
    may_write = bool(user.roles(timezone.localdate(at)) & set(EDITORS))
    return render(request, "schemes/versions.html", {"schemes": rows, "may_write": may_write})


@require(*PAGE_READERS)
@require_safe
def scheme(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """Show a version: its items with nominal and effective weights, and what does not add up."""
    found, at = scoped(request, code, version), timezone.now()
    definition = found.definition()
    seen = Scheme.objects.visible_to(user_of(request), timezone.localdate(at))
    context = {
        "scheme": found,
        "definition": definition,
        "aspects": lines_of(definition),
        "problems": problems_of(found, problems(definition)),
        "total_weights": total_weights(definition),
        "may_edit": may_edit(user_of(request), found, at),
        "steps": steps_for(request, found, at),
        "others": list(seen.filter(code=code).exclude(version=version).in_order()),
    }
    return render(request, "schemes/scheme.html", context)


@require(*PAGE_READERS)
@require_safe
def scheme_compare(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """Show side by side what this version has different from another of the same code."""
    after = scoped(request, code, version)
    seen = Scheme.objects.visible_to(user_of(request), timezone.localdate())
    others = list(seen.filter(code=code).exclude(pk=after.pk).in_order())
    asked = request.GET.get("with", "")
    before = next((row for row in others if str(row.version) == asked), None) or _nearest(others, after)
    context: dict[str, object] = {"scheme": after, "others": others, "before": before}
    if before:
        found = differences.compare(before.definition(), after.definition())
        tables: list[Table] = tables_of(found)
        counts = {kind: found.count(kind) for kind in ("added", "removed", "changed")}
        context |= {"found": found, "tables": tables, "counts": counts}
    return render(request, "schemes/compare.html", context)


def _nearest(others: list[Scheme], after: Scheme) -> Scheme | None:
    """Return the version it was copied from, else the one before, else any."""
    before = [row for row in others if row.version < after.version]
    copied = [row for row in before if row.version == after.based_on]
    return next(iter(copied or before or others), None)


@require(*PAGE_READERS)
@require_safe
def scheme_export(request: HttpRequest, code: str, version: int, form: str) -> HttpResponse:
    """Hand out a version as an Excel workbook or a YAML file: the forms that are imported."""
    return exported(scoped(request, code, version), form, request)


def exported(found: Scheme, form: str, request: HttpRequest) -> HttpResponse:
    """Return a version as a file."""
    writers: dict[str, tuple[Callable[..., bytes | str], str]] = {
        "xlsx": (workbook.write, XLSX),
        "yaml": (yaml_form.write, YAML),
    }
    if form not in writers:
        raise Http404
    write, kind = writers[form]
    response = HttpResponse(write(found.definition()), content_type=kind)
    name = f"{found.code}-{found.version}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name.encode("ascii", "ignore").decode()}"'
    record(request, "export", obj=found, form=form)
    return response


@require(*EDITORS)
@require_safe
def scheme_template(request: HttpRequest) -> HttpResponse:
    """Hand out the empty workbook."""
    response = HttpResponse(workbook.write(None), content_type=XLSX)
    response["Content-Disposition"] = 'attachment; filename="scheme.xlsx"'
    return response


# --- steps ----------------------------------------------------------------------------------------------------
STEPS = {
    "copy": gettext_lazy("Copy as a new version"),
    "freeze": gettext_lazy("Freeze this version"),
    "default": gettext_lazy("Use it for new findings"),
    "discard": gettext_lazy("Discard this draft"),
}
SIGNED = frozenset({"freeze", "default"})


def steps_for(request: HttpRequest, found: Scheme, at: datetime) -> list[tuple[str, object]]:
    """Return the steps that the user may take with this version."""
    user = user_of(request)
    if not user.roles(timezone.localdate(at)) & set(EDITORS):
        return []
    possible = {
        "copy": True,
        "freeze": found.is_draft and signs(user, at),
        "default": not found.is_default and signs(user, at),
        "discard": found.may_shrink,
    }
    return [(step, label) for step, label in STEPS.items() if possible[step]]


@require(*EDITORS)
@require_http_methods(["GET", "POST"])
def scheme_step(request: HttpRequest, code: str, version: int, step: str) -> HttpResponse:
    """Say what a step does and to how much, then take it."""
    found, at = scoped(request, code, version), timezone.now()
    if step not in STEPS:
        raise Http404
    try:
        if step in SIGNED and not signs(user_of(request), at):
            raise SchemeRefused("not_signer")
        if request.method == "POST":
            return _taken(request, found, step, at)
    except SchemeRefused as refusal:
        return turned_away(request, found, refusal, refusal.code)
    context = {
        "scheme": found,
        "step": step,
        "label": STEPS[step],
        "problems": problems_of(found, found.problems()) if step in SIGNED else [],
        "in_use": Scheme.objects.filter(is_default=True).first(),
    }
    return render(request, "schemes/step.html", context)


def _taken(request: HttpRequest, found: Scheme, step: str, at: datetime) -> HttpResponse:
    if step == "copy":
        made = found.copy(at=at)
        messages.success(request, _("Version %(version)s is a draft now.") % {"version": made.version})
        return redirect(made)
    if step == "discard":
        found.discard()
        messages.success(request, _("The draft is gone."))
        return redirect("schemes")
    if step == "freeze":
        found.freeze(at=at)
        messages.success(request, _("The text is fixed. Changes are a new version from now on."))
    else:
        found.make_default(at=at)
        messages.success(request, _("New findings and visits are filed under this version from now on."))
    return redirect(found)
