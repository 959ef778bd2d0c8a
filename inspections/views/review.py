"""The review queue: one case at a time, decided by a key; the next one slides in."""

import json
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from inspections import dossier, review_notes
from inspections.forms import phrases
from inspections.forms.review import ReviewForm
from inspections.models import Finding, FindingQuerySet, PhotoUse
from inspections.steps import STEPS, StepRefused

OFFICES = (Role.CITY_OFFICE, Role.COUNTY_OFFICE)
DECISIONS = ("close", "check", "send_back")
LISTED = 60
# where a case stands in the queue
Place = tuple[datetime | None, uuid.UUID]


def waiting(user: User, at: datetime) -> FindingQuerySet:
    """Return what waits for this user's decision, the oldest submission first."""
    found = Finding.objects.to_review(user, timezone.localdate(at))
    return (
        found.for_list()
        .with_requests()
        .select_related("reported_by", "issued_by")
        .order_by("submitted_at", "pk")
    )


@require(*OFFICES)
@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """Show the case that the address names, or the one that waits longest; and the list of all."""
    user, at = user_of(request), timezone.now()
    return _answer(request, queue(user, at, request.GET.get("case", "")), at)


def queue(user: User, at: datetime, wanted: str, after: Place | None = None) -> dict[str, Any]:
    """Return the list of what waits, the case to show and the one that follows it.

    `after` is where the case just decided stood: the next one from there is shown, or the oldest again.
    """
    rows = waiting(user, at)
    listed = list(rows[:LISTED])
    place = next((n for n, row in enumerate(listed) if str(row.pk) == wanted), None)
    if place is None and after:
        later = (n for n, row in enumerate(listed) if (row.submitted_at, row.pk) > after)
        place = next(later, 0)
    case = (
        listed[place]
        if place is not None and listed
        else _far_case(rows, wanted) or (listed[0] if listed else None)
    )
    here = listed.index(case) if case in listed else -1
    following = listed[here + 1] if case and here + 1 < len(listed) else None
    return {
        "listed": listed,
        "total": len(listed) if len(listed) < LISTED else rows.count(),
        "case": case,
        "following": following,
        "preceding": listed[here - 1] if here > 0 else None,
    }


def _far_case(rows: FindingQuerySet, wanted: str) -> Finding | None:
    """Find a case that waits beyond the end of the list."""
    try:
        return rows.filter(pk=uuid.UUID(wanted)).first()
    except ValueError:
        return None


def _answer(
    request: HttpRequest, shown: dict[str, Any], at: datetime, form: ReviewForm | None = None, **headers: str
) -> HttpResponse:
    """Show the whole page, or only what changes in it where htmx asks."""
    user = user_of(request)
    case: Finding | None = shown["case"]
    context = {
        **shown,
        **(_case(case, shown["following"], user, at) if case else {}),
        "form": form,
        "now": at,
    }
    in_place = bool(request.headers.get("HX-Request"))
    if not in_place:
        context["undo"] = dossier.undo_for(user, at)
    template = "inspections/review/_answer.html" if in_place else "inspections/review/review.html"
    response = render(request, template, {**context, "in_place": in_place})
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def _case(case: Finding, following: Finding | None, user: User, at: datetime) -> dict[str, Any]:
    on = timezone.localdate(at)
    uses = list(PhotoUse.objects.filter(finding=case).for_list())
    returns = list(case.events.filter(step="send_back").order_by("version")) if case.times_returned else []
    sent = case.events.filter(step="rectify").order_by("-version").first() if case.times_returned else None
    handed_in = case.rectifications.select_related("by").order_by("-at").first()
    lookalikes = dossier.lookalikes(case, uses, user, on)
    at_once = case.kind == Finding.Kind.AT_ONCE
    plan = None if at_once else case.plans.filter(state="approved").order_by("asked_at").first()
    possible = {step: case.refusal(step, user, at) for step in DECISIONS}
    return {
        **dossier.photo_sides(uses),
        "notes": review_notes.notes(case, uses, lookalikes, returns, at, plan, sent),
        "lookalikes": lookalikes,
        "handed_in": handed_in,
        "steps": {step: True for step, refused in possible.items() if refused is None},
        "refused": possible["close"] if all(possible.values()) else None,
        "needs_on_site": case.needs_on_site(),
        "needs_document": case.kind == Finding.Kind.CONTINUING,
        "reasons": phrases.SEND_BACK,
        "ahead": _ahead(following),
    }


