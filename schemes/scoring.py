"""The rule that scores one item, in whole 1/10,000 points: pure, no Django, no clock, no binary float.

Rounded half up, once, here; everything after this only adds up whole numbers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# findings of one item at one observation point that deduct, where the scheme's rule does not say
CAP_PER_POINT = 2

Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """One finding of the item: the observation point ("" elsewhere), a repeat of a fact, one that leaves no point."""

    point: str = ""
    repeats: bool = False
    zero_if: bool = False


@dataclass(frozen=True)
class Measure:
    """What was measured or answered: `met` of `sampled` for a proportion, `answer` for yes or no."""

    sampled: int | None = None
    met: int | None = None
    answer: bool | None = None


@dataclass(frozen=True)
class Score:
    """The result: 1/10,000 points, findings that deduct, findings recorded only, and whether one left no point."""

    units: int
    counted: int = 0
    repeated: int = 0
    zeroed: bool = False


class NotMeasured(ValueError):
    """What the rule needs is missing or impossible."""


def rounded(numerator: int, denominator: int) -> int:
    """Return the quotient rounded half up; both are not negative, the denominator is not 0."""
    return (2 * numerator + denominator) // (2 * denominator)


def counted_facts(facts: Iterable[Fact], cap: int) -> int:
    """Return how many facts deduct: repeats never, at each observation point no more than the cap."""
    per_point = Counter(fact.point for fact in facts if not fact.repeats)
    return sum(min(found, cap) for found in per_point.values())


def deduction(points: int, rule: Rule, facts: Iterable[Fact]) -> Score:
    """Take off `per_finding` for each fact that counts, down to `floor`."""
    rows = list(facts)
    counted = counted_facts(rows, rule.get("cap_per_point") or CAP_PER_POINT)
    left = max(rule.get("floor") or 0, points - rule["per_finding"] * counted)
    return Score(left, counted, sum(fact.repeats for fact in rows))


def proportion(points: int, rule: Rule, sampled: int | None, met: int | None) -> int:
    """Give all points at the target and above, none at the lower bound and below, in between in proportion."""
    if sampled is None or met is None or not 0 <= met <= sampled or sampled < 1:
        raise NotMeasured
    low, target = rule.get("zero_at_or_below_pct") or 0, rule["target_pct"]
    above, whole = 100 * met - low * sampled, (target - low) * sampled
    return rounded(points * min(max(above, 0), whole), whole)


def yes_no(points: int, answer: bool | None) -> int:
    """Give all points for yes, none for no."""
    if answer is None:
        raise NotMeasured
    return points if answer else 0


def score(points: int, rule: Rule, facts: Iterable[Fact] = (), measure: Measure | None = None) -> Score:
    """Score one item of so many points by its rule. Raises NotMeasured where what the rule needs is missing."""
    rows, seen = list(facts), measure or Measure()
    found = _by_rule(points, rule, rows, seen)
    if any(fact.zero_if and not fact.repeats for fact in rows):
        return Score(0, found.counted, found.repeated, zeroed=True)
    return found


def _by_rule(points: int, rule: Rule, facts: list[Fact], seen: Measure) -> Score:
    if rule["type"] == "deduction":
        return deduction(points, rule, facts)
    repeated = sum(fact.repeats for fact in facts)
    if rule["type"] == "proportion":
        return Score(proportion(points, rule, seen.sampled, seen.met), repeated=repeated)
    if rule["type"] == "yes_no":
        return Score(yes_no(points, seen.answer), repeated=repeated)
    raise ValueError(rule["type"])
