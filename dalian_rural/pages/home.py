"""The home page: for each post of the user what waits, by how little time is left."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import user_of
from accounts.models import Post, Role, User
from dalian_rural.pages import home_leader, home_office, home_others, home_township, scope

Build = Callable[[User, Post, datetime], dict[str, Any]]

# What comes first is what has the shortest deadlines.
SECTIONS: dict[str, Build] = {
    Role.TOWNSHIP: home_township.section,
    Role.CITY_OFFICE: home_office.city_section,
    Role.COUNTY_OFFICE: home_office.county_section,
    Role.LEADER: home_leader.section,
    Role.INSPECTOR: home_others.inspector,
    Role.DEPARTMENT: home_others.department,
    Role.AUDITOR: home_others.auditor,
    Role.SYSADMIN: home_others.sysadmin,
}
# These are about the user and not about one place: several posts of the kind make one section.
PERSONAL = {Role.LEADER, Role.INSPECTOR, Role.AUDITOR, Role.SYSADMIN}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the sections of all posts of the user, or of those at the place chosen in the top bar."""
    at = timezone.now()
    on = timezone.localdate(at)
    user = scope.narrowed(request, user_of(request), on)
    posts = distinct_posts(user.posts_on(on))
    sections = [SECTIONS[post.role](user, post, at) for post in posts]
    return render(request, "pages/home.html", {"sections": sections, "several": len(sections) > 1, "now": at})


def distinct_posts(posts: list[Post]) -> list[Post]:
    """Return one post for each section, in the order of the sections (a deputy's post may repeat a place)."""
    first: dict[tuple[str, UUID | None], Post] = {}
    for post in posts:
        place = None if post.role in PERSONAL else post.division_id or post.organisation_id
        first.setdefault((post.role, place), post)
    order = list(SECTIONS)
    return sorted(first.values(), key=lambda post: (order.index(post.role), str(post.division or "")))
