"""Standings are rebuilt whole from the rows, with a fixed number of statements."""

from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from assessments.models import Edition, Period, Standing
from assessments.rebuilding import rebuild
from inspections.models import Visit, VisitItem
from tests.assessments.making import NOW
from tests.assessments.scored import SKIPPED, WITHOUT, all_entries, scored_period, visited
from tests.cast import make_village
from villages.models import Division, Village

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def period(hso: User, jinpu: Division, changhai: Division, village: Village, sibling_village: Village,
           island_village: Village) -> Period:  # fmt: skip
    """Return an open quarter with one visit to Liujia that found something, and two to Xiaoyanchang."""
    made = scored_period(hso)
    visited(made, village, {"A1-01": 20_000, "A2-04": SKIPPED, "A5-02": WITHOUT})
    visited(made, island_village, {"A1-01": 30_000})
    visited(made, island_village, {"A1-01": 35_000})
    return made


def of(edition: Edition, level: str, place: Division | Village) -> Standing:
    return edition.standings.get(level=level, place=place.pk)


def test_a_village_is_the_mean_of_its_visits_scaled_to_a_hundred(
    period: Period, island_village: Village
) -> None:
    row = of(rebuild(period, at=NOW), "village", island_village)
    possible = sum(
        item.item.points
        for item in VisitItem.objects.filter(visit=Visit.objects.last()).select_related("item")
    )
    lost = 40_000 - Fraction(65_000, 2)
    assert row.total == Fraction(1_000_000 * (possible - lost), possible)
    assert (row.visits, row.covered, row.whole, row.rank) == (2, 1, 1, 1)


def test_what_was_not_looked_at_or_does_not_apply_is_left_out(period: Period, village: Village) -> None:
    edition = rebuild(period, at=NOW)
    row = of(edition, "village", village)
    parts = {part.code: part for part in row.parts_now() if part.kind == "item"}
    assert (parts["A2-04"].value, parts["A2-04"].applies) == (None, True)
    assert (parts["A5-02"].value, parts["A5-02"].applies) == (None, False)
    points = sum(part.points for part in parts.values() if part.value is not None)
    assert row.total == Fraction(1_000_000 * (points - 20_000), points)


def test_an_unvisited_village_is_not_ranked_and_coverage_says_so(
    period: Period, sibling_village: Village, jinpu: Division, xiangying: Division
) -> None:
    edition = rebuild(period, at=NOW)
    missing = of(edition, "village", sibling_village)
    assert (missing.total, missing.rank, missing.covered) == (None, None, 0)
    assert (of(edition, "unit", jinpu).covered, of(edition, "unit", jinpu).whole) == (1, 2)
    assert of(edition, "township", xiangying).rank is None


def test_a_unit_without_its_sheets_is_provisional_and_with_them_it_is_not(
    period: Period, jinpu: Division, hso: User
) -> None:
    assert of(rebuild(period, at=NOW), "unit", jinpu).provisional
    all_entries(period, jinpu, hso)
    row = of(rebuild(period, at=NOW), "unit", jinpu)
    missing = row.parts.filter(kind="item", source="", provisional=True)
    assert list(missing.values_list("code", flat=True)) == ["A2-04"]  # nobody looked at it
    assert row.parts.get(kind="item", code="A1-01", source="visit").value == 20_000


def test_an_item_that_applies_nowhere_visited_is_left_out_of_the_unit(
    period: Period, jinpu: Division
) -> None:
    part = of(rebuild(period, at=NOW), "unit", jinpu).parts.get(kind="item", code="A5-02", source="")
    assert (part.value, part.applies, part.provisional, part.without) == (None, False, False, 1)


def test_twice_gives_the_same_rows(period: Period, jinpu: Division, hso: User) -> None:
    all_entries(period, jinpu, hso)
    snapshots = []
    for _ in range(2):
        edition = rebuild(period, at=NOW)
        rows = list(edition.standings.order_by("level", "place").values())
        parts = list(
            edition.standings.order_by("level", "place").values_list(
                "parts__kind", "parts__code", "parts__value"
            )
        )
        snapshots.append(
            ([{k: v for k, v in row.items() if k != "id"} for row in rows], sorted(parts, key=str))
        )
    assert snapshots[0] == snapshots[1] and Edition.objects.count() == 1


def test_only_visits_under_the_periods_own_scheme_count(period: Period, village: Village) -> None:
    other = period.scheme
    other.pk, other.version = None, 9
    other.is_default, other.frozen_at = False, None
    other.save()
    Visit.objects.filter(village=village).update(scheme=other)
    period.refresh_from_db()
    edition = rebuild(period, at=NOW)
    assert (edition.visits, edition.left_out) == (2, 1)
    assert of(edition, "village", village).rank is None


@pytest.mark.parametrize("villages", [10, 100])
def test_the_number_of_statements_does_not_grow(period: Period, huajia: Division, villages: int) -> None:
    for number in range(villages):
        visited(period, make_village(f"屯{number}", huajia, f"2102991{number:05d}"), {"A1-01": 100 * number})
    rebuild(period, at=NOW)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        rebuild(period, at=NOW)
    if connection.vendor == "postgresql":  # SQLite takes rows in batches
        assert len(seen) == 29, [query["sql"][:60] for query in seen]


def test_standing_rows_say_where_a_sample_stands_for_a_whole(period: Period, jinpu: Division, changhai: Division,
                                                             xiangying: Division) -> None:  # fmt: skip
    for number in range(3):
        visited(
            period, make_village(f"屯{number}", xiangying, f"2102981{number:05d}"), {"A1-01": 10_000 * number}
        )
    edition = rebuild(period, at=NOW)
    row = of(edition, "unit", jinpu)
    assert (
        row.error and row.low is not None and row.high is not None and row.low < (row.display or 0) < row.high
    )
    whole = of(edition, "unit", changhai)
    assert whole.error is None and (whole.best_rank, whole.worst_rank) != (None, None)
