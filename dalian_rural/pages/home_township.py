"""Home of a township official: what is to be put right, sorted by the time that is left."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Post, User
from dalian_rural.pages.home_parts import CARDS, cards, ledger_due, ledger_url
from inspections import ledger
from inspections.models import Claim, Extension, Finding, LookBackCase, RectificationPlan
from villages.models import Difficulty

# Answers of the office stay on the page for a week.
ANSWERS = timedelta(days=7)
ROWS = 5


def section(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of one township."""
    on = timezone.localdate(at)
    seen = Finding.objects.visible_to(user, on).filter(township=post.division_id)
    counts = ledger.counts(seen, on).tabs
    in_hand = (
        seen.in_hand()
        .for_list()
        .with_requests()
        .order_by(F("due_on").asc(nulls_last=True), "issued_at", "pk")
    )
    return {
        "template": "pages/home_township.html",
        "post": post,
        "figures": _figures(post, counts),
        "cards": cards(in_hand[:CARDS]),
        "in_hand": counts["open"] + counts["returned"],
        "all_url": ledger_url(township=post.division_id, sort="due"),
        "ledger_due": ledger_due(post.division, on) if post.division else None,
        "answers": _answers(post, at),
        "to_hear": _to_hear(user, post, on),
    }


def _to_hear(user: User, post: Post, on: date) -> list[LookBackCase]:
    """Return the look-backs in which the township is asked, the most urgent first."""
    asked = LookBackCase.objects.to_hear(user, on).filter(finding__township=post.division_id)
    return list(asked.for_list().order_by("hear_by", "pk")[:CARDS])


def _figures(post: Post, counts: dict[str, int]) -> list[dict[str, Any]]:
    """Return the boxes: each leads to exactly as many lines of the ledger as it says."""
    boxes = [
        ("open", "open", _("To put right")),
        ("today", "soon", _("Due today")),
        ("overdue", "overdue", _("Overdue")),
        ("returned", "returned", _("Returned")),
        ("submitted", "submitted", _("Waiting for review")),
    ]
    return [
        {
            "n": counts[tab],
            "state": state,
            "label": label,
            "url": ledger_url(township=post.division_id, state=tab),
        }
        for tab, state, label in boxes
        if counts[tab] or tab in ("open", "today", "overdue")
    ]


def _answers(post: Post, at: datetime) -> list[dict[str, Any]]:
    """Return what the offices decided and answered lately, the newest first: four queries."""
    mine = {"finding__township": post.division_id, "decided_at__gte": at - ANSWERS}
    joined = ("finding__village", "finding__item", "decided_by")
    plans = RectificationPlan.objects.filter(**mine).select_related(*joined)
    extensions = Extension.objects.filter(**mine, cause=Extension.Cause.ASKED).select_related(*joined)
    claims = Claim.objects.filter(**mine).select_related(*joined)
    kinds = ((_("Plan"), plans), (_("Extension"), extensions), (_("Claim"), claims))
    rows = [_decided(label, row) for label, found in kinds for row in found.order_by("-decided_at")[:ROWS]]
    rows += [_answered(row) for row in _difficulties(post, at)]
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:ROWS]


def _decided(label: Any, row: RectificationPlan | Extension | Claim) -> dict[str, Any]:
    return {
        "kind": label,
        "title": f"{row.finding.village.name} · {row.finding.item.name}",
        "url": row.finding.get_absolute_url(),
        "accepted": row.state == "approved",
        "words": row.get_state_display(),
        "reason": row.decision_reason,
        "by": row.decided_by,
        "at": row.decided_at,
    }


def _difficulties(post: Post, at: datetime) -> Any:
    rows = Difficulty.objects.filter(township=post.division_id, answered_at__gte=at - ANSWERS)
    return rows.select_related("village", "township").order_by("-answered_at")[:ROWS]


def _answered(row: Difficulty) -> dict[str, Any]:
    return {
        "kind": _("Difficulty"),
        "title": f"{row.village or row.township} · {row}",
        "url": row.village.get_absolute_url() if row.village else "",
        "accepted": True,
        "words": _("Answered"),
        "reason": row.answer,
        "by": row.answered_by_name,
        "at": row.answered_at,
    }
