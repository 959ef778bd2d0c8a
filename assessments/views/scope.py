"""What the pages of assessment share: who may open them, whose period and sheet it is, how a refusal is shown."""

import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.access import user_of
from accounts.models import Role
from assessments.models import Period, Sheet
from assessments.models.periods import READERS
from audit.log import refused, seal
from inspections.steps import StepRefused

OFFICE = (Role.CITY_OFFICE,)
OWNERS = (Role.COUNTY_OFFICE, Role.DEPARTMENT)
SHEET_READERS = (Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.DEPARTMENT, Role.LEADER, Role.AUDITOR)
__all__ = ["OFFICE", "OWNERS", "READERS", "SHEET_READERS"]


def readable_period(request: HttpRequest, pk: uuid.UUID, on: date) -> Period:
    """Return a period that the user may know of; for everybody else there is none."""
    return get_object_or_404(Period.objects.visible_to(user_of(request), on).for_list(), pk=pk)


def readable_sheet(request: HttpRequest, pk: uuid.UUID, on: date) -> Sheet:
    """Return a sheet that the user may read; while it is sealed the request leaves no line in the open log."""
    found = get_object_or_404(Sheet.objects.visible_to(user_of(request), on).for_list(), pk=pk)
    if found.is_sealed:
        seal(request, found.pk)
    return found


def own_sheet(request: HttpRequest, pk: uuid.UUID, on: date) -> Sheet:
    """Return a sheet that the user's office or department fills in."""
    found = get_object_or_404(Sheet.objects.owned_by(user_of(request), on).for_list(), pk=pk)
    if found.is_sealed:
        seal(request, found.pk)
    return found


def show_refusal(request: HttpRequest, refusal: StepRefused, form: Any = None) -> None:
    """Show why a step was refused, above what was typed or as a message; the audit line gets its code."""
    refused(request, refusal.code)
    if form is None:
        messages.error(request, str(refusal))
    else:
        form.add_error(None, str(refusal))
