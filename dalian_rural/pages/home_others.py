"""Home of inspectors, departments, the auditor and the system administrator."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, Q, When
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Post, User
from dalian_rural.models import Feedback
from dalian_rural.pages import home_sheets, status
from dalian_rural.pages.context import safe_reverse
from dalian_rural.pages.home_parts import CARDS, Waiting, cards, first_photos, midnight, oldest_first
from inspections import dossier, ledger, statistics
from inspections.models import Finding

RECENT = timedelta(days=30)
WORST = 10

# URL name, icon, word, what is there
Door = tuple[str, str, Promise, Promise]
AUDITOR: tuple[Door, ...] = (
    ("audit", "shield-check", _("Audit log"), _("Who did what, and when")),
    ("ledger", "list-check", _("Problem ledger"), _("Every issued finding")),
    ("coverage", "diagram-3", _("Responsibilities"), _("Who covers which village")),
    ("submissions", "inboxes", _("Submitted ledgers"), _("What was handed upwards")),
    ("instructions", "pencil-square", _("Leaders' instructions"), _("With the offices' replies")),
)
SYSADMIN: tuple[Door, ...] = (
    ("users", "people", _("Users"), _("Accounts, posts, passwords")),
    ("users_import", "file-earmark-arrow-up", _("Import users"), _("From Excel or CSV, with a dry run")),
    ("registry", "geo-alt", _("Import of villages"), _("The register of places")),
    ("holidays", "calendar2-week", _("Holiday table"), _("Holidays and make-up workdays")),
    ("audit", "shield-check", _("Audit log"), _("Who did what, and when")),
    ("feedback", "chat-left-text", _("Complaints and suggestions"), _("From the page about this site")),
)


def links(doors: tuple[Door, ...]) -> list[dict[str, Any]]:
    """Return the doors of a section; a page that does not exist yet has none."""
    found = [(safe_reverse(name), icon, label, text) for name, icon, label, text in doors]
    return [
        {"url": url, "icon": icon, "label": label, "text": text} for url, icon, label, text in found if url
    ]


# --- inspector ------------------------------------------------------------------------------------------------------
def inspector(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of an inspector: the button, what still lacks photos, and what became of the reports."""
    on = timezone.localdate(at)
    mine = Finding.objects.filter(reported_by=user)
    waiting_first = Case(When(state=Finding.State.REPORTED, then=0), default=1)
    rows = list(mine.for_list().order_by(waiting_first, "-reported_at", "pk")[:CARDS])
    arrivals, photos = dossier.arrivals(rows), first_photos(rows)
    missing = sum(1 for row in rows if row.state == Finding.State.REPORTED and arrivals[row.pk].missing)
    shown = [{"finding": row, "arrival": arrivals[row.pk], "photo": photos.get(row.pk, "")} for row in rows]
    return {
        "template": "pages/home_inspector.html",
        "post": post,
        "rows": shown,
        "missing": missing,
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
        "sheets_owed": home_sheets.owed_by(post, timezone.localdate(at)),
        "table": statistics.unit_figures(user, at, level="county", only=own),
        "level": "unit",
        "cards": cards(live.order_by(F("due_on").asc(nulls_last=True), "pk")[:WORST]),
    }


# --- auditor --------------------------------------------------------------------------------------------------------
def auditor(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of the auditor: where to read, and how the units stand."""
    return {
        "template": "pages/home_auditor.html",
        "post": post,
        "links": links(AUDITOR),
        "table": statistics.unit_figures(user, at, level="county"),
        "level": "unit",
    }


# --- system administrator -------------------------------------------------------------------------------------------
def sysadmin(user: User, post: Post, at: datetime) -> dict[str, Any]:
    """Return the section of the administrator: is everything well, and where to keep things so."""
    checks = [status.guarded(name, str(label), ask, at) for name, (label, ask) in status.OF_ROWS.items()]
    feedback = Waiting.of(
        Feedback.objects.waiting(),
        "at",
        _("Complaints and suggestions"),
        "chat-left-text",
        reverse("feedback"),
    )
    return {
        "template": "pages/home_sysadmin.html",
        "post": post,
        "checks": checks,
        "bad": [check for check in checks if check.level != status.OK],
        "worst": status.worst_of(checks),
        "waiting": oldest_first([feedback]),
        "users": User.objects.filter(is_active=True).count(),
        "links": links(SYSADMIN),
    }
