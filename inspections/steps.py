"""Who may take which step from which state: the one table that buttons, API and methods read."""

from dataclasses import dataclass
from enum import Enum

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class StepRefused(Exception):
    """A step that cannot be taken now; the message says why and what is possible instead.

    `code` is stable: `wrong_state`, `not_yours`, `both_sides`, `conflict`, `incomplete`, `invalid`, `undo_over`.
    """

    def __init__(self, message: str | Promise, code: str = "invalid") -> None:
        super().__init__(str(message))
        self.code = code


class State(models.TextChoices):
    REPORTED = "reported", _("Reported")
    OPEN = "open", _("Open")
    SUBMITTED = "submitted", _("Submitted")
    CHECKED = "checked", _("Checked")
    RETURNED = "returned", _("Returned")
    CLOSED = "closed", _("Closed")
    REJECTED = "rejected", _("Not issued")


class Actor(Enum):
    """What a user is to one finding today."""

    REPORTER = "reporter"
    DIRECT = "direct"  # the reporter, whose team may issue directly
    ISSUER = "issuer"
    SIGNER = "signer"  # an issuer who may sign
    CHECKER = "checker"  # the county office for a city finding
    TOWNSHIP = "township"
    OVERSEER = "overseer"  # the city office for a finding that ends at its county
    LEADER = "leader"


class PartName(models.TextChoices):
    """The two sides of a finding that one person never takes both."""

    RECTIFY = "rectify", _("Rectifies")
    DECIDE = "decide", _("Decides")


@dataclass(frozen=True)
class Step:
    """One step: `label` for the button, the states it starts from, who may take it and which side that person is on."""

    label: Promise
    states: frozenset[State]
    actors: frozenset[Actor]
    part: PartName | None = None
    undoable: bool = False


def _plain(label: Promise, states: set[State], actors: set[Actor]) -> Step:
    return Step(label, frozenset(states), frozenset(actors))


def _rectify(label: Promise) -> Step:
    """A step of the inspected side, while the finding is in its hands."""
    return Step(label, frozenset(_IN_HAND), frozenset({Actor.TOWNSHIP}), PartName.RECTIFY)


def _decide(label: Promise, states: set[State], actors: set[Actor]) -> Step:
    """A decision: it can be undone for a few seconds, and its notices wait that long."""
    return Step(label, frozenset(states), frozenset(actors), PartName.DECIDE, undoable=True)


_IN_HAND = {State.OPEN, State.RETURNED}
_LIVE = {*_IN_HAND, State.SUBMITTED, State.CHECKED}
_OFFICES = {Actor.ISSUER, Actor.CHECKER}

STEPS: dict[str, Step] = {
    # step               label, from, who
    "issue": _plain(_("Issue"), {State.REPORTED}, {Actor.ISSUER, Actor.DIRECT}),
    "reject": _decide(_("Do not issue"), {State.REPORTED}, {Actor.ISSUER}),
    "merge": _decide(_("Merge"), {State.REPORTED}, {Actor.ISSUER}),
    # a merged report stays with the finding that shows its photos: see `DecidingVerbs`
    "reconsider": _decide(_("Reconsider"), {State.REJECTED}, {Actor.ISSUER}),
    "rectify": _rectify(_("Rectify")),
    "file_plan": _rectify(_("File a plan")),
    "complete_milestone": _rectify(_("Complete a milestone")),
    "ask_extension": _rectify(_("Ask for an extension")),
    "claim": _rectify(_("Claim another ending")),
    "check": _decide(_("Check passed"), {State.SUBMITTED}, {Actor.CHECKER}),
    "close": _decide(_("Close the finding"), {State.SUBMITTED, State.CHECKED}, {Actor.ISSUER}),
    "send_back": _decide(_("Send back"), {State.SUBMITTED, State.CHECKED}, _OFFICES),
    "decide_plan": _decide(_("Decide on the plan"), _IN_HAND, {Actor.ISSUER}),
    "decide_extension": _decide(_("Decide on the extension"), _LIVE, {Actor.ISSUER}),
    "decide_claim": _decide(_("Decide on the claim"), _IN_HAND, {Actor.ISSUER}),
    "withdraw": _decide(_("Withdraw"), _LIVE, {Actor.ISSUER}),
    "reopen": _decide(_("Re-open"), {State.CLOSED}, {Actor.ISSUER}),
    "sample": _plain(_("Record a sample check"), {State.CLOSED}, {Actor.OVERSEER}),
    "amend": _plain(_("Amend"), {State.REPORTED, *_LIVE}, {Actor.ISSUER}),
    "urge": _plain(_("Urge"), _IN_HAND, _OFFICES),
    "instruct": _plain(_("Leave an instruction"), {*_LIVE, State.CLOSED}, {Actor.LEADER}),
    "reply": _plain(_("Reply to the instruction"), {*_LIVE, State.CLOSED}, {Actor.ISSUER}),
    # the township only while the finding is in its hands: see `FindingBase`
    "attach": _plain(
        _("Add a file"), {State.REPORTED, *_LIVE}, {Actor.ISSUER, Actor.REPORTER, Actor.TOWNSHIP}
    ),
    "note": _plain(_("Add a remark"), {*_LIVE, State.CLOSED}, {*_OFFICES, Actor.TOWNSHIP}),
}
