"""The sweep: what is due is derived from the findings' rows, and told once.

No message carries a due time. A sweep that is lost, doubled, late or killed half-way changes nothing: the next one
finds the same rows, and the unique keys of notices, reminders and proposals keep out what is already there.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inspections import deadlines, keyset
from inspections.digests import weekly_digest
from inspections.models import IN_HAND, Finding, FindingEvent, RectificationPlan, Reminder, Sweep
from inspections.proposing import propose
from inspections.recipients import Directory, Placed, directory_on
from inspections.steps import State
from notifications.models import Notice
from villages.models import Holiday

ONE_DAY = timedelta(days=1)
# a plan that waits stops no clock, but whoever reads the reminder should know whose turn it is
PLAN_WAITS = _("(plan awaits approval)")


@dataclass(frozen=True)
class Rule:
    """One kind of reminder: which findings, paged by which column, told to whom, in which words."""

    step: str
    due: Q
    column: str
    people: Callable[[Directory, Placed], frozenset[User]]
    text: Promise


class Line(NamedTuple):
    """What a reminder needs of a finding."""

    id: uuid.UUID
    number: str | None
    village_id: uuid.UUID
    township_id: uuid.UUID
    county_id: uuid.UUID
    issuing_office_id: uuid.UUID
    village: str
    item_zh: str
    item_en: str
    plan_waits: bool


PLACES = ("village_id", "township_id", "county_id", "issuing_office_id")
COLUMNS = ("id", "number", *PLACES, "village__name", "item__name_zh", "item__name_en")


def rules_on(on: date) -> list[Rule]:
    """Return the reminders of a day, in the order in which a finding meets them."""
    last_working_day = deadlines.working_day_before(on, Holiday.objects.calendar())
    confirmed_by = timezone.make_aware(datetime.combine(last_working_day, time.min))
    return [
        Rule(
            "waiting",
            Q(state=State.REPORTED, reported_at__lt=confirmed_by, early=False),
            "reported_at",
            Directory.issuing,
            _("A report from %(village)s has waited for over a working day: %(item)s. Issue or refuse it."),
        ),
        Rule(
            "due_soon",
            Q(state__in=IN_HAND) & Q(due_on=on + ONE_DAY),
            "due_on",
            Directory.township_side,
            _("Due tomorrow: %(number)s, %(village)s, %(item)s."),
        ),
        Rule(
            "due_today",
            Q(state__in=IN_HAND) & Q(due_on=on),
            "due_on",
            Directory.township_side,
            _("Due today until midnight: %(number)s, %(village)s, %(item)s."),
        ),
        Rule(
            "overdue",
            Q(state__in=IN_HAND) & Q(due_on__lt=on),
            "due_on",
            Directory.with_county,
            _("Overdue: %(number)s, %(village)s, %(item)s."),
        ),
        Rule(
            "check_lapsed",
            Q(state=State.SUBMITTED, check_due_on__lt=on, checked_at=None),
            "check_due_on",
            Directory.issuing,
            _("%(number)s, %(village)s: the county office has not checked in time; you may decide now."),
        ),
    ]


def sweep(*, at: datetime) -> dict[str, int]:
    """Tell and propose whatever is due at this moment and has not been told; return how many of each."""
    on = timezone.localdate(at)
    counts = {"dates_set": set_awaited_dates(at=at)}
    people = directory_on(on)
    for rule in rules_on(on):
        counts[rule.step] = remind(rule, people, at=at)
    counts["proposals"] = propose(people, at=at)
    counts["digests"] = weekly_digest(at=at)
    Sweep.finished("reminders", at, counts)
    return counts


def remind(rule: Rule, people: Directory, *, at: datetime) -> int:
    """Tell one kind of reminder for every finding that is due for it and was never told; return how many."""
    due = Finding.objects.filter(rule.due)
    # a step is noted once per finding, so that two counts tell a sweep that has nothing to do, as nearly all have
    if due.count() == Reminder.objects.filter(step=rule.step, finding__in=due).count():
        return 0
    return sum(_tell(rule, people, untold(rule.step, page), at) for page in keyset.pages(due, rule.column))


def untold(step: str, page: list[keyset.Row]) -> list[Line]:
    """Return the findings whose step was not told yet, by id: two sweeps insert in one order, so neither blocks."""
    ids = [pk for _key, pk in page]
    told = set(Reminder.objects.filter(step=step, finding__in=ids).values_list("finding_id", flat=True))
    new = [pk for pk in ids if pk not in told]
    if not new:
        return []
    asked = RectificationPlan.objects.filter(finding=OuterRef("pk"), state="asked")
    rows = Finding.objects.filter(pk__in=new).annotate(plan_waits=Exists(asked)).order_by("pk")
    return [Line(*row) for row in rows.values_list(*COLUMNS, "plan_waits")]


@transaction.atomic
def _tell(rule: Rule, people: Directory, page: list[Line], at: datetime) -> int:
    """Write the notices of one page together with the note that they were told."""
    if not page:
        return 0
    Notice.objects.tell_all(_lines(rule, people, page), step=rule.step, at=at)
    Reminder.objects.bulk_create(
        [Reminder(finding_id=line.id, step=rule.step, at=at) for line in page], ignore_conflicts=True
    )
    return len(page)


def _lines(rule: Rule, people: Directory, page: list[Line]) -> Iterator[tuple[uuid.UUID, str, str, str]]:
    """Make the notices of one page, users in one order too."""
    words = _Words(rule.text)
    somewhere = uuid.UUID(int=0)
    address = reverse("finding", args=[somewhere])
    for line in page:
        key, url = f"finding:{line.id}:{rule.step}", address.replace(str(somewhere), str(line.id))
        for user in sorted(rule.people(people, line), key=lambda user: user.pk):
            yield user.pk, key, words.about(line, user.speaks), url


class _Words:
    """A reminder's wording, translated once per language."""

    def __init__(self, text: Promise) -> None:
        self.text = text
        self.known: dict[str, tuple[str, str]] = {}

    def about(self, line: Line, language: str) -> str:
        """Return the sentence about one finding."""
        english = language == "en"
        sentence, waits = self._in(language)
        item = line.item_en if english and line.item_en else line.item_zh
        written = sentence % {"number": line.number, "village": line.village, "item": item}
        return f"{written}{' ' if english else ''}{waits}" if line.plan_waits else written

    def _in(self, language: str) -> tuple[str, str]:
        if language not in self.known:
            with translation.override(language):
                self.known[language] = (str(self.text), str(PLAN_WAITS))
        return self.known[language]


