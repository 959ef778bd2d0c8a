"""Whatever is sent: a clear refusal at once, a refusal by the worker, or a clean copy. Never a failure of ours."""

import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from accounts.models import User
from inspections.models import Photo
from inspections.tasks_photos import make_copies
from schemes import imaging
from tests.inspections.evidence import sha
from tests.samples import HTML, ODD, encoded, exif_with, jpeg, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(inspector: User, client_for: Callable[[User], Client]) -> Client:
    """The inspector's browser."""
    return client_for(inspector)


def put(client: Client, body: bytes, *, key: Any = None, name: str = "photo.jpg", **fields: Any) -> Any:
    """Send a photo as a browser does."""
    data = {
        "finding": str(uuid.uuid4()), "side": "before", **fields,
        "file": SimpleUploadedFile(name, body, "image/jpeg"),
    }  # fmt: skip
    return client.put(
        f"/api/v1/photos/{key or uuid.uuid4()}/",
        encode_multipart(BOUNDARY, data),
        content_type=MULTIPART_CONTENT,
    )


def test_nobody_parks_photos_without_end(client: Client, settings: Any) -> None:
    settings.PHOTOS_PARKED = 2
    key = uuid.uuid4()
    assert put(client, jpeg(1), key=key, finding=(parent := str(uuid.uuid4()))).status_code == 201
    assert put(client, jpeg(2)).status_code == 201
    third = put(client, jpeg(3))
    assert (third.status_code, third.json()["code"]) == (409, "photos_parked_full")
    assert put(client, jpeg(1), key=key, finding=parent).status_code == 200  # a repeat is no further photo
    assert Photo.objects.count() == 2


@pytest.mark.parametrize("kind", ODD)
def test_odd_file_is_refused_or_becomes_a_clean_copy(client: Client, kind: str) -> None:
    make, fate = ODD[kind]
    response = put(client, make(), name="photo.png" if kind == "JPEG named .png" else "photo.jpg")
    if fate not in ("copy", "late"):
        assert (response.status_code, response.json()["code"]) == (400, f"photo_{fate}")
        assert response.json()["detail"]
        assert not Photo.objects.exists()
        return
    assert response.status_code == 201
    make_copies(response.json()["id"])
    photo = Photo.objects.get()
    assert (photo.is_ready, photo.refused) == ((True, "") if fate == "copy" else (False, "unreadable"))
    if fate == "copy":
        assert_clean(photo)


def assert_clean(photo: Photo) -> None:
    """Check that the copies are plain JPEGs that carry nothing over."""
    for file, longest in ((photo.large, 1600), (photo.small, 400)):
        with file.open("rb") as stored:
            body = stored.read()
        with Image.open(io.BytesIO(body)) as picture:
            picture.load()
            assert (picture.format, picture.mode) == ("JPEG", "RGB")
            assert max(picture.size) <= longest
            assert not picture.getexif()
            assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert HTML not in body
        assert body.endswith(b"\xff\xd9")


def test_there_are_more_than_thirty_kinds() -> None:
    assert len(ODD) > 60


CORNERS = ["nw", "ne", "se", "sw", "nw", "ne", "se", "sw"]


@pytest.mark.parametrize(("orientation", "corner"), list(enumerate(CORNERS, 1)))
def test_every_orientation_is_turned_upright(orientation: int, corner: str) -> None:
    picture = Image.new("RGB", (400, 200), "white")
    picture.paste("red", (0, 0, 100, 50))
    copies = imaging.make_copies(io.BytesIO(encoded(picture, "JPEG", exif=exif_with(orientation))), "jpeg")
    upright = Image.open(io.BytesIO(copies.large))
    assert (upright.size == (200, 400)) is (orientation >= 5)
    x = 5 if "w" in corner else upright.width - 5
    y = 5 if "n" in corner else upright.height - 5
    red, green, _blue = upright.getpixel((x, y))
    assert red > 200 > 100 > green


def test_transparency_becomes_white() -> None:
    picture = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    copies = imaging.make_copies(io.BytesIO(encoded(picture, "PNG")), "png")
    assert Image.open(io.BytesIO(copies.large)).getpixel((150, 150)) == (255, 255, 255)


def test_sixteen_bits_keep_their_brightness() -> None:
    make, _fate = ODD["16-bit grey PNG"]
    grey = Image.open(io.BytesIO(imaging.make_copies(io.BytesIO(make()), "png").large)).convert("L")
    assert [abs(grey.getpixel((128, y)) - y) <= 3 for y in (20, 128, 240)] == [True, True, True]


def test_more_than_twenty_megabytes_are_not_even_read(client: Client) -> None:
    response = put(client, jpeg() + bytes(20 * 1024 * 1024))
    assert (response.status_code, response.json()["code"]) == (413, "photo_too_large")
    response = client.put(
        f"/api/v1/photos/{uuid.uuid4()}/",
        b"never parsed",
        content_type=MULTIPART_CONTENT,
        CONTENT_LENGTH="99000000",
    )
    assert (response.status_code, response.json()["code"]) == (413, "photo_too_large")


def test_twenty_megabytes_are_accepted(client: Client) -> None:
    body = jpeg()
    response = put(client, body + bytes(20 * 1024 * 1024 - len(body)))
    assert response.status_code == 201


