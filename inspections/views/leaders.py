"""Leaders' instructions: what the offices still have to answer, and what was answered."""

from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import require, user_of
from accounts.models import Role
from inspections.models import Finding, Instruction

ROWS = 20


@require(Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.LEADER, Role.AUDITOR)
@require_safe
def instructions(request: HttpRequest) -> HttpResponse:
    """Show the instructions on findings that the reader may see, those without a reply first."""
    user, on = user_of(request), timezone.localdate()
    rows = Instruction.objects.filter(finding__in=Finding.objects.visible_to(user, on))
    rows = rows.select_related("finding__village", "finding__township", "finding__item", "by", "replied_by")
    ordered = rows.order_by(F("replied_at").asc(nulls_first=True), "-at", "pk")
    page = Paginator(ordered, ROWS).get_page(request.GET.get("page"))
    offices = [
        post.division_id for post in user.posts_on(on) if post.role in {Role.CITY_OFFICE, Role.COUNTY_OFFICE}
    ]
    return render(request, "inspections/instructions.html", {"page": page, "offices": offices})


urlpatterns = [path("instructions/", instructions, name="instructions")]
