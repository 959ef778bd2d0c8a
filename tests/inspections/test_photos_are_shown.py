"""Copies are made by the worker and shown to whoever may read the finding; originals leave only as downloads."""

import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image

from accounts.models import User
from audit.models import Entry
from inspections.models import Photo
from inspections.orphans import remove_orphans
from inspections.photo_rules import PhotoRefused
from inspections.tasks_photos import make_copies, sweep_photos
from tests.inspections.evidence import DAY, NOON, report, send, work
from tests.samples import encoded, exif_with, jpeg, scene

pytestmark = pytest.mark.django_db
In = Callable[[User], Client]


@pytest.fixture
def photo(inspector: User, village: Any, item: Any) -> Photo:
    """A before-photo of an open finding in Huajia, lying on its side, with EXIF."""
    key = uuid.uuid4()
    body = encoded(scene(1, (2400, 1600)), "JPEG", exif=exif_with(6))
    photo = send(inspector, key, body)
    report(inspector, village, item, id=key)
    return photo


def address(photo: Photo, size: str, api: bool = False) -> str:
    """Return the address of a photo's file."""
    return f"/api/v1/photos/{photo.pk}/{size}/" if api else f"/findings/photos/{photo.pk}/{size}/"


def body_of(response: Any) -> bytes:
    """Read a streamed answer."""
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_copies_are_upright_small_and_without_metadata(
    photo: Photo, huajia_official: User, client_for: In
) -> None:
    make_copies(str(photo.pk))
    for size, longest in (("large", 1600), ("small", 400)):
        response = client_for(huajia_official).get(address(photo, size))
        assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
        picture = Image.open(io.BytesIO(body_of(response)))
        assert (max(picture.size), picture.height > picture.width) == (longest, True)
        assert not picture.getexif()
        assert "icc_profile" not in picture.info
    photo.refresh_from_db()
    assert (photo.width, photo.height, len(photo.phash)) == (1600, 2400, 16)


def test_copies_are_made_once(photo: Photo) -> None:
    assert photo.make_copies(at=NOON) is True
    assert Photo.objects.get(pk=photo.pk).make_copies(at=NOON) is False


def test_until_the_copy_exists_a_drawing_stands_for_it(
    photo: Photo, huajia_official: User, client_for: In
) -> None:
    response = client_for(huajia_official).get(address(photo, "small"))
    assert (response.status_code, response["Content-Type"], response["Retry-After"]) == (
        202,
        "image/svg+xml",
        "2",
    )
    assert response["Cache-Control"] == "private, no-store"


def test_sweep_makes_what_no_message_made(photo: Photo) -> None:
    sweep_photos()
    photo.refresh_from_db()
    assert photo.is_ready


def test_one_lost_original_leaves_the_others_their_turn(photo: Photo, agency: User) -> None:
    other = send(agency, uuid.uuid4(), jpeg(7), at=NOON)
    photo.original.storage.delete(photo.original.name)
    for _sweep in range(5):  # more often than a photo may fail: a storage that is away refuses nothing
        sweep_photos()
    photo.refresh_from_db()
    other.refresh_from_db()
    assert (photo.is_ready, photo.refused, other.is_ready) == (False, "", True)


def test_files_a_crash_left_without_a_row_go_after_some_days(photo: Photo, storage_dir: Path) -> None:
    work()
    photo.refresh_from_db()
    orphan, stranger = f"{uuid.uuid4()}", "notes.txt"
    for name in (orphan, stranger):
        photo.original.storage.save(f"originals/{NOON:%Y/%m/%d}/{name}", ContentFile(b"left behind"))
    assert remove_orphans(NOON + DAY) == 0
    assert remove_orphans(NOON + 3 * DAY) == 1
    left = {path.name for path in storage_dir.rglob("*") if path.is_file()}
    names = (photo.original.name, photo.large.name, photo.small.name)
    assert left == {stranger, *(Path(name).name for name in names)}


