"""The slide show of an on-site meeting, as data: what the browser and PowerPoint both show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from uuid import UUID

from accounts.models import User
from inspections.models import (
    Finding,
    Meeting,
    MeetingDecision,
    MeetingFinding,
    MeetingVillage,
    Photo,
    PhotoUse,
)

# a finding with many photos takes several slides, but no more than these
MOST_PER_FINDING = 3
VILLAGES_PER_SLIDE = 8
DECISIONS_PER_SLIDE = 4
T = TypeVar("T")
Photos = dict[UUID, dict[str, list[Photo]]]


@dataclass(frozen=True)
class Slide:
    """One slide. `kind` is title, villages, finding or decisions; the other fields are what that kind shows."""

    kind: str
    meeting: Meeting
    finding: Finding | None = None
    on_the_spot: bool = False
    before: Photo | None = None
    after: Photo | None = None
    part: int = 1
    parts: int = 1
    villages: Sequence[MeetingVillage] = ()
    decisions: Sequence[MeetingDecision] = ()

    @property
    def photos(self) -> list[Photo]:
        """Return the photos on the slide, before first."""
        return [photo for photo in (self.before, self.after) if photo]


def shown_to(meeting: Meeting, user: User, on: date) -> list[MeetingFinding]:
    """Return the meeting's findings that this reader may read, in order; one query."""
    seen = Finding.objects.visible_to(user, on)
    rows = meeting.shown.filter(finding__in=seen).order_by("position", "pk")
    places = ("finding__village", "finding__township", "finding__county", "finding__item__aspect")
    return list(rows.select_related(*places, "finding__issuing_office"))


def slides_of(meeting: Meeting, user: User, on: date) -> list[Slide]:
    """Return all slides: title, villages, each finding the reader may read with its photos, decisions; four queries."""
    slides = [Slide("title", meeting)]
    villages = list(meeting.villages.select_related("village").order_by("position"))
    slides += [Slide("villages", meeting, villages=rows) for rows in _batches(villages, VILLAGES_PER_SLIDE)]
    shown = shown_to(meeting, user, on)
    photos = photos_of(shown)
    for row in shown:
        slides += _finding(meeting, row, photos.get(row.finding_id, {}))
    decisions = list(meeting.decisions.order_by("position"))
    return slides + [
        Slide("decisions", meeting, decisions=rows)
        for rows in _batches(decisions, DECISIONS_PER_SLIDE) or [[]]
    ]


def _batches(rows: Sequence[T], size: int) -> list[Sequence[T]]:
    """Return the rows in as few parts as hold at most so many each, none much longer than another."""
    parts = -(-len(rows) // size)
    even = -(-len(rows) // parts) if parts else 1
    return [rows[start : start + even] for start in range(0, len(rows), even)]


def photos_of(shown: Sequence[MeetingFinding]) -> Photos:
    """Return the photos of the meeting's findings by finding and side, in order; one query."""
    return photos_of_findings(row.finding_id for row in shown)


def photos_of_findings(ids: Iterable[UUID]) -> Photos:
    """Return photos by finding and side, in order; one query. The caller has chosen findings its reader may read."""
    found: Photos = {key: {"before": [], "after": []} for key in ids}
    for use in PhotoUse.objects.filter(finding__in=list(found), photo__refused="").for_list():
        found[use.finding_id][use.side].append(use.photo)
    return found


def _finding(meeting: Meeting, row: MeetingFinding, photos: dict[str, list[Photo]]) -> list[Slide]:
    """Return a slide for each pair of before and after; without photos one with the words alone."""
    before, after = photos.get("before", []), photos.get("after", [])
    parts = min(MOST_PER_FINDING, max(len(before), len(after), 1))
    return [
        Slide(
            "finding", meeting, finding=row.finding, on_the_spot=row.on_the_spot, part=n + 1, parts=parts,
            before=before[n] if n < len(before) else None, after=after[n] if n < len(after) else None,
        )
        for n in range(parts)
    ]  # fmt: skip