def test_repeat_conflict_and_wrong_hash_say_what_they_are(client: Client) -> None:
    key, parent, body = uuid.uuid4(), str(uuid.uuid4()), jpeg()
    answers = [
        put(client, body, key=key, finding=parent, sha256=sha(b"other")),
        put(client, body, key=key, finding=parent, sha256=sha(body)),
        put(client, body, key=key, finding=parent, sha256=sha(body)),
        put(client, jpeg(2), key=key, finding=parent),
    ]
    assert [answer.status_code for answer in answers] == [400, 201, 200, 409]
    assert (answers[0].json()["code"], answers[3].json()["code"]) == ("hash_mismatch", "id_conflict")
    assert answers[0].json()["errors"][0]["field"] == "file"
    assert answers[1].json() == answers[2].json()


def test_somebody_elses_photo_is_not_described(
    client: Client, agency: User, client_for: Callable[[User], Client]
) -> None:
    key = uuid.uuid4()
    put(client, jpeg(), key=key)
    answer = put(client_for(agency), jpeg(), key=key)
    assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")
    assert "sha256" not in answer.json()


@pytest.mark.parametrize(
    ("field", "value"),
    [("lat", "91"), ("lat", "nan"), ("lat", "inf"), ("lat", "north"), ("accuracy", "-1"), ("accuracy", "inf"),
     ("side", "middle"), ("finding", "7"), ("sha256", "zz"), ("captured_at", "yesterday"), ("source", "scanner"),
     ("width", "-3"), ("original_sha256", "\x00" * 64)],
)  # fmt: skip
def test_field_that_makes_no_sense_is_named(client: Client, field: str, value: str) -> None:
    place = {"lat": "39.1", "lon": "121.9"} if field == "lat" else {}
    answer = put(client, jpeg(), **{**place, field: value})
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {field}
    assert not Photo.objects.exists()


def test_half_a_position_is_refused_and_an_empty_one_is_none(client: Client) -> None:
    assert put(client, jpeg(), lat="39.1").status_code == 400
    answer = put(client, jpeg(), lat="", lon="", accuracy="", captured_at="", source="", sha256="", width="")
    assert answer.status_code == 201
    assert Photo.objects.get().lat is None


def test_claims_are_kept_beside_what_was_measured(client: Client) -> None:
    put(
        client, jpeg(), lat="39.123456789", lon="121.5", accuracy="12.3", captured_at="2020-01-01T08:00:00+08:00",
        source="album", width="9999", height="1", original_sha256=sha(b"original").upper(),
    )  # fmt: skip
    photo = Photo.objects.get()
    assert (str(photo.lat), str(photo.lon), photo.accuracy, photo.source) == (
        "39.123457",
        "121.500000",
        13,
        "album",
    )
    assert (photo.width, photo.height, photo.original_sha256) == (640, 480, sha(b"original"))


@pytest.mark.parametrize("body", [b"", b"no multipart", b"--" + BOUNDARY.encode() + b"\r\n"])
def test_broken_frame_is_a_bad_request(client: Client, body: bytes) -> None:
    answer = client.put(f"/api/v1/photos/{uuid.uuid4()}/", body, content_type=MULTIPART_CONTENT)
    assert answer.status_code == 400


def test_other_content_types_are_not_accepted(client: Client) -> None:
    answer = client.put(f"/api/v1/photos/{uuid.uuid4()}/", {"file": "x"}, content_type="application/json")
    assert answer.status_code == 415


def test_text_in_place_of_the_file_is_refused(client: Client) -> None:
    data = {"finding": str(uuid.uuid4()), "side": "before", "file": "not a file"}
    answer = client.put(
        f"/api/v1/photos/{uuid.uuid4()}/", encode_multipart(BOUNDARY, data), content_type=MULTIPART_CONTENT
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "file")


def test_name_of_the_file_is_never_used(client: Client) -> None:
    put(client, jpeg(), name="../../../etc/<script>.php")
    photo = Photo.objects.get()
    assert photo.original.name == f"originals/{photo.received_at:%Y/%m/%d}/{photo.pk}"


def test_anonymous_upload_is_refused_unread(db: None) -> None:
    assert put(Client(), jpeg()).status_code in (401, 403)
    assert not Photo.objects.exists()


def test_session_upload_needs_the_csrf_header(inspector: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(inspector, "django.contrib.auth.backends.ModelBackend")
    assert put(strict, jpeg()).status_code == 403


def test_parked_photo_is_taken_back_by_its_sender_only(
    client: Client, agency: User, client_for: Callable[[User], Client]
) -> None:
    key = uuid.uuid4()
    put(client, jpeg(), key=key)
    assert client_for(agency).delete(f"/api/v1/photos/{key}/").status_code == 404
    assert client.delete(f"/api/v1/photos/{key}/").status_code == 204
    assert client.get(f"/api/v1/photos/{key}/").status_code == 404


def test_large_photo_costs_little_time_and_is_scaled() -> None:
    copies = imaging.make_copies(io.BytesIO(encoded(scene(1, (4000, 3000)), "JPEG")), "jpeg")
    assert (copies.width, copies.height) == (4000, 3000)
    assert Image.open(io.BytesIO(copies.large)).size == (1600, 1200)
    assert Image.open(io.BytesIO(copies.small)).size == (400, 300)
