"""Rounds: the list, one round with what is next, what is planned, who may know, the teams."""

import uuid
from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from audit.log import refused, seal
from inspections.forms.rounds import ChangeRoundForm, NewRoundForm, ReaderForm, TeamsForm, inspectors
from inspections.models import Round, RoundState, VisitKind
from inspections.models.rounds import OFFICES
from inspections.rounds_path import path_of
from inspections.rounds_progress import progress
from inspections.steps import StepRefused
from inspections.views.sealed import open_sealed
from schemes.models import Scheme
from villages.models import Division, Holiday

READERS = (*OFFICES, Role.LEADER, Role.AUDITOR)
ROWS = 20
# the planned visits of a round's plan as it stands
IN_FORCE = (Q(planned__draw=F("draw")) | Q(planned__draw=None)) & Q(
    planned__cancelled=None, planned__again=None
)


def planners_round(request: HttpRequest, pk: uuid.UUID, at: datetime) -> Round:
    """Return a round on whose list the user stands, opened by the book; for everybody else there is none."""
    known = Round.objects.known_to(user_of(request), timezone.localdate(at)).for_list()
    return _opened(request, get_object_or_404(known, pk=pk), at)


def readers_round(request: HttpRequest, pk: uuid.UUID, at: datetime) -> Round:
    """Return a round that the user may read: he plans it, or it is closed and his to read."""
    seen = Round.objects.visible_to(user_of(request), timezone.localdate(at)).for_list()
    return _opened(request, get_object_or_404(seen, pk=pk), at)


def _opened(request: HttpRequest, row: Round, at: datetime) -> Round:
    if row.is_secret:
        open_sealed(request, row, at)
    return row


def refuse(request: HttpRequest, form: Any, refusal: StepRefused) -> None:
    """Show why a step was refused, above what was typed; the audit line gets its code."""
    refused(request, refusal.code)
    form.add_error(None, str(refusal))


# --- the list -------------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def rounds(request: HttpRequest) -> HttpResponse:
    """List the rounds that the user may read, the newest first."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    seen = Round.objects.visible_to(user, on).for_list()
    counted = seen.annotate(
        villages=Count("planned", filter=IN_FORCE),
        made=Count("planned", filter=IN_FORCE & Q(planned__visit__submitted_at__isnull=False)),
    )
    page = Paginator(counted.order_by("-begins_on", "-created_at", "pk"), ROWS).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "may_plan": bool(user.roles(on) & set(OFFICES)), "today": on}
    return render(request, "inspections/rounds/list.html", context)


# --- planning -------------------------------------------------------------------------------------------------
def _offices(user: User, on: date) -> list[Division]:
    posts = [post for post in user.posts_on(on) if post.role in OFFICES and post.division]
    return [post.division for post in posts if post.division]


@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def round_new(request: HttpRequest) -> HttpResponse:
    """Begin to plan a round of the user's office."""
    user, at = user_of(request), timezone.now()
    if request.method == "POST":
        # before anything can be refused: that somebody plans a round is the secret
        seal(request, _id_of(request))
    offices = _offices(user, timezone.localdate(at))
    asked = request.GET.get("office", "")
    office = next((one for one in offices if str(one.pk) == asked), offices[0])
    form = NewRoundForm(_data(request), office=office, initial=_proposal())
    if form.is_bound and form.is_valid():
        if (known := Round.objects.filter(pk=form.cleaned_data["id"], created_by=user).first()) is not None:
            return redirect(known)  # sent twice
        try:
            return redirect(Round.objects.plan(by=user, at=at, office=office, **form.arguments()))
        except StepRefused as refusal:
            refuse(request, form, refusal)
    context = {"form": form, "offices": offices, "office": office, **_calendar(form)}
    return render(request, "inspections/rounds/form.html", context)


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _id_of(request: HttpRequest) -> uuid.UUID:
    """Return the id that the page made for the round, or any where there is none."""
    try:
        return uuid.UUID(request.POST.get("id", ""))
    except ValueError:
        return uuid.uuid4()


def _proposal() -> dict[str, Any]:
    """Return what a new form holds."""
    return {"id": uuid.uuid4(), "scheme": Scheme.objects.filter(is_default=True).first()}


