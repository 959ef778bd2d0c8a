"""Serve photos: clean copies inline to whoever may read the finding, originals as sealed downloads."""

from typing import cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import user_of
from audit.log import record
from inspections.models import MeetingPhoto, Photo

COPIES = ("large", "small")
EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp", "heic": "heic"}
# A copy never changes, but the right to see it may: the browser asks again after a day.
KEEP = "private, max-age=86400"

DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="120" viewBox="0 0 160 120">'
    '<rect width="160" height="120" fill="#e9ecef"/><g fill="none" stroke="#6c757d" stroke-width="4">{}</g></svg>'
)
WAITING = DRAWING.format('<circle cx="80" cy="60" r="22"/><path d="M80 46v14l10 8"/>')
BROKEN = DRAWING.format('<rect x="50" y="38" width="60" height="44"/><path d="M50 82l60-44"/>')


@require_safe
def photo_file(request: HttpRequest, pk: UUID, size: str) -> HttpResponseBase:
    """Serve one of a photo's files."""
    photo = get_object_or_404(Photo.objects.visible_to(user_of(request)), pk=pk)
    return deliver(request, photo, size)


def deliver(request: HttpRequest, photo: Photo, size: str) -> HttpResponseBase:
    """Answer with a copy, the sealed original, or a drawing while there is no copy."""
    if size == "original":
        return original(request, photo)
    if size not in COPIES:
        raise Http404
    return copy(request, photo, size) if photo.is_ready else placeholder(photo)


def copy(request: HttpRequest, photo: Photo | MeetingPhoto, size: str) -> HttpResponseBase:
    """Serve a clean copy."""
    etag = f'"{photo.sha256[:32]}-{size}"'
    response = get_conditional_response(request, etag=etag) or _jpeg(photo, size)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = KEEP
    return _locked(response)


def _jpeg(photo: Photo | MeetingPhoto, size: str) -> FileResponse:
    file = photo.large if size == "large" else photo.small
    try:
        return FileResponse(file.open("rb"), content_type="image/jpeg")
    except FileNotFoundError as error:
        raise Http404 from error


def original(request: HttpRequest, photo: Photo) -> HttpResponseBase:
    """Hand out the bytes as received: a download, never shown, and written down."""
    at = timezone.now()
    user = user_of(request)
    if not photo.original_open_to(user, timezone.localdate(at)):
        raise PermissionDenied(
            _("Originals are given to the offices, the auditor and the person who sent them.")
        )
    # the sweep has not come by yet: what is handed out has no position either
    if Photo.objects.with_position_to_remove().filter(pk=photo.pk).exists():
        photo.remove_position(at=at)
    try:
        file = cast("File[bytes]", photo.original.open("rb"))
    except FileNotFoundError as error:
        raise Http404 from error
    record(request, "download", obj=photo, at=at, sha256=photo.sealed_sha256 or photo.sha256)
    name = f"{photo.pk}.{EXTENSIONS[photo.format]}"
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/octet-stream")
    response.headers["Cache-Control"] = "private, no-store"
    return _locked(response)


def placeholder(photo: Photo | MeetingPhoto) -> HttpResponse:
    """Answer 202 with a drawing while the worker is busy (the page asks again), 410 if there will be no copy."""
    gone = bool(photo.refused)
    response = HttpResponse(
        BROKEN if gone else WAITING, content_type="image/svg+xml", status=410 if gone else 202
    )
    if not gone:
        response.headers["Retry-After"] = "2"
    response.headers["Cache-Control"] = "private, no-store"
    return cast(HttpResponse, _locked(response))


def _locked(response: HttpResponseBase) -> HttpResponseBase:
    """Forbid the browser to guess a type or to run anything."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Vary"] = "Cookie, Authorization"
    return response


urlpatterns = [path("photos/<uuid:pk>/<str:size>/", photo_file, name="photo_file")]
