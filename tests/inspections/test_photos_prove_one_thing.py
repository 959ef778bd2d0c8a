"""The same bytes prove one village, one place and one day; what looks alike is shown to the reviewer."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from inspections.models import Finding, NearDuplicate, Photo, PhotoUse
from inspections.photo_rules import PhotoRefused, near, same_place
from tests.inspections.evidence import DAY, NOON, codes, report, send, sha, work
from tests.samples import encoded, jpeg, scene

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def refused(code: str) -> Any:
    """Expect a refusal with a code."""
    return pytest.raises(PhotoRefused, check=lambda error: error.code == code)


def test_photo_of_another_village_is_refused(
    agency: User, village: Any, sibling_village: Any, item: Any
) -> None:
    send(agency, report(agency, village, item), jpeg())
    with refused("photo_reused"):
        send(agency, report(agency, sibling_village, item), jpeg())


def test_reduced_copy_of_a_known_original_is_refused(
    agency: User, village: Any, sibling_village: Any, item: Any
) -> None:
    original = jpeg(1, size=(1200, 900))
    send(agency, report(agency, village, item), jpeg(1), original_sha256=sha(original))
    elsewhere = report(agency, sibling_village, item)
    with refused("photo_reused"):
        send(agency, elsewhere, jpeg(1, quality=60), original_sha256=sha(original))
    with refused("photo_reused"):
        send(agency, elsewhere, original)


def test_photo_of_an_earlier_day_is_refused(agency: User, village: Any, item: Any) -> None:
    send(agency, report(agency, village, item), jpeg())
    with refused("photo_reused"):
        send(agency, report(agency, village, item, at=NOON + DAY), jpeg(), at=NOON + DAY)


def test_photo_may_serve_two_findings_of_one_place(agency: User, village: Any, item: Any) -> None:
    first, second = report(agency, village, item), report(agency, village, item)
    send(agency, first, jpeg())
    send(agency, second, jpeg())
    assert codes(first) == codes(second)


def test_photo_of_another_place_of_the_village_is_refused(agency: User, village: Any, item: Any) -> None:
    send(agency, report(agency, village, item, place="村口"), jpeg())
    with refused("photo_reused"):
        send(agency, report(agency, village, item, place="河道"), jpeg())


@pytest.mark.parametrize(
    ("one", "other", "same"), [("村口", " 村口 ", True), ("", "村口", True), ("村口", "河道", False)]
)
def test_places_are_compared_kindly(one: str, other: str, same: bool) -> None:
    assert same_place(one, other) is same


def test_parked_photo_that_is_reused_is_not_adopted(
    agency: User, village: Any, sibling_village: Any, item: Any
) -> None:
    key = uuid.uuid4()
    parked = send(agency, key, jpeg())
    send(agency, report(agency, village, item), jpeg())
    later = report(agency, sibling_village, item, id=key)
    parked.refresh_from_db()
    assert (codes(later), parked.refused) == ([], "reused")
    assert agency.notices.get().text == parked.get_refused_display()


def test_before_photo_is_no_after_photo(
    inspector: User, huajia_official: User, village: Any, item: Any
) -> None:
    finding = report(inspector, village, item)
    before = jpeg(1)
    send_before(inspector, finding, before)
    with refused("photo_reused"):
        send(huajia_official, finding, before, side="after")


def send_before(by: User, finding: Any, body: bytes) -> None:
    """Attach a before-photo to a finding that is issued already."""
    photo = Photo.objects.create(
        parent_id=finding.pk, uploader=by, side="before", sha256=sha(body), size=len(body), width=640, height=480,
        format="jpeg", received_at=NOON,
    )  # fmt: skip
    PhotoUse.objects.add(finding, [photo], "before", by_id=by.pk, at=NOON)


def test_drafts_become_after_photos_by_the_submission(
    inspector: User, huajia_official: User, huajia_official_2: User, village: Any, item: Any
) -> None:
    finding = report(inspector, village, item)
    one = send(huajia_official, finding, jpeg(5), side="after")
    other = send(huajia_official_2, finding, jpeg(6), side="after")
    assert codes(finding, "after") == []
    assert list(Photo.objects.drafts_for(finding)) == sorted([one, other], key=lambda p: p.pk)
    finding.rectify(
        by=huajia_official, at=NOON + DAY, measures="清理", result="已清理", photos=[other.pk, one.pk]
    )
    assert codes(finding, "after") == [other.sha256, one.sha256]


def test_after_photos_are_taken_only_while_in_hand(
    inspector: User, agency: User, huajia_official: User, jinpu_office: User, village: Any, item: Any
) -> None:
    finding = report(inspector, village, item)
    with refused("not_yours"):
        send(inspector, finding, jpeg(5), side="after")
    finding.rectify(by=huajia_official, at=NOON, measures="清理", result="已清理")
    with refused("wrong_state"):
        send(huajia_official, finding, jpeg(5), side="after")


def test_draft_may_be_moved_to_another_finding(
    inspector: User, huajia_official: User, village: Any, item: Any
) -> None:
    one, other = report(inspector, village, item), report(inspector, village, item, place="河道")
    draft = send(huajia_official, one, jpeg(5), side="after")
    other.rectify(by=huajia_official, at=NOON, measures="清理", result="已清理", photos=[draft.pk])
    assert codes(other, "after") == [draft.sha256]
    with refused("photo_reused"):
        one.rectify(by=huajia_official, at=NOON, measures="清理", result="已清理", photos=[draft.pk])


def test_unknown_or_foreign_photos_are_missing(
    inspector: User,
    huajia_official: User,
    xiangying_official: User,
    village: Any,
    sibling_village: Any,
    item: Any,
) -> None:
    mine, theirs = report(inspector, village, item), report(inspector, sibling_village, item)
    foreign = send(xiangying_official, theirs, jpeg(5), side="after")
    for key in (uuid.uuid4(), foreign.pk):
        with refused("photo_missing"):
            Finding.objects.get(pk=mine.pk).rectify(
                by=huajia_official, at=NOON, measures="清理", result="已清理", photos=[key]
            )


def test_merged_report_shows_its_photos_on_the_other_finding(
    agency: User, hso: User, village: Any, item: Any
) -> None:
    first, second = report(agency, village, item), report(agency, village, item)
    send(agency, first, jpeg(1))
    send(agency, second, jpeg(2))
    second.merge_into(first, by=hso, at=NOON)
    assert codes(first) == [sha(jpeg(1)), sha(jpeg(2))]


# --- near-duplicates ------------------------------------------------------------------------------------------
def test_lookalike_of_another_finding_is_flagged_once(agency: User, village: Any, item: Any) -> None:
    first, second = report(agency, village, item), report(agency, village, item, place="河道")
    early = send(agency, first, jpeg(1, quality=90))
    late = send(agency, second, encoded(scene(1).resize((500, 375)), "JPEG"), at=NOON + timedelta(minutes=1))
    send(agency, second, jpeg(2))
    work()
    flag = NearDuplicate.objects.get()
    assert (flag.photo_id, flag.other_id) == (late.pk, early.pk)
    assert flag.distance <= 8
    assert list(NearDuplicate.objects.among([early.pk])) == [flag]


def test_own_before_and_after_are_never_flagged(
    inspector: User, huajia_official: User, village: Any, item: Any
) -> None:
    key = uuid.uuid4()
    send(inspector, key, jpeg(1, quality=90))
    finding = report(inspector, village, item, id=key)
    after = send(huajia_official, finding, jpeg(1, quality=70), side="after", at=NOON + DAY)
    finding.rectify(by=huajia_official, at=NOON + DAY, measures="清理", result="已清理", photos=[after.pk])
    work()
    assert not NearDuplicate.objects.exists()
    assert not PhotoUse.objects.to_compare().exists()


def test_lookalikes_of_other_townships_or_long_ago_are_not_flagged(
    agency: User, village: Any, sibling_village: Any, item: Any
) -> None:
    send(agency, report(agency, sibling_village, item), jpeg(1, quality=90))
    send(agency, report(agency, village, item, at=NOON - 800 * DAY), jpeg(1, quality=80), at=NOON - 800 * DAY)
    send(agency, report(agency, village, item), jpeg(1, quality=70))
    work()
    assert not NearDuplicate.objects.exists()


def test_comparison_takes_the_same_statements_for_many_photos(
    agency: User, village: Any, item: Any, django_assert_num_queries: Any
) -> None:
    def one_more(count: int) -> PhotoUse:
        finding = report(agency, village, item)
        for _ in range(count):
            row = Photo.objects.create(
                parent_id=finding.pk, uploader=agency, side="before", sha256=uuid.uuid4().hex * 2, size=1, width=1,
                height=1, format="jpeg", received_at=NOON, phash=f"{uuid.uuid4().int >> 64:016x}",
            )  # fmt: skip
            PhotoUse.objects.add(finding, [row], "before", by_id=agency.pk, at=NOON)
        return PhotoUse.objects.to_compare().filter(finding=finding).first()

    for count in (10, 100):
        use = one_more(count)
        with django_assert_num_queries(3):  # own findings, the township's hashes, the mark
            use.find_near_duplicates(at=NOON)


def test_distance_counts_differing_bits() -> None:
    one, other, own = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    rows = [(one, uuid.uuid4(), "00000000000000ff", NOON), (other, uuid.uuid4(), "00000000000001ff", NOON),
            (own, own, "0000000000000000", NOON)]  # fmt: skip
    assert near(uuid.uuid4(), "0" * 16, {own}, rows) == [(one, NOON, 8)]