# --- due dates that awaited the holiday table ---------------------------------------------------------------------
def set_awaited_dates(*, at: datetime) -> int:
    """Set the due dates that can be counted since the holiday table grew; return how many."""
    if not Finding.objects.filter(awaits_calendar=True).exists():
        return 0
    calendar = Holiday.objects.calendar()
    waiting = Finding.objects.filter(awaits_calendar=True).select_related("rule")
    keys = list(waiting.order_by("pk").values_list("pk", flat=True))
    parts = [keys[start : start + keyset.PAGE] for start in range(0, len(keys), keyset.PAGE)]
    return sum(_set_dates(waiting.filter(pk__in=part), calendar, at) for part in parts)


@transaction.atomic
def _set_dates(waiting: QuerySet[Finding], calendar: deadlines.WorkCalendar, at: datetime) -> int:
    groups: dict[date, list[Finding]] = {}
    for finding in waiting.select_for_update(of=("self",)).order_by("pk"):
        if due := _awaited_date(finding, calendar):
            groups.setdefault(due, []).append(finding)
    for due, findings in groups.items():
        _set_date(due, findings, at)
    return sum(map(len, groups.values()))


def _awaited_date(finding: Finding, calendar: deadlines.WorkCalendar) -> date | None:
    if finding.rule is None or finding.issued_at is None:
        return None
    rule = finding.rule.as_rule()
    start = deadlines.day_zero(rule, timezone.localtime(finding.issued_at))
    return deadlines.due_on(rule, start, finding.severity, calendar)


def _set_date(due: date, findings: list[Finding], at: datetime) -> None:
    """Write one due date to all findings that share it, with an event each; what was decided meanwhile stays."""
    rows = Finding.objects.filter(pk__in=[finding.pk for finding in findings])
    rows.update(
        due_on=Coalesce("due_on", due),
        first_due_on=Coalesce("first_due_on", due),
        awaits_calendar=False,
        version=F("version") + 1,
    )
    midnight = timezone.make_aware(datetime.combine(due + ONE_DAY, time.min))
    closed = rows.filter(state=State.CLOSED, ending=Finding.Ending.FIXED, on_time=None)
    closed.update(on_time=ExpressionWrapper(Q(submitted_at__lt=midnight), BooleanField()))
    FindingEvent.objects.bulk_create(
        FindingEvent(
            finding=finding, step="date_set", by=None, at=at, from_state=finding.state, to_state=finding.state,
            version=finding.version + 1, data={"before": {}, "created": [], "due_on": due},
        )
        for finding in findings
    )  # fmt: skip
