from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.access import user_of
from schemes.models import READERS, Aspect, Item, ItemQuerySet, Scheme
from schemes.search import find_items


@require_safe
def guidance(request: HttpRequest) -> HttpResponse:
    """Show the items by aspect, or those that the search finds."""
    text = request.GET.get("q", "").strip()[:100]
    items = list(find_items(text))
    template = (
        "schemes/_items.html" if request.headers.get("HX-Target") == "items" else "schemes/guidance.html"
    )
    scheme = Scheme.objects.filter(is_default=True).first()  # none before the first is loaded
    reads_versions = bool(user_of(request).roles(timezone.localdate()) & READERS)
    context = {
        "q": text,
        "items": items,
        "aspects": _by_aspect(items),
        "scheme": scheme,
        "reads_versions": reads_versions,
    }
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Target"])  # the same address answers with a page or with the list alone
    return response


@require_safe
def guidance_item(request: HttpRequest, code: str) -> HttpResponse:
    """Show the written standard of one item; of one that the version in use lacks, as it was last in use."""
    items = Item.objects.current()
    item = items.prefetch_related("examples").filter(code=code).first() or get_object_or_404(
        _former(code)[:1]
    )
    return render(
        request,
        "schemes/guidance_item.html",
        {
            "item": item,
            "previous": items.filter(position__lt=item.position).order_by("-position").first(),
            "next": items.filter(position__gt=item.position).first(),
        },
    )


def _former(code: str) -> ItemQuerySet:
    """Return the items of this code in versions that hold or held, the latest first."""
    rows = Item.objects.filter(scheme__in=Scheme.objects.holding(), code=code).with_aspects()
    return rows.prefetch_related("examples").order_by("-scheme__in_use_since", "-scheme__version")


def _by_aspect(items: list[Item]) -> list[tuple[Aspect, list[Item]]]:
    """Group the items under their aspects, in the scheme's order."""
    groups: dict[int, tuple[Aspect, list[Item]]] = {}
    for item in sorted(items, key=lambda item: item.position):
        groups.setdefault(item.aspect_id, (item.aspect, []))[1].append(item)
    return list(groups.values())
