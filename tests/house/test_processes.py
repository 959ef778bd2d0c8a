"""Signs of life and the visitor's address."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dalian_rural.models import Heartbeat
from dalian_rural.proxy import behind
from dalian_rural.tasks import heartbeat

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


def seen_through(proxies: int, forwarded: str | None) -> str:
    """Return the address that the application sees."""
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], _start: Any) -> list[bytes]:
        seen.update(environ)
        return []

    environ = {"REMOTE_ADDR": "10.0.0.9"} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    behind(application, proxies)(environ, lambda *_: None)
    return str(seen["REMOTE_ADDR"])


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "1.2.3.4", "10.0.0.9"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (1, None, "10.0.0.9"),
        (2, "1.2.3.4", "10.0.0.9"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
    ],
)
def test_address_is_the_one_our_own_proxy_saw(proxies: int, forwarded: str | None, address: str) -> None:
    assert seen_through(proxies, forwarded) == address


@pytest.mark.django_db
def test_a_task_shows_that_the_worker_lives() -> None:
    heartbeat()
    heartbeat()
    assert Heartbeat.objects.get().name == "worker"
    call_command("alive", "worker")


@pytest.mark.django_db
def test_a_process_without_a_sign_of_life_is_not_alive() -> None:
    Heartbeat.objects.beat("beat", at=NOON - timedelta(minutes=5))
    with pytest.raises(CommandError, match="no sign of life"):
        call_command("alive", "beat")
    assert not Heartbeat.objects.fresh(at=NOON).exists()
    assert Heartbeat.objects.fresh(at=NOON, within=timedelta(minutes=6)).exists()
