"""In a sensitive area no position is kept: not in the row, not inside the sealed original."""

import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from accounts.models import User
from inspections.models import Photo
from inspections.positions import without_position
from inspections.tasks_photos import sweep_photos
from schemes import imaging
from tests.inspections.evidence import NOON, report, send, sha, work
from tests.samples import encoded, exif_with, jpeg, mpo, scene

pytestmark = pytest.mark.django_db
XMP = b'<x:xmpmeta><rdf:Description exif:GPSLatitude="39,6.2N" exif:GPSLongitude="121,58E"/></x:xmpmeta>'


def located(kind: str = "JPEG", **options: Any) -> bytes:
    """Make a photo that says where it was taken."""
    exif = exif_with(6)
    exif.get_ifd(0x8825)[3], exif.get_ifd(0x8825)[4] = "E", (121.0, 58.0, 3.0)
    return encoded(scene(9), kind, exif=exif, **options)


def position_of(body: bytes) -> dict[int, Any]:
    with Image.open(io.BytesIO(body)) as picture:
        return dict(picture.getexif().get_ifd(0x8825))


def sealed(photo: Photo) -> bytes:
    photo.refresh_from_db()
    with photo.original.open("rb") as file:
        return file.read()


@pytest.fixture
def sensitive(village: Any) -> Any:
    village.sensitive_area = True
    village.save()
    return village


# --- the bytes ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_the_position_goes_and_everything_else_stays(kind: str) -> None:
    before = located(kind)
    after = without_position(before)
    assert position_of(before)
    assert not position_of(after)
    assert len(after) == len(before)
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as two:
        assert one.tobytes() == two.tobytes()
        assert two.getexif()[0x010F] == "Huawei"
        assert imaging.orientation_of(one) == imaging.orientation_of(two)
    assert without_position(after) == after


def test_xmp_loses_its_position_too() -> None:
    after = without_position(located(xmp=XMP))
    assert b"39,6.2N" not in after
    assert b"121,58E" not in after
    assert b"exif:GPSLatitude" in after


def test_packed_text_of_a_png_is_blanked_and_it_still_opens() -> None:
    from_pillow = encoded(scene(9), "PNG")
    with Image.open(io.BytesIO(from_pillow)) as picture:
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
        before = encoded(picture, "PNG", pnginfo=info)
    after = without_position(before)
    assert b"XML:com.adobe.xmp" not in after
    Image.open(io.BytesIO(after)).load()


@pytest.mark.parametrize(
    "make", [jpeg, mpo, lambda: b"", lambda: b"MM\x00*", lambda: b"II*\x00" + b"\xff" * 40]
)
def test_what_has_no_position_stays_as_it_is(make: Callable[[], bytes]) -> None:
    body = make()
    assert without_position(body) == body


# --- the photo ----------------------------------------------------------------------------------------------------
def test_a_photo_for_a_known_village_is_sealed_without_it(agency: User, sensitive: Any, item: Any) -> None:
    body, finding = located(), report(agency, sensitive, item)
    photo = send(agency, finding, body)
    kept = sealed(photo)
    assert not position_of(kept)
    assert (photo.sha256, photo.sealed_sha256) == (sha(body), sha(kept))
    assert photo.position_removed_at == NOON
    assert send(agency, finding, body, id=photo.pk) == photo, "the bytes received are known again"


def test_a_photo_that_came_first_is_sealed_anew_by_the_sweep(agency: User, sensitive: Any, item: Any) -> None:
    key, body = uuid.uuid4(), located()
    photo = send(agency, key, body)
    assert sealed(photo) == body
    name = photo.original.name
    report(agency, sensitive, item, id=key)
    work()
    sweep_photos()
    assert not position_of(sealed(photo))
    assert photo.sha256 == sha(body)
    assert photo.sealed_sha256 == sha(sealed(photo))
    assert not photo.original.storage.exists(name)
    assert not Photo.objects.with_position_to_remove().exists()


def test_an_original_handed_out_before_the_sweep_has_no_position(
    client_for: Any, agency: User, hso: User, sensitive: Any, item: Any
) -> None:
    key = uuid.uuid4()
    photo = send(agency, key, located())
    report(agency, sensitive, item, id=key)
    answer = client_for(hso).get(reverse("photo_file", args=[photo.pk, "original"]))
    assert not position_of(b"".join(answer.streaming_content))


def test_a_photo_without_a_position_is_looked_through_once_and_kept(
    agency: User, sensitive: Any, item: Any
) -> None:
    body = jpeg()
    photo = send(agency, report(agency, sensitive, item), body)
    assert sealed(photo) == body
    assert (photo.sealed_sha256, photo.position_removed_at) == ("", NOON)


def test_elsewhere_the_original_is_kept_byte_for_byte(agency: User, village: Any, item: Any) -> None:
    body = located()
    photo = send(agency, report(agency, village, item), body)
    sweep_photos()
    assert sealed(photo) == body
    assert photo.position_removed_at is None
