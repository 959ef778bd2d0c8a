"""The demo's rounds at their end and under way: closing, a patrol, re-checks, and the third round that runs today."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation, User
from dalian_rural.demo import crew, places, touring, visits
from dalian_rural.demo.cases import SPOTS, Case
from dalian_rural.demo.story import Cast, play
from dalian_rural.demo.touring import AGENCY, CLOSED, PATROL, RUNNING, Tour, clock, tours
from inspections.models import PlanAmender, Recheck, RecheckDraw, Round, Team, Visit
from inspections.points import PointStatus
from inspections.sheets import Sheet
from schemes.models import Item
from villages.models import Village

# numbers of the cases: beyond all others
PATROL_FINDS, RUNNING_FINDS = 50_000, 60_000
FOUND_IN = 3  # every third visit finds something
TODAY_AT_LEAST = 2
LATE = 2
# so many sheets are in the box at least: one in a hundred of them is two
IN_THE_BOX = 101


# --- closed rounds --------------------------------------------------------------------------------------------
def close_rounds() -> int:
    """Release what found nothing, and close the two rounds."""
    hso = Cast().hso
    for spec in CLOSED:
        row = spec.round
        if row and not touring.is_over(spec):
            _close(row, hso)
    return 0


@transaction.atomic
def _close(row: Round, by: User) -> None:
    at = clock(row.ends_on + timedelta(days=1), 10)
    clean = Visit.objects.submitted().filter(round=row, released_at=None)
    clean.update(released_at=at, released_by=by)  # what `release` stores, for many at once
    row.close(by=by, at=at)


def patrol() -> int:
    """Let Jinpu's county office patrol its twelve streets, a village each, and close the round."""
    if PATROL.round is None:
        _patrol(touring.day_of_loading() or timezone.localdate(), Cast())
    return 0


@transaction.atomic
def _patrol(on: date, cast: Cast) -> None:
    jinpu = next(county for county in places.read().counties if county.number_prefix == "JP")
    office = cast.at[jinpu.pk]
    row = touring.prepare(PATROL, on, office=jinpu, by=office, people=crew.read().jinpu)
    _make(row, tours(row), PATROL_FINDS, clock(on, 12))
    _close(row, office)


# --- the round that runs --------------------------------------------------------------------------------------
def third_round(now: datetime) -> int:
    """Begin the third round: its first days are made, the inspector to try has stops today, the rest is sealed."""
    if RUNNING.round is None:
        _third(touring.day_of_loading() or timezone.localdate(now), now, Cast())
    return 0


@transaction.atomic
def _third(on: date, now: datetime, cast: Cast) -> None:
    row = touring.prepare(RUNNING, on, office=places.read().city, by=cast.hso, people=crew.read().city)
    past = [tour for tour in tours(row) if tour.planned.day < on]
    team = row.teams.standing().get(memberships__user=cast.inspector)
    late = [tour for tour in past if tour.planned.team_id == team.pk][-LATE:]
    made = [tour for tour in past if tour not in late]
    missed = next(tour for tour in reversed(made) if tour.planned.team_id != team.pk)
    at = clock(missed.planned.day, 16)
    missed.planned.miss(by=missed.inspector, at=at, reason="weather", remark="大雾，高速公路封闭")
    _make(row, [tour for tour in made if tour is not missed], RUNNING_FINDS, now)
    _fill_today(row, team, on, cast.hso)


def _fill_today(row: Round, team: Team, on: date, by: User) -> None:
    """Add villages to the team's day where the draw gave it none, as on a weekend."""
    planned = row.planned.current()
    wanted = TODAY_AT_LEAST - planned.filter(team=team, day=on).count()
    free = Village.objects.current(on).exclude(pk__in=planned.values("village"))
    for village in free.order_by("name", "pk")[: max(0, wanted)]:
        at = clock(on - timedelta(days=1), 17)
        PlanAmender(row, by=by, at=at, reason="群众反映集中，加查").add(village=village, team=team, day=on)


def _make(row: Round, made: Sequence[Tour], first: int, now: datetime) -> None:
    """Make visits: some find something, by the verbs, the others in bulk."""
    dice = random.Random(first)  # noqa: S311 - a demonstration, not a secret
    items = list(Item.objects.current().filter(level="village"))
    finding = made[::FOUND_IN]
    cases = [_case(first + n, tour, items, dice, now) for n, tour in enumerate(finding)]
    play(sorted(cases, key=lambda case: -case.age), now)
    clean = [tour for tour in made if tour not in finding]
    visits.Bulk(row).make(clean)


def _case(number: int, tour: Tour, items: Sequence[Item], dice: random.Random, now: datetime) -> Case:
    planned, age = tour.planned, (now - tour.submitted) / timedelta(days=1)
    item = dice.choice([item for item in items if item.applies_to(planned.village)])
    fates = ("closed", "closed", "submitted") if age > 6 else ("open", "submitted", "open")
    patrol = planned.round.kind == PATROL.kind
    return Case(
        number=number, village=planned.village, township=planned.township, county=planned.county, item=item,
        source="county_patrol" if patrol else "city_visit", fate="closed" if patrol else dice.choice(fates),
        kind="at_once", severity="minor", place=dice.choice(SPOTS),
        words=dice.choice(item.bad_zh.splitlines()), age=age, tour=tour, dice=dice,
    )  # fmt: skip


# --- re-checks ------------------------------------------------------------------------------------------------
def recheck() -> int:
    """Draw two of the agency's sheets, and let the inspector to try fill them again."""
    row, agency = AGENCY.round, crew.read().agency[0].posts_on(timezone.localdate())[0].organisation
    if row is None or agency is None or RecheckDraw.objects.exists():
        return 0
    days = Visit.objects.submitted().filter(round=row).order_by("submitted_at").values_list("submitted_at")
    until = timezone.localdate(days[IN_THE_BOX - 1][0])
    _recheck(row, agency, until, Cast())
    return 0


@transaction.atomic
def _recheck(row: Round, agency: Organisation, until: date, cast: Cast) -> None:
    drawn = RecheckDraw.objects.draw(
        by=cast.hso, at=clock(until + timedelta(days=2)), office=row.office, organisation=agency,
        since=row.begins_on, until=until, inspector=cast.inspector, share=1,
    )  # fmt: skip
    for n, pick in enumerate(drawn.picks.select_related("visit__village").order_by("visit_id")):
        _fill_again(pick, cast.inspector, clock(until + timedelta(days=4), 9 + 2 * n))


def _fill_again(pick: Recheck, by: User, at: datetime) -> None:
    visit = pick.begin(id=uuid.uuid5(pick.visit_id, "recheck"), by=by, at=at)
    visit.submit(by=by, at=at + timedelta(minutes=80), sheet=_second_look(pick.visit.sheet(), visit.pk))


def _second_look(first: Sheet, key: uuid.UUID) -> Sheet:
    """Return the first sheet as other eyes see it: what was found is put right, two shares came out lower."""
    points = []
    for row in first.points:
        status = PointStatus.CLEAN if row.status == PointStatus.FINDING else row.status
        pictures = tuple({**p, "id": str(uuid.uuid5(key, row.code))} for p in row.photos)
        points.append(replace(row, status=str(status), photos=pictures))
    shares = [row.item for row in first.items if row.met and row.met > 2][:2]
    items = [replace(row, met=(row.met or 0) - 2) if row.item in shares else row for row in first.items]
    return Sheet(tuple(points), tuple(items), (), (), "办公室复核抽查")
