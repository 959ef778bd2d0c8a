"""The worker's part of exports; each task may run twice, late or not at all."""

import logging
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import KombuError, OperationalError

from inspections import exporting
from inspections.models import ExportJob, Sweep

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def write_export(job_id: str) -> None:
    """Write one workbook."""
    for job in ExportJob.objects.filter(pk=job_id):
        exporting.run(job, timezone.now())


@shared_task(ignore_result=True)
def sweep_exports() -> None:
    """Write what waits, remove what is old."""
    at = timezone.now()
    Sweep.finished("exports", at, exporting.sweep(at))


def hasten(job_id: UUID) -> None:
    """Ask a worker for the workbook now; without a broker the sweep writes it."""
    try:
        write_export.delay(str(job_id))
    except (KombuError, OperationalError, OSError):
        logger.warning("No broker: export %s waits for the sweep.", job_id)
