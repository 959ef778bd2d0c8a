"""Home of a leader: the places covered today in three sentences, the worst findings, and the instructions left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, Min, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import Post, Role, User
from dalian_rural.pages.home_parts import first_photos
from inspections.models import IN_HAND, Finding, FindingQuerySet, Instruction
from villages.models import Division, Responsibility

WEEK = timedelta(days=7)
WORST = 5
INSTRUCTIONS = 5
NAMED = 3


def section(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of a leader, for all places covered today."""
    on = timezone.localdate(at)
    covered = user.places(on, Role.LEADER)
    seen = Finding.objects.issued().filter(covered.q())
    figures = by_township(seen, at)
    worst = list(_worst(seen, on))
    photos = first_photos(worst)
    mine = Instruction.objects.filter(by=user).select_related(
        "finding__village", "finding__item", "replied_by"
    )
    return {
        "template": "pages/home_leader.html",
        "post": post,
        "area": area_of(user, on),
        "sentences": sentences(figures) if covered else [],
        "worst": [{"finding": row, "photo": photos.get(row.pk, ""), "owner": owner(row)} for row in worst],
        "townships": figures,
        "instructions": mine.order_by("-at", "pk")[:INSTRUCTIONS],
    }


def area_of(user: User, on: date) -> str:
    """Name the places that the user's person (and those the user stands in for) answers for."""
    posts = [post for post in user.posts_on(on) if post.role == Role.LEADER]
    persons = {post.deputy_for.user.person_id if post.deputy_for else user.person_id for post in posts}
    rows = Responsibility.objects.on(on).filter(person__in=persons - {None}).for_list()
    names = dict.fromkeys(str(row.place) for row in rows.order_by("kind", "since", "pk"))
    shown = pgettext("list", ", ").join(list(names)[:NAMED])
    if len(names) > NAMED:
        return _("%(places)s and %(n)s more") % {"places": shown, "n": len(names) - NAMED}
    return shown


def _worst(seen: FindingQuerySet, on: date) -> FindingQuerySet:
    """Return the worst of what is not put right: overdue, grave, and long so."""
    overdue = Case(When(due_on__lt=on, then=Value(0)), default=Value(1))
    severity = Case(
        When(severity="grave", then=Value(0)), When(severity="major", then=Value(1)), default=Value(2)
    )
    return (
        seen.in_hand().for_list().order_by(overdue, severity, F("due_on").asc(nulls_last=True), "pk")[:WORST]
    )


def owner(finding: Finding) -> str:
    """Name who answers for the finding: the village's township leader of the day of issue, else the secretaries."""
    chain = finding.chain
    people = chain.get("township") or [chain.get("secretary") or chain.get("village_secretary")]
    return pgettext("list", ", ").join(person["name"] for person in people if person)


# --- figures --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class TownshipWeek:
    """One township: what is in hand now, and what came and went in the last seven days."""

    division: Division
    in_hand: int = 0
    today: int = 0
    overdue: int = 0
    newly_overdue: int = 0
    new: int = 0
    closed: int = 0
    longest: int = 0


def by_township(seen: FindingQuerySet, at: datetime) -> list[TownshipWeek]:
    """Count a set of findings by township, those with most overdue first: two queries."""
    on, since = timezone.localdate(at), at - WEEK
    in_hand = Q(state__in=IN_HAND)
    overdue = in_hand & Q(due_on__lt=on)
    rows = list(
        seen.order_by()
        .values("township_id")
        .annotate(
            n_in_hand=Count("pk", filter=in_hand),
            n_today=Count("pk", filter=in_hand & Q(due_on=on)),
            n_overdue=Count("pk", filter=overdue),
            n_newly=Count("pk", filter=overdue & Q(due_on__gte=on - WEEK)),
            n_new=Count("pk", filter=Q(issued_at__gte=since)),
            n_closed=Count("pk", filter=Q(closed_at__gte=since)),
            first_due=Min("due_on", filter=overdue),
        )
    )
    names = Division.objects.in_bulk([row["township_id"] for row in rows])
    found = [_week(row, names, on) for row in rows]
    return sorted(
        found, key=lambda row: (-row.overdue, -row.in_hand, row.division.position, row.division.name)
    )


def _week(row: Any, names: dict[UUID, Division], on: date) -> TownshipWeek:
    longest = (on - row["first_due"]).days if row["first_due"] else 0
    return TownshipWeek(
        names[row["township_id"]], row["n_in_hand"], row["n_today"], row["n_overdue"], row["n_newly"],
        row["n_new"], row["n_closed"], longest,
    )  # fmt: skip


# --- words ----------------------------------------------------------------------------------------------------------
def sentences(figures: Sequence[TownshipWeek]) -> list[str]:
    """Say in three sentences how things stand, what changed within a week, and who is late."""
    return [stands(figures), changed(figures), late(figures)]


def stands(figures: Sequence[TownshipWeek]) -> str:
    """Say how much is to be put right and how much of it is overdue."""
    n, overdue = sum(row.in_hand for row in figures), sum(row.overdue for row in figures)
    if not n:
        return _("Nothing is waiting to be put right.")
    if not overdue:
        return ngettext(
            "%(n)s finding is waiting to be put right, and it is not overdue.",
            "%(n)s findings are waiting to be put right, and none of them is overdue.",
            n,
        ) % {"n": n}
    return ngettext(
        "%(n)s finding is waiting to be put right, and it is overdue.",
        "%(n)s findings are waiting to be put right, %(overdue)s of them overdue.",
        n,
    ) % {"n": n, "overdue": overdue}


def changed(figures: Sequence[TownshipWeek]) -> str:
    """Say whether more was closed or more was found within seven days, and where most of it."""
    new, closed = sum(row.new for row in figures), sum(row.closed for row in figures)
    values: dict[str, Any] = {"new": new, "closed": closed}
    if not new and not closed:
        return _("In the last 7 days nothing was issued and nothing was closed.")
    if closed > new:
        best = max(figures, key=lambda row: row.closed)
        text = _(
            "Better than a week ago: %(closed)s closed, %(new)s new; most were closed in %(place)s (%(n)s)."
        )
        return text % {**values, "place": best.division.label, "n": best.closed}
    if new > closed:
        worst = max(figures, key=lambda row: row.new)
        text = _(
            "More to do than a week ago: %(new)s new, %(closed)s closed; most are new in %(place)s (%(n)s)."
        )
        return text % {**values, "place": worst.division.label, "n": worst.new}
    return _("As much to do as a week ago: %(new)s new and %(closed)s closed in 7 days.") % values


def late(figures: Sequence[TownshipWeek]) -> str:
    """Name who is overdue, by how many days, and how much of it is new."""
    rows = [row for row in figures if row.overdue]
    if not rows:
        return _("No township is overdue.")
    places = pgettext("list", ", ").join(_one_late(row) for row in rows[:NAMED])
    if len(rows) > NAMED:
        places = _("%(places)s and %(n)s more") % {"places": places, "n": len(rows) - NAMED}
    newly = sum(row.newly_overdue for row in rows)
    if newly:
        text = _("Overdue: %(places)s; %(newly)s of these became overdue within the last 7 days.")
    else:
        text = _("Overdue: %(places)s; none of these is new since last week.")
    return text % {"places": places, "newly": newly}


def _one_late(row: TownshipWeek) -> str:
    text = ngettext(
        "%(place)s %(n)s (up to %(days)s day)", "%(place)s %(n)s (up to %(days)s days)", row.longest
    )
    return text % {"place": row.division.label, "n": row.overdue, "days": row.longest}