def _calendar(form: Any) -> dict[str, Any]:
    """Return when the table of holidays ends, and whether the round goes on after that."""
    calendar = Holiday.objects.calendar()
    ends = (
        form.cleaned_data.get("ends_on") if form.is_bound and form.is_valid() else form.initial.get("ends_on")
    )
    return {"table_ends": calendar.ends, "beyond_table": bool(ends and not calendar.covers(ends))}


@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def round_change(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Change what is planned."""
    user, at = user_of(request), timezone.now()
    row = planners_round(request, pk, at)
    form = ChangeRoundForm(_data(request), office=row.office, initial=_stored(row))
    if form.is_bound and form.is_valid():
        try:
            row.version = form.cleaned_data["version"]
            row.change(by=user, **form.arguments())
            return redirect(row)
        except StepRefused as refusal:
            refuse(request, form, refusal)
    context = {"form": form, "round": row, "refusal": row.refusal("change", user), **_calendar(form)}
    return render(request, "inspections/rounds/form.html", context)


def _stored(row: Round) -> dict[str, Any]:
    names = [name for name in ChangeRoundForm.Meta.fields if name != "scheme"]
    stored = {name: getattr(row, name) for name in names}
    return {**stored, "scheme": row.scheme_id, "version": row.version}


# --- one round ------------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def round_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a round: what is next first, then what is planned, its draws and amendments."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    row = readers_round(request, pk, at)
    steps = row.steps_for(user)
    draws = list(row.draws.select_related("frozen_by", "drawn_by").order_by("number"))
    # a look-back has no visits: its figures are on its own page
    figures = progress(row, on) if row.draw_id and row.kind != VisitKind.LOOK_BACK else None
    context = {
        "round": row,
        "steps": steps,
        "is_planner": bool(steps) or row.is_known_to(user),
        "draws": draws,
        "path": path_of(row, draws, figures, on),
        "figures": figures,
        "teams": list(row.teams.standing().prefetch_related("members").order_by("name")),
        "readers": list(row.readers.select_related("user").order_by("at", "pk")),
        "amendments": list(row.amendments.select_related("by").order_by("-number")),
        "table_ends": Holiday.objects.calendar().ends,
        "closed": row.state == RoundState.CLOSED,
    }
    return render(request, "inspections/rounds/round.html", context)


# --- who may know ---------------------------------------------------------------------------------------------
@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def round_readers(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show who may know of the round, or put one more person of the office on the list."""
    user, at = user_of(request), timezone.now()
    row = planners_round(request, pk, at)
    listed = list(row.readers.select_related("user", "listed_by").order_by("at", "pk"))
    people = User.objects.at(row.office, timezone.localdate(at), *OFFICES)
    people = people.exclude(pk__in=[reader.user_id for reader in listed]).order_by("name", "username")
    form = ReaderForm(_data(request), people=people, initial={"version": row.version})
    if form.is_bound and form.is_valid():
        try:
            row.version = form.cleaned_data["version"]
            row.let_know(user=form.cleaned_data["user"], by=user, at=at)
            return redirect("round_readers", row.pk)
        except StepRefused as refusal:
            refuse(request, form, refusal)
    context = {"round": row, "form": form, "readers": listed, "refusal": row.refusal("let_know", user)}
    return render(request, "inspections/rounds/readers.html", context)


# --- teams ----------------------------------------------------------------------------------------------------
@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def round_teams(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Put inspectors into teams."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    row = planners_round(request, pk, at)
    people = inspectors(row, on)
    form = TeamsForm(
        _data(request), people=people, on=on, mutual=row.kind == VisitKind.MUTUAL, initial=_in_teams(row)
    )
    if form.is_bound and form.is_valid():
        try:
            row.version = form.cleaned_data["version"]
            row.set_teams(by=user, at=at, teams=form.teams())
            return redirect(row)
        except StepRefused as refusal:
            refuse(request, form, refusal)
    context = {
        "round": row,
        "form": form,
        "refusal": row.refusal("set_teams", user),
        "names": [_("Team %(n)s") % {"n": number} for number in range(1, 13)],
    }
    return render(request, "inspections/rounds/teams.html", context)


def _in_teams(row: Round) -> dict[str, Any]:
    members = row.teams.standing().values_list("memberships__user_id", "name")
    return {"version": row.version, **{f"team-{user}": name for user, name in members}}
