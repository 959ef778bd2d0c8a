"""On-site meetings: list, prepare, one meeting with its steps, slide show, PowerPoint, report, photos."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from audit.log import record, record_sealed, refused, seal
from inspections import meeting_lists, powerpoint
from inspections import meeting_word as meeting_word_file
from inspections.forms.meetings import (
    CallOffForm,
    DecisionForm,
    DoneForm,
    MeetingForm,
    MinutesForm,
    PartForm,
    PhotoForm,
    PickForm,
    VersionForm,
    people_for,
    streets_for,
    villages_of,
)
from inspections.meeting_steps import STEPS
from inspections.models import Meeting, MeetingPhoto, Photo
from inspections.papers import desk_name
from inspections.slides import photos_of, shown_to, slides_of
from inspections.steps import StepRefused
from inspections.tasks_photos import hasten, make_meeting_copies
from inspections.views.photos import copy, placeholder
from inspections.views.sealed import open_sealed
from villages.models import Division

OFFICES = (Role.CITY_OFFICE, Role.COUNTY_OFFICE)
# departments read the meetings in which a decision is theirs
READERS = (*OFFICES, Role.TOWNSHIP, Role.INSPECTOR, Role.LEADER, Role.AUDITOR, Role.DEPARTMENT)
ROWS = 20
OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES = {
    "pptx": f"{OFFICE}.presentationml.presentation",
    "docx": f"{OFFICE}.wordprocessingml.document",
}
# what the Word report takes of what the page shows
REPORTED = ("meeting", "desk", "villages", "photos", "decisions")


def scoped(request: HttpRequest, pk: uuid.UUID, at: datetime) -> Meeting:
    """Return a meeting that the user may know of, opened by the book; 404 is the answer for all others."""
    seen = Meeting.objects.visible_to(user_of(request), timezone.localdate(at)).for_list()
    found = get_object_or_404(seen, pk=pk)
    if found.is_sealed:
        open_sealed(request, found, at)
    return found


# --- the list -------------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def meetings(request: HttpRequest) -> HttpResponse:
    """List the meetings the user may know of, the newest first."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    seen = Meeting.objects.visible_to(user, on)
    asked = meeting_lists.Asked.read(request.GET)
    page = Paginator(asked.narrow(seen).for_list().with_counts(), ROWS).get_page(request.GET.get("page"))
    for row in page.object_list:
        if row.is_sealed:
            open_sealed(request, row, at)
    context = {
        "page": page,
        "filters": meeting_lists.filters(seen, asked),
        "asked": asked,
        "may_prepare": bool(user.roles(on) & set(OFFICES)),
    }
    return render(request, "inspections/meetings/list.html", context)


# --- preparing ------------------------------------------------------------------------------------------------
@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def meeting_new(request: HttpRequest) -> HttpResponse:
    """Choose the street, then prepare a meeting there."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    if request.method == "POST":
        seal(
            request, _id_of(request)
        )  # before anything can be refused: that somebody prepares one is the secret
    streets = list(streets_for(user, on))
    asked = request.GET.get("township", "")
    township = next((street for street in streets if str(street.pk) == asked), None)
    context: dict[str, Any] = {"streets": streets, "township": township}
    if township is None:
        return render(request, "inspections/meetings/new.html", context)
    form = _form(request, township, user, on, {"id": uuid.uuid4(), "on": on, "title": _title(township)})
    if form.is_bound and form.is_valid():
        try:
            key = form.cleaned_data["id"]
            made = Meeting.objects.prepare(id=key, by=user, at=at, township=township, **form.arguments())
            return redirect(made)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
    return render(request, "inspections/meetings/new.html", {**context, "form": form})


def _id_of(request: HttpRequest) -> uuid.UUID:
    """Return the id that the page made for the meeting, or any where there is none."""
    try:
        return uuid.UUID(request.POST.get("id", ""))
    except ValueError:
        return uuid.uuid4()


def _title(township: Division) -> str:
    return _("On-site meeting on the living environment of %(street)s") % {"street": township.label}


def _form(
    request: HttpRequest, township: Division, user: User, on: date, initial: dict[str, Any]
) -> MeetingForm:
    return MeetingForm(
        request.POST if request.method == "POST" else None,
        villages=villages_of(township, on), people=people_for(township, on, user), initial=initial,
    )  # fmt: skip


@require(*OFFICES)
@require_http_methods(["GET", "POST"])
def meeting_change(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Change what was prepared."""
    user, at = user_of(request), timezone.now()
    meeting = scoped(request, pk, at)
    if refusal := meeting.refusal("change", user, at):
        return _refuse(request, meeting, refusal)
    form = _form(request, meeting.township, user, meeting.on, _initial(meeting))
    if form.is_bound and form.is_valid():
        try:
            meeting.change(by=user, at=at, **form.arguments())
            return redirect(meeting)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
    return render(request, "inspections/meetings/change.html", {"meeting": meeting, "form": form})


