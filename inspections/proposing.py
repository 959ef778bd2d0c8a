"""What the sweep proposes for findings that stay overdue. It never does more than propose."""

import uuid
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TypedDict, cast

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import ngettext

from inspections import keyset
from inspections.models import IN_HAND, Finding, Proposal
from inspections.recipients import Directory
from notifications.models import Notice

Level = Proposal.Level


class Ladder(TypedDict):
    """Days overdue after which each measure is proposed, and the count that concerns a whole township."""

    urge: int
    supervise: int
    circulate: int
    summon: int
    township_findings: int


def propose(people: Directory, *, at: datetime) -> int:
    """Propose what the ladder of settings says, each once, and tell those who may sign; return how many are new."""
    ladder = cast(Ladder, settings.PROPOSALS)
    on = timezone.localdate(at)
    found = _for_findings(
        {
            Level.URGE: ladder["urge"],
            Level.SUPERVISE: ladder["supervise"],
            Level.CIRCULATE: ladder["circulate"],
            Level.SUMMON: ladder["summon"],
        },
        on,
        at,
    )
    found += _for_townships(ladder, on, at)
    if found:
        _tell_signers(people, on, at)
    return found


def _for_findings(ladder: dict[Level, int], on: date, at: datetime) -> int:
    """Propose for every finding in hand the measures that its days overdue have reached; return how many are new."""
    lacking = {level: days for level, days in ladder.items() if _lacks(level, on - timedelta(days=days))}
    if not lacking:
        return 0
    due_by = on - timedelta(days=min(lacking.values()))
    return sum(_for_page(lacking, page, on, at) for page in keyset.pages(_overdue(due_by), "due_on"))


def _overdue(due_by: date) -> QuerySet[Finding]:
    return Finding.objects.filter(state__in=IN_HAND, due_on__lte=due_by)


def _lacks(level: Level, due_by: date) -> bool:
    """Tell whether any finding still waits for this proposal: a finding has one of a level at most, so counts tell.

    Nearly every sweep finds nothing to do; two counts then replace the reading of all proposals ever made.
    """
    made = Proposal.objects.filter(level=level, finding__state__in=IN_HAND, finding__due_on__lte=due_by)
    return made.count() != _overdue(due_by).count()


def _for_page(ladder: dict[Level, int], page: list[keyset.Row], on: date, at: datetime) -> int:
    known = set(
        Proposal.objects.filter(finding__in=[pk for _due, pk in page]).values_list("finding_id", "level")
    )
    missing = {
        pk: levels
        for due, pk in page
        if (
            levels := [
                level
                for level, days in ladder.items()
                if (on - due).days >= days and (pk, level) not in known
            ]
        )
    }
    if not missing:
        return 0
    if connection.vendor == "postgresql":
        return _write([(str(pk), str(level)) for pk in sorted(missing) for level in missing[pk]], on, at)
    findings = Finding.objects.filter(pk__in=missing).order_by("pk").only(*COLUMNS)
    made = [_proposal(level, finding, on, at) for finding in findings for level in missing[finding.pk]]
    Proposal.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


# a first sweep proposes for tens of thousands: the finding's columns need not come here and go back
_WRITE = """
INSERT INTO inspections_proposal
  (id, level, office_id, township_id, county_id, finding_id, occasion, facts, proposed_at, state, remark)
SELECT gen_random_uuid(), line.level, f.issuing_office_id, f.township_id, f.county_id, f.id, 'finding:' || f.id,
  jsonb_build_object('days', %s - f.due_on), %s, 'proposed', ''
FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS line (finding, level, n)
JOIN inspections_finding f ON f.id = line.finding ORDER BY line.n
ON CONFLICT DO NOTHING"""


def _write(lines: list[tuple[str, str]], on: date, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [on, at, [pk for pk, _level in lines], [level for _pk, level in lines]])
    return len(lines)


COLUMNS = ("due_on", "issuing_office_id", "township_id", "county_id")


def _proposal(level: Level, finding: Finding, on: date, at: datetime) -> Proposal:
    days = (on - finding.due_on).days if finding.due_on else 0
    return Proposal(
        level=level, finding=finding, occasion=f"finding:{finding.pk}", facts={"days": days},
        office_id=finding.issuing_office_id, township_id=finding.township_id, county_id=finding.county_id,
        proposed_at=at,
    )  # fmt: skip


def _for_townships(ladder: Ladder, on: date, at: datetime) -> int:
    """Propose a circular, at most once a month, for a township where several findings are long overdue."""
    due_by = on - timedelta(days=ladder["supervise"])
    groups = (
        Finding.objects.filter(state__in=IN_HAND, due_on__lte=due_by)
        .values("issuing_office_id", "township_id", "county_id")
        .annotate(findings=Count("pk"))
        .filter(findings__gte=ladder["township_findings"])
    )
    made = {
        f"township:{group['township_id']}:{group['issuing_office_id']}:{on:%Y-%m}": group
        for group in groups.order_by("township_id", "issuing_office_id")
    }
    known = Proposal.objects.filter(level=Level.CIRCULATE, occasion__in=made)
    for occasion in list(known.values_list("occasion", flat=True)):
        del made[occasion]
    Proposal.objects.bulk_create(
        [
            Proposal(
                level=Level.CIRCULATE, occasion=occasion, proposed_at=at, office_id=group["issuing_office_id"],
                township_id=group["township_id"], county_id=group["county_id"],
                facts={"findings": group["findings"], "days": ladder["supervise"]},
            )
            for occasion, group in made.items()
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    return len(made)


@transaction.atomic
def _tell_signers(people: Directory, on: date, at: datetime) -> None:
    """Tell those who may sign, once a day and office, how many proposals of the day wait for them."""
    morning = timezone.make_aware(datetime.combine(on, time.min))
    todays = Proposal.objects.filter(state=Proposal.State.PROPOSED, proposed_at__gte=morning)
    counts: dict[uuid.UUID, int] = dict(
        todays.values_list("office_id").annotate(count=Count("pk")).order_by("office_id")
    )
    for office, count in counts.items():
        Notice.objects.tell(
            people.signers.get(office, ()),
            key=f"proposals:{office}:{on}",
            text=partial(_waiting_text, count),
            url=_proposals_page(),
            at=at,
            step="proposals",
        )


def _waiting_text(count: int) -> str:
    text = ngettext(
        "%(count)s measure for overdue findings is proposed for your signature.",
        "%(count)s measures for overdue findings are proposed for your signature.",
        count,
    )
    return text % {"count": count}


def _proposals_page() -> str:
    try:
        return reverse("proposals")
    except NoReverseMatch:
        return reverse("home")
