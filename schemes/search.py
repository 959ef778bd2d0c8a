"""Find the item that somebody means: by code, by name in either language, or by the words of the standard."""

import re
from functools import reduce
from operator import and_, or_

from django.db.models import Case, IntegerField, Q, Value, When

from schemes.models import Item, ItemQuerySet

# Where a word may stand, best first: a hit in the name beats one in the signs.
PLACES: tuple[tuple[str, ...], ...] = (
    ("code", "name"),
    ("unit",),
    ("aspect__name", "department"),
    ("standard", "zero_if"),
    ("good", "bad", "photograph"),
)
# "a101", "A1 1", "a1-01" and "1-1" all mean A1-01
_CODE = re.compile(r"^[aA]?([1-9])[\s.-]*0?([0-9]{1,2})$")


def find_items(text: str, items: ItemQuerySet | None = None) -> ItemQuerySet:
    """Return the items that contain every word of `text`, the likeliest first; all of them for no text."""
    items = Item.objects.current() if items is None else items
    words = _words(text)
    if not words:
        return items
    ranks = [_everywhere(words, PLACES[: depth + 1]) for depth in range(len(PLACES))]
    rank = Case(
        *[When(condition, then=Value(depth)) for depth, condition in enumerate(ranks)],
        output_field=IntegerField(),
    )
    return items.filter(ranks[-1]).annotate(rank=rank).order_by("rank", "position")


def _words(text: str) -> list[str]:
    if code := _CODE.match(text.strip()):
        return [f"A{code[1]}-{int(code[2]):02d}"]
    return re.split(r"[\s，、,]+", text.strip()) if text.strip() else []


def _everywhere(words: list[str], places: tuple[tuple[str, ...], ...]) -> Q:
    """Every word stands somewhere in these places."""
    columns = [column for place in places for name in place for column in _columns(name)]
    return reduce(and_, (reduce(or_, (Q(**{f"{c}__icontains": word}) for c in columns)) for word in words))


def _columns(name: str) -> list[str]:
    return ["code"] if name == "code" else [f"{name}_zh", f"{name}_en"]