def _ahead(following: Finding | None) -> list[str]:
    """Return the first photos of the next case: the browser fetches them while this one is looked at."""
    if following is None:
        return []
    uses = PhotoUse.objects.filter(finding=following, position=0).for_list()
    return [use.photo.large_url for use in uses][:2]


# --- decisions ----------------------------------------------------------------------------------------------------
@require(*OFFICES)
@require_POST
def review_decide(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Take a decision on one case and show the next."""
    user, at = user_of(request), timezone.now()
    seen = Finding.objects.visible_to(user, timezone.localdate(at)).for_list()
    case = get_object_or_404(seen, pk=pk)
    form = ReviewForm(request.POST)
    if form.is_valid():
        case.version = form.cleaned_data["version"]
        try:
            getattr(case, form.verb)(by=user, at=at, **form.arguments())
            return _next(request, case, form.cleaned_data["step"], at)
        except StepRefused as refused:
            form.add_error(None, str(refused))
    return _again(request, form, pk, at)


def _again(request: HttpRequest, form: ReviewForm, pk: uuid.UUID, at: datetime) -> HttpResponse:
    """Show the case again with what was typed; where it no longer waits, say so beside the next one."""
    shown = queue(user_of(request), at, str(pk))
    if shown["case"] and shown["case"].pk == pk:
        return _answer(request, shown, at, form)
    words = " ".join(str(error) for errors in form.errors.values() for error in errors)
    if request.headers.get("HX-Request"):
        return _answer(request, shown, at, HX_Trigger=json.dumps({"toast": {"text": words, "error": True}}))
    messages.error(request, words)
    return redirect("review")


def _next(request: HttpRequest, case: Finding, step: str, at: datetime) -> HttpResponse:
    shown = queue(user_of(request), at, "", (case.submitted_at, case.pk))
    url = reverse("review") + (f"?case={shown['case'].pk}" if shown["case"] else "")
    if not request.headers.get("HX-Request"):
        messages.success(request, _("%(number)s: %(step)s.") % {"number": case, "step": STEPS[step].label})
        return redirect(url)
    undo = {
        "text": _("%(number)s: %(step)s.") % {"number": case, "step": STEPS[step].label},
        "button": _("Undo"),
        "url": reverse("review_undo", args=[case.pk]),
        "seconds": settings.UNDO_SECONDS,
        "back": f"{reverse('review')}?case={case.pk}",
        "target": "#case",
    }
    return _answer(request, shown, at, HX_Trigger=json.dumps({"undo": undo}), HX_Replace_Url=url)


@require(*OFFICES)
@require_POST
def review_undo(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Take back one's own decision of the last seconds."""
    user, at = user_of(request), timezone.now()
    case = get_object_or_404(Finding.objects.visible_to(user, timezone.localdate(at)).for_list(), pk=pk)
    in_place = bool(request.headers.get("HX-Request"))
    try:
        case.undo(by=user, at=at)
    except StepRefused as refused:
        if in_place:
            return HttpResponse(str(refused), status=409, content_type="text/plain; charset=utf-8")
        messages.error(request, str(refused))
    return HttpResponse(status=204) if in_place else redirect(f"{reverse('review')}?case={pk}")


urlpatterns = [
    path("review/", review, name="review"),
    path("review/<uuid:pk>/", review_decide, name="review_decide"),
    path("review/<uuid:pk>/undo/", review_undo, name="review_undo"),
]
