"""One form that moves everything a person covers, and every post, to a successor."""

import datetime as dt
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access import require, user_of
from accounts.handover import WORKING_ROLES, HandedOver, HandOverRefused, duties_of, hand_over, posts_of
from accounts.models import Post, Role, User
from audit.log import record
from villages.access import keeps_person
from villages.forms import DayInput, NamedPersonForm
from villages.models import DivisionLink, Person


class HandOverForm(NamedPersonForm):
    """Who takes over, and from when."""

    since = forms.DateField(label=gettext_lazy("From"), widget=DayInput())
    end_posts = forms.BooleanField(
        label=gettext_lazy("Let the posts end if the successor has no account"), required=False
    )


@require(Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.SYSADMIN)
@require_http_methods(["GET", "POST"])
def handover(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what would go over, and hand it over."""
    on = timezone.localdate()
    person = get_object_or_404(Person, pk=pk)
    if not _may_hand_over(user_of(request), person, on):
        raise Http404
    form = HandOverForm(request.POST or None, initial={"since": on})
    if request.method == "POST" and form.is_valid() and (done := _hand_over(request, person, form)):
        words = _("%(duties)s responsibilities and %(posts)s posts were handed over.")
        messages.success(request, words % {"duties": done.responsibilities, "posts": done.posts})
        return redirect(person)
    context = {"person": person, "form": form, "duties": duties_of(person, on), "posts": posts_of(person, on)}
    return render(request, "accounts/handover.html", context)


def _hand_over(request: HttpRequest, person: Person, form: HandOverForm) -> HandedOver | None:
    """Store a new successor and hand over; None with the reason on the form."""
    wanted: dict[str, Any] = {key: form.cleaned_data[key] for key in ("since", "end_posts")}
    try:
        with transaction.atomic():
            successor = form.chosen_person()
            if successor._state.adding:
                successor.save(force_insert=True)
            done = hand_over(person=person, successor=successor, **wanted)
    except HandOverRefused as refused:
        form.add_error(None, str(refused))
        return None
    record(request, "hand_over", obj=person, successor=str(successor.pk), posts=done.posts)
    return done


def _may_hand_over(user: User, person: Person, on: dt.date) -> bool:
    """Say whether everything of the person lies with this user: the administrator has all, an office its own."""
    if user.has_role(Role.SYSADMIN, on):
        return True
    kept = user.places(on, Role.CITY_OFFICE, Role.COUNTY_OFFICE)
    parents: dict[UUID | None, UUID] = dict(DivisionLink.objects.on(on).values_list("child", "parent"))
    return keeps_person(user, person, on) and all(
        post.role in WORKING_ROLES
        and _may_give(user, post, on)
        and (
            kept.everything
            or (post.role == Role.LEADER and post.division_id is None)
            or bool({post.division_id, parents.get(post.division_id)} & kept.counties)
        )
        for post in posts_of(person, on)
    )


def _may_give(user: User, post: Post, on: dt.date) -> bool:
    """Say whether the user may pass on what the post carries: nobody hands a signature on who has none there."""
    own = [held for held in user.posts_on(on) if held.may_sign]
    return not post.may_sign or any(
        held.role == Role.CITY_OFFICE or held.division_id == post.division_id for held in own
    )


urlpatterns = [path("persons/<uuid:pk>/hand-over/", handover, name="handover")]
