"""Sign-ins, sign-outs, failures and lockouts in the audit log (the one place that listens to signals for it)."""

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from audit.log import record
from audit.models import Verb


def signed_in(sender: Any, request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    """Note who came in."""
    record(request, Verb.SIGN_IN, actor=user)


def signed_out(sender: Any, request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    """Note who left."""
    if user is not None:
        record(request, Verb.SIGN_OUT, actor=user)


def failed(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any
) -> None:
    """Note the name that was tried (never the password)."""
    record(request, Verb.SIGN_IN_FAILED, label=str(credentials.get("username", ""))[:150])


def locked(sender: Any, request: HttpRequest, username: str, **_kwargs: Any) -> None:
    """Note that a name was locked out."""
    record(request, Verb.LOCKED_OUT, label=str(username)[:150])


def listen() -> None:
    """Connect the receivers."""
    user_logged_in.connect(signed_in, dispatch_uid="audit-sign-in")
    user_logged_out.connect(signed_out, dispatch_uid="audit-sign-out")
    user_login_failed.connect(failed, dispatch_uid="audit-sign-in-failed")
    user_locked_out.connect(locked, dispatch_uid="audit-locked-out")
