"""The same photo twice at once, ten photos at once: one row, one file, nine photos."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from audit import triggers
from inspections.models import Photo
from inspections.photo_rules import PhotoRefused
from tests.inspections.evidence import codes, report, send
from tests.samples import jpeg

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def _may_be_emptied(transactional_db: None) -> Iterator[None]:
    """Let the tables be emptied after each test; emptying them puts the triggers up again."""
    yield
    triggers.take_down(connection)


def at_once(jobs: list[Callable[[], Any]]) -> list[Any]:
    """Run jobs in threads of their own; return results, and codes of what was refused."""

    def run(job: Callable[[], Any]) -> Any:
        try:
            return job()
        except PhotoRefused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_same_photo_twice_at_once_is_stored_once(inspector: User, storage_dir: Path) -> None:
    key, parent, body = uuid.uuid4(), uuid.uuid4(), jpeg()
    photos = at_once([lambda: send(inspector, parent, body, id=key)] * 6)
    assert {photo.pk for photo in photos} == {key}
    assert Photo.objects.count() == 1
    assert len([path for path in (storage_dir / "sealed").rglob("*") if path.is_file()]) == 1


def test_ten_photos_at_once_are_nine(agency: User, village: Any, item: Any, storage_dir: Path) -> None:
    finding = report(agency, village, item)
    bodies = [jpeg(seed, size=(64, 48)) for seed in range(12)]
    results = at_once([lambda body=body: send(agency, finding, body) for body in bodies])
    assert results.count("photos_full") == 3
    assert len(codes(finding)) == 9
    assert len([path for path in (storage_dir / "sealed").rglob("*") if path.is_file()]) == 9


def test_copies_made_twice_at_once_leave_one_pair_of_files(inspector: User, storage_dir: Path) -> None:
    photo = send(inspector, uuid.uuid4(), jpeg())
    made = at_once([lambda: Photo.objects.get(pk=photo.pk).make_copies(at=photo.received_at)] * 2)
    assert sorted(made) == [False, True]
    photo.refresh_from_db()
    files = {path.name for path in (storage_dir / "default").rglob("*.jpg")}
    assert files == {Path(photo.large.name).name, Path(photo.small.name).name}
