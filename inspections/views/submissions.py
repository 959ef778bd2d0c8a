"""Ledgers handed upwards: which are due, handing one in, reading it beside today's figures, deciding on it."""

import uuid
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from audit.log import record
from inspections import official, submitting
from inspections.forms.submissions import DecisionForm, HandInForm, PeriodForm
from inspections.models import ExportJob, Submission
from inspections.steps import StepRefused
from inspections.tasks_exports import hasten

SENDERS = (Role.TOWNSHIP, Role.COUNTY_OFFICE)
READERS = (*SENDERS, Role.CITY_OFFICE, Role.AUDITOR)
ROWS = 20


@require(*READERS)
@require_safe
def submissions(request: HttpRequest) -> HttpResponse:
    """Show what is to be handed in, what was received for a period, and every version, newest first."""
    user, on = user_of(request), timezone.localdate()
    seen = Submission.objects.visible_to(user, on).with_decision().order_by("-submitted_at", "pk")
    period = _period(request, on)
    receiving = submitting.receiving_places(user, on)
    context = {
        "page": Paginator(seen, ROWS).get_page(request.GET.get("page")),
        "due": [_due(place, on) for place in submitting.own_places(user, on)],
        "received": [
            {"place": place, "parts": submitting.parts_of(place, period, on)} for place in receiving
        ],
        "period": period,
        "periods": submitting.suggested(on),
    }
    return render(request, "inspections/submissions/list.html", context)


def _period(request: HttpRequest, on: date) -> submitting.Period:
    try:
        since, until = (date.fromisoformat(request.GET.get(name, "")) for name in ("since", "until"))
    except ValueError:
        return submitting.suggested(on)[0]
    return submitting.Period(min(since, until), max(since, until))


def _due(place: Any, on: date) -> dict[str, Any]:
    """Return how a place stands with each of the suggested periods."""
    newest = Submission.objects.filter(division=place).newest().with_decision()
    found = {(row.since, row.until): row for row in newest}
    periods = submitting.suggested(on)
    parts = [submitting.Part(place, found.get((p.since, p.until)), p.due_on, on) for p in periods]
    return {"place": place, "rows": list(zip(periods, parts, strict=True))}


# --- handing in ---------------------------------------------------------------------------------------------------
@require(*SENDERS)
@require_http_methods(["GET", "POST"])
def submission_new(request: HttpRequest) -> HttpResponse:
    """Show what would be handed in for a period, or hand it in."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    places = submitting.own_places(user, on)
    if request.method == "POST":
        form = HandInForm(request.POST, places=places, on=on)
        if form.is_valid():
            try:
                return _hand_in(request, form, user, at)
            except StepRefused as refused:
                form.add_error(None, str(refused))
    else:
        form = HandInForm(initial=_first(request, places, on), places=places, on=on)
    return render(
        request, "inspections/submissions/new.html", {"form": form, **_preview(request, form, places, on)}
    )


def _first(request: HttpRequest, places: list[Any], on: date) -> dict[str, Any]:
    period = _period(request, on)
    return {
        "division": request.GET.get("division") or places[0].pk,
        "since": period.since,
        "until": period.until,
    }


def _hand_in(request: HttpRequest, form: HandInForm, user: User, at: datetime) -> HttpResponse:
    on, division, period = timezone.localdate(at), form.cleaned_data["division"], form.period
    receiver = division.parent_on(on)
    row = Submission.objects.submit(
        division=division, receiver=receiver, by=user, at=at, since=period.since, until=period.until,
        snapshot=submitting.snapshot(division, period, on), remark=form.cleaned_data["remark"],
    )  # fmt: skip
    messages.success(request, _("Handed in to %(office)s; a copy is frozen.") % {"office": receiver})
    return redirect(row)


def _preview(request: HttpRequest, form: HandInForm, places: list[Any], on: date) -> dict[str, Any]:
    """Return the control totals that would be frozen, where the form names a period."""
    data = request.POST if form.is_bound else {name: str(value) for name, value in form.initial.items()}
    asked = PeriodForm(data, places=places, on=on)
    if not asked.is_valid():
        return {"periods": submitting.suggested(on)}
    division, period = asked.cleaned_data["division"], asked.period
    lines = official.lines(submitting.findings_of(division, period), on)
    return {
        "place": division,
        "period": period,
        "late": max(0, (on - period.due_on).days),
        "totals": official.named_totals(official.count(lines)),
        "parts": submitting.parts_of(division, period, on),
        "periods": submitting.suggested(on),
    }


# --- one version --------------------------------------------------------------------------------------------------
def _scoped(user: User, pk: uuid.UUID, on: date) -> Submission:
    joined = ("division", "receiver", "submitted_by", "decision__by")
    seen = Submission.objects.visible_to(user, on).select_related(*joined)
    return get_object_or_404(seen, pk=pk)


@require(*READERS)
@require_safe
def submission(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one version: its lines, its totals beside those of today, its other versions, and the decision."""
    user, on = user_of(request), timezone.localdate()
    return _show(request, _scoped(user, pk, on), on, DecisionForm())


def _show(request: HttpRequest, row: Submission, on: date, form: DecisionForm) -> HttpResponse:
    period = submitting.Period(row.since, row.until)
    now = official.count(official.lines(submitting.findings_of(row.division, period), on))
    page = Paginator(row.rows, ROWS).get_page(request.GET.get("page"))
    versions = Submission.objects.of_period(row.since, row.until).filter(division=row.division)
    differences = submitting.compared(row.totals, now)
    context = {
        "submission": row,
        "period": period,
        "page": page,
        "columns": official.COLUMNS,
        "rows": [official.texts(n, line) | {"line": line} for n, line in enumerate(page, page.start_index())],
        "differences": differences,
        "changed": any(difference.differs for difference in differences),
        "intact": official.sha256(row.rows) == row.sha256,
        "versions": versions.with_decision().order_by("-version"),
        "may_decide": row.refusal(user_of(request), on) is None,
        "form": form,
    }
    return render(request, "inspections/submissions/submission.html", context)


@require(Role.COUNTY_OFFICE, Role.CITY_OFFICE)
@require_POST
def submission_decide(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Accept a ledger, or return it with a reason."""
    user, at = user_of(request), timezone.now()
    row, form = _scoped(user, pk, timezone.localdate(at)), DecisionForm(request.POST)
    if form.is_valid():
        accepted = form.cleaned_data["decision"] == "accept"
        try:
            row.decide(by=user, at=at, accepted=accepted, reason=form.cleaned_data["reason"])
            messages.success(request, _("Accepted.") if accepted else _("Returned."))
            return redirect(row)
        except StepRefused as refused:
            form.add_error(None, str(refused))
    return _show(request, row, timezone.localdate(at), form)


@require(*READERS)
@require_POST
def submission_export(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask for the frozen lines as a workbook."""
    user, at = user_of(request), timezone.now()
    row = _scoped(user, pk, timezone.localdate(at))
    job = ExportJob.objects.ask(by=user, at=at, language=get_language() or user.speaks, submission=row)
    record(request, "export", obj=row, at=at, rows=row.row_count)
    hasten(job.pk)
    return redirect("export", job.pk)


urlpatterns = [
    path("submissions/", submissions, name="submissions"),
    path("submissions/new/", submission_new, name="submission_new"),
    path("submissions/<uuid:pk>/", submission, name="submission"),
    path("submissions/<uuid:pk>/decide/", submission_decide, name="submission_decide"),
    path("submissions/<uuid:pk>/export/", submission_export, name="submission_export"),
]
