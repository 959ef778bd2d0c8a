"""Look-backs: what waits for whom, one round's cases and results, and the steps of a case."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import Role
from audit.log import refused as mark_refused
from audit.log import seal
from inspections import lookback_messages, lookback_results
from inspections.forms.lookbacks import (
    AmendCaseForm,
    ConfirmForm,
    DrawForm,
    GiveUpForm,
    HearForm,
    ResultForm,
)
from inspections.models import (
    Amendment,
    CaseAmender,
    LookBackCase,
    LookBackDraw,
    Photo,
    PhotoUse,
    Round,
    VisitKind,
)
from inspections.photo_rules import PhotoRefused
from inspections.steps import StepRefused
from inspections.views.photos import COPIES, deliver
from inspections.views.sealed import open_sealed

OFFICES = (Role.CITY_OFFICE, Role.COUNTY_OFFICE)
PLANNERS = (*OFFICES, Role.LEADER, Role.AUDITOR)
READERS = (*PLANNERS, Role.TOWNSHIP, Role.INSPECTOR)
ROWS = 20
# what of the lists is shown before the rest stands behind a number
WAITING = 50
FIGURE_NAMES = ("fixed", "not_fixed", "never_done", "came_back")


# --- scope ----------------------------------------------------------------------------------------------------
def scoped(request: HttpRequest, pk: uuid.UUID, at: datetime) -> LookBackCase:
    """Return a case that the user may know of, a secret one opened by the book; for all others there is none."""
    found = get_object_or_404(LookBackCase.objects.visible_to(user_of(request), at).for_list(), pk=pk)
    if found.is_secret:
        open_sealed(request, found.round, at)
    return found


def scoped_round(request: HttpRequest, pk: uuid.UUID, at: datetime, *, planner: bool = False) -> Round:
    """Return a look-back that the user may read, or that he plans."""
    on = timezone.localdate(at)
    rows = (
        Round.objects.known_to(user_of(request), on)
        if planner
        else Round.objects.visible_to(user_of(request), on)
    )
    found = get_object_or_404(rows.filter(kind=VisitKind.LOOK_BACK).for_list(), pk=pk)
    if found.is_secret:
        open_sealed(request, found, at)
    return found


# --- lists ----------------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def lookbacks(request: HttpRequest) -> HttpResponse:
    """Show what waits for the user: cases to look at, to hear, to decide, to open again; and his rounds."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    every = LookBackCase.objects.all()
    mine = list(every.open_to(user, at).for_list().in_order()[:WAITING])
    for row in {case.round_id: case.round for case in mine}.values():
        open_sealed(request, row, at)
    rounds = Round.objects.visible_to(user, on).filter(kind=VisitKind.LOOK_BACK).for_list()
    page = Paginator(rounds.order_by("-begins_on", "pk"), ROWS).get_page(request.GET.get("page"))
    for row in page.object_list:
        if row.is_secret:
            open_sealed(request, row, at)
    context = {
        "mine": mine,
        "photos": _first_photos(mine),
        "to_hear": every.to_hear(user, on).for_list().order_by("hear_by", "pk")[:WAITING],
        "to_confirm": every.to_confirm(user, on).for_list().order_by("hear_by", "pk")[:WAITING],
        "to_reopen": every.to_reopen(user, on).for_list().order_by("result_at", "pk")[:WAITING],
        "page": page,
        "reads_rounds": bool(user.roles(on) & set(PLANNERS)),
    }
    return render(request, "inspections/lookbacks/list.html", context)


def _first_photos(cases: list[LookBackCase]) -> dict[uuid.UUID, str]:
    """Return the first before-photo of each case's finding, under an address of the case; one query."""
    by_finding = {case.finding_id: case for case in cases}
    found: dict[uuid.UUID, str] = {}
    for use in PhotoUse.objects.filter(finding__in=by_finding, side="before").for_list():
        found.setdefault(use.finding_id, _photo_url(by_finding[use.finding_id], use.photo_id, "small"))
    return found


