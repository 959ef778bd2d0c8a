"""Loads the demo in two parts: what the first page needs at once, the rest by the worker."""

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dalian_rural.demo import meetings, people, places, story
from dalian_rural.demo.cases import Case, plan
from schemes.models import Item

BATCH = 50


class DemoRefused(Exception):
    """The demo does not mix with data of somebody's own."""


def all_cases() -> list[Case]:
    """Return the planned cases in the order in which they are played."""
    items = list(Item.objects.current().filter(level="village"))
    return plan(places.read(), items)


@transaction.atomic
def lay_ground(on: date) -> None:
    """Create places, people and accounts; refuse where anybody has an account already."""
    if User.objects.exists():
        raise DemoRefused
    people.load(places.load(), on - timedelta(days=900))


def first_part() -> int:
    """Play the first unit's cases; return how many there are."""
    cases = all_cases()
    own = [case for case in cases if case.county == cases[0].county]
    return story.play(own, timezone.now())


def play_from(start: int) -> int | None:
    """Play one batch; return where the next one starts, or None at the end."""
    cases = all_cases()
    story.play(cases[start : start + BATCH], timezone.now())
    after = start + BATCH
    if after < len(cases):
        return after
    meetings.meetings(places.read(), timezone.now())
    return None
