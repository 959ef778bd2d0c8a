"""Do what export jobs ask for: read the lines in the asker's scope, write the workbook, keep it, remove it later."""

import hashlib
import logging
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from inspections import excel, ledger, official
from inspections.models import ExportJob, Finding, FindingQuerySet, Photo, Submission

logger = logging.getLogger(__name__)

MOST_THUMBNAILS = 1000
PER_SWEEP = 20


@dataclass(frozen=True)
class Content:
    """What a workbook is written from."""

    title: str
    lines: Iterable[Mapping[str, Any]]
    total: int


def run(job: ExportJob, at: datetime) -> bool:
    """Write one job's workbook; False where another worker has it, or it is done."""
    if not job.claim(at):
        return False
    try:
        with translation.override(job.language), tempfile.TemporaryDirectory() as folder:
            _write(job, Path(folder) / "ledger.xlsx")
    except Exception as error:  # the job says so and is tried again; the worker goes on with the others
        logger.exception("Export %s failed", job.pk)
        job.fail(type(error).__name__, at)
        return False
    return True


def _write(job: ExportJob, path: Path) -> None:
    content = content_of(job)
    job.progress(0, content.total, timezone.now())
    thumbnails = content.total <= MOST_THUMBNAILS
    below = subtitle(job, content.total)
    sheet = excel.Sheet(content.title, below, settings.SITE_URL.rstrip("/"), fetch if thumbnails else None)
    written = excel.write(
        path, content.lines, sheet, lambda done: job.progress(done, content.total, timezone.now())
    )
    digest, totals = hashlib.sha256(path.read_bytes()).hexdigest(), written.totals.as_json()
    with path.open("rb") as body:
        job.finish(File(body, "ledger.xlsx"), timezone.now(), rows=written.rows, sha256=digest, totals=totals)


def subtitle(job: ExportJob, rows: int) -> str:
    """Say who made the list, when, and how long it is."""
    words = _("Made by %(name)s on %(at)s, %(rows)s findings")
    return words % {
        "name": job.user,
        "at": f"{timezone.localtime(job.created_at):%Y-%m-%d %H:%M}",
        "rows": rows,
    }


def content_of(job: ExportJob) -> Content:
    """Return the lines of a job: of a frozen submission, or of the ledger as the asker saw it that day."""
    if job.submission:
        return Content(submission_title(job.submission), job.submission.rows, job.submission.row_count)
    found, on = asked_for(job), timezone.localdate(job.created_at)
    return Content(ledger_title(job), official.lines(found, on), found.count())


def asked_for(job: ExportJob) -> FindingQuerySet:
    """Return the findings of a job in the scope of its user on the day of asking."""
    on = timezone.localdate(job.created_at)
    query = ledger.Query.read(job.query)
    found = ledger.select(Finding.objects.visible_to(job.user, on), query, on)
    return found.filter(pk__in=[UUID(key) for key in job.picked]) if job.picked else found


def ledger_title(job: ExportJob) -> str:
    """Name the workbook by the places of its user."""
    posts = job.user.posts_on(timezone.localdate(job.created_at))
    places = "、".join(dict.fromkeys(post.division.name for post in posts if post.division))
    return _("%(place)s rectification ledger") % {"place": places or job.user}


def submission_title(submission: Submission) -> str:
    """Name the workbook of a submission by place, period and version."""
    words = _("%(place)s rectification ledger, %(since)s to %(until)s, version %(version)s")
    facts = {"since": submission.since, "until": submission.until, "version": submission.version}
    return words % {"place": submission.division.official_name, **facts}


def fetch(photo_id: str) -> bytes | None:
    """Return a photo's small copy."""
    photo = Photo.objects.filter(pk=photo_id).only("small").first()
    if not photo or not photo.small:
        return None
    try:
        with photo.small.open("rb") as file:
            return bytes(file.read())
    except OSError:
        return None


def sweep(at: datetime) -> dict[str, int]:
    """Write what no message has started, remove what has outlived its days."""
    written = sum(run(job, at) for job in ExportJob.objects.waiting(at)[:PER_SWEEP])
    old = list(ExportJob.objects.outlived(at)[:PER_SWEEP])
    for job in old:
        job.remove_file(at)
    return {"written": written, "removed": len(old)}
