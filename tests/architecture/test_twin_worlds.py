"""With and without a sealed plan, everybody who is not on its list sees the same, at the same cost."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.storage import FileSystemStorage, storages
from django.db import connection, transaction

from tests.architecture.matrix import EVERYBODY
from tests.architecture.twin_worlds import (
    PLANNERS,
    Answer,
    Question,
    TwinWorld,
    answers,
    ask,
    asked,
    told_apart,
)
from tests.architecture.world import NOW

pytestmark = pytest.mark.django_db
OUTSIDERS = [*sorted(EVERYBODY - PLANNERS), "anonymous"]
# asked in every run: an office user who is not on the list, the auditor, another office, an inspector, a township; the
# others, who may see less than these, in the long one
ALWAYS = frozenset({"hso_staff", "auditor", "changhai", "inspector", "huajia"})
# the tables that hold what is sealed; whatever else a planner's work changes would be seen
SEALED_TABLES = (
    "inspections_round", "inspections_team", "inspections_draw", "inspections_planned", "inspections_amendment",
    "inspections_lookback", "inspections_meeting", "audit_sealed",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("twins")


@pytest.fixture(autouse=True)
def storage_dir(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """Read the files of the module's world in every test; let a view's failure come through."""
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    _store_under(folder, monkeypatch)
    return folder


def _store_under(folder: Path, patch: pytest.MonkeyPatch) -> None:
    for alias in ("default", "sealed"):
        storage = storages[alias]
        if isinstance(storage, FileSystemStorage):
            patch.setattr(storage, "_location", str(folder / alias))
            for cached in ("base_location", "location"):
                patch.delitem(storage.__dict__, cached, raising=False)


def _rows(query: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return dict(cursor.fetchall())


def _tables() -> dict[str, str]:
    """Return a fingerprint of what each table holds."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t ORDER BY 1')
            found[table] = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return found


def _counters() -> dict[str, Any]:
    if connection.vendor != "postgresql":
        return {}
    return _rows("SELECT sequencename, last_value FROM pg_sequences")


class Twins:
    """One world, asked by everybody before and after the secrets came into it."""

    def __init__(self, people: Sequence[str]) -> None:
        self.world = TwinWorld()
        self.before = answers(self.world, people)
        tables, counters = _tables(), _counters()
        self.world.seal()
        self.changed = [name for name, value in _tables().items() if tables[name] != value]
        self.counted = [name for name, value in _counters().items() if counters[name] != value]
        answers(self.world, ())  # a planner looks at every page, and may leave it in a cache


@pytest.fixture(scope="module")
def twins(
    folder: Path, request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Twins]:
    """Build the world once, ask those of this run, and take it back at the end."""
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    here = [call.params["who"] for call in calls if call and call.params.keys() == {"who"}]
    people = [who for who in OUTSIDERS if who in here]
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        time_machine.travel(NOW, tick=False),
        transaction.atomic(),
    ):
        _store_under(folder, patch)
        yield Twins(people)
        transaction.set_rollback(True)


def test_a_planners_work_changes_nothing_but_what_is_sealed(twins: Twins) -> None:
    """What no public table and no counter shows cannot leak by a page that reads those alone."""
    assert [name for name in twins.changed if not name.startswith(SEALED_TABLES)] == []
    assert [name for name in twins.counted if not name.startswith(SEALED_TABLES)] == []


@pytest.mark.parametrize(
    "who", [who if who in ALWAYS else pytest.param(who, marks=pytest.mark.slow) for who in OUTSIDERS]
)
def test_an_outsider_cannot_tell_the_two_worlds_apart(who: str, twins: Twins) -> None:
    with time_machine.travel(NOW, tick=False):
        after = asked(twins.world, who)
    told = told_apart(twins.before[who], after)
    assert not told, "\n".join(told)


def test_a_planner_can_tell_them_apart(twins: Twins) -> None:
    """The secrets are there, and the comparer sees them."""
    question = Question("rounds", "/rounds/")
    assert "绝密暗访".encode() in ask(twins.world, "hso", question).body
    assert "绝密暗访".encode() not in ask(twins.world, "hso_staff", question).body


@pytest.mark.parametrize(
    ("leak", "named"),
    [
        ({"status": 404}, "status"),
        ({"headers": {"ETag": "2"}}, "headers"),
        ({"cookies": ["x"]}, "headers"),
        ({"body": b"2 rounds"}, "body"),
        ({"queries": ["SELECT 1", "SELECT 1"]}, "2 queries"),
        ({"queries": ["SELECT 2"]}, "query SELECT 2"),
    ],
)
def test_every_kind_of_leak_is_named(leak: dict[str, Any], named: str) -> None:
    safe = Answer(200, {}, [], b"1 round", ["SELECT 1"])
    (told,) = told_apart({"x": replace(safe, **leak)}, {"x": safe})
    assert named in told
    assert told_apart({"x": safe}, {"x": safe}) == []
