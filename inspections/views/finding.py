"""One finding: its page, and the steps that its readers may take."""

import uuid
from datetime import date, datetime
from typing import Any, cast

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import user_of
from accounts.models import User
from inspections import dossier, drafting
from inspections.forms.steps import STEP_FORMS, AttachForm, StepForm
from inspections.models import Document, Finding, FindingFile, LookBackCase, PhotoUse
from inspections.steps import STEPS, StepRefused

# what a reader most likely came for; the rest of the bar stands behind "more"
MAIN = (
    "rectify",
    "issue",
    "check",
    "close",
    "send_back",
    "decide_plan",
    "decide_extension",
    "decide_claim",
    "reply",
    "sample",
)
ICONS = {
    "rectify": "camera",
    "close": "check-circle-fill",
    "send_back": "arrow-return-left",
    "issue": "send-fill",
}
DANGER = {"withdraw", "reject"}
# refusals worth a line beside the buttons: the step is the reader's, but not now
WHY = {"awaits_check", "both_sides", "incomplete", "needs_signature"}


def scoped(user: User, pk: uuid.UUID, at: datetime) -> Finding:
    """Return a finding that the user may read; 404 is the answer for all others."""
    # six more joins, for the people and what it repeats, made the statement three times as dear as what they answer
    seen = Finding.objects.visible_to(user, timezone.localdate(at)).for_list()
    return get_object_or_404(seen, pk=pk)


