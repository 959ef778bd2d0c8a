"""Killed workers, two beats, a flushed and a stopped broker: every notice exactly once in the end."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connection
from django.utils import timezone

from accounts.models import Token, User
from inspections.models import Finding, Proposal, Reminder, Sweep
from inspections.recipients import directory_on
from notifications.models import Notice
from schemes.models import Item
from tests.broker.processes import Processes, installation, wait_until
from tests.inspections.stored import Make, cast, make
from tests.samples import jpeg
from villages.models import Village

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
    assert get(port, "/healthz/") == (200, "ok")
    code, body = get(port, "/status/", Authorization="Bearer token")
    levels = {check["name"]: check["level"] for check in json.loads(body)["checks"]}
    assert (code, levels["database"], levels["broker"]) == (503, "ok", "failed")
    assert get(port, "/accounts/login/")[0] == 200
    place.broker.start()
    wait_until(swept, place, seconds=150)
    assert_each_told_once(overdue)


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Fetch a page of the web process."""
    answer = requests.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=30)
    return answer.status_code, answer.text


def test_a_problem_is_recorded_issued_and_put_right_without_a_broker(
    place: Processes, cast: Any, village: Village, item: Item
) -> None:
    place.broker.stop()
    place.port = place.web()
    finding, photo, content = uuid.uuid4(), uuid.uuid4(), jpeg()
    digest = hashlib.sha256(content).hexdigest()
    body = {
        "village": str(village.pk),
        "item": str(item.pk),
        "description": "村口散落垃圾",
        "severity": "minor",
    }
    declared = [{"id": str(photo), "sha256": digest}]
    inspector, official = api(place, cast.inspector), api(place, cast.huajia_official)
    assert inspector("PUT", f"findings/{finding}/", json={**body, "photos": declared}).status_code == 201
    facts = {"finding": str(finding), "side": "before", "sha256": digest, "source": "camera"}
    sent = inspector("PUT", f"photos/{photo}/", data=facts, files={"file": ("a.jpg", content, "image/jpeg")})
    assert sent.status_code == 201, sent.text
    assert Notice.objects.filter(key=f"finding:{finding}:issue", user=cast.secretary).count() == 1
    after = uuid.uuid4()
    content = jpeg(2)
    facts |= {"side": "after", "sha256": hashlib.sha256(content).hexdigest()}
    assert official(
        "PUT", f"photos/{after}/", data=facts, files={"file": ("b.jpg", content, "image/jpeg")}
    ).ok
    words = {"measures": "组织清理", "result": "已清理干净", "photos": [str(after)]}
    done = official("POST", f"findings/{finding}/rectify/", json=words)
    assert done.ok, done.text
    assert Finding.objects.get(pk=finding).state == "submitted"


def api(place: Processes, user: User) -> Callable[..., requests.Response]:
    """Return what calls the web process with a user's token."""
    _token, key = Token.objects.issue(user, at=timezone.now())

    def call(method: str, path: str, **more: Any) -> requests.Response:
        url = f"http://127.0.0.1:{place.port}/api/v1/{path}"
        return requests.request(method, url, headers={"Authorization": f"Token {key}"}, timeout=30, **more)

    return call


@pytest.fixture(autouse=True)
def _close_before_the_flush(place: Processes) -> Iterator[None]:
    """End the processes before the tables are emptied: an open transaction would block that."""
    yield
    place.stop_all()
    connection.close()
