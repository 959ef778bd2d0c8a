"""Which side a post gives its holder in a unit: the office he reports to, whether directly, and as what source."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from inspections.models.base import FindingBase
from inspections.steps import StepRefused
from villages.models import Division

if TYPE_CHECKING:
    from accounts.models import Post, User
    from villages.models import Village

# (issuing office, may the reporter's team issue directly, source)
Side = tuple[Division, bool, str]


def places_of(village: "Village", on: date) -> dict[str, Any]:
    """Return the columns `township` and `county` of the village on that day."""
    township = village.township_on(on)
    county = township.parent_on(on) if township else None
    if township is None or county is None:
        raise StepRefused(
            _("This village belongs to no township today. Have its page corrected first."), "no_place"
        )
    return {"township": township, "county": county}


def side_of(by: "User", on: date, county: Division) -> Side:
    """Return the side of the first post of the day that records problems in this unit."""
    posts = by.posts_on(on)
    sides = (_side(post, posts, county, on) for post in posts)
    if found := next((side for side in sides if side), None):
        return found
    raise StepRefused(_("Your post does not record problems in this village."), "not_yours")


def _side(post: "Post", posts: "Sequence[Post]", county: Division, on: date) -> Side | None:
    """Return what a report under this post would be, or None where it records nothing in that unit."""
    office, source = post.division, FindingBase.Source
    if post.role == Role.CITY_OFFICE and office:
        return office, False, source.CITY_VISIT
    if post.role == Role.COUNTY_OFFICE and office == county:
        return county, False, source.COUNTY_PATROL
    if post.role != Role.INSPECTOR:
        return None
    if office and office.level == Division.Level.COUNTY:
        return (county, post.issues_directly, source.COUNTY_PATROL) if office == county else None
    if any(_belongs_to(other, county, on) for other in posts):
        return None  # nobody inspects his own unit for the city
    own = source.THIRD_PARTY if post.organisation_id else source.CITY_VISIT
    city = county.parent_on(on)
    return (city, post.issues_directly, own) if city else None


def _belongs_to(post: "Post", county: Division, on: date) -> bool:
    """Tell whether a post ties its holder to the unit."""
    if post.role == Role.TOWNSHIP and post.division:
        return bool(post.division.parent_on(on) == county)
    return bool(post.role == Role.COUNTY_OFFICE and post.division_id == county.pk)


class ReportConflict(Exception):
    """A report or sheet under an id that is taken: `id_taken` by somebody else, `id_conflict` with another body."""

    def __init__(self, message: Any, code: str) -> None:
        super().__init__(str(message))
        self.code = code
