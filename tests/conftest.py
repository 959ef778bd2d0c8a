"""What every test shares: its database, its storage, the fixed cast, the switch for append-only tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage, storages
from django.db import connection

from audit import triggers
from tests import live

pytest_plugins = ["tests.cast"] if (Path(__file__).parent / "cast.py").exists() else []

# Chinese trigrams and orderings need a UTF-8 character type, whatever the cluster was initialised with.
POSTGRES_SUFFIX = "WITH ENCODING 'UTF8' TEMPLATE template0 LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Create PostgreSQL's test database from template0 with C.UTF-8."""
    if connection.vendor == "postgresql":
        connection.creation.sql_table_creation_suffix = lambda: POSTGRES_SUFFIX  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def storage_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test folders of its own; the instances stay, because file fields hold on to theirs."""
    for alias in ("default", "sealed"):
        storage = storages[alias]
        if isinstance(storage, FileSystemStorage):
            monkeypatch.setattr(storage, "_location", str(tmp_path / alias))
            for cached in ("base_location", "location"):
                monkeypatch.delitem(storage.__dict__, cached, raising=False)
    return tmp_path


@pytest.fixture
def lift_triggers(db: None) -> Iterator[None]:
    """Let a test change what the application may only append to; the triggers stand again afterwards."""
    triggers.take_down(connection)
    yield
    triggers.put_up(connection.alias)


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    """Let other processes and threads see the rows; afterwards the append-only tables may be emptied.

    The flush that follows emits post_migrate, which puts the triggers up again.
    """
    yield
    triggers.take_down(connection)


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a real broker of this run's own (or take TEST_BROKER_URL)."""
    with live.broker(tmp_path_factory.mktemp("broker")) as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> str:
    """Find the machine's Chromium, or skip: the closing lines say so."""
    found = live.find_chromium()
    if not found:
        pytest.skip("no Chromium on this machine")
    return found


# the files that take longest: a worker that came to one of them last would leave the others idle
BEGIN_WITH = ("tests/browser/", "tests/architecture/", "tests/pages/test_demo", "tests/broker/")


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Leave out what this run cannot do (PostgreSQL's races on SQLite, long tests unless asked for); order the rest."""
    items.sort(key=lambda item: not item.nodeid.startswith(BEGIN_WITH))
    wanted: Any = config.getoption("markexpr", "")
    left_out = [
        item
        for item in items
        if (item.get_closest_marker("postgres") and connection.vendor != "postgresql")
        or (item.get_closest_marker("slow") and "slow" not in wanted)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say plainly whether the browser tests ran."""
    if not live.find_chromium():
        terminalreporter.write_line(
            "BROWSER TESTS DID NOT RUN: no Chromium found (install chromium, or set CHROMIUM to its path)."
        )
