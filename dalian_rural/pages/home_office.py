"""Home of the offices: what waits for them, the oldest first, and how their places stand."""

from datetime import date, datetime
from itertools import chain
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Post, Role, User
from dalian_rural.models import Feedback
from dalian_rural.pages.context import safe_reverse
from dalian_rural.pages.home_parts import Waiting, ledger_due, oldest_first
from inspections import statistics
from inspections.models import (
    Claim,
    Extension,
    Finding,
    Instruction,
    Proposal,
    RectificationPlan,
    Submission,
)
from villages.coverage import coverage_line
from villages.models import Difficulty

ROWS = 10
REQUESTS = (
    ("decide_plan", _("Plan"), RectificationPlan),
    ("decide_extension", _("Extension"), Extension),
    ("decide_claim", _("Claim"), Claim),
)


def city_section(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of the city office."""
    feedback = Waiting.of(
        Feedback.objects.waiting(),
        "at",
        _("Complaints and suggestions"),
        "chat-left-text",
        reverse("feedback"),
    )
    table = statistics.unit_figures(user, at, level="county")
    return {**_section(user, post, at, [feedback]), "table": table, "level": "unit", "ledger_due": None}


def county_section(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of a county office."""
    table = statistics.unit_figures(user, at, level="township", county=post.division_id)
    due = ledger_due(post.division, timezone.localdate(at)) if post.division else None
    return {**_section(user, post, at, []), "table": table, "level": "township", "ledger_due": due}


def _section(user: User, post: Post, at: datetime, more: list[Waiting]) -> dict[str, Any]:
    on = timezone.localdate(at)
    difficulties = Difficulty.objects.visible_to(user, on, post.role).filter(answered_at=None)
    waiting = [*_findings(user, post, on), *_tasks(user, post, on), *more]
    waiting.append(
        Waiting.of(difficulties, "raised_at", _("Difficulties to answer"), "life-preserver", "#difficulties")
    )
    asked = [_count(name, model, post) for name, _label, model in REQUESTS]
    return {
        "template": "pages/home_office.html",
        "post": post,
        "waiting": oldest_first([*waiting, *asked]),
        "requests": _requests(post),
        "difficulties": difficulties.select_related("village", "township").order_by("raised_at", "pk")[:ROWS],
        "coverage": coverage_line(user, on),
    }


def _findings(user: User, post: Post, on: date) -> list[Waiting]:
    """Return the findings that wait for the office: to be issued, checked and reviewed."""
    reported = Finding.objects.filter(state=Finding.State.REPORTED, issuing_office=post.division_id)
    to_review = Finding.objects.to_review(user, on)
    awaiting = Finding.objects.waiting_for_check(on)
    own = to_review.filter(issuing_office=post.division_id).exclude(awaiting)
    review = safe_reverse("review")
    rows = [
        Waiting.of(reported, "reported_at", _("To issue"), "send-fill", reverse("issue_queue")),
        Waiting.of(own, "submitted_at", _("To review"), "clipboard-check", review),
    ]
    if post.role == Role.COUNTY_OFFICE:
        checks = to_review.filter(awaiting, county=post.division_id)
        rows.append(Waiting.of(checks, "submitted_at", _("To check for the city"), "clipboard-check", review))
    return rows


def _tasks(user: User, post: Post, on: date) -> list[Waiting]:
    """Return what else the office has to act on."""
    instructions = Instruction.objects.filter(replied_at=None, finding__issuing_office=post.division_id)
    proposals = Proposal.objects.waiting().filter(office=post.division_id)
    ledgers = Submission.objects.waiting().filter(receiver=post.division_id)
    return [
        Waiting.of(instructions, "at", _("Instructions to answer"), "pencil-square", reverse("instructions")),
        Waiting.of(
            proposals, "proposed_at", _("Proposed measures to sign"), "pen", safe_reverse("proposals")
        ),
        Waiting.of(
            ledgers,
            "submitted_at",
            _("Submitted ledgers to receive"),
            "inboxes",
            safe_reverse("submissions"),
        ),
    ]


WORDS = {
    "decide_plan": (_("Plans to decide"), "calendar2-check"),
    "decide_extension": (_("Extensions to decide"), "alarm"),
    "decide_claim": (_("Claims to decide"), "question-circle"),
}


def _asked(model: Any, post: Post) -> Any:
    return model.objects.filter(state="asked", finding__issuing_office=post.division_id)


def _count(step: str, model: Any, post: Post) -> Waiting:
    label, icon = WORDS[step]
    live = ~Q(finding__state=Finding.State.CLOSED)
    return Waiting.of(_asked(model, post).filter(live), "asked_at", label, icon, "#requests")


def _requests(post: Post) -> list[dict[str, Any]]:
    """Return the requests that wait the longest, with the page where each is decided."""
    found = chain.from_iterable(_oldest(step, label, model, post) for step, label, model in REQUESTS)
    return sorted(found, key=lambda row: row["row"].asked_at)[:ROWS]


def _oldest(step: str, label: Any, model: Any, post: Post) -> list[dict[str, Any]]:
    rows = _asked(model, post).exclude(finding__state=Finding.State.CLOSED)
    joined = rows.select_related("finding__village", "finding__township", "finding__item", "asked_by")
    return [
        {"kind": label, "row": row, "url": reverse("finding_step", args=[row.finding_id, step])}
        for row in joined.order_by("asked_at", "pk")[:ROWS]
    ]
