"""Carry out confirmed imports of problem lists: pictures are parked first, then all findings come in or none."""

import logging
import shutil
import tempfile
import uuid
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inspections import reporting
from inspections.models import Finding, Photo, ProblemImport, ReportConflict
from inspections.problem_plan import Entry, Plan, plan_file
from inspections.steps import StepRefused
from inspections.workbooks import Workbook
from notifications.models import Notice
from villages.spreadsheet import Unreadable

logger = logging.getLogger(__name__)

PER_SWEEP = 5
EVERY = 10


class ImportRefused(Exception):
    """The list cannot be brought in as it is; the message says why."""


def plan_of(job: ProblemImport, path: Path, at: datetime) -> Plan:
    """Match the list as it is on disk."""
    return plan_file(path, office=job.office, by=job.by, sha256=job.sha256, on=timezone.localdate(at))


def unpack(job: ProblemImport, folder: str) -> Path:
    """Copy the sealed list into a folder, from where it can be read at will."""
    path = Path(folder) / "list.xlsx"
    with job.file.open("rb") as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return path


def run(job: ProblemImport, at: datetime) -> bool:
    """Bring one list in; False where another worker has it, or it is done."""
    if not job.claim(at):
        return False
    try:
        with tempfile.TemporaryDirectory() as folder:
            _import(job, unpack(job, folder), at)
    except (ImportRefused, Unreadable, StepRefused, ReportConflict) as refused:
        job.fail(str(refused), timezone.now(), again=False)
        return False
    except Exception as error:  # the job says so and is tried again; the worker goes on with the others
        logger.exception("Import %s failed", job.pk)
        job.fail(type(error).__name__, timezone.now(), again=True)
        return False
    return True


def _import(job: ProblemImport, path: Path, at: datetime) -> None:
    plan = plan_of(job, path, at)
    if plan.errors:
        first = plan.errors[0]
        raise ImportRefused(_("Row %(row)s, %(column)s: %(message)s") % vars(first))
    entries = plan.fresh(skip_duplicates=job.skip_duplicates)
    total = len(entries) + sum(len(entry.photos) for entry in entries)
    job.progress(0, total, timezone.now())
    parked: list[uuid.UUID] = []
    try:
        _park(job, path, entries, total, parked, at)
        _report(job, entries, at)
    except BaseException:
        _unpark(job, parked)
        raise
    counts = {
        "created": len(entries), "photos": total - len(entries), "there": len(plan.there),
        "skipped": len(plan.entries) - len(entries) - len(plan.there),
    }  # fmt: skip
    job.finish(counts, timezone.now())
    _tell(job, len(entries), timezone.now())


def _park(
    job: ProblemImport, path: Path, entries: list[Entry], total: int, parked: list[uuid.UUID], at: datetime
) -> None:
    """Receive the pictures under the ids of findings to come; only their uploader sees them until then."""
    with Workbook(path) as workbook:
        for entry in entries:
            for photo in entry.photos:
                body = workbook.picture(photo.member, settings.PHOTO_MAX_BYTES)
                _row, created = Photo.objects.receive(
                    id=photo.id, parent_id=entry.id, side=Photo.Side.BEFORE, file=ContentFile(body, "picture"),
                    by=job.by, at=at, sha256=photo.sha256, source=Photo.Source.ALBUM,
                )  # fmt: skip
                if created:
                    parked.append(photo.id)
                if len(parked) % EVERY == 1:
                    job.progress(len(parked), total, timezone.now())


@transaction.atomic
def _report(job: ProblemImport, entries: list[Entry], at: datetime) -> None:
    """Report every row, or none."""
    for entry in entries:
        fields = entry.arguments()
        Finding.objects.report(by=job.by, at=at, digest=reporting.digest(fields), **fields)


def _unpark(job: ProblemImport, parked: list[uuid.UUID]) -> None:
    """Take the pictures back; one that a finding shows meanwhile stays."""
    for photo in Photo.objects.filter(pk__in=parked):
        with suppress(StepRefused):
            photo.discard(by=job.by)


def _tell(job: ProblemImport, count: int, at: datetime) -> None:
    Notice.objects.tell(
        [job.by], key=f"problem-import:{job.pk}", text=partial(_done_text, count), url=job.get_absolute_url(), at=at,
        step="problem_import",
    )  # fmt: skip


def _done_text(count: int) -> str:
    text = ngettext(
        "Your problem list is imported: %(n)s finding waits to be issued.",
        "Your problem list is imported: %(n)s findings wait to be issued.",
        count,
    )
    return text % {"n": count}


def sweep(at: datetime) -> dict[str, int]:
    """Bring in what no message has started."""
    return {"imported": sum(run(job, at) for job in ProblemImport.objects.waiting(at)[:PER_SWEEP])}
