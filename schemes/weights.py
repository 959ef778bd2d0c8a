"""Effective weights: what a source counts for an item once weights are renormalised. Pure, exact fractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from schemes.definition import Definition, ItemRow


def item_weights(sources: Sequence[str], weights: Mapping[str, int]) -> dict[str, Fraction]:
    """Renormalise the weights over the sources of one item; nothing where they are 0 together."""
    listed = {source: weights[source] for source in sources if source in weights}
    total = sum(listed.values())
    return {source: Fraction(weight, total) for source, weight in listed.items()} if total else {}


def source_points(definition: Definition) -> dict[str, int]:
    """Return how many units of points each source has items for."""
    points = dict.fromkeys(definition.weights, 0)
    for item in definition.items():
        for source in item.sources:
            if source in points:
                points[source] += item.points
    return points


def total_weights(definition: Definition) -> dict[str, Fraction]:
    """Return what each source's total counts of the whole, where sources are added up (`source_total`)."""
    points = source_points(definition)
    return item_weights([source for source, units in points.items() if units], definition.weights)


def effective(definition: Definition, item: ItemRow) -> dict[str, Fraction]:
    """Return the share of the whole (0–1) that each source decides through this item."""
    if definition.combine == "item":
        total = sum(row.points for row in definition.items())
        shares = item_weights(item.sources, definition.weights)
        return (
            {source: share * Fraction(item.points, total) for source, share in shares.items()}
            if total
            else {}
        )
    points, weights = source_points(definition), total_weights(definition)
    return {
        source: weights[source] * Fraction(item.points, points[source])
        for source in item.sources
        if source in weights
    }


def nominal(definition: Definition, item: ItemRow) -> Fraction:
    """Return the share of the whole that the item's points are."""
    total = sum(row.points for row in definition.items())
    return Fraction(item.points, total) if total else Fraction(0)


def hundredths(share: Fraction) -> int:
    """Return a share as hundredths of a per cent, rounded half up."""
    return (2 * share.numerator * 10_000 + share.denominator) // (2 * share.denominator)
