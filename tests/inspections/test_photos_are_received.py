"""A photo arrives: once, whole, under its sender's id, before or after its finding."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from accounts.models import User
from inspections.models import Finding, Photo, ReportConflict
from inspections.photo_rules import PhotoRefused
from tests.inspections.evidence import DAY, NOON, codes, report, send, sha
from tests.samples import jpeg, png

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def refused(code: str) -> Any:
    """Expect a refusal with a code."""
    return pytest.raises(PhotoRefused, check=lambda error: error.code == code)


def sealed_files(root: Path) -> list[Path]:
    """List what lies in the sealed storage."""
    return [path for path in (root / "sealed").rglob("*") if path.is_file()]


def test_original_is_kept_byte_for_byte(inspector: User, storage_dir: Path) -> None:
    body = jpeg()
    photo = send(inspector, uuid.uuid4(), body, sha256=sha(body).upper())
    assert (photo.sha256, photo.size, photo.format) == (sha(body), len(body), "jpeg")
    assert (photo.width, photo.height) == (640, 480)
    assert [path.read_bytes() for path in sealed_files(storage_dir)] == [body]


def test_other_bytes_than_declared_store_nothing(inspector: User, storage_dir: Path) -> None:
    with refused("hash_mismatch"):
        send(inspector, uuid.uuid4(), jpeg(), sha256=sha(b"something else"))
    assert not Photo.objects.exists()
    assert sealed_files(storage_dir) == []


def test_repeat_returns_the_first_row(inspector: User, storage_dir: Path) -> None:
    key, parent, body = uuid.uuid4(), uuid.uuid4(), jpeg()
    send(inspector, parent, body, id=key)
    again, created = Photo.objects.receive(
        id=key, parent_id=parent, side="before", file=ContentFile(body), by=inspector, at=NOON + DAY
    )
    assert not created
    assert again.received_at == NOON
    assert len(sealed_files(storage_dir)) == 1


def test_other_bytes_under_the_same_id_conflict(inspector: User) -> None:
    key, parent = uuid.uuid4(), uuid.uuid4()
    send(inspector, parent, jpeg(1), id=key)
    with refused("id_conflict"):
        send(inspector, parent, jpeg(2), id=key)


def test_somebody_elses_id_is_taken(inspector: User, agency: User) -> None:
    key, parent = uuid.uuid4(), uuid.uuid4()
    send(inspector, parent, jpeg(1), id=key)
    with refused("id_taken"):
        send(agency, parent, jpeg(1), id=key)


def test_photos_before_their_finding_are_adopted_by_it(inspector: User, village: Any, item: Any) -> None:
    key, bodies = uuid.uuid4(), [jpeg(1), png(2)]
    photos = [send(inspector, key, body) for body in bodies]
    assert [photo.uses.count() for photo in photos] == [0, 0]
    finding = report(
        inspector, village, item, id=key, photos=[{"id": str(p.pk), "sha256": p.sha256} for p in photos]
    )
    assert sorted(codes(finding)) == sorted(sha(body) for body in bodies)
    assert finding.state == "open"


def test_last_photo_lets_a_direct_finding_be_issued(inspector: User, village: Any, item: Any) -> None:
    keys, bodies = [uuid.uuid4(), uuid.uuid4()], [jpeg(1), jpeg(2)]
    declared = [{"id": str(key), "sha256": sha(body)} for key, body in zip(keys, bodies, strict=True)]
    finding = report(inspector, village, item, photos=declared)
    assert finding.state == "reported"
    send(inspector, finding, bodies[0], id=keys[0])
    finding.refresh_from_db()
    assert finding.state == "reported"
    send(inspector, finding, bodies[1], id=keys[1])
    finding.refresh_from_db()
    assert (finding.state, len(codes(finding))) == ("open", 2)


def test_declared_photo_may_come_after_the_issue(agency: User, hso: User, village: Any, item: Any) -> None:
    key, body = uuid.uuid4(), jpeg(1)
    finding = report(agency, village, item, photos=[{"id": str(key), "sha256": sha(body)}])
    finding.issue(by=hso, at=NOON + 2 * DAY, incomplete_reason="先行交办")
    send(agency, finding, body, id=key, at=NOON + 3 * DAY)
    assert codes(finding) == [sha(body)]
    with refused("wrong_state"):
        send(agency, finding, jpeg(2), at=NOON + 3 * DAY)


def test_declared_photo_with_other_bytes_is_refused(agency: User, village: Any, item: Any) -> None:
    key = uuid.uuid4()
    finding = report(
        agency, village, item, photos=[{"id": str(key), "sha256": sha(b"the one that was meant")}]
    )
    with refused("hash_mismatch"):
        send(agency, finding, jpeg(1), id=key)


def test_tenth_photo_of_a_side_is_refused(agency: User, village: Any, item: Any) -> None:
    finding = report(agency, village, item)
    for seed in range(9):
        send(agency, finding, jpeg(seed, size=(64, 48)))
    with refused("photos_full"):
        send(agency, finding, jpeg(9, size=(64, 48)))


def test_finding_adopts_nine_photos_at_most(agency: User, village: Any, item: Any, settings: Any) -> None:
    key = uuid.uuid4()
    settings.PHOTOS_PER_SIDE = 10
    photos = [send(agency, key, jpeg(seed, size=(64, 48))) for seed in range(10)]
    settings.PHOTOS_PER_SIDE = 9
    finding = report(agency, village, item, id=key)
    assert len(codes(finding)) == 9
    assert [p.refused for p in Photo.objects.filter(pk__in=[p.pk for p in photos]) if p.refused] == ["full"]
    assert agency.notices.filter(key__startswith="photo-full").count() == 1


def test_photos_parked_by_another_keep_the_id(inspector: User, agency: User, village: Any, item: Any) -> None:
    key = uuid.uuid4()
    send(agency, key, jpeg())
    with pytest.raises(ReportConflict, check=lambda error: error.code == "id_taken"):
        report(inspector, village, item, id=key)


def test_stranger_learns_nothing_of_a_finding_by_sending_to_it(
    agency: User, changhai_office: User, village: Any, item: Any
) -> None:
    finding = report(agency, village, item)
    photo = send(changhai_office, finding, jpeg())
    assert photo.uses.count() == 0
    assert codes(finding) == []
    assert not Photo.objects.visible_to(agency, NOON.date()).filter(pk=photo.pk).exists()


def test_reader_who_did_not_report_sends_no_before_photo(
    inspector: User, hso: User, village: Any, item: Any
) -> None:
    finding = report(inspector, village, item)
    with refused("not_yours"):
        send(hso, finding, jpeg())


@pytest.mark.parametrize(("who", "side"), [("auditor", "before"), ("leader", "before"), ("sysadmin", "before"),
                                           ("department", "after"), ("inspector", "after")])  # fmt: skip
def test_roles_that_never_photograph_are_refused(request: pytest.FixtureRequest, who: str, side: str) -> None:
    with refused("not_yours"):
        send(request.getfixturevalue(who), uuid.uuid4(), jpeg(), side=side)


def test_straggler_joins_its_finding_by_the_sweep(agency: User, village: Any, item: Any) -> None:
    finding = report(agency, village, item)
    # stored in the same moment as the report: neither transaction saw the other
    Photo.objects.create(
        parent_id=finding.pk, uploader=agency, side="before", sha256=sha(b"x"), size=1, width=1, height=1,
        format="jpeg", received_at=NOON,
    )  # fmt: skip
    assert Photo.objects.join_stragglers(NOON) == 1
    assert codes(finding) == [sha(b"x")]
    assert Photo.objects.join_stragglers(NOON) == 0


def test_position_is_dropped_in_a_sensitive_area(
    agency: User, village: Any, sibling_village: Any, item: Any
) -> None:
    village.sensitive_area = True
    village.save()
    place = {"lat": 39, "lon": 121, "accuracy": 12}
    kept = send(agency, report(agency, sibling_village, item), jpeg(1), **place)
    dropped = send(agency, report(agency, village, item), jpeg(2), **place)
    key = uuid.uuid4()
    parked = send(agency, key, jpeg(3), **place)
    report(agency, village, item, id=key)
    rows = {photo.pk: photo.lat for photo in Photo.objects.all()}
    assert rows[kept.pk] == 39
    assert (rows[dropped.pk], rows[parked.pk]) == (None, None)


def test_owner_takes_back_a_parked_photo(inspector: User, storage_dir: Path) -> None:
    photo = send(inspector, uuid.uuid4(), jpeg())
    photo.discard(by=inspector)
    assert not Photo.objects.exists()
    assert sealed_files(storage_dir) == []


def test_attached_photo_is_not_taken_back(agency: User, village: Any, item: Any) -> None:
    photo = send(agency, report(agency, village, item), jpeg())
    with refused("photo_in_use"):
        photo.discard(by=agency)


def test_shared_photo_joins_each_finding_that_declares_it(agency: User, village: Any, item: Any) -> None:
    key, body = uuid.uuid4(), jpeg()
    declared = [{"id": str(key), "sha256": sha(body)}]
    first, second = (report(agency, village, item, photos=declared) for _ in range(2))
    send(agency, first, body, id=key)
    third = report(agency, village, item, photos=declared)
    assert [codes(finding) for finding in (first, second, third)] == [[sha(body)]] * 3
    assert all(Photo.objects.before_complete(f) for f in Finding.objects.all())
