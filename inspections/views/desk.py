"""The desk: many findings and many photos at once, submitted together."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import require, user_of
from accounts.models import Role, User
from inspections import dossier
from inspections.forms import phrases
from inspections.forms.rectify import DeskRowForm, SharedForm
from inspections.models import Finding, FindingQuerySet, Photo
from inspections.models.batches import Outcome, take_each

ROWS = 40
RowForms = dict[UUID, DeskRowForm]


@require(Role.TOWNSHIP)
@require_http_methods(["GET", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """Show what the township has in hand, or submit the picked rows."""
    user, at = user_of(request), timezone.now()
    shared = SharedForm(request.POST if request.method == "POST" else None)
    outcomes: list[Outcome] = []
    forms: RowForms = {}
    if shared.is_bound and shared.is_valid():
        outcomes, forms = _submit(request, user, at, shared.cleaned_data)
        _count(request, outcomes)
        if outcomes and not any(outcome.refusal for outcome in outcomes):
            return redirect("desk")
    elif shared.is_bound:
        forms = {found.pk: _row_form(found, request.POST) for found in _in_hand(user, at)}
    return render(request, "inspections/desk.html", _page(request, user, at, shared, outcomes, forms))


def _in_hand(user: User, at: datetime) -> FindingQuerySet:
    """Return what the user's townships have to put right, the least time first."""
    on = timezone.localdate(at)
    own = Finding.objects.visible_to(user, on).in_hand().filter(user.places(on, Role.TOWNSHIP).q())
    return own.for_list().order_by("due_on", "pk")


def _row_form(found: Finding, data: Any = None, **kwargs: Any) -> DeskRowForm:
    return DeskRowForm(data, prefix=f"f-{found.pk}", **kwargs)


def _submit(
    request: HttpRequest, user: User, at: datetime, shared: dict[str, Any]
) -> tuple[list[Outcome], RowForms]:
    """Submit each picked row by itself; return what became of it, and the forms of those that stay."""
    picked = list(_in_hand(user, at).filter(pk__in=shared["pick"]))
    forms = {found.pk: _row_form(found, request.POST, shared=shared) for found in picked}
    wrong = [
        Outcome(found, _first_error(forms[found.pk])) for found in picked if not forms[found.pk].is_valid()
    ]
    sound = [found for found in picked if forms[found.pk].is_valid()]
    outcomes = take_each(sound, lambda found: forms[found.pk].submit(found, by=user, at=at))
    for outcome in outcomes:
        if outcome.refusal:
            forms[outcome.finding.pk].add_error(None, outcome.refusal)
    outcomes += wrong
    return outcomes, {o.finding.pk: forms[o.finding.pk] for o in outcomes if o.refusal}


def _first_error(form: DeskRowForm) -> str:
    return str(next(iter(form.errors.values()))[0])


def _count(request: HttpRequest, outcomes: list[Outcome]) -> None:
    if done := sum(1 for outcome in outcomes if not outcome.refusal):
        words = ngettext("%(n)s finding submitted for review.", "%(n)s findings submitted for review.", done)
        messages.success(request, words % {"n": done})


def _page(
    request: HttpRequest,
    user: User,
    at: datetime,
    shared: SharedForm,
    outcomes: list[Outcome],
    forms: RowForms,
) -> dict[str, Any]:
    page = Paginator(_in_hand(user, at), ROWS).get_page(request.GET.get("page"))
    found = list(page)
    return {
        "page": page,
        "rows": _rows(found, forms, user),
        "shared": shared,
        "outcomes": outcomes,
        "refused": [outcome for outcome in outcomes if outcome.refusal],
        "now": at,
        "measures_phrases": phrases.MEASURES,
        "result_phrases": phrases.RESULTS,
    }


def _rows(found: list[Finding], forms: RowForms, user: User) -> list[dict[str, Any]]:
    """Join each finding with its first photo, its form and the photos uploaded for it; two queries for all."""
    arrivals, drafts = dossier.arrivals(found), _drafts(found, user)
    return [
        {
            "finding": row,
            "photo": arrivals[row.pk].first,
            "drafts": drafts.get(row.pk, []),
            "form": _shown(row, forms.get(row.pk), drafts.get(row.pk, [])),
            "picked": row.pk in forms,
        }
        for row in found
    ]


def _shown(row: Finding, posted: DeskRowForm | None, drafts: list[Photo]) -> DeskRowForm:
    """Return a refused row's form as it was typed but with the present version, else a fresh one."""
    if posted is None:
        photos = [{"id": str(photo.pk), "sha256": photo.sha256} for photo in drafts]
        return _row_form(row, initial={"version": row.version, "photos": photos})
    data = cast(QueryDict, posted.data).copy()
    data[posted.add_prefix("version")] = str(row.version)
    posted.data = data
    return posted


def _drafts(found: Iterable[Finding], user: User) -> dict[UUID, list[Photo]]:
    """Return the photos that this user has uploaded for each finding and not yet submitted."""
    waiting = Photo.objects.unattached().filter(
        parent_id__in=[row.pk for row in found], side="after", uploader=user, refused=""
    )
    drafts: dict[UUID, list[Photo]] = {}
    for photo in waiting.order_by("received_at", "pk"):
        drafts.setdefault(photo.parent_id, []).append(photo)
    return drafts


urlpatterns = [path("desk/", desk, name="desk")]
