"""What a place hands upwards: its periods, the snapshot of one, and how it compares with the ledger of today."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from inspections import official
from inspections.models import Finding, FindingQuerySet, Snapshot, Submission
from inspections.models.submissions import ROLE_OF_LEVEL
from villages.models import Division

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Period:
    """A stretch of days, both ends included, whose ledger is due some days after its end."""

    since: date
    until: date

    @property
    def due_on(self) -> date:
        """Return the last day to hand it in."""
        return self.until + timedelta(days=settings.SUBMISSION_DUE_DAYS)

    @property
    def label(self) -> str:
        """Name the period: a month or a quarter where it is one, else its days."""
        if self == month_of(self.since):
            return _("%(year)s-%(month)s") % {"year": self.since.year, "month": f"{self.since:%m}"}
        if self == quarter_of(self.since):
            return _("quarter %(n)s of %(year)s") % {
                "year": self.since.year,
                "n": (self.since.month + 2) // 3,
            }
        return f"{self.since} – {self.until}"


def month_of(day: date) -> Period:
    """Return the calendar month that holds a day."""
    after = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return Period(day.replace(day=1), after - timedelta(days=1))


def quarter_of(day: date) -> Period:
    """Return the calendar quarter that holds a day."""
    first = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return Period(first, month_of(first.replace(month=first.month + 2)).until)


def suggested(on: date) -> list[Period]:
    """Return the periods most likely wanted: the last three full months and the last full quarter."""
    months = []
    day = on
    for _n in range(3):
        day = day.replace(day=1) - timedelta(days=1)
        months.append(month_of(day))
    return [*months, quarter_of(quarter_of(on).since - timedelta(days=1))]


# --- content ------------------------------------------------------------------------------------------------------
def findings_of(division: Division, period: Period) -> FindingQuerySet:
    """Return the findings issued in a place in a period, by number."""
    days = (period.since, period.until + timedelta(days=1))
    start, end = (timezone.make_aware(datetime.combine(day, time.min)) for day in days)
    column = "county" if division.level == Division.Level.COUNTY else "township"
    return Finding.objects.filter(**{column: division}, issued_at__gte=start, issued_at__lt=end).order_by(
        "number"
    )


def snapshot(division: Division, period: Period, on: date) -> Snapshot:
    """Gather what is frozen, in Chinese: it is an official record, whoever presses the button."""
    with translation.override("zh-hans"):
        rows = list(official.lines(findings_of(division, period), on))
    parts = [part.as_json() for part in parts_of(division, period, on)]
    return Snapshot(rows, official.sha256(rows), official.count(rows), parts)


@dataclass(frozen=True)
class Part:
    """A place whose ledger the receiver expects, and its newest submission, if any."""

    division: Division
    submission: Submission | None
    due_on: date
    on: date

    @property
    def state(self) -> str:
        """Return where it stands: missing, submitted, accepted or returned."""
        return self.submission.state if self.submission else "missing"

    @property
    def days_late(self) -> int:
        """Return how late it came, or is by now."""
        if self.submission:
            return self.submission.days_late
        return max(0, (self.on - self.due_on).days)

    def as_json(self) -> dict[str, Any]:
        """Return what a county's own submission keeps of it."""
        version = self.submission.version if self.submission else None
        return {
            "id": str(self.division.pk),
            "name": self.division.name,
            "state": self.state,
            "version": version,
        }


def children(division: Division, on: date) -> list[Division]:
    """Return the places whose ledgers a place receives: townships of a county, counties of the city."""
    if division.level == Division.Level.CITY:
        return list(Division.objects.counties(on))
    if division.level == Division.Level.COUNTY:
        return list(Division.objects.townships(on).filter(county_id=division.pk))
    return []


def parts_of(division: Division, period: Period, on: date) -> list[Part]:
    """Tell for each place below how its ledger of the period stands, in two queries."""
    rows = children(division, on)
    newest = Submission.objects.of_period(period.since, period.until).filter(division__in=rows).newest()
    found = {row.division_id: row for row in newest.with_decision()}
    return [Part(row, found.get(row.pk), period.due_on, on) for row in rows]


def own_places(user: "User", on: date) -> list[Division]:
    """Return the places whose ledgers the user submits."""
    levels = (Division.Level.TOWNSHIP, Division.Level.COUNTY)
    return _places(user, on, levels)


def receiving_places(user: "User", on: date) -> list[Division]:
    """Return the places whose received ledgers the user decides on."""
    return _places(user, on, (Division.Level.COUNTY, Division.Level.CITY))


def _places(user: "User", on: date, levels: Iterable[str]) -> list[Division]:
    found = [
        p.division for p in user.posts_on(on) if p.division and p.role == ROLE_OF_LEVEL[p.division.level]
    ]
    return list(dict.fromkeys(place for place in found if place.level in levels))


# --- then and now -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Difference:
    """One control total: as it was frozen and as it is now."""

    group: str
    name: str
    then: str
    now: str

    @property
    def differs(self) -> bool:
        """Tell whether something has changed since."""
        return self.then != self.now


def compared(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Set frozen totals beside those of today, name by name."""
    old = {(group, name): value for group, pairs in official.named_totals(then) for name, value in pairs}
    new = {(group, name): value for group, pairs in official.named_totals(now) for name, value in pairs}
    groups = list(dict.fromkeys(group for group, _name in [*old, *new]))
    keys = sorted({**old, **new}, key=lambda key: groups.index(key[0]))
    return [Difference(*key, old.get(key, "0"), new.get(key, "0")) for key in keys]
