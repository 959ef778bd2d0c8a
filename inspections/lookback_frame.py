"""The list a look-back is drawn from: an office's fixed findings of some weeks, with what is known of their evidence.

A constant number of queries, whatever the number of findings.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from inspections.lookback_weights import Facts
from inspections.models.finding import Finding
from inspections.models.photo_uses import NearDuplicate, PhotoUse, Side
from inspections.steps import State
from villages.models import Division

Others = dict[uuid.UUID, int]


def closed_findings(office: Division, since: date, until: date) -> models.QuerySet[Finding]:
    """Return what the office has closed as fixed between two days, both included."""
    first = timezone.make_aware(datetime.combine(since, time()))
    last = timezone.make_aware(datetime.combine(until + timedelta(days=1), time()))
    return Finding.objects.filter(
        issuing_office=office,
        state=State.CLOSED,
        ending=Finding.Ending.FIXED,
        closed_at__gte=first,
        closed_at__lt=last,
    )


def facts_of(findings: models.QuerySet[Finding]) -> list[Facts]:
    """Return what is known of each finding's evidence, in the order of ids; counts are within the list."""
    names = ("pk", "township_id", "issued_at", "submitted_at", "measures", "result", "times_returned")
    rows = list(findings.order_by("pk").values(*names))
    words = _same_words(rows)
    uses = PhotoUse.objects.filter(side=Side.AFTER, finding__in=findings.values("pk"))
    shown = list(uses.values_list("finding_id", "photo_id", "photo__sha256", "photo__original_sha256"))
    same, near = _same_photos(shown), _near_photos(shown, uses.values("photo"))
    return [
        Facts(
            str(row["pk"]), str(row["township_id"]), _minutes(row["issued_at"], row["submitted_at"]),
            same_photos=same.get(row["pk"], 0), near_photos=near.get(row["pk"], 0),
            same_words=words.get(row["pk"], 0), times_returned=row["times_returned"],
        )
        for row in rows
    ]  # fmt: skip


def _minutes(issued: datetime | None, submitted: datetime | None) -> int | None:
    return int((submitted - issued).total_seconds() // 60) if issued and submitted else None


def _same_words(rows: Iterable[dict[str, Any]]) -> Others:
    """Return for each finding how many others of its township were put right in the same words."""
    by_words: dict[tuple[Any, str], list[uuid.UUID]] = defaultdict(list)
    for row in rows:
        said = "".join(f"{row['measures']}\n{row['result']}".split())
        if said:
            by_words[row["township_id"], said].append(row["pk"])
    return {key: len(keys) - 1 for keys in by_words.values() for key in keys if len(keys) > 1}


def _same_photos(shown: Iterable[tuple[Any, ...]]) -> Others:
    """Return for each finding how many others show one of its after-photos."""
    by_hash: dict[str, set[uuid.UUID]] = defaultdict(set)
    for finding, _photo, *hashes in shown:
        for known in filter(None, hashes):
            by_hash[known].add(finding)
    others: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for findings in by_hash.values():
        for finding in findings if len(findings) > 1 else ():
            others[finding] |= findings - {finding}
    return {finding: len(keys) for finding, keys in others.items()}


def _near_photos(shown: Iterable[tuple[Any, ...]], photos: Any) -> Others:
    """Return for each finding how many of its after-photos look like another finding's."""
    by_photo: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for finding, photo, *_hashes in shown:
        by_photo[photo].add(finding)
    flags = NearDuplicate.objects.filter(Q(photo__in=photos) | Q(other__in=photos))
    alike = {photo for pair in flags.values_list("photo_id", "other_id") for photo in pair}
    return Counter(finding for photo in alike for finding in by_photo.get(photo, ()))
