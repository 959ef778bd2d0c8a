"""The leaders' weekly digest: one notice a week with counts for the places they cover."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from inspections.models import IN_HAND, Finding, Sweep
from inspections.steps import State
from notifications.models import Notice
from villages.models import AreaLink, Responsibility

Counts = Counter[str]
WEEK = timedelta(days=7)


class Covered(NamedTuple):
    """One place that a leader covers: its names and the ids it is counted by."""

    name: str
    name_en: str
    ids: frozenset[uuid.UUID]


def weekly_digest(*, at: datetime) -> int:
    """Write this week's digests unless they are written; return how many leaders got one."""
    week = f"{timezone.localdate(at):%G-W%V}"
    done = Sweep.objects.filter(name="digest").values_list("counts", flat=True).first()
    if done and done["week"] == week:
        return 0
    return _write(week, at)


@transaction.atomic
def _write(week: str, at: datetime) -> int:
    on = timezone.localdate(at)
    covered = covered_by_leaders(on)
    counts = counts_by_place(at)
    for user in sorted(covered, key=lambda user: user.pk):
        Notice.objects.tell(
            [user],
            key=f"digest:{week}",
            text=partial(_text, covered[user], counts, user.speaks),
            url=reverse("home"),
            at=at,
            step="digest",
        )
    Sweep.finished("digest", at, {"week": week, "leaders": len(covered)})
    return len(covered)


def covered_by_leaders(on: date) -> dict[User, list[Covered]]:
    """Return the users who are municipal or county leaders on a day, with the places each covers."""
    kinds = (Responsibility.Kind.MUNICIPAL, Responsibility.Kind.COUNTY)
    rows = Responsibility.objects.on(on).filter(
        kind__in=kinds,
        person__user__is_active=True,
        person__user__in=User.objects.holding(Role.LEADER, on),
    )
    villages = _villages_of_areas(on)
    covered: dict[User, list[Covered]] = defaultdict(list)
    for row in rows.select_related("person__user", "county", "area").order_by("since", "pk"):
        covered[row.person.user].append(_covered(row, villages))
    return covered


def _villages_of_areas(on: date) -> dict[uuid.UUID, set[uuid.UUID]]:
    villages: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for area, village in AreaLink.objects.on(on).values_list("area_id", "village_id"):
        villages[area].add(village)
    return villages


def _covered(row: Responsibility, villages: dict[uuid.UUID, set[uuid.UUID]]) -> Covered:
    if row.area is not None:
        return Covered(row.area.name, row.area.name, frozenset(villages[row.area.pk]))
    if row.county is None:  # the database holds: a municipal leader's row names a county
        raise ValueError(row.pk)
    return Covered(row.county.name, row.county.name_en, frozenset({row.county.pk}))


def counts_by_place(at: datetime) -> dict[uuid.UUID, Counts]:
    """Return open, overdue and lately closed findings by unit and by village."""
    on = timezone.localdate(at)
    in_hand = Q(state__in=IN_HAND)
    rows = (
        Finding.objects.exclude(number=None)
        .values_list("county_id", "village_id")
        .annotate(
            open=Count("pk", filter=in_hand),
            overdue=Count("pk", filter=in_hand & Q(due_on__lt=on)),
            closed=Count("pk", filter=Q(state=State.CLOSED, closed_at__gte=at - WEEK)),
        )
    )
    counts: dict[uuid.UUID, Counts] = defaultdict(Counter)
    for county, village, opened, overdue, closed in rows.filter(in_hand | Q(closed_at__gte=at - WEEK)):
        found = {"open": opened, "overdue": overdue, "closed": closed}
        counts[county].update(found)
        counts[village].update(found)
    return counts


def _text(places: Iterable[Covered], counts: dict[uuid.UUID, Counts], language: str) -> str:
    """Say what each place has, in the active language; a notice holds 500 characters."""
    lines = []
    for place in places:
        total: Counts = sum((counts.get(key, Counter()) for key in place.ids), Counter())
        name = place.name_en if language == "en" and place.name_en else place.name
        line = _("%(place)s: %(open)s open, %(overdue)s overdue, %(closed)s closed in 7 days")
        lines.append(line % {"place": name, **{part: total[part] for part in ("open", "overdue", "closed")}})
    return (_("This week: ") + _("; ").join(lines))[:500]
