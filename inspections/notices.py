"""What people are told at each step of a finding; wording here, recipients in `recipients.py`, sending elsewhere."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from inspections import recipients
from notifications.models import Notice

if TYPE_CHECKING:
    from accounts.models import User
    from inspections.models.base import FindingBase
    from inspections.models.records import Instruction


def key(finding: "FindingBase", step: str) -> str:
    """Return the notice key of the step that led to the finding's present version."""
    return f"finding:{finding.pk}:{step}:{finding.version}"


def _tell(
    finding: "FindingBase",
    users: Iterable["User"],
    step: str,
    text: Callable[[], str],
    at: datetime,
    *,
    wait: bool = True,
    urgent: bool = False,
) -> None:
    Notice.objects.tell(
        users, key=key(finding, step), text=text, url=finding.get_absolute_url(), at=at, urgent=urgent, step=step,
        send_after=at + timedelta(seconds=settings.UNDO_SECONDS) if wait else at,
    )  # fmt: skip


def issued(finding: "FindingBase", at: datetime) -> None:
    """Tell the township's officials, its secretary, the village's leaders and the county office, at once."""
    on = timezone.localdate(at)
    inspected = [
        *recipients.township_users(finding, on),
        *recipients.secretary_users(finding, on),
        *recipients.village_leader_users(finding, on),
        *recipients.county_office_users(finding, on),
    ]
    Notice.objects.tell(
        inspected, key=f"finding:{finding.pk}:issue", url=finding.get_absolute_url(), at=at, urgent=True, step="issue",
        text=lambda: _("New problem in %(village)s: %(item)s. Put it right by %(due)s.") % _facts(finding),
    )  # fmt: skip


def amended(finding: "FindingBase", at: datetime) -> None:
    """Tell the same people that the finding now reads differently; the due date has not moved."""
    on = timezone.localdate(at)
    users = [*recipients.township_users(finding, on), *recipients.secretary_users(finding, on)]

    def text() -> str:
        message = _("Finding %(number)s was amended: %(village)s, %(item)s. The due date stays %(due)s.")
        return message % _facts(finding)

    _tell(finding, users, "amend", text, at, wait=False)


def urged(finding: "FindingBase", at: datetime, remark: str) -> None:
    """Tell the township that the office urges it."""
    on = timezone.localdate(at)
    users = [*recipients.township_users(finding, on), *recipients.secretary_users(finding, on)]

    def text() -> str:
        return _("The office urges you to put finding %(number)s right: %(remark)s") % {
            **_facts(finding),
            "remark": remark,
        }

    _tell(finding, users, "urge", text, at, wait=False)


def submitted(finding: "FindingBase", at: datetime) -> None:
    """Tell the office whose turn it is: the county's check first, else the issuing office."""
    on = timezone.localdate(at)
    whose = recipients.county_office_users if finding.check_due_on else recipients.issuing_office_users

    def text() -> str:
        return _("Finding %(number)s in %(village)s was put right and waits for your review.") % _facts(
            finding
        )

    _tell(finding, whose(finding, on), "rectify", text, at, wait=False)


def checked(finding: "FindingBase", at: datetime) -> None:
    """Tell the issuing office that the county has checked."""
    on = timezone.localdate(at)

    def text() -> str:
        return _("The county office has checked finding %(number)s; it waits for your decision.") % _facts(
            finding
        )

    _tell(finding, recipients.issuing_office_users(finding, on), "check", text, at)


def decided(finding: "FindingBase", step: str, at: datetime, reason: str = "") -> None:
    """Tell the township (and the county office for city findings) what was decided."""
    on = timezone.localdate(at)
    users = [*recipients.township_users(finding, on), *recipients.county_office_users(finding, on)]
    _tell(finding, users, step, lambda: _DECISIONS[step]() % {**_facts(finding), "reason": reason}, at)


def asked(finding: "FindingBase", step: str, at: datetime) -> None:
    """Tell the issuing office that a plan, an extension or a claim waits for its decision."""
    on = timezone.localdate(at)

    def text() -> str:
        return _("Finding %(number)s: the township asks for a decision.") % _facts(finding)

    _tell(finding, recipients.issuing_office_users(finding, on), step, text, at, wait=False)


def instructed(finding: "FindingBase", at: datetime) -> None:
    """Tell the issuing office that a leader has left an instruction."""
    on = timezone.localdate(at)

    def text() -> str:
        return _("A leader left an instruction on finding %(number)s; please reply.") % _facts(finding)

    _tell(finding, recipients.issuing_office_users(finding, on), "instruct", text, at, wait=False)


def replied(finding: "FindingBase", instruction: "Instruction", at: datetime) -> None:
    """Tell the leader that the office has replied."""

    def text() -> str:
        return _("The office has replied to your instruction on finding %(number)s.") % _facts(finding)

    _tell(finding, [instruction.by], "reply", text, at, wait=False)


def take_back(finding: "FindingBase", step: str, version: int, at: datetime) -> None:
    """Withdraw the notices of an undone decision, which have waited for this."""
    Notice.objects.cancel(f"finding:{finding.pk}:{step}:{version}", at)


_DECISIONS: dict[str, Callable[[], str]] = {
    "close": lambda: _("Finding %(number)s in %(village)s is closed."),
    "send_back": lambda: _("Finding %(number)s in %(village)s was sent back: %(reason)s"),
    "withdraw": lambda: _("Finding %(number)s in %(village)s was withdrawn: %(reason)s"),
    "reopen": lambda: _("Finding %(number)s in %(village)s was re-opened: %(reason)s"),
    "decide_claim": lambda: _("Your claim on finding %(number)s was decided. %(reason)s"),
    "decide_extension": lambda: _("Your request for more time on finding %(number)s was decided. %(reason)s"),
    "decide_plan": lambda: _("Your plan for finding %(number)s was decided. %(reason)s"),
}


def _facts(finding: "FindingBase") -> dict[str, str]:
    due = f"{finding.due_on:%Y-%m-%d}" if finding.due_on else _("a date still to be set")
    return {
        "number": finding.number or "",
        "village": finding.village.name,
        "item": finding.item.name,
        "due": due,
    }