def _initial(meeting: Meeting) -> dict[str, Any]:
    return {
        "id": meeting.pk, "on": meeting.on, "title": meeting.title, "host": meeting.host,
        "villages": [str(row.village_id) for row in meeting.villages.order_by("position")],
        "readers": [str(row.user_id) for row in meeting.readers.all()],
    }  # fmt: skip


def _refuse(request: HttpRequest, meeting: Meeting, refusal: StepRefused) -> HttpResponse:
    refused(request, refusal.code)
    messages.error(request, str(refusal))
    return redirect(meeting)


# --- one meeting ----------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def meeting(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a meeting and the steps its reader may take now."""
    user, at = user_of(request), timezone.now()
    found = scoped(request, pk, at)
    on = timezone.localdate(at)
    shown = shown_to(found, user, on)
    steps = found.steps_for(user, at)
    context = {
        **_parts(found, on),
        "shown": shown,
        "photos_of": photos_of(shown),
        "steps": steps,
        "hold_refusal": found.refusal("hold", user, at),
        "close_refusal": found.refusal("close", user, at),
        "is_desk": found.is_desk_of(user, on),
        "may_record": found.takes_records_of(user, on),
        "readers": list(found.readers.select_related("user__person")) if found.is_sealed else [],
        "events": list(found.events.select_related("by__person").order_by("at", "pk")),
    }
    context["done_forms"] = _done_forms(found, context["decisions"], user, at)
    return render(request, "inspections/meetings/meeting.html", context)


def _parts(found: Meeting, on: date) -> dict[str, Any]:
    """Return what the page and the report both show."""
    decisions = list(
        found.decisions.select_related("division", "organisation", "done_by").order_by("position")
    )
    return {
        "meeting": found,
        "desk": desk_name(found.office),
        "villages": list(found.villages.select_related("village").order_by("position")),
        "photos": list(MeetingPhoto.objects.filter(meeting=found).shown()),
        "decisions": decisions,
        "late": {row.pk for row in decisions if row.is_overdue(on)},
    }


def _done_forms(
    found: Meeting, decisions: Iterable[Any], user: User, at: datetime
) -> dict[uuid.UUID, DoneForm]:
    """Return the form that reports a decision as done, for each that the user may report."""
    on = timezone.localdate(at)
    if found.refusal("report_done", user, at):
        return {}
    desk = found.is_desk_of(user, on)
    return {
        row.pk: DoneForm(initial={"part": row.pk, "version": found.version}, auto_id=f"done-{row.pk}-%s")
        for row in decisions
        if not row.done_at and (desk or found.is_owner(row, user, on))
    }


# --- steps ----------------------------------------------------------------------------------------------------
# steps without a page of their own: their forms stand on the meeting's page
IN_PLACE = frozenset({"drop_photo", "drop_decision", "report_done"})
FORMS: dict[str, type[VersionForm]] = {
    "pick": PickForm, "write": MinutesForm, "hold": VersionForm, "call_off": CallOffForm, "add_photo": PhotoForm,
    "drop_photo": PartForm, "decide": DecisionForm, "drop_decision": PartForm, "close": VersionForm,
    "report_done": DoneForm,
}  # fmt: skip


