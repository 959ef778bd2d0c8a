"""Scans of signed papers: PDF or JPEG by content, within a limit. Their bytes are kept and never interpreted."""

from typing import Any

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext_lazy as _

from inspections.steps import StepRefused
from inspections.uploads import binary
from schemes import image_headers

TYPES = {"pdf": "application/pdf", "jpeg": "image/jpeg"}


class ScanRefused(StepRefused):
    """A scan that is not accepted; the code is stable."""


def check_scan(file: "File[Any]") -> str:
    """Return `pdf` or `jpeg` by content; raise ScanRefused for everything else."""
    if not file.size:
        raise ScanRefused(_("The file is empty."), "scan_empty")
    if file.size > settings.SCAN_MAX_BYTES:
        message = _("The scan is larger than %(megabytes)s MB.")
        raise ScanRefused(message % {"megabytes": settings.SCAN_MAX_BYTES // 1024 // 1024}, "scan_too_large")
    found = "pdf" if is_pdf(file) else _is_jpeg(file)
    file.seek(0)
    if not found:
        raise ScanRefused(_("This is neither a whole PDF nor a JPEG."), "scan_unsupported")
    return found


def is_pdf(file: "File[Any]") -> bool:
    """Tell whether the file begins and ends as a PDF."""
    file.seek(0)
    if file.read(5) != b"%PDF-":
        return False
    file.seek(max(0, (file.size or 0) - 2048))
    return b"%%EOF" in file.read()


def _is_jpeg(file: "File[Any]") -> str:
    try:
        header = image_headers.read_header(binary(file))
    except image_headers.NotAPhoto:
        return ""
    return "jpeg" if header.format == image_headers.JPEG else ""
