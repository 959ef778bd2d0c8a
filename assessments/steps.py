"""Who may take which step of a period and of a sheet from which state: the tables that pages, API and verbs read."""

from dataclasses import dataclass
from enum import Enum

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PeriodState(models.TextChoices):
    PLANNING = "planning", pgettext_lazy("assessment", "In preparation")
    OPEN = "open", _("Sheets and visits come in")
    PROVISIONAL = "provisional", _("Provisional, sent to the units")
    SUBMITTED = "submitted", _("Waits for approval")
    APPROVED = "approved", _("Approved")
    PUBLISHED = "published", _("Published")


class SheetState(models.TextChoices):
    DRAFT = "draft", _("Not handed in")
    SUBMITTED = "submitted", _("Handed in, sealed")
    RETURNED = "returned", pgettext_lazy("sheet", "Sent back")
    OPENED = "opened", pgettext_lazy("sheet", "Opened")


class Actor(Enum):
    """What a user is to a period or a sheet today."""

    STAFF = "staff"  # anybody of the city office
    SIGNER = "signer"  # one of them who may sign
    OWNER = "owner"  # the county office or department that the sheet belongs to


@dataclass(frozen=True)
class Step:
    """One step: the button's word, the states it starts from, who may take it, and the state it leads to."""

    label: Promise
    states: frozenset[str]
    actor: Actor
    leads_to: str = ""


def _period(label: Promise, states: set[PeriodState], actor: Actor, leads_to: str = "") -> Step:
    return Step(label, frozenset(states), actor, leads_to)


_P = PeriodState
PERIOD_STEPS: dict[str, Step] = {
    # step               label, from, who, to
    "change": _period(_("Change what is planned"), {_P.PLANNING}, Actor.STAFF),
    "set_rounds": _period(_("Choose the rounds that score"), {_P.PLANNING, _P.OPEN}, Actor.STAFF),
    "open": _period(_("Open the period"), {_P.PLANNING}, Actor.STAFF, _P.OPEN),
    "open_sheets": _period(_("Open the sheets"), {_P.OPEN}, Actor.STAFF),
    "adjust": _period(_("Propose a bonus or a penalty"), {_P.OPEN, _P.PROVISIONAL}, Actor.STAFF),
    "send_provisional": _period(_("Send to the units"), {_P.OPEN}, Actor.SIGNER, _P.PROVISIONAL),
    "submit": _period(_("Submit for approval"), {_P.PROVISIONAL}, Actor.SIGNER, _P.SUBMITTED),
    "take_back": _period(_("Take back"), {_P.SUBMITTED}, Actor.SIGNER, _P.PROVISIONAL),
    "approve": _period(_("Record the approval"), {_P.SUBMITTED}, Actor.STAFF, _P.APPROVED),
    "publish": _period(_("Publish"), {_P.APPROVED}, Actor.SIGNER, _P.PUBLISHED),
}

_WRITABLE = frozenset({SheetState.DRAFT, SheetState.RETURNED})
SHEET_STEPS: dict[str, Step] = {
    "fill": Step(_("Fill in"), _WRITABLE, Actor.OWNER),
    "submit": Step(_("Hand in"), _WRITABLE, Actor.OWNER, SheetState.SUBMITTED),
    "take_back": Step(_("Take back"), frozenset({SheetState.SUBMITTED}), Actor.OWNER, SheetState.DRAFT),
    "send_back": Step(
        pgettext_lazy("sheet", "Send back"),
        frozenset({SheetState.SUBMITTED, SheetState.OPENED}),
        Actor.STAFF,
        SheetState.RETURNED,
    ),
}
