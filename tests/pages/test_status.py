"""The status page says which part is not well, and never hangs or fails with it."""

import socket
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from dalian_rural.models import Heartbeat
from dalian_rural.pages import status
from inspections.models import Sweep
from notifications.models import Notice
from villages.models import Holiday

TOKEN = "a-long-monitoring-token"


@pytest.fixture
def broker_of_the_page(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what points the page at a broker."""

    def choose(url: str) -> None:
        monkeypatch.setattr(status, "broker_address", lambda: url)

    return choose


@pytest.fixture
def read(settings: Any) -> Callable[..., dict[str, Any]]:
    """Return what reads the status as a monitoring system does, by part."""
    settings.STATUS_TOKEN = TOKEN

    def ask() -> dict[str, Any]:
        answer = Client().get(reverse("status"), headers={"Authorization": f"Bearer {TOKEN}"}).json()
        return {check["name"]: check for check in answer["checks"]} | {"status": answer["status"]}

    return ask


def test_healthz_answers_without_sign_in_and_database(client: Client) -> None:
    """No database mark: a query would fail this test."""
    answer = client.get(reverse("healthz"))
    assert (answer.status_code, answer.content) == (200, b"ok")


def test_the_administrator_reads_every_part(client_for: Callable[[User], Client], sysadmin: User) -> None:
    page = client_for(sysadmin).get(reverse("status"))
    assert page.status_code == 200
    body = page.content.decode()
    for name in ("database", "broker", "storage", "sealed_storage", "origin", *status.OF_ROWS):
        assert f'data-check="{name}"' in body


@pytest.mark.parametrize("name", ["hso", "jinpu_office", "huajia_official", "leader", "auditor", "inspector"])
def test_everybody_else_gets_404(
    client_for: Callable[[User], Client], request: pytest.FixtureRequest, name: str
) -> None:
    assert client_for(request.getfixturevalue(name)).get(reverse("status")).status_code == 404


def test_a_stranger_is_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.get(reverse("status")).status_code == 302


@pytest.mark.parametrize("sent", ["Bearer wrong", "Bearer ", ""])
def test_a_wrong_token_reads_nothing(client: Client, db: None, settings: Any, sent: str) -> None:
    for configured in (TOKEN, ""):
        settings.STATUS_TOKEN = configured
        assert client.get(reverse("status"), headers={"Authorization": sent}).status_code == 302


def test_fresh_signs_of_life_are_good_and_old_ones_are_not(read: Any, db: None) -> None:
    now = timezone.now()
    Heartbeat.objects.beat("worker", at=now)
    Heartbeat.objects.beat("beat", at=now - timedelta(minutes=5))
    Sweep.finished("reminders", now - timedelta(minutes=3), {})
    found = read()
    assert [found[name]["level"] for name in ("worker", "beat", "sweep")] == ["ok", "failed", "ok"]
    assert found["status"] == "failed"


def test_an_urgent_notice_that_did_not_leave_is_shown(read: Any, hso: User) -> None:
    then = timezone.now() - timedelta(hours=1)
    Notice.objects.tell([hso], key="x", text="x", url="/", at=then, urgent=True)
    assert read()["notices"]["level"] == "warning"


def test_both_storages_are_written_and_read(read: Any, db: None, storage_dir: Any) -> None:
    found = read()
    assert found["storage"]["level"] == found["sealed_storage"]["level"] == "ok"
    assert not [path for path in storage_dir.rglob("*") if path.is_file()]


def test_a_storage_that_cannot_be_written_fails(read: Any, db: None, storage_dir: Any) -> None:
    (storage_dir / "sealed").write_text("a file where the folder should be")
    found = read()
    assert (found["storage"]["level"], found["sealed_storage"]["level"]) == ("ok", "failed")


def test_a_stopped_broker_fails_its_line_only(read: Any, db: None, broker_of_the_page: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        broker_of_the_page(f"redis://127.0.0.1:{probe.getsockname()[1]}/0")
    found = read()
    assert found["broker"]["level"] == "failed"
    assert found["database"]["level"] == "ok"


def test_a_broker_that_never_answers_does_not_hang_the_page(
    read: Any, db: None, broker_of_the_page: Any
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        broker_of_the_page(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        begun = time.monotonic()
        found = read()
    assert found["broker"]["level"] == "failed"
    assert time.monotonic() - begun < status.SECONDS + 2


@pytest.mark.broker
def test_a_running_broker_is_good(read: Any, db: None, broker_of_the_page: Any, broker_url: str) -> None:
    broker_of_the_page(broker_url)
    assert read()["broker"]["level"] == "ok"


def test_what_does_not_answer_in_time_is_left_behind() -> None:
    answers = status.in_threads(
        {"slow": lambda: time.sleep(2) or ("ok", ""), "quick": lambda: ("ok", "")}, seconds=0.2
    )
    assert answers["quick"] == ("ok", "")
    assert answers["slow"][0] == "failed"


@pytest.mark.parametrize(
    ("ends", "on", "level"),
    [
        (date(2026, 12, 31), date(2026, 10, 31), "ok"),
        (date(2026, 12, 31), date(2026, 11, 1), "warning"),
        (date(2027, 12, 31), date(2026, 11, 1), "ok"),
        (date(2026, 12, 31), date(2027, 1, 1), "failed"),
        (date(1, 12, 31), date(2026, 1, 1), "failed"),
    ],
)
def test_the_holiday_table_is_missed_from_november_on(ends: date, on: date, level: str) -> None:
    assert status.judge_coverage(ends, on)[0] == level


def test_the_holiday_line_reads_the_table(read: Any, db: None) -> None:
    assert read()["holidays"]["level"] == "failed"
    Holiday.objects.seed()
    assert read()["holidays"]["level"] in {"ok", "warning"}


@pytest.mark.parametrize(
    ("url", "level"),
    [("http://localhost:8000", "ok"), ("http://10.1.2.3", "warning"), ("https://rural.example", "warning")],
)
def test_the_origin_is_judged_by_the_address_people_type(
    read: Any, db: None, settings: Any, url: str, level: str
) -> None:
    """A secure address whose requests arrive without TLS means that the proxy is not set up."""
    settings.SITE_URL = url
    assert read()["origin"]["level"] == level


def test_one_failing_part_does_not_take_the_others_along(
    read: Any, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(at: Any) -> Any:
        raise RuntimeError

    monkeypatch.setitem(status.OF_ROWS, "photos", ("photos", fail))
    found = read()
    assert found["photos"]["level"] == "failed"
    assert found["database"]["level"] == "ok"
