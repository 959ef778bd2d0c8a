"""What people are told at each step of a finding; wording here, recipients in `recipients.py`, sending elsewhere."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
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
    users = recipients.inspected_users(finding, timezone.localdate(at))
    Notice.objects.tell(
        users, key=f"finding:{finding.pk}:issue", url=finding.get_absolute_url(), at=at, urgent=True, step="issue",
        text=lambda: _("New problem in %(village)s: %(item)s. Put it right by %(due)s.") % _facts(finding),
    )  # fmt: skip


def amended(finding: "FindingBase", before: "FindingBase", at: datetime) -> None:
    """Tell whom the issue was told that the finding now reads differently, and those who lose it that they do."""
    on = timezone.localdate(at)
    users = recipients.inspected_users(finding, on)

    def text() -> str:
        message = _("Finding %(number)s was amended: %(village)s, %(item)s. The due date stays %(due)s.")
        return message % _facts(finding)

    # a township that gets it only now learns of it in the same minute, as at issue
    urgent = before.township_id != finding.township_id
    _tell(finding, users, "amend", text, at, wait=False, urgent=urgent)
    if before.village_id != finding.village_id:
        lost = set(recipients.issue_users(before, on)) - set(users)
        _moved_away(finding, sorted(lost, key=lambda user: str(user.pk)), at)


def _moved_away(finding: "FindingBase", users: list["User"], at: datetime) -> None:
    """Tell those who may no longer open the finding; the notice leads to their own page."""

    def text() -> str:
        return _("Finding %(number)s was corrected and no longer concerns you.") % _facts(finding)

    Notice.objects.tell(users, key=key(finding, "moved"), text=text, url=reverse("home"), at=at, step="moved")


def not_issued(finding: "FindingBase", step: str, at: datetime, reason: str) -> None:
    """Tell the reporter that the report was refused, merged or taken up again, and why."""
    users = [finding.reported_by] if finding.reported_by_id != finding.closed_by_id else []
    _tell(finding, users, step, lambda: _NOT_ISSUED[step]() % {**_facts(finding), "reason": reason}, at)


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
    users = recipients.answered_users(finding, timezone.localdate(at))
    _tell(finding, users, step, lambda: _DECISIONS[step]() % {**_facts(finding), "reason": reason}, at)


def answered(finding: "FindingBase", step: str, at: datetime, reason: str, *, accept: bool) -> None:
    """Tell the same people how a plan, an extension or a claim was decided."""
    users = recipients.answered_users(finding, timezone.localdate(at))
    words = _ACCEPTED[step] if accept else _REFUSED[step]
    _tell(finding, users, step, lambda: words() % {**_facts(finding), "reason": reason}, at)


def asked(finding: "FindingBase", step: str, at: datetime) -> None:
    """Tell the issuing office that a plan, an extension or a claim waits for its decision."""
    on = timezone.localdate(at)

    def text() -> str:
        return _("Finding %(number)s: the township asks for a decision.") % _facts(finding)

    _tell(finding, recipients.issuing_office_users(finding, on), step, text, at, wait=False)


def sampled(finding: "FindingBase", at: datetime, remark: str, *, accept: bool) -> None:
    """Tell the county office what the city's sample check of its closed finding found."""
    users = recipients.county_office_users(finding, timezone.localdate(at))

    def text() -> str:
        in_order = _("The city sampled finding %(number)s in %(village)s: in order. %(remark)s")
        not_in_order = _("The city sampled finding %(number)s in %(village)s: not in order. %(remark)s")
        return (in_order if accept else not_in_order) % {**_facts(finding), "remark": remark}

    _tell(finding, users, "sample", text, at, wait=False)


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
}
_ACCEPTED: dict[str, Callable[[], str]] = {
    "decide_claim": lambda: _("Your claim on finding %(number)s was accepted; it is closed. %(reason)s"),
    "decide_extension": lambda: _("More time was granted for finding %(number)s, until %(due)s. %(reason)s"),
    "decide_plan": lambda: _("Your plan for finding %(number)s was approved. %(reason)s"),
}
_REFUSED: dict[str, Callable[[], str]] = {
    "decide_claim": lambda: _("Your claim on finding %(number)s was refused: %(reason)s"),
    "decide_extension": lambda: _("More time for finding %(number)s was refused, due %(due)s: %(reason)s"),
    "decide_plan": lambda: _("Your plan for finding %(number)s was refused: %(reason)s"),
}
_NOT_ISSUED: dict[str, Callable[[], str]] = {
    "reject": lambda: _("Your report from %(village)s (%(item)s) is not issued: %(reason)s"),
    "reconsider": lambda: _("Your report from %(village)s (%(item)s) is looked at again: %(reason)s"),
    "merge": lambda: _("Your report from %(village)s (%(item)s) was merged with another finding. %(reason)s"),
}


def _facts(finding: "FindingBase") -> dict[str, str]:
    due = f"{finding.due_on:%Y-%m-%d}" if finding.due_on else _("a date still to be set")
    return {
        "number": finding.number or "",
        "village": finding.village.name,
        "item": finding.item.name,
        "due": due,
    }
