"""What several sections of the home page show: cards, things that wait, the ledger that is due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Min, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise

from inspections.models import Finding, FindingEvent, PhotoUse, Submission
from villages.models import Division

CARDS = 20


# --- cards --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Card:
    """A finding with its first before-photo, and why it was sent back."""

    finding: Finding
    photo: str = ""
    why: str = ""


def cards(findings: Iterable[Finding]) -> list[Card]:
    """Return the cards of findings in two queries."""
    rows = list(findings)
    photos, reasons = first_photos(rows), reasons_of_return(rows)
    return [Card(row, photos.get(row.pk, ""), reasons.get(row.pk, "")) for row in rows]


def first_photos(findings: Iterable[Finding]) -> dict[UUID, str]:
    """Return the address of the first before-photo of each finding that has one."""
    found: dict[UUID, str] = {}
    for use in PhotoUse.objects.filter(finding__in=list(findings), side="before").for_list():
        found.setdefault(use.finding_id, use.photo.small_url)
    return found


def reasons_of_return(findings: Iterable[Finding]) -> dict[UUID, str]:
    """Return the last reason for which each returned finding was sent back."""
    returned = [row.pk for row in findings if row.state == Finding.State.RETURNED]
    events = FindingEvent.objects.filter(finding__in=returned, step="send_back").order_by("version")
    return dict(events.values_list("finding_id", "remark"))


# --- what waits ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Waiting:
    """Things of one kind that wait: how many, since when the oldest, and the page where they are dealt with."""

    label: str | Promise
    icon: str
    url: str
    count: int
    oldest: datetime | None

    @classmethod
    def of(cls, rows: QuerySet[Any], since: str, label: str | Promise, icon: str, url: str) -> "Waiting":
        """Count rows that wait since the moment in a column: one query."""
        found = rows.order_by().aggregate(count=Count("pk"), oldest=Min(since))
        return cls(label, icon, url, found["count"], found["oldest"])


def oldest_first(waiting: Iterable[Waiting]) -> list[Waiting]:
    """Keep what has something waiting and a page, the longest wait first."""
    rows = [row for row in waiting if row.count and row.oldest and row.url]
    return sorted(rows, key=lambda row: row.oldest.timestamp() if row.oldest else 0)


def ledger_url(**query: object) -> str:
    """Return the address of the ledger that asks for this."""
    asked = {name: str(value) for name, value in query.items() if value}
    return f"{reverse('ledger')}?{urlencode(asked)}" if asked else reverse("ledger")


# --- the ledger that goes upwards ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class LedgerDue:
    """How last month's ledger of a place stands; `submission` is its newest version, if there is one."""

    since: date
    until: date
    due_on: date
    submission: Submission | None
    today: date

    @property
    def late(self) -> bool:
        """Tell whether it should have been there by now."""
        return self.open and self.today > self.due_on

    @property
    def open(self) -> bool:
        """Tell whether the place still has to act."""
        return self.submission is None or self.submission.state == Submission.State.RETURNED

    @property
    def reason(self) -> str:
        """Return why it came back."""
        decision = getattr(self.submission, "decision", None) if self.open else None
        return decision.reason if decision else ""


def ledger_due(division: Division, on: date) -> LedgerDue | None:
    """Return how last month's ledger stands, or None where nothing was issued that month: two queries."""
    until = on.replace(day=1) - timedelta(days=1)
    since = until.replace(day=1)
    newest = Submission.objects.of_period(since, until).filter(division=division).order_by("-version")
    last = newest.with_decision().first()
    if last is None and not _issued_in(division, since, until):
        return None
    due_on = last.due_on if last else until + timedelta(days=settings.SUBMISSION_DUE_DAYS)
    return LedgerDue(since, until, due_on, last, on)


def _issued_in(division: Division, since: date, until: date) -> bool:
    column = "township" if division.level == Division.Level.TOWNSHIP else "county"
    days = (midnight(since), midnight(until + timedelta(days=1)))
    return Finding.objects.filter(
        **{column: division}, issued_at__gte=days[0], issued_at__lt=days[1]
    ).exists()


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins in Dalian."""
    return timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - made aware at once
