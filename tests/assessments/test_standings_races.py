"""Two at once on PostgreSQL: rebuilds, a rebuild during publication, a decision during a rebuild."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from assessments import inputs, publication
from assessments.models import Edition, Period, open_sheets
from assessments.rebuilding import rebuild
from inspections.models import Visit, VisitItem
from tests.assessments.making import DAY, NOW
from tests.assessments.scored import all_entries, scored_period, visited
from tests.assessments.test_package import read, recomputed, unpacked
from tests.inspections.racing import at_once
from villages.models import Division, Village

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("committed")]
LATER = NOW + timedelta(days=6)


@pytest.fixture
def period(committed: None, hso: User, jinpu: Division, changhai: Division, village: Village,
           sibling_village: Village, island_village: Village) -> Period:  # fmt: skip
    made = scored_period(hso)
    for place, units in ((village, 20_000), (sibling_village, 30_000), (island_village, 30_000)):
        visited(made, place, {"A1-01": units})
    for unit in (jinpu, changhai):
        all_entries(made, unit, hso)
    made.refresh_from_db()
    open_sheets(made, by=hso, at=NOW, reason="均已报送")
    publication.send_provisional(made, by=hso, at=NOW, appeals_until=DAY + timedelta(days=5))
    return made


def again(period: Period) -> Period:
    return Period.objects.get(pk=period.pk)


def is_what_the_rows_say(period: Period, edition: Edition) -> bool:
    """Tell whether the edition was computed from what is there now, and holds each place once."""
    whole = edition.standings.count() == edition.standings.values("level", "place").distinct().count()
    return (
        whole and inputs.read(again(period), timezone.localdate(LATER)).fingerprint == edition.inputs_sha256
    )


def test_two_rebuilds_at_once_leave_one_whole_edition(period: Period) -> None:
    assert at_once(*[lambda: rebuild(again(period), at=LATER)] * 3) == ["done"] * 3
    assert is_what_the_rows_say(period, Edition.objects.get(period=period))


def test_a_rebuild_during_submission_changes_nothing_of_what_is_submitted(
    period: Period, hso: User, tmp_path: Path
) -> None:
    outcomes = at_once(
        lambda: publication.submit(again(period), by=hso, at=LATER), lambda: rebuild(again(period), at=LATER)
    )
    assert outcomes in (["done", "done"], ["done", "stands"])
    edition = Edition.objects.get(period=period)
    folder = unpacked(edition, tmp_path / "p")
    assert recomputed(folder).returncode == 0
    assert len(read(folder, "standings")) == edition.standings.count() and edition.package_sha256


def test_a_rebuild_during_publication_is_refused_and_all_rows_are_frozen(period: Period, hso: User) -> None:
    publication.submit(period, by=hso, at=LATER)
    approval = publication.Approval("会议纪要", "1号", DAY)
    publication.approve(period, by=hso, at=LATER, approval=approval)
    outcomes = at_once(
        lambda: publication.publish(again(period), by=hso, at=LATER), lambda: rebuild(again(period), at=LATER),
        lambda: publication.publish(again(period), by=hso, at=LATER),
    )  # fmt: skip
    assert (
        outcomes[1:] in (["done", "stands"], ["stands", "wrong_state"], ["done", "wrong_state"])
        or "done" in outcomes
    )
    edition = Edition.objects.get(period=period)
    assert edition.is_published and not edition.standings.filter(frozen=False).exists()
    assert not edition.village_items.filter(frozen=False).exists()
    assert not edition.standings.filter(parts__frozen=False).exists()
    assert again(period).events.filter(step="publish").count() == 1


def test_an_application_decided_during_a_rebuild_counts(period: Period, hso: User, jinpu_office: User, village: Village,
                                                        jinpu: Division) -> None:  # fmt: skip
    item = period.scheme.items.get(code="A1-01")
    row = publication.appeal(
        period, by=jinpu_office, at=NOW, unit=jinpu, item=item, source="visit", text="请复核", village=village
    )

    def decide() -> None:
        mine = type(row).objects.get(pk=row.pk)
        publication.decide(mine, by=hso, at=LATER, reason="照片系邻村", units=40_000)

    outcomes = at_once(decide, lambda: rebuild(again(period), at=LATER), decide)
    assert outcomes.count("done") == 2 and "wrong_state" in outcomes
    edition, decided = Edition.objects.get(period=period), type(row).objects.get(pk=row.pk)
    assert edition.standings.get(level="unit", place=jinpu.pk).total == decided.after
    assert is_what_the_rows_say(period, edition)


def test_a_visit_scored_anew_during_a_rebuild_is_seen_by_the_next_sweep(
    period: Period, village: Village
) -> None:
    visit = Visit.objects.get(village=village)

    def rescore() -> None:
        VisitItem.objects.filter(visit=visit, item__code="A1-01").update(units=40_000)
        Visit.objects.filter(pk=visit.pk).update(number=2, got=visit.got + 20_000)

    assert at_once(lambda: rebuild(again(period), at=LATER), rescore) == ["done", "done"]
    edition = Edition.objects.get(period=period)
    if not is_what_the_rows_say(period, edition):
        edition = rebuild(again(period), at=LATER)
    assert edition.village_items.get(village=village, item__code="A1-01").units == 40_000
