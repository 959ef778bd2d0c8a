"""The draw of a round: freeze, mix in the public number, open, close, and what proves that nobody chose."""

import uuid
from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import User
from audit.log import record, record_sealed
from audit.models import Verb
from inspections import draw_records
from inspections.forms.rounds import FreezeForm, MixForm, VersionForm
from inspections.models import Draw, Round
from inspections.models.drawing import BASE, DID_BADLY, NOT_SEEN, History
from inspections.models.draws import villages_of
from inspections.models.rounds import OFFICES
from inspections.steps import StepRefused
from inspections.views.rounds import READERS, planners_round, readers_round, refuse
from villages.models import Holiday

ROWS = 20
Act = Callable[[Round, Any, User, Any], None]


def _step(request: HttpRequest, row: Round, step: str, form: Any, act: Act, **context: Any) -> HttpResponse:
    """Take a step whose form was sent, or show its page; what was typed stays when it is refused."""
    user, at = user_of(request), timezone.now()
    if form.is_bound and form.is_valid():
        try:
            row.version = form.cleaned_data["version"]
            act(row, form, user, at)
            return redirect(row)
        except StepRefused as refusal:
            refuse(request, form, refusal)
    context |= {"round": row, "form": form, "step": step, "refusal": row.refusal(step, user)}
    return render(request, f"inspections/rounds/{step}.html", context)


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def round_freeze(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Freeze the list and commit to it."""
    at = timezone.now()
    row = planners_round(request, pk, at)
    again = row.draws.exists()
    form = FreezeForm(_data(request), again=again, initial={"version": row.version})
    calendar = Holiday.objects.calendar()
    return _step(
        request, row, "freeze", form, _freeze, again=again, weights=(BASE, DID_BADLY, NOT_SEEN),
        villages=len(villages_of(row, timezone.localdate(at))), teams=row.teams.standing().count(),
        table_ends=calendar.ends, beyond_table=not calendar.covers(row.ends_on),
        waiting=row.draws.filter(drawn_at=None).first(),
    )  # fmt: skip


def _freeze(row: Round, form: FreezeForm, user: User, at: Any) -> None:
    Draw.objects.freeze(round=row, by=user, at=at, history=History.before(row), **form.arguments())


@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def round_mix(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Mix the public number in."""
    at = timezone.now()
    row = planners_round(request, pk, at)
    waiting = row.draws.filter(drawn_at=None).first()
    form = MixForm(_data(request), initial={"version": row.version})
    today = timezone.localdate(at)
    early = waiting is not None and today < waiting.public_number_falls_on
    return _step(request, row, "mix", form, _mix, waiting=waiting, early=early)


def _mix(row: Round, form: MixForm, user: User, at: Any) -> None:
    waiting = row.draws.filter(drawn_at=None).first()
    if waiting is None:
        raise StepRefused(_("No list waits for a number. Freeze the list first."), "wrong_state")
    waiting.round = row
    waiting.mix(by=user, at=at, public_number=form.cleaned_data["public_number"])


@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def round_open(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Open the round."""
    row = planners_round(request, pk, timezone.now())
    form = VersionForm(_data(request), initial={"version": row.version})
    planned = row.plan_rows().standing()
    context = {"first": planned.order_by("day").first(), "count": planned.count()}
    return _step(request, row, "open", form, lambda row, form, user, at: row.open(by=user, at=at), **context)


@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def round_close(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Close the round: its seed and its log are public from then on."""
    row = planners_round(request, pk, timezone.now())
    form = VersionForm(_data(request), initial={"version": row.version})
    waiting = row.plan_rows().standing().outstanding().count()
    return _step(
        request, row, "close", form, lambda row, form, user, at: row.close(by=user, at=at), waiting=waiting
    )


# --- what proves it -------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def draw(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the draws of a round with their commitments, and recompute them once the round is closed."""
    row = readers_round(request, pk, timezone.now())
    context: dict[str, Any] = {
        "round": row,
        "draws": list(row.draws.select_related("frozen_by", "drawn_by").order_by("number")),
        "is_planner": row.is_known_to(user_of(request)),
    }
    if not row.is_secret and "verify" in request.GET:
        context |= {"verified": True, "differences": draw_records.differences(row)}
    return render(request, "inspections/rounds/draw.html", context)


@require(*OFFICES)
@require_safe
def draw_receipt(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    """Hand out the sealed receipt of one draw: its commitment and nothing of the plan; that is written down."""
    at = timezone.now()
    row = planners_round(request, pk, at)
    made = get_object_or_404(row.draws.select_related("frozen_by"), number=number)
    as_text = request.GET.get("as") == "text"
    _note_download(request, row, "receipt", made.number)
    context = {"round": row, "draw": made, "printed_at": at}
    if not as_text:
        return render(request, "inspections/rounds/receipt.html", context)
    response = render(
        request, "inspections/rounds/receipt.txt", context, content_type="text/plain; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="receipt-{made.commitment[:12]}.txt"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _note_download(request: HttpRequest, row: Round, what: str, number: int = 0) -> None:
    if row.is_secret:
        record_sealed(row.pk, request, Verb.DOWNLOAD, obj=row, what=what, number=number)
    else:
        record(request, Verb.DOWNLOAD, obj=row, what=what, number=number)


@require_safe
def draw_package(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Hand out the archive with which anybody recomputes the draws of a closed round."""
    closed = Round.objects.filter(state="closed")
    row = get_object_or_404(closed.select_related("office"), pk=pk)
    _note_download(request, row, "package")
    response = HttpResponse(draw_records.package(row), content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="draw-{row.pk}.zip"'
    return response


@require_safe
def commitments(request: HttpRequest) -> HttpResponse:
    """List the commitments of all rounds whose first day was revealed; every signed-in user reads them."""
    at = timezone.now()
    made = Draw.objects.filter(round__in=Round.objects.revealed(at), frozen_at__lte=at).select_related(
        "round"
    )
    page = Paginator(made.order_by("-frozen_at", "-number", "pk"), ROWS).get_page(request.GET.get("page"))
    return render(request, "inspections/rounds/commitments.html", {"page": page})
