"""What is wrong with a scheme, in sentences for people."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from schemes.definition import Fault
from schemes.models import Item, Scheme, SourceCode, decimal_text

SENTENCES: dict[str, Any] = {
    # the file
    "mapping_expected": gettext_lazy("Names with values are expected here."),
    "list_expected": gettext_lazy("A list is expected here."),
    "text_expected": gettext_lazy("A text is expected here."),
    "number_expected": gettext_lazy("A number is expected here."),
    "pair_expected": gettext_lazy("Two item codes are expected here: the first goes before the second."),
    "missing": gettext_lazy("This is missing."),
    "too_long": gettext_lazy("This is longer than %(most)s characters."),
    "choice": gettext_lazy("“%(text)s” is not one of: %(known)s"),
    "range": gettext_lazy("This must be between %(low)s and %(high)s."),
    "code_form": gettext_lazy("A code has letters, digits, dots and hyphens."),
    "too_fine": gettext_lazy("This is finer than 1/%(scale)s."),
    "unknown_organisation": gettext_lazy("The system knows no department of the name “%(name)s”."),
    "unknown_aspect": gettext_lazy("The sheet of aspects has no “%(aspect)s”."),
    "unknown_item": gettext_lazy("The sheet of items has no “%(item)s”."),
    "aspect_count": gettext_lazy("The file states %(wanted)s aspects and holds %(found)s."),
    "item_count": gettext_lazy("The file states %(wanted)s items and holds %(found)s."),
    # the sums
    "name_missing": gettext_lazy("%(what)s: the name is missing in %(language)s."),
    "weights": gettext_lazy("The weights of %(sources)s are %(found)s per cent together instead of 100."),
    "source_without_items": gettext_lazy(
        "%(source)s has a weight but scores no item: its total cannot be worked out."
    ),
    "no_aspects": gettext_lazy("The scheme has no aspect yet."),
    "total": gettext_lazy("The aspects have %(found)s points together; the scheme has %(wanted)s."),
    "aspect_empty": gettext_lazy("%(aspect)s has no item yet."),
    "aspect_sum": gettext_lazy(
        "%(aspect)s: its items have %(found)s points together; the aspect has %(wanted)s."
    ),
    "aspect_twice": gettext_lazy("The code %(aspect)s is used by more than one aspect."),
    "item_twice": gettext_lazy("The code %(item)s is used by more than one item."),
    "item_elsewhere": gettext_lazy("%(item)s does not begin with the code of its aspect, %(aspect)s-."),
    "precedence": gettext_lazy("Which item goes before: “%(pair)s” does not name two items."),
    "visit_level": gettext_lazy("%(item)s is scored by visits; visits are made to villages, not to counties."),
    "no_points": gettext_lazy("%(item)s has no points."),
    "texts_missing": gettext_lazy("%(item)s: not written yet: %(lacking)s"),
    "no_source": gettext_lazy("%(item)s: nobody scores it."),
    "unknown_source": gettext_lazy("%(item)s is scored by a source that the scheme does not have: %(source)s."),
    "no_weight": gettext_lazy("%(item)s: the weights of its sources are 0 together."),
    "per_finding": gettext_lazy("%(item)s: one finding costs %(each)s of %(points)s points."),
    "floor": gettext_lazy("%(item)s: the floor of %(floor)s leaves nothing of %(points)s points to deduct."),
    "cap": gettext_lazy("%(item)s: at one observation point between 1 and %(most)s findings count."),
    "target": gettext_lazy("%(item)s: the target must lie above the lower bound and within 100 per cent."),
}  # fmt: skip

LANGUAGE_NAMES = {"zh": gettext_lazy("the Chinese language"), "en": gettext_lazy("the English language")}
PART_NAMES: dict[str, Any] = {
    "name": pgettext_lazy("scheme", "Name"),
    "unit": gettext_lazy("What is counted"),
    "department": gettext_lazy("Responsible department"),
    "standard": gettext_lazy("Standard"),
    "good": gettext_lazy("Good signs"),
    "bad": gettext_lazy("Bad signs"),
    "photograph": gettext_lazy("What to photograph"),
    "not_counted": gettext_lazy("What is not counted here"),
}
# what a field of a scheme is called, in lists of differences and in forms
FIELD_NAMES: dict[str, Any] = {
    **PART_NAMES,
    "code": pgettext_lazy("scheme", "Code"),
    "points": gettext_lazy("Points"),
    "max_total": pgettext_lazy("scheme", "Points in all"),
    "combine": gettext_lazy("How sources are combined"),
    "status_note": gettext_lazy("Where the text comes from"),
    "precedence": gettext_lazy("One fact, two items"),
    "weight": gettext_lazy("Weight, per cent"),
    "max_points_units": gettext_lazy("Points"),
    "position": pgettext_lazy("place in a list", "Place"),
    "aspect": gettext_lazy("Aspect"),
    "sources": gettext_lazy("Scored by"),
    "level": gettext_lazy("Level"),
    "applies_if": gettext_lazy("Applies to"),
    "zero_if": gettext_lazy("No points if"),
    "evidence": gettext_lazy("Evidence wanted"),
    "organisation": gettext_lazy("Department in this system"),
    "rule": gettext_lazy("Rule"),
    "rule_type": gettext_lazy("Rule"),
    "per_finding": gettext_lazy("Points per finding"),
    "floor": gettext_lazy("Floor"),
    "cap_per_point": gettext_lazy("At one observation point at most"),
    "target_pct": gettext_lazy("Full points from, per cent"),
    "zero_at_or_below_pct": gettext_lazy("No points up to, per cent"),
    "system": gettext_lazy("Figure of the system"),
    "target_basis": gettext_lazy("Where the target comes from"),
}


def sentence(fault: Fault) -> str:
    """Return what is wrong, in the active language."""
    shown = {**_SHOWN, **(_SUMS if fault.code in ("total", "aspect_sum") else {})}
    facts = {name: shown.get(name, str)(value) for name, value in fault.facts.items()}
    if fault.code == "name_missing" and not fault.facts["what"]:
        facts["what"] = _("Scheme")
    text = str(SENTENCES[fault.code])
    for name, value in facts.items():
        text = text.replace(f"%({name})s", value)
    return text


def sentences(faults: Iterable[Fault]) -> list[str]:
    """Return what is wrong, one line each."""
    return [sentence(fault) for fault in faults]


def field_name(field: str) -> str:
    """Return what a column is called: `standard_zh` → Standard (Chinese)."""
    stem, _sign, tail = field.rpartition("_")
    if tail in LANGUAGE_NAMES and stem in FIELD_NAMES:
        return str(in_language(FIELD_NAMES[stem], tail))
    return str(FIELD_NAMES.get(field, field))


def in_language(name: Any, code: str) -> Any:
    """Name a text and its language; lazily, for labels of forms."""
    pattern = gettext_lazy("{name} (Chinese)") if code == "zh" else gettext_lazy("{name} (English)")
    return format_lazy(pattern, name=name)


def _source(code: str) -> str:
    return str(SourceCode(code).label) if code in SourceCode.values else code


def _lacking(parts: Iterable[tuple[str, str]]) -> str:
    return _(", ").join(field_name(f"{part}_{code}") for part, code in parts)


_SHOWN: dict[str, Callable[[Any], str]] = {
    "source": _source,
    "sources": lambda codes: _(", ").join(map(_source, codes)),
    "language": lambda code: str(LANGUAGE_NAMES[code]),
    "lacking": _lacking,
    "each": decimal_text,
    "points": decimal_text,
    "floor": decimal_text,
}
_SUMS: dict[str, Callable[[Any], str]] = {"found": decimal_text, "wanted": decimal_text}


_CHOICES: dict[str, list[tuple[str, Any]]] = {
    "level": Item.Level.choices,
    "rule_type": Item.RuleType.choices,
    "system": Item.System.choices,
    "combine": Scheme.Combine.choices,
}


def value_of(field: str, value: Any) -> str:
    """Return a column's value as people read it."""
    if field in ("points", "max_points_units", "per_finding", "floor"):
        return decimal_text(value)
    if field == "sources":
        return " · ".join(map(_source, value))
    if field == "applies_if":
        labels = dict(Item.Attribute.choices)
        return " · ".join(str(labels.get(code, code)) for code in value) or _("every village")
    if choices := _CHOICES.get(field):
        return str(dict(choices).get(value, value))
    if field == "precedence":
        return "\n".join(" > ".join(pair) for pair in value)
    return "\n".join(value) if isinstance(value, list) else str(value)
