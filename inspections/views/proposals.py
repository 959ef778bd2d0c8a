"""What the system proposes for overdue findings; somebody of the office who may sign decides on each."""

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import require, user_of
from accounts.models import Role, User
from audit.log import refused
from inspections import drafting
from inspections.forms.proposals import ProposalForm
from inspections.models import Document, Proposal
from inspections.steps import StepRefused

READERS = (Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.AUDITOR)
ROWS = 20
ICONS = {"urge": "bell", "supervise": "file-earmark-text", "circulate": "megaphone", "summon": "people"}


@require(*READERS)
@require_http_methods(["GET", "POST"])
def proposals(request: HttpRequest) -> HttpResponse:
    """List what waits for a signature, or decide on what is picked."""
    user, at = user_of(request), timezone.now()
    form = ProposalForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return _decide(request, user, at, form.cleaned_data)
    return render(request, "inspections/proposals.html", _page(request, user, timezone.localdate(at), form))


def _decide(request: HttpRequest, user: User, at: datetime, data: dict[str, Any]) -> HttpResponse:
    """Decide on each of the picked proposals by its own rules."""
    seen = Proposal.objects.visible_to(user, timezone.localdate(at)).filter(pk__in=data["pick"])
    drafts: list[Document] = []
    done = 0
    for proposal in seen.select_related("finding__village", "township").order_by("proposed_at", "pk"):
        try:
            drafts += _decide_one(proposal, user, at, data["do"], data["remark"])
            done += 1
        except StepRefused as refusal:
            refused(request, refusal.code)
            messages.error(request, f"{proposal.finding or proposal.township}：{refusal}")
    _say(request, data["do"], done)
    if len(drafts) == 1:
        return redirect("document_edit", drafts[0].pk)
    return redirect(reverse("documents") + "?tab=drafts") if drafts else redirect("proposals")


@transaction.atomic
def _decide_one(proposal: Proposal, user: User, at: datetime, do: str, remark: str) -> list[Document]:
    if do == "sign":
        return drafting.sign(proposal, user, at, remark)
    proposal.dismiss(by=user, at=at, remark=remark)
    return []


def _say(request: HttpRequest, do: str, done: int) -> None:
    if not done:
        return
    signed = ngettext("%(n)s measure signed.", "%(n)s measures signed.", done)
    dismissed = ngettext("%(n)s measure dismissed.", "%(n)s measures dismissed.", done)
    messages.success(request, (signed if do == "sign" else dismissed) % {"n": done})


def _page(request: HttpRequest, user: User, on: date, form: ProposalForm) -> dict[str, Any]:
    seen = Proposal.objects.visible_to(user, on)
    decided = request.GET.get("tab") == "decided"
    rows = seen.exclude(state=Proposal.State.PROPOSED) if decided else seen.waiting()
    level = request.GET.get("level", "")
    if level in Proposal.Level.values:
        rows = rows.filter(level=level)
    joined = rows.select_related(
        "office",
        "township",
        "county",
        "signed_by",
        "finding__village",
        "finding__item__aspect",
        "finding__township",
    ).prefetch_related("documents")
    page = Paginator(joined.order_by("-signed_at" if decided else "proposed_at", "pk"), ROWS)
    shown = page.get_page(request.GET.get("page"))
    return {
        "page": shown,
        "rows": [
            {"proposal": row, "icon": ICONS[row.level], "refusal": row.refusal(user, on)} for row in shown
        ],
        "tabs": _tabs(seen, level, decided),
        "levels": _levels(level, decided),
        "decided": decided,
        "signs": any(post.may_sign for post in user.posts_on(on)),
        "form": form,
    }


def _tabs(seen: Any, level: str, decided: bool) -> list[dict[str, Any]]:
    of_level = seen.filter(level=level) if level in Proposal.Level.values else seen
    more = f"&level={level}" if level in Proposal.Level.values else ""
    return [
        {
            "label": _("Waiting for a signature"),
            "url": f"?tab={more}",
            "count": of_level.waiting().count(),
            "active": not decided,
        },
        {
            "label": _("Signed or dismissed"),
            "url": f"?tab=decided{more}",
            "count": of_level.exclude(state=Proposal.State.PROPOSED).count(),
            "active": decided,
        },
    ]


def _levels(level: str, decided: bool) -> list[dict[str, Any]]:
    tab = "decided" if decided else ""
    every = [("", _("Every measure")), *Proposal.Level.choices]
    return [
        {"label": label, "url": f"?tab={tab}&level={key}", "active": key == level} for key, label in every
    ]


urlpatterns = [path("proposals/", proposals, name="proposals")]
