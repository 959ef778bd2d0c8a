"""The visitor's address behind a proxy."""

from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def behind(application: Application, proxies: int) -> Application:
    """Take the visitor's address from X-Forwarded-For, where exactly so many proxies of ours stand in front.

    Lockout, audit log and throttling then read the one REMOTE_ADDR. What a visitor wrote into the header himself
    stands further left and is never reached; without a proxy the header is not looked at.
    """
    if not proxies:
        return application

    def forwarded(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        addresses = [
            part.strip() for part in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
        ]
        if len(addresses) >= proxies:
            environ["REMOTE_ADDR"] = addresses[-proxies]
        return application(environ, start_response)

    return forwarded
