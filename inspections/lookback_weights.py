"""How many tickets a closed finding has in the draw of a look-back: pure, whole numbers, each with its reason.

Every finding may be drawn. What was settled suspiciously quickly, or on evidence that looks like another's, has more
tickets, and so has everything of a township where that is frequent. `lookback_messages` says the reasons in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

BASE = 2
# submitted within so many minutes of the issue → tickets more; the first that fits counts
QUICK = ((30, 4), (120, 2))
SAME_PHOTOS = 4  # an after-photo that another finding shows too
NEAR_PHOTOS = 3  # an after-photo that looks like another finding's
SAME_WORDS = 2  # measures and result word for word those of others in the township
SAME_WORDS_FROM = 2  # of so many others
RETURNED = 1  # for each return
RETURNED_MOST = 2
TOWNSHIP = 2  # in a township where so many of the findings, and so large a share of them, look suspicious
TOWNSHIP_FROM, TOWNSHIP_SHARE = 3, (1, 3)

# what makes the evidence itself suspicious: only these count for the township
SUSPICIOUS = frozenset({"quick", "same_photos", "near_photos", "same_words"})
REASONS = ("quick", "same_photos", "near_photos", "same_words", "returned", "township")


@dataclass(frozen=True)
class Facts:
    """What is known of one closed finding; the counts are of other findings in the same list."""

    finding: str
    township: str
    minutes: int | None = None  # from the issue to the submission that was accepted
    same_photos: int = 0
    near_photos: int = 0
    same_words: int = 0
    times_returned: int = 0


@dataclass(frozen=True)
class Reason:
    """One reason for more tickets: its code, the number behind it, and how many tickets it gives."""

    code: str
    number: int
    tickets: int

    def as_json(self) -> list[object]:
        """Return the reason as it is stored."""
        return [self.code, self.number, self.tickets]


@dataclass(frozen=True)
class Weighed:
    """How many tickets a finding has, and why."""

    weight: int
    reasons: tuple[Reason, ...] = ()


def weigh(rows: Iterable[Facts]) -> dict[str, Weighed]:
    """Return the tickets of each finding of the list, by its id."""
    own = [(facts, _own(facts)) for facts in rows]
    busy = _suspicious_townships((facts.township, reasons) for facts, reasons in own)
    weighed = {}
    for facts, reasons in own:
        if facts.township in busy:
            reasons = [*reasons, Reason("township", busy[facts.township], TOWNSHIP)]
        weighed[facts.finding] = Weighed(BASE + sum(row.tickets for row in reasons), tuple(reasons))
    return weighed


def _own(facts: Facts) -> list[Reason]:
    """Return the reasons that lie in the finding itself."""
    found = []
    if facts.minutes is not None:
        tickets = next((more for within, more in QUICK if facts.minutes <= within), 0)
        found.append(Reason("quick", facts.minutes, tickets))
    found.append(Reason("same_photos", facts.same_photos, SAME_PHOTOS if facts.same_photos else 0))
    # the same bytes look alike too: once is enough
    alike = facts.near_photos and not facts.same_photos
    found.append(Reason("near_photos", facts.near_photos, NEAR_PHOTOS if alike else 0))
    copied = facts.same_words >= SAME_WORDS_FROM
    found.append(Reason("same_words", facts.same_words, SAME_WORDS if copied else 0))
    returns = min(facts.times_returned, RETURNED_MOST) * RETURNED
    found.append(Reason("returned", facts.times_returned, returns))
    return [row for row in found if row.tickets]


def _suspicious_townships(rows: Iterable[tuple[str, list[Reason]]]) -> dict[str, int]:
    """Return the townships where suspicious evidence is frequent, with the number of such findings."""
    there: Counter[str] = Counter()
    suspicious: Counter[str] = Counter()
    for township, reasons in rows:
        there[township] += 1
        suspicious[township] += any(row.code in SUSPICIOUS for row in reasons)
    part, whole = TOWNSHIP_SHARE
    return {
        town: count
        for town, count in suspicious.items()
        if count >= TOWNSHIP_FROM and count * whole >= there[town] * part
    }


def sample_size(findings: int, percent: int) -> int:
    """Return how many of so many findings are looked at again: the share rounded up, so that it is never none."""
    return min(findings, -(-findings * percent // 100))
