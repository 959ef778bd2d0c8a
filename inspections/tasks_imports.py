"""The worker's part of problem lists; each task may run twice, late or not at all."""

import logging
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import KombuError, OperationalError

from inspections import problem_import
from inspections.models import ProblemImport, Sweep

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def import_problems(job_id: str) -> None:
    """Bring in one list."""
    for job in ProblemImport.objects.filter(pk=job_id):
        problem_import.run(job, timezone.now())


@shared_task(ignore_result=True)
def sweep_imports() -> None:
    """Bring in what waits."""
    at = timezone.now()
    Sweep.finished("imports", at, problem_import.sweep(at))


def hasten(job_id: UUID) -> None:
    """Ask a worker for the list now; without a broker the sweep brings it in."""
    try:
        import_problems.delay(str(job_id))
    except (KombuError, OperationalError, OSError):
        logger.warning("No broker: import %s waits for the sweep.", job_id)
