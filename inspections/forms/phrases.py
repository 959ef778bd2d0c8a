"""Sentences that are written a hundred times a day: offered as buttons, never filled in by themselves."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MEASURES: list[Promise] = [
    _("Cleaned up on the spot by the village's cleaners."),
    _("Rubbish removed and taken to the transfer station."),
    _("Ditch dredged and banks cleared."),
    _("Talked with the household, which tidied its yard."),
    _("Cleaner's rounds rearranged to once a day."),
    _("Damaged facility repaired."),
]
RESULTS: list[Promise] = [
    _("Put right completely."),
    _("Clean, and checked again by the village secretary."),
    _("Put right; kept under observation for a week."),
]
SEND_BACK: list[Promise] = [
    _("The after-photo does not show the same place."),
    _("Still not clean in the after-photo."),
    _("The photo is too dark or blurred to tell."),
    _("Measures are missing or too general."),
    _("Only part of the problem was put right."),
]
REJECT: list[Promise] = [
    _("The photo does not show the problem."),
    _("This is not covered by the item."),
    _("Village or place is unclear."),
]
CLAIM: list[Promise] = [
    _("The place belongs to another village."),
    _("The same problem has been issued already."),
    _("Waits for a project whose funds are approved for next year."),
    _("Cannot be done in winter; a date is set for the thaw."),
]
EXTEND: list[Promise] = [
    _("Snow or rain stops the work."),
    _("Material is ordered and not yet delivered."),
    _("Machines come from the unit's pool and are booked."),
]
WITHDRAW: list[Promise] = [
    _("Issued by mistake."),
    _("Recorded twice."),
]
URGE: list[Promise] = [
    _("The due date is near. Please finish and submit."),
    _("The due date has passed. Please submit today."),
]
NOT_ISSUED_IN_FULL: list[Promise] = [
    _("The inspector's phone has no network; the photos that came show the problem."),
    _("The missing photo was taken twice; the others suffice."),
]
