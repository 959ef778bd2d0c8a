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
from inspections.models import Photo, PhotoUse
from inspections.photo_rules import PhotoRefused
from tests.cast import make_village
from tests.inspections.evidence import NOON, codes, report, send
from tests.inspections.making import fresh
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


@pytest.mark.parametrize("round", range(3))
def test_the_same_file_for_two_villages_at_once_proves_one_of_them(
    round: int, agency: User, village: Any, sibling_village: Any, item: Any
) -> None:
    body = jpeg(round + 40)
    findings = [report(agency, place, item) for place in (village, sibling_village)] * 3
    at_once([lambda f=found: send(agency, f, body) for found in findings])
    shown = PhotoUse.objects.filter(photo__original_sha256="").values_list("finding__village", flat=True)
    assert len(set(shown)) == 1


def test_the_same_after_photo_submitted_for_two_villages_at_once_closes_one(
    inspector: User, huajia: Any, huajia_official: User, huajia_official_2: User, village: Any, item: Any
) -> None:
    other = make_village("北屯", huajia, "210213014202")
    body, pairs = jpeg(50), []
    for place, by in ((village, huajia_official), (other, huajia_official_2)):
        found = report(inspector, place, item)
        pairs.append((found, by, send(by, found, body, side="after").pk))
    outcomes = at_once(
        [
            lambda f=found, by=by, key=key: fresh(f).rectify(
                by=by, at=NOON, measures="清理", result="完成", photos=[key]
            )
            for found, by, key in pairs
        ]
    )
    assert sorted("refused" if row == "photo_reused" else "done" for row in outcomes) == ["done", "refused"]
    assert PhotoUse.objects.filter(side="after").count() == 1
