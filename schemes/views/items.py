"""One item of a version: its page, its form, its example pictures."""

import uuid

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, user_of
from audit.log import refused
from schemes.forms.items import ExampleForm, ItemForm
from schemes.models import ExamplePhoto, ExampleRefused, Item, SchemeFrozen, SchemeRefused
from schemes.views.scope import (
    EDITORS,
    PAGE_READERS,
    may_edit,
    refuse,
    scoped,
    scoped_item,
    turned_away,
)

KEEP = "private, max-age=86400"


@require(*PAGE_READERS)
@require_safe
def scheme_item(request: HttpRequest, code: str, version: int, item: str) -> HttpResponse:
    """Show an item of a version with its written standard and its examples."""
    found, at = scoped(request, code, version), timezone.now()
    row = scoped_item(found, item)
    context = {
        "scheme": found,
        "item": row,
        "may_edit": may_edit(user_of(request), found, at),
        "may_illustrate": bool(user_of(request).roles(timezone.localdate(at)) & set(EDITORS)),
        "form": ExampleForm(initial={"kind": "good"}),
    }
    return render(request, "schemes/item.html", context)


@require(*EDITORS)
@require_http_methods(["GET", "POST"])
def scheme_item_edit(request: HttpRequest, code: str, version: int, item: str = "") -> HttpResponse:
    """Change an item of a draft, or add one to an aspect."""
    found = scoped(request, code, version)
    row = scoped_item(found, item) if item else None
    aspect = found.aspects.filter(code=request.GET.get("aspect", "")).first()
    if not found.is_draft:
        return turned_away(request, found, SchemeFrozen(), "frozen")
    form = ItemForm(request.POST if request.method == "POST" else None, scheme=found, item=row, aspect=aspect)
    if form.is_bound and form.is_valid():
        columns = form.arguments()
        try:
            if row is None:
                stored = found.add_item(columns.pop("aspect"), **columns)
            else:
                found.change_item(row, revision=form.cleaned_data["revision"], **columns)
                stored = row
            messages.success(request, _("Stored."))
            return redirect("scheme_item", code=code, version=version, item=stored.code)
        except SchemeRefused as refusal:
            refuse(request, form, refusal)
    return render(request, "schemes/item_edit.html", {"scheme": found, "item": row, "form": form})


# --- examples -------------------------------------------------------------------------------------------------
@require(*EDITORS)
@require_POST
def example_add(request: HttpRequest, code: str, version: int, item: str) -> HttpResponse:
    """Show a picture at an item, of a draft or of a version that holds."""
    found, at = scoped(request, code, version), timezone.now()
    row = scoped_item(found, item)
    form = ExampleForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            ExamplePhoto.objects.show(row, by=user_of(request), at=at, **form.cleaned_data)
            messages.success(request, _("The example is there."))
            return redirect("scheme_item", code=code, version=version, item=item)
        except ExampleRefused as refusal:
            refused(request, refusal.code)
            form.add_error("file", str(refusal))
    context = {"scheme": found, "item": row, "form": form, "may_illustrate": True}
    return render(
        request, "schemes/item.html", {**context, "may_edit": may_edit(user_of(request), found, at)}
    )


@require(*EDITORS)
@require_POST
def example_remove(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a picture no longer."""
    seen = ExamplePhoto.objects.visible_to(user_of(request), timezone.localdate())
    example = get_object_or_404(seen.select_related("item__scheme"), pk=pk)
    item: Item = example.item
    example.take_away()
    messages.success(request, _("The example is gone."))
    return redirect("scheme_item", code=item.scheme.code, version=item.scheme.version, item=item.code)


@require_safe
def example_photo(request: HttpRequest, pk: uuid.UUID, size: str) -> HttpResponseBase:
    """Serve a clean copy of an example to everybody who may read the item."""
    seen = ExamplePhoto.objects.visible_to(user_of(request), timezone.localdate())
    example = get_object_or_404(seen, pk=pk)
    if size not in ("large", "small"):
        raise Http404
    try:
        file = (example.large if size == "large" else example.small).open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(file, content_type="image/jpeg")
    response.headers["Cache-Control"] = KEEP
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Vary"] = "Cookie, Authorization"
    return response
