"""Files beside a finding: PDF, JPEG, PNG, Word or Excel by content, within limits. They are kept and never opened."""

import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext_lazy as _

from inspections.scans import is_pdf
from inspections.steps import StepRefused
from inspections.uploads import binary
from inspections.workbooks import OLE, OtherKind, Workbook
from schemes import image_headers
from villages.spreadsheet import Unreadable

_OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES = {
    "pdf": "application/pdf",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
}
EXTENSIONS = {**{kind: kind for kind in TYPES}, "jpeg": "jpg"}
LONGEST_NAME = 120


class FileRefused(StepRefused):
    """A file that is not accepted; the code is stable."""


class WordDocument(Workbook):
    """A Word document is packed as a workbook is, and the same limits keep it harmless."""

    main = "word/document.xml"


PACKAGES: Mapping[str, type[Workbook]] = {"docx": WordDocument, "xlsx": Workbook}


def check_file(file: "File[Any]") -> str:
    """Return `pdf`, `jpeg`, `png`, `docx` or `xlsx` by content; raise FileRefused for everything else."""
    if not file.size:
        raise FileRefused(_("The file is empty."), "file_empty")
    if file.size > settings.FILE_MAX_BYTES:
        message = _("The file is larger than %(megabytes)s MB.")
        raise FileRefused(message % {"megabytes": settings.FILE_MAX_BYTES // 1024 // 1024}, "file_too_large")
    found = _kind(file)
    file.seek(0)
    if not found:
        raise FileRefused(
            _("This is no whole PDF, JPEG, PNG, Word (.docx) or Excel (.xlsx) file."), "file_unsupported"
        )
    return found


def _kind(file: "File[Any]") -> str:
    file.seek(0)
    start = file.read(8)
    if start.startswith(OLE):
        raise FileRefused(
            _("An old Office file, or one with a password. Save it as .docx or .xlsx without a password."),
            "file_old_office",
        )
    if start.startswith(b"PK\x03\x04"):
        return _package(file)
    return "pdf" if is_pdf(file) else _picture(file)


def _picture(file: "File[Any]") -> str:
    try:
        found = image_headers.read_header(binary(file)).format
    except image_headers.NotAPhoto:
        return ""
    return found if found in TYPES else ""


def _package(file: "File[Any]") -> str:
    """Return the kind of an Office file, or nothing for another ZIP."""
    with _on_disk(file) as path:
        for kind, package in PACKAGES.items():
            try:
                with package(path):
                    return kind
            except OtherKind:
                continue
            except Unreadable as error:
                message = _(
                    "This Office file is not accepted: it is damaged, has a password or macros, or unpacks to too much."
                )
                raise FileRefused(message, "file_unsafe") from error
    return ""


@contextmanager
def _on_disk(file: "File[Any]") -> Iterator[Path]:
    """Write the file where the reader of packages can look into it."""
    file.seek(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        with path.open("wb") as copy:
            shutil.copyfileobj(binary(file), copy)
        yield path


def name_of(given: str, kind: str) -> str:
    """Return the name to show and to hand out: the sender's without tricks, and the ending of what it really is."""
    last = PurePosixPath(given.replace("\\", "/")).name
    plain = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    stem = PurePosixPath(plain).stem.strip(" .")[:LONGEST_NAME]
    return f"{stem or 'file'}.{EXTENSIONS[kind]}"