def test_copies_may_be_kept_privately_and_are_asked_for_by_tag(
    photo: Photo, huajia_official: User, client_for: In
) -> None:
    work()
    client = client_for(huajia_official)
    first = client.get(address(photo, "large"))
    assert first["Cache-Control"] == "private, max-age=86400"
    assert first["X-Content-Type-Options"] == "nosniff"
    body_of(first)
    again = client.get(address(photo, "large"), headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("api", [False, True])
@pytest.mark.parametrize("size", ["large", "small", "original"])
@pytest.mark.parametrize("who", ["xiangying_official", "changhai_office", "sysadmin", "agency"])
def test_strangers_get_what_a_missing_photo_gives(
    request: pytest.FixtureRequest, photo: Photo, client_for: In, who: str, size: str, api: bool
) -> None:
    work()
    client = client_for(request.getfixturevalue(who))
    real, none = client.get(address(photo, size, api)), client.get(address(Photo(pk=uuid.uuid4()), size, api))
    assert (real.status_code, none.status_code) == (404, 404)
    mask = lambda answer: {k: v for k, v in answer.items() if k != "reference"}  # noqa: E731
    if api:
        assert mask(real.json()) == mask(none.json())
    else:
        assert real["Content-Type"] == none["Content-Type"]


@pytest.mark.parametrize(("who", "status"), [("inspector", 200), ("hso", 200), ("jinpu_office", 200),
                                             ("auditor", 200), ("huajia_official", 403), ("leader", 403)])  # fmt: skip
def test_original_is_for_offices_auditor_and_sender(
    request: pytest.FixtureRequest, photo: Photo, client_for: In, who: str, status: int
) -> None:
    response = client_for(request.getfixturevalue(who)).get(address(photo, "original", api=True))
    assert response.status_code == status
    if status == 200:
        body_of(response)


def test_original_is_a_sealed_download_that_is_written_down(photo: Photo, hso: User, client_for: In) -> None:
    response = client_for(hso).get(address(photo, "original"))
    assert body_of(response) == encoded(scene(1, (2400, 1600)), "JPEG", exif=exif_with(6))
    assert response["Content-Disposition"] == f'attachment; filename="{photo.pk}.jpg"'
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert response["X-Content-Type-Options"] == "nosniff"
    entry = Entry.objects.get(verb="download")
    assert (entry.object_id, entry.actor_id) == (str(photo.pk), str(hso.pk))


def test_wrong_size_does_not_exist(photo: Photo, hso: User, client_for: In) -> None:
    assert client_for(hso).get(address(photo, "huge", api=True)).status_code == 404


def test_parked_photo_is_seen_by_its_sender_alone(
    inspector: User, agency: User, hso: User, client_for: In
) -> None:
    parked = send(inspector, uuid.uuid4(), jpeg())
    work()
    for user, status in ((inspector, 200), (agency, 404), (hso, 404)):
        response = client_for(user).get(address(parked, "small", api=True))
        body_of(response)
        assert response.status_code == status


def test_draft_is_seen_by_its_township_until_it_is_submitted(
    inspector: User,
    huajia_official: User,
    huajia_official_2: User,
    jinpu_office: User,
    hso: User,
    village: Any,
    item: Any,
) -> None:
    finding = report(inspector, village, item)
    draft = send(huajia_official, finding, jpeg(5), side="after")

    def readers() -> list[bool]:
        people = (huajia_official, huajia_official_2, jinpu_office, hso)
        return [Photo.objects.visible_to(user, NOON.date()).filter(pk=draft.pk).exists() for user in people]

    assert readers() == [True, True, False, False]
    finding.rectify(by=huajia_official, at=NOON, measures="清理", result="已清理", photos=[draft.pk])
    assert readers() == [True, True, True, True]


def test_photo_the_worker_cannot_read_is_refused_and_its_sender_told(
    inspector: User, client_for: In, huajia_official: User, village: Any, item: Any
) -> None:
    finding = report(inspector, village, item)
    broken = send(huajia_official, finding, jpeg()[:-4000], side="after")
    work()
    broken.refresh_from_db()
    assert (broken.refused, broken.is_ready) == ("unreadable", False)
    assert huajia_official.notices.get(key__startswith="photo-unreadable").url == f"/findings/{finding.pk}/"
    client = client_for(huajia_official)
    assert client.get(address(broken, "small")).status_code == 410
    assert client.get(f"/api/v1/photos/{broken.pk}/").json()["refused"] == "unreadable"
    with pytest.raises(PhotoRefused, check=lambda error: error.code == "photo_unreadable"):
        finding.rectify(by=huajia_official, at=NOON, measures="清理", result="已清理", photos=[broken.pk])


def test_photo_that_kills_its_worker_is_given_up(photo: Photo) -> None:
    Photo.objects.filter(pk=photo.pk).update(attempts=3)
    sweep_photos()
    photo.refresh_from_db()
    assert photo.refused == "unreadable"


def test_photo_whose_copy_is_lost_answers_404(
    photo: Photo, hso: User, client_for: In, storage_dir: Path
) -> None:
    work()
    for path in (storage_dir / "default").rglob("*.jpg"):
        path.unlink()
    assert client_for(hso).get(address(photo, "small", api=True)).status_code == 404
