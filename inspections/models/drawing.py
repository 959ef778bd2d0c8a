"""What earlier rounds say about each place: how many tickets it has, whether it rests, whether it is drawn again."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from inspections import draws
from inspections.models.planned import PlannedVisit
from inspections.models.rounds import Round, RoundState
from inspections.models.visits import Visit

# how a place's tickets in a sample come about; shown to planners and stored with the draw
BASE, DID_BADLY, NOT_SEEN = 2, 2, 2
BADLY_BELOW = Fraction(3, 4)  # of the points possible


@dataclass(frozen=True)
class History:
    """The last closed round of the same office and kind, and when each village was seen."""

    scores: dict[uuid.UUID, Fraction] = field(default_factory=dict)
    seen: frozenset[uuid.UUID] = frozenset()
    last: frozenset[uuid.UUID] = frozenset()  # villages in last place of their township
    pairs: tuple[tuple[tuple[str, str], str], ...] = ()

    def places(self, villages: Iterable[Any], *, rests: bool) -> Iterator[draws.Place]:
        """Walk the villages as the draw takes them; nothing rests where a township was seen whole the last time."""
        rows = list(villages)
        unseen = {village.township_id for village in rows if village.pk not in self.seen}
        for village in rows:
            yield self._place(
                village, rested=rests and village.pk in self.seen and village.township_id in unseen
            )

    def _place(self, village: Any, *, rested: bool) -> draws.Place:
        """Return the village as the draw takes it (annotated with township and county of the day)."""
        score = self.scores.get(village.pk)
        weight = BASE
        weight += DID_BADLY if score is not None and score < BADLY_BELOW else 0
        weight += NOT_SEEN if village.pk not in self.seen else 0
        return draws.Place(
            str(village.pk), str(village.township_id), str(village.county_id), weight=weight,
            again=village.pk in self.last, rested=rested,
        )  # fmt: skip

    @classmethod
    def before(cls, round: Round) -> "History":
        """Read what the last closed round of this office and kind has left."""
        earlier = Round.objects.filter(office=round.office, kind=round.kind, state=RoundState.CLOSED)
        previous = earlier.exclude(pk=round.pk).order_by("-ends_on", "-created_at").first()
        if previous is None:
            return cls()
        rows = list(
            Visit.objects.submitted()
            .filter(round=previous)
            .values_list("village_id", "township_id", "got", "possible")
        )
        scores = {
            village: Fraction(got, possible)
            for village, _town, got, possible in rows
            if got is not None and possible
        }
        return cls(
            scores=scores,
            seen=frozenset(row[0] for row in rows),
            last=_last_places(rows, scores),
            pairs=_pairs(previous),
        )


def _last_places(rows: list[Any], scores: dict[uuid.UUID, Fraction]) -> frozenset[uuid.UUID]:
    """Return the villages with the lowest score of their township, where there is more than one to compare."""
    towns: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for village, town, _got, _possible in rows:
        if village in scores:
            towns[town].add(village)
    found: set[uuid.UUID] = set()
    for villages in towns.values():
        lowest, highest = (f(scores[v] for v in villages) for f in (min, max))
        if lowest < highest:
            found |= {v for v in villages if scores[v] == lowest}
    return frozenset(found)


def _pairs(previous: Round) -> tuple[tuple[tuple[str, str], str], ...]:
    rows = PlannedVisit.objects.filter(round=previous).standing().values_list("pair", "township_id")
    return tuple(sorted({(tuple(sorted(pair)), str(town)) for pair, town in rows if len(pair) == 2}))
