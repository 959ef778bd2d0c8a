"""Why a finding had more tickets in the draw of a look-back, in sentences for people."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inspections import lookback_weights


def reasons(stored: Iterable[Sequence[Any]]) -> list[str]:
    """Return the sentences for reasons as they are stored: [code, number, tickets]."""
    return [_sentence(code, number, tickets) for code, number, tickets in stored]


def _sentence(code: str, number: int, tickets: int) -> str:
    more = ngettext("%(n)s ticket more", "%(n)s tickets more", tickets) % {"n": tickets}
    return _("%(why)s (%(more)s)") % {"why": _why(code, number), "more": more}


def _why(code: str, number: int) -> str:
    if code == "quick":
        words = ngettext(
            "submitted %(n)s minute after the issue", "submitted %(n)s minutes after the issue", number
        )
    elif code == "same_photos":
        words = ngettext(
            "an after-photo also stands on %(n)s other finding",
            "an after-photo also stands on %(n)s other findings",
            number,
        )
    elif code == "near_photos":
        words = ngettext(
            "%(n)s after-photo looks like another finding's",
            "%(n)s after-photos look like other findings'",
            number,
        )
    elif code == "same_words":
        words = ngettext(
            "measures and result are word for word those of %(n)s other finding",
            "measures and result are word for word those of %(n)s other findings",
            number,
        )
    elif code == "returned":
        words = ngettext("returned %(n)s time", "returned %(n)s times", number)
    else:
        words = ngettext(
            "such evidence is frequent in the township: %(n)s finding",
            "such evidence is frequent in the township: %(n)s findings",
            number,
        )
    return words % {"n": number}


def base() -> str:
    """Say how many tickets every finding has."""
    return _("Every closed finding has %(n)s tickets.") % {"n": lookback_weights.BASE}