@require(*PLANNERS)
@require_safe
def lookback(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a look-back: its draw, its results by unit and township, and its cases."""
    user, at = user_of(request), timezone.now()
    found = scoped_round(request, pk, at)
    cases = LookBackCase.objects.visible_to(user, at).filter(round=found)
    asked = request.GET.get("result", "")
    page = Paginator(_narrowed(cases, asked).for_list().in_order(), ROWS).get_page(request.GET.get("page"))
    plans = found.is_known_to(user)
    context = {
        "round": found,
        "page": page,
        "asked": asked,
        "choices": [("waiting", _("Not looked at yet")), *LookBackCase.Result.choices],
        "draws": list(found.draws.order_by("number")),
        "amendments": list(found.amendments.select_related("by").order_by("-number")),
        "table": lookback_results.table(cases),
        "totals": lookback_results.totals(cases),
        "steps": found.steps_for(user),
        "waits": found.draws.filter(drawn_at=None).exists(),
        "plans": plans,
    }
    return render(request, "inspections/lookbacks/round.html", context)


def _narrowed(cases: Any, asked: str) -> Any:
    if asked == "waiting":
        return cases.outstanding()
    return cases.filter(result=asked) if asked in LookBackCase.Result.values else cases


# --- the draw -------------------------------------------------------------------------------------------------
@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def lookback_draw(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Choose the closed findings and their share, and freeze the list; the public number decides later."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    found = scoped_round(request, pk, at, planner=True)
    again = found.draws.exists()
    start = {
        "version": found.version,
        "since": on - timedelta(days=settings.LOOKBACK_DAYS),
        "until": on,
        "percent": settings.LOOKBACK_SHARE,
    }
    form = DrawForm(request.POST or None, today=on, again=again, initial=start)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        found.version = data["version"]
        wanted = LookBackDraw(found, data["since"], data["until"], data["percent"])
        try:
            wanted.freeze(by=user, at=at, **form.arguments())
            return redirect(found)
        except StepRefused as refused:
            _refuse(request, form, refused)
    context = {
        "round": found,
        "form": form,
        "closed": LookBackDraw(found, start["since"], on, 100).findings.count(),
        "days": settings.LOOKBACK_DAYS,
        "base": lookback_messages.base(),
        "again": again,
        "waiting": found.draws.filter(drawn_at=None).first(),
        "refusal": found.refusal("freeze", user),
    }
    return render(request, "inspections/lookbacks/draw.html", context)


# --- amendments -----------------------------------------------------------------------------------------------
@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def lookback_amend(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Change the plan of a running look-back, with a reason: add, cancel, move or swap cases."""
    user, at = user_of(request), timezone.now()
    found = scoped_round(request, pk, at, planner=True)
    kind = request.GET.get("kind", Amendment.Kind.ADD)
    if kind not in CaseAmender.kinds:
        raise Http404
    start = {"version": found.version, "visit": request.GET.get("case")}
    form = AmendCaseForm(request.POST or None, row=found, kind=kind, on=timezone.localdate(at), initial=start)
    if form.is_bound and form.is_valid():
        try:
            found.version = form.cleaned_data["version"]
            amender = CaseAmender(found, by=user, at=at, reason=form.cleaned_data["reason"])
            getattr(amender, kind)(*form.arguments(), **form.keywords())
            return redirect("lookback", found.pk)
        except StepRefused as refused:
            _refuse(request, form, refused)
    context = {
        "round": found,
        "form": form,
        "kind": kind,
        "kinds": [Amendment.Kind(one) for one in CaseAmender.kinds],
        "refusal": found.refusal("amend", user),
    }
    return render(request, "inspections/lookbacks/amend.html", context)


# --- one case -------------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def lookback_case(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one case: the finding with its photos, what was seen, what was said and decided."""
    at = timezone.now()
    return render(request, "inspections/lookbacks/case.html", _case(request, scoped(request, pk, at), at))


def _case(request: HttpRequest, case: LookBackCase, at: datetime) -> dict[str, Any]:
    user = user_of(request)
    uses = PhotoUse.objects.filter(finding=case.finding_id).for_list()
    return {
        "case": case,
        "finding": case.finding,
        "steps": case.steps_for(user, at),
        **_sides(case, list(uses)),
        "seen": [_photo(case, row.photo) for row in case.photos.select_related("photo").order_by("position")],
        "reasons": lookback_messages.reasons(case.reasons) if case.round.is_known_to(user) else [],
        "plans": case.round.is_known_to(user),
        "amends": "amend" in case.round.steps_for(user) and not (case.result or case.given_up_at),
        "reads_finding": type(case.finding).objects.visible_to(user).filter(pk=case.finding_id).exists(),
    }


def _sides(case: LookBackCase, uses: list[PhotoUse]) -> dict[str, list[dict[str, str]]]:
    """Return the viewer's `before` and `after`, under addresses of the case."""
    sides: dict[str, list[dict[str, str]]] = {"before": [], "after": []}
    for use in uses:
        sides[use.side].append(_photo(case, use.photo))
    return sides


def _photo(case: LookBackCase, photo: Photo) -> dict[str, str]:
    received = f"{timezone.localtime(photo.received_at):%Y-%m-%d %H:%M}"
    return {
        "id": str(photo.pk),
        "url_large": _photo_url(case, photo.pk, "large"),
        "url_small": _photo_url(case, photo.pk, "small"),
        "caption": _("received %(at)s") % {"at": received},
    }


def _photo_url(case: LookBackCase, photo: uuid.UUID, size: str) -> str:
    return reverse("lookback_photo", args=[case.pk, photo, size])


@require(*READERS)
@require_safe
def lookback_photo(request: HttpRequest, pk: uuid.UUID, photo: uuid.UUID, size: str) -> HttpResponseBase:
    """Serve a copy of a photo of the finding, or of what was seen, to whoever may know of the case."""
    # the page that shows it was written down: its photos are not, each by itself
    case = get_object_or_404(
        LookBackCase.objects.visible_to(user_of(request), timezone.now()).for_list(), pk=pk
    )
    if case.is_secret:
        seal(request, case.round_id)
    if size not in COPIES:
        raise Http404
    shown = Photo.objects.filter(Q(uses__finding=case.finding_id) | Q(look_back_use__case=case)).distinct()
    return deliver(request, get_object_or_404(shown, pk=photo), size)


# --- steps of a case ------------------------------------------------------------------------------------------
@require(Role.INSPECTOR)
@require_http_methods(["GET", "POST"])
def lookback_result(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Write down what was seen; what came back becomes a new finding."""
    at = timezone.now()
    form = ResultForm(request.POST or None, initial={"id": uuid.uuid4()})

    def take(case: LookBackCase) -> None:
        verb = case.find_again if form.came_back else case.look
        verb(by=user_of(request), at=at, **form.arguments())

    return _step(request, pk, at, "look", form, take, "result.html", done=reverse("lookbacks"))


@require(Role.TOWNSHIP)
@require_http_methods(["GET", "POST"])
def lookback_hear(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Let the township say what it has to say."""
    at, form = timezone.now(), HearForm(request.POST or None)
    take = _verb(request, form, at, "hear")
    return _step(request, pk, at, "hear", form, take, "hear.html")


@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def lookback_confirm(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Confirm or drop, as a second person of the office."""
    at, form = timezone.now(), ConfirmForm(request.POST or None)
    take = _verb(request, form, at, "confirm")
    return _step(request, pk, at, "confirm", form, take, "confirm.html")


@require(*OFFICES, Role.INSPECTOR)
@require_http_methods(["GET", "POST"])
def lookback_give_up(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Say why a case is not looked at after all."""
    at, form = timezone.now(), GiveUpForm(request.POST or None)
    take = _verb(request, form, at, "give_up")
    return _step(request, pk, at, "give_up", form, take, "give_up.html")


def _verb(request: HttpRequest, form: Any, at: datetime, name: str) -> Callable[[LookBackCase], None]:
    """Return the call of a case's verb with what the form says."""

    def take(case: LookBackCase) -> None:
        getattr(case, name)(by=user_of(request), at=at, **form.arguments())

    return take


def _step(
    request: HttpRequest,
    pk: uuid.UUID,
    at: datetime,
    step: str,
    form: forms.Form,
    take: Callable[[LookBackCase], None],
    template: str,
    done: str = "",
) -> HttpResponse:
    """Show the form of a step, or take the step; whoever may not take it is told why."""
    case = scoped(request, pk, at)
    if form.is_bound and form.is_valid():
        try:
            take(case)
            messages.success(request, _("Recorded."))
            return redirect(done or case.get_absolute_url())
        except (StepRefused, PhotoRefused) as refused:
            _refuse(request, form, refused)
    stopped = case.refusal(step, user_of(request), at)
    context = {**_case(request, case, at), "form": form, "refused": stopped}
    return render(request, f"inspections/lookbacks/{template}", context)


def _refuse(request: HttpRequest, form: forms.Form, refused: Any) -> None:
    """Show why it was refused, above what was typed; the audit line gets its code."""
    mark_refused(request, refused.code)
    form.add_error(None, str(refused))


urlpatterns = [
    path("", lookbacks, name="lookbacks"),
    path("<uuid:pk>/", lookback, name="lookback"),
    path("<uuid:pk>/draw/", lookback_draw, name="lookback_draw"),
    path("<uuid:pk>/amend/", lookback_amend, name="lookback_amend"),
    path("cases/<uuid:pk>/", lookback_case, name="lookback_case"),
    path("cases/<uuid:pk>/result/", lookback_result, name="lookback_result"),
    path("cases/<uuid:pk>/hear/", lookback_hear, name="lookback_hear"),
    path("cases/<uuid:pk>/confirm/", lookback_confirm, name="lookback_confirm"),
    path("cases/<uuid:pk>/give-up/", lookback_give_up, name="lookback_give_up"),
    path("cases/<uuid:pk>/photos/<uuid:photo>/<str:size>/", lookback_photo, name="lookback_photo"),
]
