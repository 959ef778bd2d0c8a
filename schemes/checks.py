"""What does not add up in a scheme. Pure: no Django, no database; every fault names its aspect, item or sum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemes.definition import (
    LANGUAGES,
    MOST_PER_POINT,
    PARTS,
    SCORED,
    UNITS,
    AspectRow,
    Definition,
    Fault,
    ItemRow,
    Path,
)
from schemes.weights import item_weights, source_points

Faults = Iterator[Fault]
# what no database could store: a file with these is refused, others become drafts that do not add up yet
UNSTORABLE = frozenset({"aspect_twice", "item_twice"})


def problems(definition: Definition) -> list[Fault]:
    """Return everything that does not add up, from the whole to the single item."""
    return [
        *_head(definition),
        *_weights(definition),
        *_sums(definition),
        *_codes(definition),
        *_precedence(definition),
        *(fault for path, item in placed(definition) for fault in _item(definition, path, item)),
    ]


def placed(definition: Definition) -> Iterator[tuple[Path, ItemRow]]:
    """Walk the items with their paths in the data."""
    for place, aspect in enumerate(definition.aspects):
        for number, item in enumerate(aspect.items):
            yield ("aspects", place, "items", number), item


def _fault(path: Path, code: str, **facts: Any) -> Fault:
    return Fault(path, code, facts)


def _head(definition: Definition) -> Faults:
    for language in LANGUAGES:
        if not getattr(definition, f"name_{language}"):
            yield _fault(("scheme", f"name_{language}"), "name_missing", what="", language=language)
    for place, aspect in enumerate(definition.aspects):
        for language in LANGUAGES:
            if not getattr(aspect, f"name_{language}"):
                path = ("aspects", place, f"name_{language}")
                yield _fault(path, "name_missing", what=aspect.code, aspect=aspect.code, language=language)


def _weights(definition: Definition) -> Faults:
    weights = definition.weights
    total = sum(weights.get(code, 0) for code in SCORED)
    if total != 100:
        codes = [code for code in SCORED if code in weights]
        yield _fault(("scheme", "sources"), "weights", sources=codes, found=total)
    if definition.combine == "source_total":
        for code, units in source_points(definition).items():
            if weights[code] and not units:
                yield _fault(("scheme", "sources", code, "weight"), "source_without_items", source=code)


def _sums(definition: Definition) -> Faults:
    if not definition.aspects:
        yield _fault(("aspects",), "no_aspects")
    total = sum(aspect.max_points_units for aspect in definition.aspects)
    if total != definition.max_total * UNITS:
        yield _fault(("scheme", "max_total"), "total", found=total, wanted=definition.max_total * UNITS)
    for place, aspect in enumerate(definition.aspects):
        yield from _aspect_sum(place, aspect)


def _aspect_sum(place: int, aspect: AspectRow) -> Faults:
    points = sum(item.points for item in aspect.items)
    path = ("aspects", place, "max_points")
    if not aspect.items:
        yield _fault(path, "aspect_empty", aspect=aspect.code)
    elif points != aspect.max_points_units:
        yield _fault(path, "aspect_sum", aspect=aspect.code, found=points, wanted=aspect.max_points_units)


def _codes(definition: Definition) -> Faults:
    seen: set[str] = set()
    for place, aspect in enumerate(definition.aspects):
        if aspect.code in seen:
            yield _fault(("aspects", place, "code"), "aspect_twice", aspect=aspect.code)
        seen.add(aspect.code)
    used: set[str] = set()
    for path, item in placed(definition):
        if item.code in used:
            yield _fault((*path, "code"), "item_twice", item=item.code)
        used.add(item.code)
        aspect = definition.aspects[int(path[1])]
        if not item.code.startswith(aspect.code + "-"):
            yield _fault((*path, "code"), "item_elsewhere", item=item.code, aspect=aspect.code)


def _precedence(definition: Definition) -> Faults:
    codes = {item.code for item in definition.items()}
    for place, pair in enumerate(definition.precedence):
        if len(pair) != 2 or not set(pair) <= codes or pair[0] == pair[1]:
            path = ("guidance", "precedence", place)
            yield _fault(path, "precedence", pair=" > ".join(pair))


def _item(definition: Definition, path: Path, item: ItemRow) -> Faults:
    yield from _sources(definition, path, item)
    yield from _rule(path, item)
    if item.level == "county" and "visit" in item.sources:
        yield _fault((*path, "level"), "visit_level", item=item.code)
    if item.points < 1:
        yield _fault((*path, "max_points"), "no_points", item=item.code)
    if lacking := _lacking(item):
        yield _fault(("guidance", "items", item.code), "texts_missing", item=item.code, lacking=lacking)


def _sources(definition: Definition, path: Path, item: ItemRow) -> Faults:
    known = definition.weights
    path = (*path, "sources")
    if not item.sources:
        yield _fault(path, "no_source", item=item.code)
    for source in item.sources:
        if source not in known:
            yield _fault(path, "unknown_source", item=item.code, source=source)
    if item.sources and set(item.sources) <= set(known) and not item_weights(item.sources, known):
        yield _fault(path, "no_weight", item=item.code)


def _rule(path: Path, item: ItemRow) -> Faults:
    rule, path = item.rule, (*path, "rule")
    if rule["type"] == "deduction":
        each, floor = rule["per_finding"], rule.get("floor") or 0
        if not 0 < each <= item.points:
            yield _fault((*path, "per_finding"), "per_finding", item=item.code, each=each, points=item.points)
        if floor >= item.points:
            yield _fault((*path, "floor"), "floor", item=item.code, floor=floor, points=item.points)
        if not 1 <= rule.get("cap_per_point", 1) <= MOST_PER_POINT:
            yield _fault((*path, "cap_per_point"), "cap", item=item.code, most=MOST_PER_POINT)
    if rule["type"] == "proportion" and not 0 <= rule["zero_at_or_below_pct"] < rule["target_pct"] <= 100:
        yield _fault((*path, "target_pct"), "target", item=item.code)


def _lacking(item: ItemRow) -> list[tuple[str, str]]:
    """Return the texts that are not written yet, as (part, language)."""
    written = {
        **item.texts,
        **{
            f"{name}_{lang}": getattr(item, f"{name}_{lang}")
            for name in ("name", "unit", "department")
            for lang in LANGUAGES
        },
    }
    parts = ("name", "unit", "department", *PARTS)
    return [
        (part, lang) for part in parts for lang in LANGUAGES if not written.get(f"{part}_{lang}", "").strip()
    ]
