"""Home of the offices: what waits for them, the oldest first, and how their places stand."""

from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Post, Role, User
from dalian_rural.models import Feedback
from dalian_rural.pages import home_sheets
from dalian_rural.pages.context import safe_reverse
from dalian_rural.pages.home_parts import Waiting, ledger_due, oldest_first
from inspections import requests, statistics
from inspections.models import Finding, Instruction, LookBackCase, Proposal, Submission
from villages.coverage import coverage_line
from villages.models import Difficulty

ROWS = 10


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
    sheets = home_sheets.coming(timezone.localdate(at))
    return {
        **_section(user, post, at, [feedback]),
        "table": table,
        "level": "unit",
        "ledger_due": None,
        "sheets_coming": sheets,
    }


def county_section(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of a county office."""
    table = statistics.unit_figures(user, at, level="township", county=post.division_id)
    on = timezone.localdate(at)
    due = ledger_due(post.division, on) if post.division else None
    return {
        **_section(user, post, at, []),
        "table": table,
        "level": "township",
        "ledger_due": due,
        "sheets_owed": home_sheets.owed_by(post, on),
    }


def _section(user: User, post: Post, at: datetime, more: list[Waiting]) -> dict[str, Any]:
    on = timezone.localdate(at)
    difficulties = Difficulty.objects.visible_to(user, on, post.role).filter(answered_at=None)
    waiting = [*_findings(user, post, on), *_tasks(user, post, on), *more]
    asked = _asked(post)
    unanswered = Waiting.of(
        difficulties, "raised_at", _("Difficulties to answer"), "life-preserver", reverse("difficulties")
    )
    return {
        "template": "pages/home_office.html",
        "post": post,
        "waiting": oldest_first([*waiting, unanswered, *asked]),
        "requests": requests.entries(requests.keys([post.division_id])[:ROWS]),
        "requests_total": sum(row.count for row in asked),
        "difficulties_total": unanswered.count,
        "difficulties": difficulties.select_related("village", "township").order_by("raised_at", "pk")[:ROWS],
        "coverage": coverage_line(user, on),
    }


def _findings(user: User, post: Post, on: date) -> list[Waiting]:
    """Return the findings that wait for the office: to be issued, checked and reviewed."""
    reported = Finding.objects.to_issue([post.division_id])
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
        *_look_backs(user, post, on),
    ]


def _look_backs(user: User, post: Post, on: date) -> list[Waiting]:
    """Return what look-backs ask of the office: a second person's decision, and what was closed wrongly."""
    cases, page = LookBackCase.objects.all(), reverse("lookbacks")
    confirm = cases.to_confirm(user, on).filter(round__office=post.division_id)
    wrong = cases.to_reopen(user, on).filter(finding__issuing_office=post.division_id)
    return [
        Waiting.of(confirm, "result_at", _("Look-backs to decide as a second person"), "eye", page),
        Waiting.of(wrong, "result_at", _("Closed wrongly: to open again"), "arrow-counterclockwise", page),
    ]


def _asked(post: Post) -> list[Waiting]:
    """Return each kind of request that waits for the office."""
    page = reverse("requests")
    return [
        Waiting.of(
            requests.waiting(key, [post.division_id]),
            "asked_at",
            kind.waiting,
            kind.icon,
            f"{page}?kind={key}",
        )
        for key, kind in requests.KINDS.items()
    ]
