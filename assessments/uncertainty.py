"""How much chance there is in a score where a sample of villages stands for all of them: pure, whole numbers only.

Villages are drawn by township (stratum). With n_h of N_h villages visited in township h, n in all, and s_h² the
variance of the village scores there, the mean over the visited villages has the variance

    V = Σ_h (n_h/n)² · (1 − n_h/N_h) · s_h²/n_h        (finite population correction: a whole that was seen has none)

Where a township has one visited village and more unvisited ones, s² of all visited villages stands for its own. Village
scores go in as people read them, in 1/100 point. The standard error is the root of V, a whole number of 1/100 point.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TypeVar

# of a hundred places like this one, 95 have their whole within so many standard errors: 1.96
BAND = Fraction(196, 100)
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Stratum:
    """The scores of the visited villages of a township, in 1/100 point, and how many villages it has."""

    scores: Sequence[int]
    whole: int


def variance(scores: Sequence[int]) -> Fraction | None:
    """Return the variance of a sample (divided by n − 1); None of fewer than two."""
    n = len(scores)
    if n < 2:
        return None
    return Fraction(n * sum(score * score for score in scores) - sum(scores) ** 2, n * (n - 1))


def mean_variance(strata: Sequence[Stratum]) -> Fraction | None:
    """Return V of the mean over all visited villages; None where the sample is too small to tell."""
    everyone = [score for stratum in strata for score in stratum.scores]
    if not everyone:
        return None
    overall, total = variance(everyone), Fraction()
    for stratum in strata:
        n_h = len(stratum.scores)
        if n_h == 0 or n_h >= stratum.whole:
            continue
        own = variance(stratum.scores)
        spread = overall if own is None else own
        if spread is None:
            return None
        total += Fraction(n_h, len(everyone)) ** 2 * (1 - Fraction(n_h, stratum.whole)) * spread / n_h
    return total


def root(value: Fraction) -> int:
    """Return the square root, rounded half up to a whole number."""
    return (isqrt(4 * value.numerator // value.denominator) + 1) // 2


def standard_error(strata: Sequence[Stratum], weight: Fraction = Fraction(1)) -> int | None:
    """Return the standard error in 1/100 point; `weight` is what visits count in the total it stands beside."""
    found = mean_variance(strata)
    return None if found is None else root(found * weight * weight)


@dataclass(frozen=True)
class Band:
    """Where the score of the whole lies (1/100 point), and which ranks that leaves possible."""

    low: int
    high: int
    best: int
    worst: int


def half_width(error: int) -> int:
    """Return half the width of the band, rounded half up."""
    exact = BAND * error
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def bands(scores: Mapping[K, int], errors: Mapping[K, int | None]) -> dict[K, Band]:
    """Return the band of each place, and how far up or down others' bands let it stand."""
    widths = {key: half_width(errors.get(key) or 0) for key in scores}
    spans = {key: (score - widths[key], score + widths[key]) for key, score in scores.items()}
    lows, highs = sorted(low for low, _high in spans.values()), sorted(high for _low, high in spans.values())
    return {
        # better for certain: whose band begins above mine; perhaps not worse: whose band ends at or above my low end
        key: Band(low, high, len(lows) - bisect_right(lows, high) + 1, len(highs) - bisect_left(highs, low))
        for key, (low, high) in spans.items()
    }
