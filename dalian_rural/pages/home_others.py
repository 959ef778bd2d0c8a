"""Home of inspectors, departments, the auditor and the system administrator."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, Q, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Post, User
from dalian_rural.models import Feedback
from dalian_rural.pages import status
from dalian_rural.pages.context import safe_reverse
from dalian_rural.pages.home_parts import CARDS, Waiting, cards, first_photos, midnight, oldest_first
from inspections import dossier, ledger, statistics
from inspections.models import Finding

RECENT = timedelta(days=30)
WORST = 10


# --- inspector ------------------------------------------------------------------------------------------------------
def inspector(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of an inspector: the button, what still lacks photos, and what became of the reports."""
    on = timezone.localdate(at)
    mine = Finding.objects.filter(reported_by=user)
    waiting_first = Case(When(state=Finding.State.REPORTED, then=0), default=1)
    rows = list(mine.for_list().order_by(waiting_first, "-reported_at", "pk")[:CARDS])
    arrivals, photos = dossier.arrivals(rows), first_photos(rows)
    shown = [{"finding": row, "arrival": arrivals[row.pk], "photo": photos.get(row.pk, "")} for row in rows]
    return {
        "template": "pages/home_inspector.html",
        "post": post,
        "rows": shown,
        "missing": sum(1 for row in shown if row["finding"].state == "reported" and row["arrival"].missing),
        "counts": ledger.counts(mine.filter(reported_at__gte=at - RECENT), on).tabs,
        "today": mine.filter(reported_at__gte=midnight(on)).count(),
    }


# --- department -----------------------------------------------------------------------------------------------------
def department(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of a department: the findings of its items, by unit, and the longest overdue."""
    own = Q(item__department=post.organisation_id)
    live = Finding.objects.issued().filter(own).in_hand().for_list()
    return {
        "template": "pages/home_department.html",
        "post": post,
        "table": statistics.unit_figures(user, at, level="county", only=own),
        "level": "unit",
        "cards": cards(live.order_by(F("due_on").asc(nulls_last=True), "pk")[:WORST]),
    }


# --- auditor --------------------------------------------------------------------------------------------------------
def auditor(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of the auditor: where to read, and how the units stand."""
    links = [
        {"url": reverse("audit"), "label": _("Audit log"), "icon": "shield-check", "text": _("Who did what, and when")},
        {"url": reverse("ledger"), "label": _("Problem ledger"), "icon": "list-check", "text": _("Every issued finding")},
        {"url": reverse("coverage"), "label": _("Responsibilities"), "icon": "diagram-3", "text": _("Who covers which village")},
        {"url": safe_reverse("submissions"), "label": _("Submitted ledgers"), "icon": "inboxes", "text": _("What was handed upwards")},
        {"url": reverse("instructions"), "label": _("Leaders' instructions"), "icon": "pencil-square", "text": _("With the offices' replies")},
    ]  # fmt: skip
    return {
        "template": "pages/home_auditor.html",
        "post": post,
        "links": [link for link in links if link["url"]],
        "table": statistics.unit_figures(user, at, level="county"),
        "level": "unit",
    }


# --- system administrator -------------------------------------------------------------------------------------------
def sysadmin(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of the administrator: is everything well, and where to keep things so."""
    checks = [status.guarded(name, str(label), ask, at) for name, (label, ask) in status.OF_ROWS.items()]
    feedback = Waiting.of(
        Feedback.objects.waiting(), "at", _("Complaints and suggestions"), "chat-left-text", reverse("feedback")
    )
    return {
        "template": "pages/home_sysadmin.html",
        "post": post,
        "checks": checks,
        "bad": [check for check in checks if check.level != status.OK],
        "worst": status.worst_of(checks),
        "waiting": oldest_first([feedback]),
        "users": User.objects.filter(is_active=True).count(),
        "links": [
            {"url": reverse("users"), "label": _("Users"), "icon": "people", "text": _("Accounts, posts, passwords")},
            {"url": reverse("users_import"), "label": _("Import users"), "icon": "file-earmark-arrow-up", "text": _("From Excel or CSV, with a dry run")},
            {"url": reverse("registry"), "label": _("Import of villages"), "icon": "geo-alt", "text": _("The register of places")},
            {"url": reverse("holidays"), "label": _("Holiday table"), "icon": "calendar2-week", "text": _("Holidays and make-up workdays")},
            {"url": reverse("audit"), "label": _("Audit log"), "icon": "shield-check", "text": _("Who did what, and when")},
            {"url": reverse("feedback"), "label": _("Complaints and suggestions"), "icon": "chat-left-text", "text": _("From the page about this site")},
        ],
    }  # fmt: skip
