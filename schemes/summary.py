"""A scheme as its page shows it: aspects and items with their nominal and their effective weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.urls import reverse

from schemes.definition import AspectRow, Definition, Fault, ItemRow
from schemes.models import Item, Scheme, SourceCode, decimal_text
from schemes.models.parts import language
from schemes.weights import effective, hundredths
from schemes.wording import sentence


@dataclass(frozen=True)
class Weight:
    """One source of an item: the weight that is written and the one that it has, in per cent."""

    source: str
    label: str
    nominal: str
    effective: str


@dataclass(frozen=True)
class ItemLine:
    """One item of the table."""

    item: ItemRow
    name: str
    points: str
    effective_points: str
    weights: tuple[Weight, ...]
    rule: str
    level: str


@dataclass(frozen=True)
class AspectLines:
    """One aspect with its items."""

    aspect: AspectRow
    name: str
    points: str
    total: str
    lines: tuple[ItemLine, ...]

    @property
    def adds_up(self) -> bool:
        """Tell whether the items have the aspect's points together."""
        return self.points == self.total


@dataclass(frozen=True)
class Problem:
    """One thing that does not add up, with the page where it is put right."""

    sentence: str
    url: str


def pick(row: Any, field: str = "name") -> str:
    """Return a column of plain data in the active language."""
    return str(getattr(row, f"{field}_{language()}"))


def per_cent(share: Fraction) -> str:
    """Write a share of one as per cent with at most two places: 2/7 → 28.57."""
    return decimal_text(hundredths(share) * 100)


def lines_of(definition: Definition) -> list[AspectLines]:
    """Return the table of a scheme."""
    return [
        AspectLines(
            aspect=aspect,
            name=pick(aspect),
            points=decimal_text(aspect.max_points_units),
            total=decimal_text(sum(item.points for item in aspect.items)),
            lines=tuple(_line(definition, item) for item in aspect.items),
        )
        for aspect in definition.aspects
    ]


def _line(definition: Definition, item: ItemRow) -> ItemLine:
    shares = effective(definition, item)
    whole = sum(shares.values(), Fraction(0))
    return ItemLine(
        item=item,
        name=pick(item),
        points=decimal_text(item.points),
        effective_points=decimal_text(hundredths(whole * definition.max_total / 100) * 100),
        weights=tuple(_weights(definition, item, shares, whole)),
        rule=str(dict(Item.RuleType.choices).get(item.rule["type"], "")),
        level=str(dict(Item.Level.choices).get(item.level, "")),
    )


def _weights(
    definition: Definition, item: ItemRow, shares: dict[str, Fraction], whole: Fraction
) -> Iterator[Weight]:
    for source in item.sources:
        share = shares.get(source, Fraction(0))
        yield Weight(
            source=source,
            label=str(SourceCode(source).label),
            nominal=str(definition.weights.get(source, "–")),
            effective=per_cent(share / whole) if whole else "–",
        )


def problems_of(scheme: Scheme, faults: list[Fault]) -> list[Problem]:
    """Return what does not add up, each with the address of the form that can change it."""
    return [Problem(sentence(fault), _where(scheme, fault)) for fault in faults]


def _where(scheme: Scheme, fault: Fault) -> str:
    key = [scheme.code, scheme.version]
    if item := fault.facts.get("item"):
        return reverse("scheme_item_edit", args=[*key, item])
    if aspect := fault.facts.get("aspect"):
        return reverse("scheme_aspect", args=[*key, aspect])
    return reverse("scheme_edit", args=key)
