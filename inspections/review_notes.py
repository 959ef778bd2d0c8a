"""What a reviewer should know before deciding: hints from the photos, the clock and the history, worst first."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inspections.dossier import Lookalike
from inspections.models import Finding, FindingEvent, Photo, PhotoUse, RectificationPlan

# metres between before and after beyond which the reviewer is told
FAR = 300
EARTH = 6_371_000


@dataclass(frozen=True)
class Note:
    """One note of the strip; `weight` is "bad", "warn" or empty for what is only good to know."""

    text: str
    weight: str = ""
    icon: str = "info-circle"
    url: str = ""


def notes(
    finding: Finding,
    uses: Sequence[PhotoUse],
    lookalikes: Sequence[Lookalike],
    returns: Sequence[FindingEvent],
    at: datetime,
    plan: RectificationPlan | None = None,
    sent: FindingEvent | None = None,
) -> list[Note]:
    """Return the notes on one case."""
    before = [use.photo for use in uses if use.side == "before"]
    after = [use.photo for use in uses if use.side == "after"]
    found = [
        *_clock(finding),
        *_plan(plan),
        *_returns(returns),
        *(_again(uses, sent.data.get("photos", []), sent.at) if sent else ()),
        *_county(finding, at),
        *(_lookalike(row) for row in lookalikes[:3]),
        *_photos(finding, before, after),
    ]
    return sorted(found, key=lambda note: ("bad", "warn", "").index(note.weight))


def _clock(finding: Finding) -> Iterable[Note]:
    if not (finding.first_due_on and finding.submitted_at):
        return
    late = (timezone.localdate(finding.submitted_at) - finding.first_due_on).days
    if late > 0:
        words = ngettext("submitted %(n)s day late", "submitted %(n)s days late", late) % {"n": late}
        yield Note(words, "bad", "clock-history")
    else:
        yield Note(_("submitted on time"), "", "check2")
    if finding.due_on and finding.due_on != finding.first_due_on:
        words = _("due date moved from %(first)s to %(now)s")
        days = {"first": finding.first_due_on, "now": finding.due_on}
        yield Note(words % days, "", "calendar2-check")


def _plan(plan: RectificationPlan | None) -> Iterable[Note]:
    if plan and plan.is_late:
        filed = timezone.localdate(plan.asked_at)
        yield Note(_("plan filed late, on %(day)s") % {"day": filed}, "warn", "calendar2-check")


def _returns(returns: Sequence[FindingEvent]) -> Iterable[Note]:
    if returns:
        times = ngettext("returned %(n)s time", "returned %(n)s times", len(returns)) % {"n": len(returns)}
        yield Note(f"{times}：{returns[-1].remark}", "warn", "arrow-return-left")


def _again(uses: Sequence[PhotoUse], sent: Sequence[str], since: datetime | None) -> Iterable[Note]:
    """Say which after-photos of this submission were in the one that was sent back: `sent` are the ids it named."""
    after = [use for use in uses if use.side == "after"]
    earlier = {key for use in after if since and use.at < since for key in use.photo.hashes}
    same = sum(1 for use in after if str(use.photo_id) in sent and use.photo.hashes & earlier)
    if same:
        words = ngettext(
            "%(n)s photo is the same as in the returned submission",
            "%(n)s photos are the same as in the returned submission",
            same,
        )
        yield Note(words % {"n": same}, "bad", "files")


def _county(finding: Finding, at: datetime) -> Iterable[Note]:
    if finding.recurrence_of_id:
        yield Note(_("a recurrence"), "warn", "arrow-repeat")
    if finding.checked_at:
        day = timezone.localdate(finding.checked_at)
        yield Note(_("checked by the county on %(day)s") % {"day": day}, "", "check2")
    elif finding.check_due_on and timezone.localdate(at) > finding.check_due_on:
        yield Note(_("not checked by the county"), "warn", "hourglass-split")


def _lookalike(row: Lookalike) -> Note:
    words = _("looks like a photo of %(number)s") % {"number": row.finding}
    return Note(words, "bad" if row.distance <= 2 else "warn", "files", row.finding.get_absolute_url())


def _photos(finding: Finding, before: Sequence[Photo], after: Sequence[Photo]) -> Iterable[Note]:
    if not after:
        yield Note(_("no after-photo"), "warn", "image")
    if _is_early(finding, after):
        words = _("an after-photo was taken before the problem was issued, by the phone's clock")
        yield Note(words, "warn", "clock-history")
    if metres := _apart(before, after):
        far = metres > FAR
        yield Note(
            _("before and after %(m)s m apart") % {"m": f"{metres:,}"}, "warn" if far else "", "geo-alt"
        )
    yield from _taken(_("before"), before)
    yield from _taken(_("after"), after)


def _is_early(finding: Finding, after: Sequence[Photo]) -> bool:
    issued = finding.issued_at
    return bool(issued and any(photo.captured_at and photo.captured_at < issued for photo in after))


def _taken(side: str, photos: Sequence[Photo]) -> Iterable[Note]:
    """Say when and how a side was taken. A missing time or position proves nothing: phones drop them."""
    if not photos:
        return
    first = photos[0]
    parts = [str(first.get_source_display())] if first.source else []
    if first.captured_at:
        parts.append(f"{timezone.localtime(first.captured_at):%m-%d %H:%M}")
    if first.lat is not None and first.lon is not None:
        parts.append(
            f"{first.lat:.5f}, {first.lon:.5f}" + (f" ±{first.accuracy} m" if first.accuracy else "")
        )
    if parts:
        yield Note(f"{side}：{' · '.join(parts)}", "", "camera")


def _apart(before: Sequence[Photo], after: Sequence[Photo]) -> int | None:
    """Return the metres between the nearest pair of positions, or None without two."""
    pairs = [
        metres(one.lat, one.lon, other.lat, other.lon)
        for one in before
        for other in after
        if one.lat is not None and one.lon is not None and other.lat is not None and other.lon is not None
    ]
    return round(min(pairs)) if pairs else None


def metres(lat: Decimal, lon: Decimal, other_lat: Decimal, other_lon: Decimal) -> float:
    """Return the distance between two positions in metres (great circle)."""
    one, two = math.radians(lat), math.radians(other_lat)
    across = math.radians(other_lon) - math.radians(lon)
    half = math.sin((two - one) / 2) ** 2 + math.cos(one) * math.cos(two) * math.sin(across / 2) ** 2
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(half)))
