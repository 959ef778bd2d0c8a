"""What a tile's colour says: one figure for each village, its words, and the bands of the legend."""

import uuid
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.db.models import Count, Max
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from inspections.models import Finding, Visit
from schemes.scoring import rounded

Value = int | None
FIFTHS = 5
MOST_ROUNDS = 12


@dataclass(frozen=True)
class Band:
    """One colour of the legend: 0 is what needs nobody's attention, 4 what needs it most, -1 what has no figure."""

    shade: int
    label: str
    count: int


@dataclass(frozen=True)
class Scale:
    """Where each band begins (the first bound is the least value of all), and the band's colour."""

    bounds: Sequence[int]
    shades: Sequence[int]
    name: Callable[[int, int], str]  # of a band, by its least and its greatest value

    def shade(self, value: Value) -> int:
        """Return the colour of a figure."""
        return -1 if value is None else self.shades[max(bisect_right(self.bounds, value) - 1, 0)]


@dataclass(frozen=True)
class Painting:
    """The figures of one choice by village, how they are said and coloured, and what many of them come to."""

    key: str
    values: dict[uuid.UUID, int]
    missing: Value  # of a village without a row
    scale: Scale
    word: Callable[[Value], str]
    total: Callable[[Sequence[Value]], str]
    head: str
    note: str = ""
    no_figure: str = ""
    marked: bool = True  # whether the worst tiles carry a mark besides their colour

    def value(self, village: uuid.UUID) -> Value:
        """Return the figure of a village."""
        return self.values.get(village, self.missing)

    def badness(self, value: Value) -> tuple[int, int]:
        """Return what sorts the worst first and what has no figure last."""
        shade = self.scale.shade(value)
        worse_is_more = self.scale.shades[-1] >= self.scale.shades[0]
        return (-shade, (-(value or 0) if worse_is_more else value or 0))

    def legend(self, villages: Iterable[uuid.UUID]) -> list[Band]:
        """Return the bands that occur, the best first, then those without a figure."""
        values = [self.value(village) for village in villages]
        held: dict[int, list[int]] = defaultdict(list)
        for value in values:
            if value is not None:
                held[self.scale.shade(value)].append(value)
        bands = [
            Band(shade, self.scale.name(min(rows), max(rows)), len(rows))
            for shade, rows in sorted(held.items())
        ]
        if none := Counter(values)[None]:
            bands.append(Band(-1, self.no_figure, none))
        return bands


