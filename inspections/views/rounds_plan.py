"""The plan of a round for its planners: day routes by team, amendments, missed visits, progress."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import User
from inspections.forms.rounds import AmendForm, MissForm
from inspections.models import Amendment, PlanAmender, PlannedVisit, Round, Team
from inspections.models.rounds import OFFICES
from inspections.rounds_progress import part_of, progress
from inspections.steps import StepRefused
from inspections.views.rounds import READERS, planners_round, readers_round, refuse


@dataclass(frozen=True)
class DayRoute:
    """What one team does on one day, in the order of driving."""

    day: date
    team: Team
    pair: list[str]
    visits: list[tuple[PlannedVisit, str]]


def routes_of(rows: Iterable[PlannedVisit], names: dict[str, str], on: date) -> list[DayRoute]:
    """Group planned visits (ordered by day and team) into day routes."""
    found = []
    for (day, _team), group in groupby(rows, key=lambda row: (row.day, row.team_id)):
        visits = list(group)
        pair = [names.get(member, member) for member in visits[0].pair]
        found.append(DayRoute(day, visits[0].team, pair, [(visit, part_of(visit, on)) for visit in visits]))
    return found


@require(*READERS)
@require_safe
def round_plan(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the day plans of the teams; `print` gives them a sheet each."""
    at = timezone.now()
    on = timezone.localdate(at)
    row = readers_round(request, pk, at)
    teams = list(row.teams.standing().prefetch_related("members").order_by("name"))
    names = {str(member.pk): str(member) for team in teams for member in team.members.all()}
    plan = row.planned.standing().for_list().in_order()
    days = sorted(set(row.planned.standing().values_list("day", flat=True)))
    shown = {"team": request.GET.get("team", ""), "day": request.GET.get("day", "")}
    if team := next((one for one in teams if str(one.pk) == shown["team"]), None):
        plan = plan.filter(team=team)
    if day := next((one for one in days if one.isoformat() == shown["day"]), None):
        plan = plan.filter(day=day)
    context = {
        "round": row,
        "routes": routes_of(plan, names, on),
        "teams": teams,
        "days": [one.isoformat() for one in days],
        "shown": shown,
        "may_amend": "amend" in row.steps_for(user_of(request)),
        "printed_at": at,
    }
    template = "plan_print" if "print" in request.GET else "plan"
    return render(request, f"inspections/rounds/{template}.html", context)


# --- amendments -----------------------------------------------------------------------------------------------
@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def round_amend(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Change the plan of a running round, with a reason."""
    user, at = user_of(request), timezone.now()
    row = planners_round(request, pk, at)
    kind = request.GET.get("kind", Amendment.Kind.ADD)
    if kind not in Amendment.Kind.values:
        raise Http404
    initial = {"version": row.version, "visit": request.GET.get("visit")}
    data = request.POST if request.method == "POST" else None
    form = AmendForm(data, row=row, kind=kind, on=timezone.localdate(at), initial=initial)
    if form.is_bound and form.is_valid():
        try:
            row.version = form.cleaned_data["version"]
            _amend(row, form, user, at)
            return redirect("round_plan", row.pk)
        except StepRefused as refusal:
            refuse(request, form, refusal)
    context = {
        "round": row,
        "form": form,
        "kind": Amendment.Kind(kind),
        "kinds": Amendment.Kind,
        "refusal": row.refusal("amend", user),
        "village_text": _village_text(form),
    }
    return render(request, "inspections/rounds/amend.html", context)


def _amend(row: Round, form: AmendForm, user: User, at: Any) -> None:
    amender = PlanAmender(row, by=user, at=at, reason=form.cleaned_data["reason"])
    getattr(amender, form.kind.value)(*form.arguments(), **form.keywords())


def _village_text(form: AmendForm) -> str:
    """Return what the picker shows: the chosen village's name, or what was typed."""
    village = form.cleaned_data.get("village") if form.is_bound else None
    return str(village) if village else str(form.data.get("village_text", ""))


# --- missed ---------------------------------------------------------------------------------------------------
@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def planned_miss(request: HttpRequest, pk: uuid.UUID, visit: uuid.UUID) -> HttpResponse:
    """Say for a team why a visit was not made."""
    user, at = user_of(request), timezone.now()
    row = planners_round(request, pk, at)
    planned = get_object_or_404(row.planned.standing().for_list(), pk=visit)
    planned.round = row
    data = request.POST if request.method == "POST" else None
    form = MissForm(data, initial={"version": row.version})
    if form.is_bound and form.is_valid():
        try:
            planned.miss(by=user, at=at, **form.arguments())
            return redirect("round_progress", row.pk)
        except StepRefused as refusal:
            refuse(request, form, refusal)
    context = {"round": row, "planned": planned, "form": form, "refusal": row.refusal("miss", user)}
    return render(request, "inspections/rounds/miss.html", context)


# --- progress -------------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def round_progress(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show how far the round has come, and what was missed or is late."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    row = readers_round(request, pk, at)
    figures = progress(row, on)
    current = row.planned.current().for_list().in_order()
    context = {
        "round": row,
        "figures": figures,
        "late": list(current.late(on)),
        "missed": list(current.exclude(missed_reason="").filter(visit__submitted_at=None)),
        "may_amend": "amend" in row.steps_for(user),
    }
    return render(request, "inspections/rounds/progress.html", context)
