"""Killed workers, two beats, a flushed and a stopped broker: every notice exactly once in the end."""

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from inspections.models import Finding, Proposal, Reminder, Sweep
from inspections.recipients import directory_on
from notifications.models import Notice
from tests.broker.processes import Processes, installation, wait_until
from tests.inspections.stored import Make, cast, make

__all__ = ["cast", "make"]
pytestmark = [pytest.mark.broker, pytest.mark.postgres]


@pytest.fixture
def place(committed: None, tmp_path: Path) -> Iterator[Processes]:
    """An installation around this test's database, whose rows other processes can see."""
    with installation(tmp_path / "installation") as processes:
        yield processes


@pytest.fixture
def overdue(place: Processes, make: Make, cast: Any) -> list[Finding]:
    """Enough overdue findings that a sweep has several pages."""
    today = timezone.localdate()
    first = make(due_on=today - timedelta(days=4))
    columns = {field.attname: getattr(first, field.attname) for field in Finding._meta.concrete_fields}
    more = [
        Finding(
            **{
                **columns,
                "id": uuid.uuid4(),
                "number": f"X-{number}",
                "due_on": today - timedelta(days=number % 3 + 1),
            }
        )
        for number in range(5999)
    ]
    return [first, *Finding.objects.bulk_create(more, batch_size=1000)]


def assert_each_told_once(findings: list[Finding]) -> None:
    """Check that exactly the people who should know of an overdue finding have exactly one notice each."""
    people = directory_on(timezone.localdate())
    expected = {(f"finding:{f.pk}:overdue", user.pk) for f in findings for user in people.with_county(f)}
    found = list(Notice.objects.filter(step="overdue").values_list("key", "user_id"))
    assert len(found) == len(expected) >= 3 * len(findings)
    assert set(found) == expected
    assert Proposal.objects.filter(level="urge").count() == len(findings)
    assert not Notice.objects.filter(step__in=("due_soon", "due_today")).exists()


def swept() -> bool:
    return Sweep.objects.filter(name="reminders").exists()


def test_a_worker_killed_half_way_leaves_nothing_out(place: Processes, overdue: list[Finding]) -> None:
    stopped_half_way = 0
    for kill_after in (1, 5001):
        worker = place.worker()
        place.broker.send()
        wait_until(lambda least=kill_after: swept() or Reminder.objects.count() >= least, place)
        place.kill(worker)
        stopped_half_way += not swept()
    assert stopped_half_way
    place.worker()
    place.broker.send()
    wait_until(swept, place)
    assert_each_told_once(overdue)


def test_two_beats_and_two_workers_tell_nobody_twice(place: Processes, overdue: list[Finding]) -> None:
    for _each in range(2):
        place.beat()
        place.worker()
    wait_until(swept, place)
    first = Sweep.objects.get(name="reminders").at
    wait_until(lambda: Sweep.objects.get(name="reminders").at > first + timedelta(seconds=3), place)
    assert_each_told_once(overdue)


def test_a_flushed_broker_loses_only_hints(place: Processes, overdue: list[Finding]) -> None:
    for _each in range(3):
        place.broker.send()
    place.broker.client().flushall()
    place.worker()
    time.sleep(3)
    assert not Notice.objects.exists()
    place.beat()
    wait_until(swept, place)
    assert_each_told_once(overdue)


def test_pages_answer_while_the_broker_is_away_and_the_sweep_catches_up(
    place: Processes, overdue: list[Finding]
) -> None:
    place.worker()
    place.beat()
    place.broker.stop()
    port = place.web()
    begun = time.monotonic()
    assert get(port, "/healthz/") == (200, "ok")
    code, body = get(port, "/status/", Authorization="Bearer token")
    assert time.monotonic() - begun < 15
    levels = {check["name"]: check["level"] for check in json.loads(body)["checks"]}
    assert (code, levels["database"], levels["broker"]) == (503, "ok", "failed")
    assert get(port, "/accounts/login/")[0] == 200
    place.broker.start()
    wait_until(swept, place, seconds=150)
    assert_each_told_once(overdue)


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Fetch a page of the web process."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture(autouse=True)
def _close_before_the_flush(place: Processes) -> Iterator[None]:
    """End the processes before the tables are emptied: an open transaction would block that."""
    yield
    place.stop_all()
    connection.close()
