"""Loads the demo in two parts: what the first page needs at once, the rest by the worker."""

from collections.abc import Callable
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dalian_rural.demo import crew, lookback, meetings, people, places, running, story, touring, visits
from dalian_rural.demo.cases import Case, plan
from inspections.models.beginning import SOURCES
from schemes.models import Item

BATCH = 50


class DemoRefused(Exception):
    """The demo does not mix with data of somebody's own."""


def all_cases() -> list[Case]:
    """Return the planned cases in the order in which they are played."""
    items = list(Item.objects.current().filter(level="village"))
    tours = {
        (SOURCES[spec.kind], tour.planned.village_id): tour
        for spec in touring.CLOSED
        if (row := spec.round)
        for tour in touring.tours(row)
    }
    return plan(places.read(), items, tours, touring.day_of_loading())


@transaction.atomic
def lay_ground(on: date) -> None:
    """Create places, people, accounts and the plans of two rounds; refuse where anybody has an account already."""
    if User.objects.exists():
        raise DemoRefused
    world, since = places.load(), on - timedelta(days=900)
    people.load(world, since)
    crew.load(world, since)
    touring.prepare_closed(world, on, User.objects.get(username="hso"))


def first_part() -> int:
    """Play the first unit's cases; return how many there are."""
    cases = all_cases()
    own = [case for case in cases if case.county == cases[0].county]
    return story.play(own, timezone.now())


def play_from(start: int) -> int | None:
    """Play one batch; return where the next one starts, or None at the end. After the cases come the stages."""
    cases = all_cases()
    if start < len(cases):
        after = _end_of_visit(cases, start + BATCH)
        story.play(cases[start:after], timezone.now())
        return after
    stage = start - len(cases)
    more = STAGES[stage]()
    following = stage if more else stage + 1
    return len(cases) + following if following < len(STAGES) else None


def _end_of_visit(cases: list[Case], after: int) -> int:
    """Return the first index from which a batch may start: no visit is torn apart."""
    after = min(after, len(cases))
    while 0 < after < len(cases) and cases[after].tour and cases[after].tour == cases[after - 1].tour:
        after += 1
    return after


def _meetings() -> int:
    meetings.meetings(places.read(), timezone.now())
    return 0


# each returns how much it has done of what it does in batches; none: go on to the next
STAGES: tuple[Callable[[], int], ...] = (
    _meetings,
    lambda: visits.make_rest(touring.CITY),
    lambda: visits.make_rest(touring.AGENCY),
    running.close_rounds,
    running.patrol,
    lambda: running.third_round(timezone.now()),
    running.recheck,
    lookback.look_back,
    lambda: visits.send_pictures(touring.CITY) and 0,
)
