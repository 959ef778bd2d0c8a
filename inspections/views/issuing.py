"""The issuing office: what waits to be issued, how it counts the days, and how continuing work goes on."""

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import Post, Role, User
from inspections import dossier
from inspections.forms import phrases
from inspections.forms.issuing import BulkIssueForm, DeadlineRuleForm
from inspections.models import DeadlineRule, Finding, FindingQuerySet, Milestone
from inspections.models.batches import Outcome, take_each
from inspections.steps import StepRefused
from villages.models import Holiday

OFFICES = (Role.CITY_OFFICE, Role.COUNTY_OFFICE)
READERS = (*OFFICES, Role.TOWNSHIP, Role.LEADER, Role.AUDITOR)
ROWS = 20


def _posts(user: User, on: date) -> list[Post]:
    return [post for post in user.posts_on(on) if post.role in OFFICES]


# --- the queue ---------------------------------------------
@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def issue_queue(request: HttpRequest) -> HttpResponse:
    """Show what waits to be issued, or issue what is picked."""
    user, at = user_of(request), timezone.now()
    form = BulkIssueForm(request.POST if request.method == "POST" else None)
    outcomes: list[Outcome] = []
    if form.is_bound and form.is_valid():
        outcomes = _issue(user, at, form.cleaned_data)
        _count(request, outcomes)
        if outcomes and not any(outcome.refusal for outcome in outcomes):
            return redirect("issue_queue")
    return render(request, "inspections/issue_queue.html", _queue_page(request, user, at, form, outcomes))


def _waiting(user: User, on: date) -> FindingQuerySet:
    """Return the reports of the user's offices, the oldest first."""
    reported = Finding.objects.to_issue(post.division_id for post in _posts(user, on))
    return reported.for_list().select_related("reported_by").order_by("reported_at", "pk")


def _issue(user: User, at: datetime, data: dict[str, Any]) -> list[Outcome]:
    picked = _waiting(user, timezone.localdate(at)).filter(pk__in=data["pick"])

    def issue(found: Finding) -> None:
        # the reason belongs only to those that are issued before they are complete
        reason = "" if found.is_complete() else data["incomplete_reason"]
        found.issue(by=user, at=at, kind=data["kind"], incomplete_reason=reason)

    return take_each(picked, issue)


def _count(request: HttpRequest, outcomes: list[Outcome]) -> None:
    if done := sum(1 for outcome in outcomes if not outcome.refusal):
        messages.success(
            request, ngettext("%(n)s finding issued.", "%(n)s findings issued.", done) % {"n": done}
        )


def _queue_page(
    request: HttpRequest, user: User, at: datetime, form: BulkIssueForm, outcomes: list[Outcome]
) -> dict[str, Any]:
    page = Paginator(_waiting(user, timezone.localdate(at)), ROWS).get_page(request.GET.get("page"))
    rows = list(page)
    arrivals = dossier.arrivals(rows)
    picked = {str(key) for key in form["pick"].value() or []}
    return {
        "page": page,
        "rows": [
            {
                "finding": row,
                "arrival": arrivals[row.pk],
                "late": not arrivals[row.pk].is_complete and row.may_issue_incomplete(at),
                "picked": str(row.pk) in picked,
            }
            for row in rows
        ],
        "form": form,
        "phrases": phrases.NOT_ISSUED_IN_FULL,
        "outcomes": outcomes,
        "refused": [outcome for outcome in outcomes if outcome.refusal],
        "undo": dossier.undo_for(user, at),
        "now": at,
    }


# --- how the days are counted ---------------------------------------------
@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def deadline_rules(request: HttpRequest) -> HttpResponse:
    """Show the office's rules of counting days, or add one from a day on."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    post = _posts(user, on)[0]
    form = DeadlineRuleForm(request.POST if request.method == "POST" else None, initial={"since": on})
    if form.is_bound and form.is_valid():
        try:
            DeadlineRule.objects.add(post=post, by=user, at=at, **form.arguments())
            messages.success(request, _("The rule is stored. Findings issued before that day keep theirs."))
            return redirect("deadline_rules")
        except StepRefused as refused:
            form.add_error(None, str(refused))
    rules = (
        DeadlineRule.objects.filter(office=post.division)
        .select_related("created_by")
        .order_by("-since", "-pk")
    )
    context = {
        "form": form,
        "rules": rules,
        "current": DeadlineRule.objects.for_office(post.division, on) if post.division else None,
        "post": post,
        "today": on,
        "table_ends": Holiday.objects.calendar().ends,
    }
    return render(request, "inspections/deadline_rules.html", context)


# --- continuing work ---------------------------------------------
@require(*READERS)
@require_safe
def milestones(request: HttpRequest) -> HttpResponse:
    """Show the open stages of approved plans, the earliest first."""
    user, at = user_of(request), timezone.now()
    seen = Finding.objects.visible_to(user, timezone.localdate(at)).in_hand()
    rows = Milestone.objects.filter(done_at=None, plan__state="approved", plan__finding__in=seen)
    rows = rows.select_related(
        "plan__finding__village", "plan__finding__township", "plan__finding__item__aspect"
    )
    page = Paginator(rows.order_by("date", "pk"), ROWS).get_page(request.GET.get("page"))
    return render(
        request, "inspections/milestones.html", {"page": page, "now": at, "today": timezone.localdate(at)}
    )


urlpatterns = [
    path("issuing/", issue_queue, name="issue_queue"),
    path("rules/", deadline_rules, name="deadline_rules"),
    path("milestones/", milestones, name="milestones"),
]
