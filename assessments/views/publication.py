"""Publication: the office's steps from provisional to published, an edition with its package, corrections."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from assessments import publication
from assessments.forms import publication as forms
from assessments.models import Appeal, Edition, Level, Period, Standing
from assessments.models.appeals import refusal_to_raise
from assessments.rebuilding import rebuild
from assessments.views.scope import OFFICE, READERS, readable_period, show_refusal
from audit.log import record
from inspections.steps import StepRefused
from villages.models import Division

# what is in a package concerns every unit's visits: the city hands it to whom it wants to
PACKAGE_READERS = (Role.CITY_OFFICE, Role.AUDITOR)
APPEAL_READERS = (Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.LEADER, Role.AUDITOR)


@dataclass(frozen=True)
class Step:
    """One step: its words, its form, its verb, and what it does in a sentence."""

    label: Promise
    form: type[forms.PlainForm]
    verb: Callable[..., Any]
    text: Promise


def _recompute(period: Period, *, by: User, at: datetime) -> None:
    rebuild(period, at=at)


STEPS: dict[str, Step] = {
    "recompute": Step(
        gettext_lazy("Compute anew"), forms.PlainForm, _recompute,
        gettext_lazy("The figures are computed anew from what is there now."),
    ),
    "send_provisional": Step(
        gettext_lazy("Send to the units"), forms.SendProvisionalForm, publication.send_provisional,
        gettext_lazy("The figures are computed once more, and every unit's office is told and may apply for a review."),
    ),
    "submit": Step(
        gettext_lazy("Submit for approval"), forms.RemarkForm, publication.submit,
        gettext_lazy("The figures are computed a last time and the package is made. From then on nothing moves."),
    ),
    "take_back": Step(
        gettext_lazy("Take back"), forms.ReasonForm, publication.take_back,
        gettext_lazy("The figures follow what comes in again; the package made for the approval goes."),
    ),
    "approve": Step(
        gettext_lazy("Record the approval"), forms.ApprovalForm, publication.approve,
        gettext_lazy("The leading group or a deputy mayor has approved what was submitted."),
    ),
    "publish": Step(
        gettext_lazy("Publish"), forms.PlainForm, publication.publish,
        gettext_lazy("The rows are frozen for good; a mistake is corrected by a new edition beside this one."),
    ),
    "correct": Step(
        gettext_lazy("Begin a correction"), forms.CorrectForm, publication.correct,
        gettext_lazy("A new edition is computed from what the rows say now. What was published stays as it is."),
    ),
    "publish_correction": Step(
        gettext_lazy("Publish the correction"), forms.ApprovalForm, publication.publish_correction,
        gettext_lazy("The correction has an approval of its own and stands beside the edition before it."),
    ),
    "drop_correction": Step(
        gettext_lazy("Give the correction up"), forms.ReasonForm, publication.drop_correction,
        gettext_lazy("Nothing of it has been seen outside the city office."),
    ),
}  # fmt: skip
CORRECTIONS = ("correct", "publish_correction", "drop_correction")


def refusal_of(step: str, period: Period, user: User, on: date) -> StepRefused | None:
    """Return why the user may not take this step now, or None."""
    if step == "recompute":
        still = period.state in ("open", "provisional")
        return None if still else StepRefused(_("The figures of this period stand."), "stands")
    if step not in CORRECTIONS:
        return period.refusal(step, user, on)
    if refused := publication.refusal_to_correct(period, user, on):
        return refused
    prepared = period.editions.filter(state=Edition.State.PROVISIONAL).exists()
    if prepared == (step == "correct"):
        return StepRefused(_("This step is not possible now."), "wrong_state")
    return None


def part_of_page(period: Period, user: User, on: date) -> dict[str, Any]:
    """Return what the period's page shows of publication: three statements at most."""
    editions = list(Edition.objects.visible_to(user, on).filter(period=period).order_by("-number"))
    is_office = user.has_role(Role.CITY_OFFICE, on)
    steps = [name for name in STEPS if refusal_of(name, period, user, on) is None] if is_office else []
    appeals = Appeal.objects.visible_to(user, on).filter(period=period)
    return {
        "editions": editions,
        "steps": [{"name": name, "label": STEPS[name].label} for name in steps],
        "may_appeal": any(refusal_to_raise(period, user, unit, on) is None for unit in units_of(user, on)),
        "reads_appeals": bool(user.roles(on) & set(APPEAL_READERS)),
        "waiting": appeals.waiting().count() if period.state == "provisional" else 0,
        "shown": period.state not in ("planning", "open") or is_office,
    }


def units_of(user: User, on: date) -> list[Division]:
    """Return the units whose office the user works in."""
    posts = user.posts_on(on)
    return [post.division for post in posts if post.role == Role.COUNTY_OFFICE and post.division]


@require(*OFFICE)
@require_http_methods(["GET", "POST"])
def period_step(request: HttpRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    """Show what a step does and what it needs, or take it."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    period = readable_period(request, pk, on)
    if step not in STEPS:
        raise Http404
    row = STEPS[step]
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = row.form(data, files, initial={"version": period.version})
    if form.is_bound and form.is_valid():
        try:
            period.version = form.cleaned_data["version"]
            row.verb(period, by=user, at=at, **form.arguments())
            messages.success(request, _("Done."))
            return redirect(period)
        except StepRefused as refusal:
            show_refusal(request, refusal, form)
            period = readable_period(request, pk, on)
    context = {"form": form, "period": period, "row": row, "refusal": refusal_of(step, period, user, on)}
    return render(request, "assessments/publication_step.html", context)


# --- editions -------------------------------------------------------------------------------------------------
def readable_edition(request: HttpRequest, pk: uuid.UUID, number: int, on: date) -> Edition:
    """Return an edition that the user may read."""
    rows = Edition.objects.visible_to(user_of(request), on).select_related("period__scheme", "published_by")
    return get_object_or_404(rows, period=pk, number=number)


@require(*READERS)
@require_safe
def edition(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    """Show an edition: how it came about, and where every unit stands."""
    user, on = user_of(request), timezone.localdate()
    row = readable_edition(request, pk, number, on)
    context = {
        "edition": row,
        "period": row.period,
        "rows": list(Standing.objects.of(row, Level.UNIT).select_related("unit")),
        "reads_package": bool(user.roles(on) & set(PACKAGE_READERS)) and bool(row.package_sha256),
    }
    return render(request, "assessments/edition.html", context)


@require(*PACKAGE_READERS)
@require_safe
def edition_package(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponseBase:
    """Hand out the package with which anybody recomputes the edition."""
    return deliver_package(request, readable_edition(request, pk, number, timezone.localdate()))


def deliver_package(request: HttpRequest, row: Edition) -> HttpResponseBase:
    """Hand a package out as it was made, and write that down."""
    if not row.package_sha256:
        raise Http404
    try:
        file = row.package.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    record(
        request, "download", obj=row.period, at=timezone.now(), edition=row.number, sha256=row.package_sha256
    )
    name = f"standings-{row.period.ends_on:%Y-%m-%d}-{row.number}.zip"
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


urlpatterns = [
    path("<uuid:pk>/steps/<str:step>/", period_step, name="period_step"),
    path("<uuid:pk>/editions/<int:number>/", edition, name="edition"),
    path("<uuid:pk>/editions/<int:number>/package/", edition_package, name="edition_package"),
]
