"""Put one finding right: the before-photo in view, one form, one button."""

import uuid
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import user_of
from accounts.models import User
from inspections import dossier
from inspections.forms import phrases
from inspections.forms.rectify import RectifyForm
from inspections.models import Finding, Photo, PhotoUse
from inspections.photo_rules import PhotoRefused
from inspections.steps import StepRefused
from inspections.views.finding import scoped, step_page


@require_http_methods(["GET", "POST"])
def rectify(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the page, or submit the rectification."""
    user, at = user_of(request), timezone.now()
    found = scoped(user, pk, at)
    if refused := found.refusal("rectify", user, at):
        return step_page(request, found, "rectify", at, refused=refused)
    form = RectifyForm(request.POST if request.method == "POST" else None, initial=_start(found, user))
    if form.is_bound and form.is_valid():
        try:
            form.submit(found, by=user, at=at)
            return _done(request, found, user, at)
        except (StepRefused, PhotoRefused) as refused:
            found, form = scoped(user, pk, at), _again(form, found.pk, refused)
    return render(request, "inspections/rectify.html", _page(found, form, user, at))


def _start(found: Finding, user: User) -> dict[str, Any]:
    """Begin with what a returned finding said, and the photos that were uploaded but not yet submitted."""
    drafts = Photo.objects.drafts_for(found).filter(uploader=user)
    photos = [{"id": str(photo.pk), "sha256": photo.sha256} for photo in drafts]
    return {"version": found.version, "measures": found.measures, "result": "", "photos": photos}


def _again(form: RectifyForm, pk: uuid.UUID, refused: StepRefused | PhotoRefused) -> RectifyForm:
    """Keep what was typed, take the present version, and say why it was refused."""
    data = cast(QueryDict, form.data).copy()
    data["version"] = str(Finding.objects.values_list("version", flat=True).get(pk=pk))
    again = RectifyForm(data)
    again.is_valid()
    again.add_error(None, str(refused))
    return again


def _page(found: Finding, form: RectifyForm, user: User, at: datetime) -> dict[str, Any]:
    uses = list(PhotoUse.objects.filter(finding=found, side="before").for_list())
    returned = found.timeline(user, timezone.localdate(at)).filter(step="send_back").last()
    return {
        "finding": found,
        "now": at,
        "form": form,
        "before": dossier.photo_sides(uses)["before"],
        "drafts": list(Photo.objects.drafts_for(found).filter(uploader=user)),
        "policy": found.after_photo_policy(),
        "returned": returned if found.state == Finding.State.RETURNED else None,
        "measures_phrases": phrases.MEASURES,
        "result_phrases": phrases.RESULTS,
    }


def _done(request: HttpRequest, found: Finding, user: User, at: datetime) -> HttpResponse:
    messages.success(request, _("%(number)s is submitted for review.") % {"number": found.number})
    return redirect(found)


urlpatterns = [path("<uuid:pk>/rectify/", rectify, name="rectify")]