@require(*OFFICES, Role.TOWNSHIP, Role.DEPARTMENT)
@require_http_methods(["GET", "POST"])
def meeting_step(request: HttpRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    """Show the page of one step, or take it."""
    user, at = user_of(request), timezone.now()
    found = scoped(request, pk, at)
    if step not in FORMS:
        raise Http404
    if refusal := found.refusal(step, user, at):
        return _refuse(request, found, refusal)
    form = _step_form(request, found, step)
    if form.is_bound and form.is_valid():
        try:
            found.version = form.cleaned_data["version"]
            _take(found, step, form.arguments(), user, at)
            return redirect(found)
        except StepRefused as refusal:
            refused(request, refusal.code)
            form.add_error(None, str(refusal))
    if step in IN_PLACE:
        if form.is_bound:
            messages.error(
                request, " ".join(str(error) for errors in form.errors.values() for error in errors)
            )
        return redirect(found)
    context = {"meeting": found, "form": form, "step": step, "label": STEPS[step].label}
    if step == "pick":
        context |= meeting_lists.choices(found, user, timezone.localdate(at), form["pick"].value() or [])
    return render(request, "inspections/meetings/step.html", context)


def _step_form(request: HttpRequest, found: Meeting, step: str) -> VersionForm:
    kind = FORMS[step]
    more: dict[str, Any] = {"initial": {"version": found.version}}
    if kind in (MinutesForm, DecisionForm):
        more = {"meeting": found}
    elif kind is PickForm:
        shown = found.shown.order_by("position").values_list("finding_id", flat=True)
        more["initial"]["pick"] = [str(key) for key in shown]
    data = (request.POST, request.FILES) if kind is PhotoForm else (request.POST,)
    return kind(*data, **more) if request.method == "POST" else kind(**more)


def _take(found: Meeting, step: str, arguments: dict[str, Any], user: User, at: datetime) -> None:
    """Call the verb; ids become rows of this meeting, or findings that the user may read."""
    if step == "pick":
        ids = arguments.pop("ids")
        arguments["findings"] = meeting_lists.picked(found, user, timezone.localdate(at), ids)
    elif step in IN_PLACE:
        rows = found.photos if step == "drop_photo" else found.decisions
        name = "photo" if step == "drop_photo" else "decision"
        arguments[name] = get_object_or_404(rows, pk=arguments.pop("part"))
    done = getattr(found, step)(by=user, at=at, **arguments)
    if step == "add_photo":
        hasten(done.pk, make_meeting_copies)


# --- what is shown at the meeting and taken home --------------------------------------------------------------
@require(*READERS)
@require_safe
def meeting_slides(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the slides, full screen."""
    user, at = user_of(request), timezone.now()
    found = scoped(request, pk, at)
    slides = slides_of(found, user, timezone.localdate(at))
    return render(
        request,
        "inspections/meetings/slides.html",
        {"meeting": found, "slides": slides, "desk": desk_name(found.office)},
    )


@require(*READERS)
@require_safe
def meeting_pptx(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Hand the slides out as PowerPoint, and write that down."""
    user, at = user_of(request), timezone.now()
    found = scoped(request, pk, at)
    body = powerpoint.write(slides_of(found, user, timezone.localdate(at)), large_copy, at)
    return _handed_out(request, found, body, "pptx", at)


@require(*READERS)
@require_safe
def meeting_word(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Hand the report out as Word, and write that down."""
    user, at = user_of(request), timezone.now()
    found = scoped(request, pk, at)
    on = timezone.localdate(at)
    shown = shown_to(found, user, on)
    parts = {name: value for name, value in _parts(found, on).items() if name in REPORTED}
    report = meeting_word_file.Report(**parts, shown=shown, photos_of=photos_of(shown), day=on)
    return _handed_out(request, found, meeting_word_file.write(report, small_copy), "docx", at)


def _handed_out(request: HttpRequest, found: Meeting, body: bytes, kind: str, at: datetime) -> HttpResponse:
    """Answer with a file, and write it down: of a sealed meeting under its seal."""
    if found.is_sealed:
        record_sealed(found.pk, request, "download", obj=found, at=at, format=kind)
    else:
        record(request, "download", obj=found, at=at, format=kind)
    response = HttpResponse(body, content_type=TYPES[kind])
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.title)}.{kind}"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def small_copy(photo: Photo | MeetingPhoto) -> bytes | None:
    """Return the small clean copy of a photo, or nothing while the worker has not made it."""
    return _bytes(photo.small) if photo.is_ready else None


def _bytes(stored: Any) -> bytes | None:
    try:
        with stored.open("rb") as file:
            return bytes(file.read())
    except OSError:
        return None


def large_copy(photo: Photo) -> bytes | None:
    """Return the clean copy of a photo, or nothing while the worker has not made it."""
    return _bytes(photo.large) if photo.is_ready and photo.large else None


@require(*READERS)
@require_safe
def meeting_report(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the report as it comes out of the printer."""
    user, at = user_of(request), timezone.now()
    found = scoped(request, pk, at)
    on = timezone.localdate(at)
    shown = shown_to(found, user, on)
    context = {**_parts(found, on), "shown": shown, "photos_of": photos_of(shown), "printed_at": at}
    return render(request, "inspections/meetings/report.html", context)


@require(*READERS)
@require_safe
def meeting_photo(request: HttpRequest, pk: uuid.UUID, size: str) -> HttpResponseBase:
    """Serve a clean copy of a photo of the meeting."""
    seen = Meeting.objects.visible_to(user_of(request), timezone.localdate())
    photo = get_object_or_404(MeetingPhoto.objects.filter(meeting__in=seen), pk=pk)
    if size not in ("large", "small"):
        raise Http404
    return copy(request, photo, size) if photo.is_ready else placeholder(photo)


urlpatterns = [
    path("", meetings, name="meetings"),
    path("new/", meeting_new, name="meeting_new"),
    path("photos/<uuid:pk>/<str:size>/", meeting_photo, name="meeting_photo"),
    path("<uuid:pk>/", meeting, name="meeting"),
    path("<uuid:pk>/change/", meeting_change, name="meeting_change"),
    path("<uuid:pk>/slides/", meeting_slides, name="meeting_slides"),
    path("<uuid:pk>/pptx/", meeting_pptx, name="meeting_pptx"),
    path("<uuid:pk>/report/", meeting_report, name="meeting_report"),
    path("<uuid:pk>/word/", meeting_word, name="meeting_word"),
    path("<uuid:pk>/<str:step>/", meeting_step, name="meeting_step"),
]
