"""What people are told of a look-back: only results that ask for their answer or their step, each under one key."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from inspections import recipients
from notifications.models import Notice

if TYPE_CHECKING:
    from accounts.models import User
    from inspections.models.lookbacks import LookBackCase


def _tell(
    case: "LookBackCase", users: Iterable["User"], step: str, text: Callable[[], str], url: str, at: datetime
) -> None:
    key = f"lookback:{case.pk}:{step}"
    Notice.objects.tell(
        users, key=key, text=lambda: text() % _facts(case), url=url, at=at, step=f"lookback_{step}"
    )


def not_fixed(case: "LookBackCase", at: datetime) -> None:
    """Ask the issuing office to open the finding again."""
    users = recipients.issuing_office_users(case.finding, timezone.localdate(at))
    url = reverse("finding_step", args=[case.finding_id, "reopen"])
    _tell(
        case,
        users,
        "not_fixed",
        lambda: _("Look-back: %(number)s in %(village)s is not fixed. Open it again."),
        url,
        at,
    )


def claimed(case: "LookBackCase", at: datetime) -> None:
    """Ask the township for its statement, and tell the office that a second person decides after it."""
    on = timezone.localdate(at)
    _tell(
        case, recipients.township_users(case.finding, on), "hear",
        lambda: _("Look-back: what was reported for %(number)s in %(village)s was not found done. Answer by %(day)s."),
        reverse("lookback_hear", args=[case.pk]), at,
    )  # fmt: skip
    office = [
        user for user in recipients.issuing_office_users(case.finding, on) if user.pk != case.result_by_id
    ]
    _tell(
        case, office, "claimed",
        lambda: _("Look-back: %(number)s may never have been done. The township is heard until %(day)s, then decide."),
        case.get_absolute_url(), at,
    )  # fmt: skip


def heard(case: "LookBackCase", at: datetime) -> None:
    """Tell the office that the township has made its statement."""
    users = recipients.issuing_office_users(case.finding, timezone.localdate(at))
    office = [user for user in users if user.pk != case.result_by_id]
    url = reverse("lookback_confirm", args=[case.pk])
    _tell(
        case,
        office,
        "heard",
        lambda: _("Look-back: the township has answered on %(number)s; decide."),
        url,
        at,
    )


def decided(case: "LookBackCase", at: datetime) -> None:
    """Tell the township, and the county office for city findings, what the second person has decided."""
    users = recipients.answered_users(case.finding, timezone.localdate(at))

    def text() -> str:
        if case.confirmed:
            return _("Look-back on %(number)s in %(village)s: confirmed that it was never done.")
        return _("Look-back on %(number)s in %(village)s: dropped, it stands as done.")

    _tell(case, users, "decided", text, case.get_absolute_url(), at)


def _facts(case: "LookBackCase") -> dict[str, str]:
    return {
        "number": case.finding.number or "",
        "village": case.finding.village.name,
        "day": f"{case.hear_by:%Y-%m-%d}" if case.hear_by else "",
    }
