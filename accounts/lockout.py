"""How long a locked-out name has to wait."""

import datetime as dt
import math

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_ip_address, get_cool_off
from axes.models import AccessAttempt
from django.http import HttpRequest


def remaining_minutes(request: HttpRequest, username: str, at: dt.datetime) -> int:
    """Return the whole minutes until this name may try again from this address (at least one)."""
    attempts = AccessAttempt.objects.filter(username=username, ip_address=get_client_ip_address(request))
    newest = attempts.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    if newest is None:
        return 1
    left: dt.timedelta = newest + get_cool_off(request) - at
    return max(1, math.ceil(left.total_seconds() / 60))


def unlock(username: str) -> None:
    """Forget the failures of this name, for the administrator who has spoken to the person."""
    AxesProxyHandler.reset_attempts(username=username)
