"""Who is told about a finding: users by place, read once for any number of findings."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from django.db.models import Q, QuerySet

from accounts.models import Post, Role, User
from audit.prepared import Prepared
from villages.models import Responsibility

Users = Mapping[uuid.UUID, frozenset[User]]
NOBODY: frozenset[User] = frozenset()


class Placed(Protocol):
    """What is needed to know of a finding."""

    @property
    def village_id(self) -> uuid.UUID: ...
    @property
    def township_id(self) -> uuid.UUID: ...
    @property
    def county_id(self) -> uuid.UUID: ...
    @property
    def issuing_office_id(self) -> uuid.UUID: ...


@dataclass(frozen=True)
class Directory:
    """The users of one day by place: officials and secretary by township, leader by village, office by place."""

    officials: Users
    secretaries: Users
    village_leaders: Users
    offices: Users
    signers: Users

    def township_side(self, finding: Placed) -> frozenset[User]:
        """Return the township's officials, its secretary and the village's township leader."""
        return (
            self.officials.get(finding.township_id, NOBODY)
            | self.secretaries.get(finding.township_id, NOBODY)
            | self.village_leaders.get(finding.village_id, NOBODY)
        )

    def with_county(self, finding: Placed) -> frozenset[User]:
        """Return the township's side and the county office."""
        return self.township_side(finding) | self.offices.get(finding.county_id, NOBODY)

    def told_county(self, finding: Placed) -> frozenset[User]:
        """Return the county office where another office issued the finding: nobody is told what they did themselves."""
        own = finding.issuing_office_id == finding.county_id
        return NOBODY if own else self.offices.get(finding.county_id, NOBODY)

    def issuing(self, finding: Placed) -> frozenset[User]:
        """Return the users of the issuing office."""
        return self.offices.get(finding.issuing_office_id, NOBODY)


# what every step of a finding asks
_POSTS_AT: Prepared[Post] = Prepared(
    lambda township, county, office, on: _posts(on).filter(
        Q(division_id=township) | Q(division_id=county) | Q(division_id=office)
    ),
    uuid.UUID,
    uuid.UUID,
    uuid.UUID,
    date,
)
_HELD_AT: Prepared[Responsibility] = Prepared(
    lambda township, village, on: _held(on).filter(Q(township_id=township) | Q(village_id=village)),
    uuid.UUID,
    uuid.UUID,
    date,
)
_DEPUTIES: Prepared[Post] = Prepared(
    lambda on: (
        Post.objects.on(on)
        .filter(role=Role.LEADER, user__is_active=True, deputy_for__isnull=False)
        .select_related("user", "deputy_for")
    ),
    date,
)


def directory_on(on: date) -> Directory:
    """Read who holds which post and responsibility on a day, for all places."""
    return _directory(_posts(on).exclude(division=None), _held(on), _deputies_on(on))


def directory_of(finding: Placed, on: date) -> Directory:
    """Read the same for the places of one finding, in three prepared questions."""
    posts = _POSTS_AT(finding.township_id, finding.county_id, finding.issuing_office_id, on)
    return _directory(posts, _HELD_AT(finding.township_id, finding.village_id, on), _deputies_on(on))


def _posts(on: date) -> "QuerySet[Post]":
    return Post.objects.on(on).filter(user__is_active=True).select_related("user")


def _held(on: date) -> "QuerySet[Responsibility]":
    return Responsibility.objects.on(on).filter(person__user__is_active=True).select_related("person__user")


def _directory(posts: Iterable[Post], held: Iterable[Responsibility], deputies: Users) -> Directory:
    posts, held, kinds = list(posts), list(held), Responsibility.Kind
    office_posts = [post for post in posts if post.role in {Role.CITY_OFFICE, Role.COUNTY_OFFICE}]
    return Directory(
        officials=_grouped((post.division_id, post.user) for post in posts if post.role == Role.TOWNSHIP),
        secretaries=_with_deputies(
            ((row.township_id, row.person.user) for row in held if row.kind == kinds.SECRETARY), deputies
        ),
        village_leaders=_with_deputies(
            ((row.village_id, row.person.user) for row in held if row.kind == kinds.TOWNSHIP), deputies
        ),
        offices=_grouped((post.division_id, post.user) for post in office_posts),
        signers=_grouped((post.division_id, post.user) for post in office_posts if post.may_sign),
    )


def _with_deputies(pairs: Iterable[tuple[uuid.UUID | None, User]], deputies: Users) -> Users:
    """Group accounts by place, each with whoever stands in for it today."""
    rows = list(pairs)
    stand_ins = [(place, other) for place, user in rows for other in deputies.get(user.pk, NOBODY)]
    return _grouped([*rows, *stand_ins])


def _deputies_on(on: date) -> Users:
    """Return who stands in for which leader's account on the day."""
    return _grouped((post.deputy_for.user_id, post.user) for post in _DEPUTIES(on) if post.deputy_for)


def _grouped(pairs: Iterable[tuple[uuid.UUID | None, User]]) -> Users:
    groups: dict[uuid.UUID, set[User]] = defaultdict(set)
    for place, user in pairs:
        if place is not None:
            groups[place].add(user)
    return {place: frozenset(users) for place, users in groups.items()}


def issue_users(finding: Placed, on: date) -> list[User]:
    """Return whom an issue is told to: the township's officials, its secretary, the village's township leader."""
    return _in_order(directory_of(finding, on).township_side(finding))


def inspected_users(finding: Placed, on: date) -> list[User]:
    """Return the same and, where the city issued it, the county office."""
    people = directory_of(finding, on)
    return _in_order(people.township_side(finding) | people.told_county(finding))


def answered_users(finding: Placed, on: date) -> list[User]:
    """Return whom a decision is told to: the township's officials and, where the city issued it, the county office."""
    people = directory_of(finding, on)
    return _in_order(people.officials.get(finding.township_id, NOBODY) | people.told_county(finding))


def township_users(finding: Placed, on: date) -> list[User]:
    """Return the officials of the finding's township."""
    return _in_order(directory_of(finding, on).officials.get(finding.township_id, NOBODY))


def secretary_users(finding: Placed, on: date) -> list[User]:
    """Return the secretary of the finding's township, where that person has an account."""
    return _in_order(directory_of(finding, on).secretaries.get(finding.township_id, NOBODY))


def village_leader_users(finding: Placed, on: date) -> list[User]:
    """Return the township leader who covers the finding's village, where that person has an account."""
    return _in_order(directory_of(finding, on).village_leaders.get(finding.village_id, NOBODY))


def county_office_users(finding: Placed, on: date) -> list[User]:
    """Return the users of the finding's county office."""
    return _in_order(directory_of(finding, on).offices.get(finding.county_id, NOBODY))


def issuing_office_users(finding: Placed, on: date) -> list[User]:
    """Return the users of the office that issued the finding."""
    return _in_order(directory_of(finding, on).issuing(finding))


def _in_order(users: Iterable[User]) -> list[User]:
    """Sort by id: two sweeps that insert in one order cannot wait for each other in a circle."""
    return sorted(users, key=lambda user: str(user.pk))
