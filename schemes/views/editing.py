"""The editor of a draft: its head with the sources, and its aspects."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import require
from schemes.forms.head import AspectForm, HeadForm
from schemes.forms.items import MoveForm
from schemes.models import SchemeFrozen, SchemeRefused
from schemes.views.scope import EDITORS, refuse, scoped, turned_away


@require(*EDITORS)
@require_http_methods(["GET", "POST"])
def scheme_edit(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """Change the head of a draft: names, total, how sources are combined, the sources."""
    found = scoped(request, code, version)
    if not found.is_draft:
        return turned_away(request, found, SchemeFrozen(), "frozen")
    form = HeadForm(request.POST if request.method == "POST" else None, scheme=found)
    if form.is_bound and form.is_valid():
        try:
            found.change(**form.arguments())
            messages.success(request, _("Stored."))
            return redirect(found)
        except SchemeRefused as refusal:
            refuse(request, form, refusal)
    return render(request, "schemes/edit.html", {"scheme": found, "form": form})


@require(*EDITORS)
@require_http_methods(["GET", "POST"])
def scheme_aspect(request: HttpRequest, code: str, version: int, aspect: str = "") -> HttpResponse:
    """Change an aspect of a draft, or add one."""
    found = scoped(request, code, version)
    row = get_object_or_404(found.aspects, code=aspect) if aspect else None
    if not found.is_draft:
        return turned_away(request, found, SchemeFrozen(), "frozen")
    form = AspectForm(request.POST if request.method == "POST" else None, scheme=found, aspect=row)
    if form.is_bound and form.is_valid():
        columns = {name: value for name, value in form.cleaned_data.items() if name != "revision"}
        try:
            if row is None:
                found.add_aspect(**columns)
            else:
                found.change_aspect(row, revision=form.cleaned_data["revision"], **columns)
            messages.success(request, _("Stored."))
            return redirect(found)
        except SchemeRefused as refusal:
            refuse(request, form, refusal)
    return render(request, "schemes/aspect.html", {"scheme": found, "aspect": row, "form": form})


@require(*EDITORS)
@require_POST
def scheme_aspect_step(request: HttpRequest, code: str, version: int, aspect: str, step: str) -> HttpResponse:
    """Move an aspect up or down, or take away one without items."""
    found = scoped(request, code, version)
    row = get_object_or_404(found.aspects, code=aspect)
    try:
        if step == "remove":
            found.remove_aspect(row)
        elif step == "move":
            found.move_aspect(row, down=_downwards(request))
        else:
            raise Http404
    except SchemeRefused as refusal:
        return turned_away(request, found, refusal, refusal.code)
    return redirect(found)


def _downwards(request: HttpRequest) -> bool:
    form = MoveForm(request.POST)
    return form.is_valid() and form.cleaned_data["direction"] == "down"


@require(*EDITORS)
@require_POST
def scheme_item_step(request: HttpRequest, code: str, version: int, item: str, step: str) -> HttpResponse:
    """Move an item up or down in its aspect, or take it away."""
    found = scoped(request, code, version)
    row = get_object_or_404(found.items, code=item)
    try:
        if step == "remove":
            found.remove_item(row)
        elif step == "move":
            found.move_item(row, down=_downwards(request))
        else:
            raise Http404
    except SchemeRefused as refusal:
        return turned_away(request, found, refusal, refusal.code)
    return redirect(f"{found.get_absolute_url()}#{row.code if step == 'move' else ''}".rstrip("#"))
