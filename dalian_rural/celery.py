"""The Celery application and the beat schedule: the one place that says when work runs.

A message is a hint and the database is the truth: each task derives from rows what is due, so a lost, doubled
or late message changes nothing.
"""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dalian_rural.settings")

# Read from the environment itself: this module is imported before the settings are complete.
REMIND_SECONDS = float(os.environ.get("REMIND_SECONDS", "120"))

app = Celery("dalian_rural")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="sweeps")
app.autodiscover_tasks(related_name="tasks_photos")
app.autodiscover_tasks(related_name="tasks_exports")
app.autodiscover_tasks(related_name="tasks_imports")

app.conf.beat_schedule = {
    "send-messages": {"task": "notifications.tasks.send", "schedule": 20.0},
    "beat-heartbeat": {"task": "dalian_rural.tasks.heartbeat", "schedule": 30.0},
    # a hint that was not taken before the next one comes is worth nothing: hence `expires`
    "remind": {
        "task": "inspections.sweeps.remind",
        "schedule": REMIND_SECONDS,
        "options": {"expires": REMIND_SECONDS},
    },
    # the safety net under findings whose last photo arrived while nobody looked
    "issue-ready": {
        "task": "inspections.sweeps.issue_ready",
        "schedule": 120.0,
        "options": {"expires": 120.0},
    },
    # findings that came late, or ended as if they had never been, change the score of their visit
    "rescore": {"task": "inspections.sweeps.rescore", "schedule": 180.0, "options": {"expires": 180.0}},
    # who owes a sheet is reminded before it is due, on the day and when it is late
    "sheets": {
        "task": "assessments.sweeps.remind_of_sheets",
        "schedule": 600.0,
        "options": {"expires": 600.0},
    },
    # the safety net under photos whose message was lost
    "photos": {"task": "inspections.tasks_photos.sweep_photos", "schedule": 60.0},
    # files that a crash left without a row
    "orphans": {"task": "inspections.tasks_photos.sweep_orphans", "schedule": crontab(hour=3, minute=10)},
    # the safety net under exports whose message was lost; removes files that have outlived their days
    "exports": {"task": "inspections.tasks_exports.sweep_exports", "schedule": 60.0},
    # the safety net under problem lists whose message was lost
    "imports": {"task": "inspections.tasks_imports.sweep_imports", "schedule": 60.0},
}
__all__ = ["app", "crontab"]