def fifths(values: Iterable[int], shades: Sequence[int], name: Callable[[int, int], str]) -> Scale:
    """Cut values into five bands of as many villages each, as far as ties allow; equal values are never parted."""
    order = sorted(values)
    if not order:
        return Scale([0], shades[:1], name)
    cuts = [order[len(order) * n // FIFTHS] for n in range(FIFTHS)]
    kept = dict(zip(cuts, shades, strict=True))  # where cuts fall together the last, the better one, counts
    bounds = sorted(kept)
    return Scale(bounds, [kept[bound] for bound in bounds], name)


# --- overdue findings ---------------------------------------------------------------------------------------------
def overdue(user: User, at: datetime) -> Painting:
    """Count what is in hand past its due date, of what the user may see: one query."""
    seen = Finding.objects.visible_to(user, timezone.localdate(at)).issued().overdue(at)
    rows = seen.order_by().values_list("village").annotate(n=Count("pk"))
    scale = Scale(
        [0, 1, 2, 3, 5], [0, 1, 2, 3, 4], lambda low, high: str(low) if low == high else f"{low}–{high}"
    )
    return Painting(
        key="overdue", values=dict(rows), missing=0, scale=scale, word=_overdue_word,
        total=lambda values: f"{sum(value or 0 for value in values):,}", head=_("Overdue findings"),
        note=_("Findings that are open or returned past their due date, as of now."),
    )  # fmt: skip


def _overdue_word(value: Value) -> str:
    if not value:
        return _("nothing overdue")
    return ngettext("%(n)s overdue finding", "%(n)s overdue findings", value) % {"n": value}


# --- visits of a round --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Seen:
    """A round of which the user may read visits."""

    pk: uuid.UUID
    title: str


def rounds_seen(user: User, on: date) -> list[Seen]:
    """Return the rounds with scoring visits that the user may read, the newest first: one query."""
    rows = (
        Visit.objects.visible_to(user, on)
        .scoring()
        .filter(round__isnull=False)
        .order_by()
        .values_list("round", "round__title")
        .annotate(last=Max("submitted_at"))
        .order_by("-last")[:MOST_ROUNDS]
    )
    return [Seen(pk, title) for pk, title, _last in rows]


def coverage(user: User, on: date, seen: Seen) -> Painting:
    """Tell which villages were visited in a round, and when last: one query."""
    rows = _visits(user, on, seen).values_list("village").annotate(last=Max("submitted_at"))
    values = {village: timezone.localdate(last).toordinal() for village, last in rows}
    scale = Scale([0, 1], [4, 0], lambda low, _high: _("visited") if low else _("not visited in this round"))
    return Painting(
        key="coverage", values=values, missing=0, scale=scale, word=_coverage_word,
        total=lambda days: f"{sum(bool(day) for day in days):,} / {len(days):,}", head=_("Visited"),
        note=_("Villages with a submitted visit of this round that you may read."), marked=False,
    )  # fmt: skip


def _coverage_word(value: Value) -> str:
    if not value:
        return _("not visited in this round")
    return _("visited on %(day)s") % {"day": date.fromordinal(value).isoformat()}


def score(user: User, on: date, seen: Seen) -> Painting:
    """Return each village's mean over its scoring visits of a round, in hundredths of 100 points: one query."""
    rows = _visits(user, on, seen).filter(possible__gt=0).values_list("village", "got", "possible")
    visits: dict[uuid.UUID, list[Fraction]] = defaultdict(list)
    for village, got, possible in rows:
        visits[village].append(Fraction(got, possible))
    means = {village: sum(parts, Fraction()) / len(parts) for village, parts in visits.items()}
    values = {village: hundredths(mean * 100) for village, mean in means.items()}
    return points_painting("score", values, _("Visit score"), _(
        "Mean of the village's scoring visits of this round, out of 100. A village that was not visited is not ranked. "
        "Each colour holds a fifth of the villages shown."
    ))  # fmt: skip


def points_painting(key: str, values: dict[uuid.UUID, int], head: str, note: str) -> Painting:
    """Paint hundredths of points, the more the better."""
    scale = fifths(values.values(), [4, 3, 2, 1, 0], lambda low, high: f"{points(low)}–{points(high)}")
    return Painting(
        key=key, values=values, missing=None, scale=scale, word=_points_word, total=_mean, head=head, note=note,
        no_figure=_("not visited, not ranked"),
    )  # fmt: skip


def _visits(user: User, on: date, seen: Seen) -> Any:
    return Visit.objects.visible_to(user, on).scoring().filter(round=seen.pk).order_by()


def hundredths(value: Fraction) -> int:
    """Round to two places, half up."""
    return rounded(value.numerator * 100, value.denominator)


def points(value: int) -> str:
    """Write hundredths with two places."""
    return f"{value // 100}.{value % 100:02d}"


def _points_word(value: Value) -> str:
    if value is None:
        return _("not visited, not ranked")
    return _("%(points)s points") % {"points": points(value)}


def _mean(values: Sequence[Value]) -> str:
    there = [value for value in values if value is not None]
    return points(hundredths(Fraction(sum(there), 100 * len(there)))) if there else ""


WORDS: dict[str, Promise] = {
    "score": gettext_lazy("Visit score"),
    "overdue": gettext_lazy("Overdue findings"),
    "coverage": gettext_lazy("Visited in the round"),
}
