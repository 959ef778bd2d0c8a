"""Who may take which step of an on-site meeting from which state: the table that buttons, pages and methods read."""

from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class MeetingState(models.TextChoices):
    PREPARING = "preparing", _("In preparation")
    HELD = "held", pgettext_lazy("meeting", "Held")
    CLOSED = "closed", pgettext_lazy("meeting", "Minutes closed")
    CALLED_OFF = "called_off", pgettext_lazy("meeting", "Called off")


# while it is one of these, only those on its list know that it exists
SEALED = frozenset({MeetingState.PREPARING, MeetingState.CALLED_OFF})
OPEN = frozenset(set(MeetingState) - SEALED)


@dataclass(frozen=True)
class MeetingStep:
    """One step: its word, the states it starts from, and whether an owner's desk may take it beside the office's."""

    label: Promise
    states: frozenset[MeetingState]
    owners: bool = False


_BEFORE, _AFTER = MeetingState.PREPARING, MeetingState.HELD

STEPS: dict[str, MeetingStep] = {
    "prepare": MeetingStep(_("Prepared"), frozenset()),
    "change": MeetingStep(_("Change"), frozenset({_BEFORE})),
    "pick": MeetingStep(_("Choose findings"), frozenset({_BEFORE, _AFTER})),
    # by whoever records a problem for the meeting: its office and those on its list
    "record": MeetingStep(_("Problem recorded"), frozenset({_BEFORE, _AFTER})),
    "write": MeetingStep(_("Write the minutes"), frozenset({_BEFORE, _AFTER})),
    "hold": MeetingStep(_("Open the meeting"), frozenset({_BEFORE})),
    "call_off": MeetingStep(_("Call off"), frozenset({_BEFORE})),
    "add_photo": MeetingStep(_("Add a photo"), frozenset({_AFTER})),
    "drop_photo": MeetingStep(_("Remove a photo"), frozenset({_AFTER})),
    "decide": MeetingStep(_("Add a decision"), frozenset({_AFTER})),
    "drop_decision": MeetingStep(_("Remove a decision"), frozenset({_AFTER})),
    "close": MeetingStep(_("Close the minutes"), frozenset({_AFTER})),
    "report_done": MeetingStep(_("Report as done"), frozenset({_AFTER, MeetingState.CLOSED}), owners=True),
}
