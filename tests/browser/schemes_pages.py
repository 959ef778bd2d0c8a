"""The pages of scoring schemes for the browser tests: one in use, one draft that does not add up, examples."""

from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile

from schemes.models import ExamplePhoto, Item
from tests.samples import jpeg


def schemes(people: dict[str, Any], item: Item, at: datetime) -> dict[str, list[str]]:
    """Store an example and a draft; return the addresses of their pages by who opens them."""
    for seed, kind in ((91, "good"), (92, "bad")):
        file = ContentFile(jpeg(seed, (800, 600)), "x.jpg")
        captions = {"caption_zh": "村口一角", "caption_en": "A corner at the entrance"}
        ExamplePhoto.objects.show(item, kind=kind, file=file, by=people["hso"], at=at, **captions)
    draft = item.scheme.copy(at=at)
    draft.items.filter(code="A1-01").update(points=50_000, unit_en="")
    used, page = "/schemes/DEFAULT-8-42/1/", "/schemes/DEFAULT-8-42/2/"
    return {
        "hso": [
            "/schemes/", "/schemes/import/", used, page, f"{page}edit/", f"{page}compare/", f"{page}aspects/new/",
            f"{page}aspects/A1/edit/", f"{page}items/A1-01/", f"{page}items/A1-03/edit/",
            f"{page}items/new/?aspect=A2", f"{page}copy/", f"{page}freeze/", f"{page}discard/", f"{used}default/",
        ],
        "department": ["/schemes/", page, f"{page}items/A1-01/"],
    }  # fmt: skip
