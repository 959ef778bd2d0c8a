"""Hand-over: everything a person covers and every post they hold goes to a successor from a day."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Post, User
from villages.models import Person, Responsibility

# Who may move which posts: an office those of the work, the administrator all.
WORKING_ROLES = ("city_office", "county_office", "township", "inspector", "department", "leader")


class HandOverRefused(Exception):
    """A hand-over that a rule forbids."""


@dataclass(frozen=True)
class HandedOver:
    """How much went over."""

    responsibilities: int
    posts: int


def posts_of(person: Person, since: dt.date) -> QuerySet[Post]:
    """Return the posts of the person's account that hold on the day or later."""
    still = Q(until__isnull=True) | Q(until__gt=since)
    return Post.objects.filter(still, user__person=person).select_related("division", "organisation", "user")


def duties_of(person: Person, since: dt.date) -> QuerySet[Responsibility]:
    """Return what the person covers on the day or later."""
    still = Q(until__isnull=True) | Q(until__gt=since)
    return Responsibility.objects.filter(still, person=person).for_list()


@transaction.atomic
def hand_over(*, person: Person, successor: Person, since: dt.date, end_posts: bool = False) -> HandedOver:
    """Move all responsibilities and posts of a person to a successor from the day on.

    What began earlier ends on the day and begins anew for the successor; what has not begun changes its owner.
    Without an account of the successor posts can only end (`end_posts`). Raises `HandOverRefused`.
    """
    if person.pk == successor.pk:
        raise HandOverRefused(_("The successor is the same person."))
    posts = list(posts_of(person, since))
    account = User.objects.filter(person=successor, is_active=True).first()
    if posts and account is None and not end_posts:
        raise HandOverRefused(
            _("%(person)s has no account that could take over the posts.") % {"person": successor}
        )
    duties = list(duties_of(person, since))
    for duty in duties:
        _move_duty(duty, successor, since)
    for post in posts:
        _move_post(post, account, since)
    return HandedOver(len(duties), len(posts))


def _move_duty(duty: Responsibility, successor: Person, since: dt.date) -> None:
    """Hand one responsibility over, unless the successor covers the place already."""
    target = {
        f"{column}_id": getattr(duty, f"{column}_id") for column in ("county", "area", "township", "village")
    }
    same = Responsibility.objects.filter(person=successor, kind=duty.kind, until=duty.until, **target)
    held = same.exists()
    if duty.since >= since and not held:
        Responsibility.objects.filter(pk=duty.pk).update(person=successor)
        return
    if duty.since >= since:
        duty.delete()
        return
    Responsibility.objects.filter(pk=duty.pk).update(until=since)
    if not held:
        Responsibility.objects.create(
            person=successor, kind=duty.kind, since=since, until=duty.until, basis=duty.basis, **target
        )


def _move_post(post: Post, account: User | None, since: dt.date) -> None:
    """Hand one post over; whoever stood in for its holder stops."""
    Post.objects.filter(deputy_for=post, since__lt=since).filter(_runs(since)).update(until=since)
    if post.since >= since and account is not None:
        Post.objects.filter(pk=post.pk).update(user=account)
        return
    if post.since >= since:
        post.delete()
        return
    Post.objects.filter(pk=post.pk).update(until=since)
    if account is not None:
        Post.objects.create(
            user=account,
            role=post.role,
            division=post.division,
            organisation=post.organisation,
            may_sign=post.may_sign,
            issues_directly=post.issues_directly,
            deputy_for=post.deputy_for,
            since=since,
            until=post.until,
        )


def _runs(since: dt.date) -> Q:
    return Q(until__isnull=True) | Q(until__gt=since)