@require_safe
def finding(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a finding: photos, facts, chain, requests, timeline, and the steps that are possible now."""
    user, at = user_of(request), timezone.now()
    found = scoped(user, pk, at)
    in_panel = request.headers.get("HX-Target") == "panel-body"
    template = "inspections/finding/_body.html" if in_panel else "inspections/finding.html"
    return render(request, template, {**page(found, user, at), "in_panel": in_panel})


def page(found: Finding, user: User, at: datetime) -> dict[str, Any]:
    """Return what the finding's page shows, in a constant number of queries."""
    on = timezone.localdate(at)
    uses = list(PhotoUse.objects.filter(finding=found).for_list())
    events = dossier.timeline(found, user, on)
    requests = dossier.requests(found)
    return {
        "finding": found,
        "now": at,
        **dossier.photo_sides(uses),
        "arrival": dossier.arrivals([found])[found.pk] if found.state == Finding.State.REPORTED else None,
        "events": events,
        "came_back": list(
            Finding.objects.visible_to(user, on).filter(recurrence_of=found).order_by("reported_at")
        ),
        "look_backs": _look_backs(found, user, at),
        "on_site": dossier.on_site(events) if found.state in {"checked", "closed"} else "",
        "requests": requests,
        "plan_waits": any(entry["kind"] == "plan" and entry["row"].state == "asked" for entry in requests),
        "instructions": list(found.instructions.select_related("by", "replied_by").order_by("at")),
        "lookalikes": dossier.lookalikes(found, uses, user, on) if dossier.reviews(found, user, on) else [],
        "undo": dossier.undo_for(user, at, found),
        "files": list(FindingFile.objects.shown_on(found.pk).for_list()),
        "documents": _documents(found, user, on),
        **bar(found, user, at),
    }


def _look_backs(found: Finding, user: User, at: datetime) -> list[LookBackCase]:
    """Return what look-backs saw of the finding, as far as it is no secret any more and the user's to know."""
    seen = (
        LookBackCase.objects.visible_to(user, at).open_book().filter(Q(finding=found) | Q(new_finding=found))
    )
    return list(seen.select_related("round", "new_finding").order_by("result_at"))


def _documents(found: Finding, user: User, on: date) -> list[Document]:
    """Return the issued papers that list the finding, of those the user may read, the newest first."""
    listing = Document.objects.visible_to(user, on).issued().filter(listed__finding=found)
    return list(listing.for_list().order_by("-issued_at", "pk"))


def bar(found: Finding, user: User, at: datetime) -> dict[str, Any]:
    """Return the buttons of the sticky bar: the likeliest steps, the rest, and why an expected one is missing."""
    refusals = {name: found.refusal(name, user, at) for name in STEPS}
    steps = [_button(found, name) for name, refused in refusals.items() if refused is None]
    makes = bool(found.number and drafting.kinds_for(user, timezone.localdate(at)))
    attach = AttachForm(finding=found, user=user, at=at, auto_id="attach_%s")
    waits = [refusals[name] for name in MAIN if refusals[name] is not None]
    return {
        "main_steps": sorted((b for b in steps if b["name"] in MAIN), key=lambda b: MAIN.index(b["name"])),
        "more_steps": [b for b in steps if b["name"] not in MAIN],
        "makes_documents": makes,
        "attach_form": attach if refusals["attach"] is None else None,
        "why": next((refused for refused in waits if refused and refused.code in WHY), None),
    }


def _button(found: Finding, name: str) -> dict[str, Any]:
    url = (
        reverse("rectify", args=[found.pk])
        if name == "rectify"
        else reverse("finding_step", args=[found.pk, name])
    )
    return {
        "name": name,
        "label": STEPS[name].label,
        "url": url,
        "icon": ICONS.get(name),
        "danger": name in DANGER,
    }


# --- steps ---------------------------------------------
@require_http_methods(["GET", "POST"])
def finding_step(request: HttpRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    """Show the small form of a step, or take the step."""
    user, at = user_of(request), timezone.now()
    if step not in STEP_FORMS and step != "rectify":
        raise Http404
    found = scoped(user, pk, at)
    if step == "rectify":
        return redirect("rectify", pk=found.pk)
    if request.method == "GET":
        return _show(request, found, step, at)
    form = STEP_FORMS[step](request.POST, request.FILES, finding=found, user=user, at=at)
    if form.is_valid():
        try:
            return _take(request, form, step)
        except StepRefused as refused:
            if step == "undo" and request.headers.get("HX-Request"):
                return HttpResponse(str(refused), status=409, content_type="text/plain; charset=utf-8")
            form = _again(form, refused, at)
    return step_page(request, form.finding, step, at, form=form)


def _show(request: HttpRequest, found: Finding, step: str, at: datetime) -> HttpResponse:
    user = user_of(request)
    refused = found.refusal(step, user, at) if step in STEPS else None
    if refused:
        return step_page(request, found, step, at, refused=refused)
    return step_page(request, found, step, at, form=STEP_FORMS[step](finding=found, user=user, at=at))


def _take(request: HttpRequest, form: StepForm, step: str) -> HttpResponse:
    """Call the one verb on the version that the page showed."""
    form.finding.version = form.cleaned_data["version"]
    getattr(form.finding, form.verb)(by=form.user, at=form.at, **form.arguments())
    label = STEPS[step].label if step in STEPS else _("Undo")
    messages.success(request, _("%(step)s: recorded.") % {"step": label})
    return redirect(next_url(request) or form.finding.get_absolute_url())


def _again(form: StepForm, refused: StepRefused, at: datetime) -> StepForm:
    """Keep what was typed beside the finding as it is now, and say why the step was refused."""
    fresh = scoped(form.user, form.finding.pk, at)
    data = cast(QueryDict, form.data).copy()
    data["version"] = str(fresh.version)
    again = type(form)(data, form.files, finding=fresh, user=form.user, at=at)
    again.is_valid()
    again.add_error(None, str(refused))
    return again


def step_page(
    request: HttpRequest,
    found: Finding,
    step: str,
    at: datetime,
    *,
    form: StepForm | None = None,
    refused: StepRefused | None = None,
) -> HttpResponse:
    """Show one step: its form, or why it is refused and what is possible instead."""
    in_place = request.headers.get("HX-Target") == "step-form"
    context = {
        "finding": found,
        "now": at,
        "step": step,
        "label": STEPS[step].label if step in STEPS else _("Undo"),
        "form": form,
        "refused": refused,
        "requests": [entry for entry in dossier.requests(found) if entry["row"].state == "asked"],
        "latest": _latest(found, user_of(request), at),
        "next": next_url(request),
        "in_place": in_place,
        **bar(found, user_of(request), at),
    }
    template = "inspections/finding/_step.html" if in_place else "inspections/finding/step.html"
    return render(request, template, context)


def _latest(found: Finding, user: User, at: datetime) -> dict[str, Any] | None:
    rows = dossier.timeline(found, user, timezone.localdate(at))
    return rows[-1] if rows else None


def next_url(request: HttpRequest) -> str:
    """Return the page to come back to, if it is one of ours."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if ours else ""


urlpatterns = [
    path("<uuid:pk>/", finding, name="finding"),
    path("<uuid:pk>/steps/<str:step>/", finding_step, name="finding_step"),
]
