"""From provisional to published: each step by its office, frozen by the database, corrected by a new edition."""

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from assessments import publication
from assessments.models import (
    Appeal,
    Edition,
    Override,
    Period,
    Standing,
    StandingPart,
    VillageItem,
    open_sheets,
)
from assessments.publication import Approval
from assessments.rebuilding import rebuild
from inspections.steps import StepRefused
from notifications.models import Notice
from tests.assessments.making import DAY, NOW
from tests.assessments.scored import all_entries, scored_period, visited
from villages.models import Division, Village

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
UNTIL = DAY + timedelta(days=5)
LATER = NOW + timedelta(days=6)
APPROVED = Approval("市委农村工作领导小组会议纪要", "〔2026〕12号", DAY + timedelta(days=6))


@pytest.fixture
def period(hso: User, jinpu: Division, changhai: Division, village: Village, sibling_village: Village,
           island_village: Village) -> Period:  # fmt: skip
    """Return an open quarter with everything there, its sheets opened."""
    made = scored_period(hso)
    visited(made, village, {"A1-01": 20_000})
    visited(made, sibling_village, {"A1-01": 30_000})
    visited(made, island_village, {"A1-01": 30_000})
    for unit in (jinpu, changhai):
        all_entries(made, unit, hso)
    made.refresh_from_db()
    open_sheets(made, by=hso, at=NOW, reason="均已报送")
    return made


def sent(period: Period, by: User) -> Period:
    publication.send_provisional(period, by=by, at=NOW, appeals_until=UNTIL)
    return period


def published(period: Period, by: User) -> Edition:
    sent(period, by)
    publication.submit(period, by=by, at=LATER)
    publication.approve(period, by=by, at=LATER, approval=APPROVED)
    return publication.publish(period, by=by, at=LATER)


def raised(period: Period, by: User, village: Village | None = None, **more: Any) -> Appeal:
    item = period.scheme.items.get(code="A1-01")
    fields = {
        "unit": village.county_on(DAY) if village else None,
        "item": item,
        "source": "visit",
        "text": "照片不是本村",
        **more,
    }
    return publication.appeal(period, by=by, at=NOW + timedelta(days=1), village=village, **fields)


def test_units_are_told_that_their_figures_are_there(period: Period, hso: User, jinpu_office: User) -> None:
    sent(period, hso)
    assert period.state == "provisional" and period.appeals_until == UNTIL
    assert Notice.objects.filter(user=jinpu_office, key__contains=":provisional:").count() == 1
    assert Edition.objects.get(period=period).standings.filter(level="unit", provisional=False).count() == 2


def test_the_whole_way_leads_to_frozen_rows(period: Period, hso: User) -> None:
    edition = published(period, hso)
    assert (edition.state, period.state, edition.approval_number) == (
        "published",
        "published",
        "〔2026〕12号",
    )
    with edition.package.open("rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == edition.package_sha256
    for model in (Edition, Standing, StandingPart, VillageItem):
        table = model._meta.db_table
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            with (
                pytest.raises(DatabaseError, match="append-only"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)


def test_published_figures_are_not_rebuilt(period: Period, hso: User) -> None:
    published(period, hso)
    with pytest.raises(StepRefused) as refused:
        rebuild(period, at=LATER)
    assert refused.value.code == "stands"


def test_what_was_submitted_stands_until_it_is_taken_back(
    period: Period, hso: User, village: Village
) -> None:
    sent(period, hso)
    edition = publication.submit(period, by=hso, at=LATER)
    visited(period, village, {"A1-01": 0})
    with pytest.raises(StepRefused):
        rebuild(period, at=LATER)
    publication.take_back(period, by=hso, at=LATER, remark="补充暗访")
    edition.refresh_from_db()
    assert (edition.package_sha256, period.state) == ("", "provisional")
    rebuild(period, at=LATER)


def test_it_is_not_submitted_while_units_may_apply_or_wait(
    period: Period, hso: User, jinpu_office: User, village: Village
) -> None:
    sent(period, hso)
    with pytest.raises(StepRefused) as refused:
        publication.submit(period, by=hso, at=NOW + timedelta(days=1))
    assert refused.value.code == "window_open"
    raised(period, jinpu_office, village)
    with pytest.raises(StepRefused) as refused:
        publication.submit(period, by=hso, at=LATER)
    assert refused.value.code == "appeals_wait"


def test_a_missing_source_is_not_submitted_without_a_word(period: Period, hso: User) -> None:
    period.sheets.filter(source="dept").update(state="submitted")
    sent(period, hso)
    with pytest.raises(StepRefused) as refused:
        publication.submit(period, by=hso, at=LATER)
    assert refused.value.code == "provisional"
    publication.submit(period, by=hso, at=LATER, remark="部门未报送，已催报两次")


@pytest.mark.parametrize(
    ("document", "number", "on"),
    [("", "1", DAY), ("纪要", " ", DAY), ("纪要", "1", DAY + timedelta(days=30))],
)
def test_an_approval_is_documented(period: Period, hso: User, document: str, number: str, on: date) -> None:
    sent(period, hso)
    publication.submit(period, by=hso, at=LATER)
    with pytest.raises(StepRefused):
        publication.approve(period, by=hso, at=LATER, approval=Approval(document, number, on))


def test_only_who_may_sign_publishes(period: Period, hso: User, hso_staff: User) -> None:
    sent(period, hso)
    publication.submit(period, by=hso, at=LATER)
    publication.approve(period, by=hso_staff, at=LATER, approval=APPROVED)
    with pytest.raises(StepRefused) as refused:
        publication.publish(period, by=hso_staff, at=LATER)
    assert refused.value.code == "not_yours"


def test_of_two_who_looked_at_the_same_page_the_second_is_told(period: Period, hso: User) -> None:
    other = Period.objects.get(pk=period.pk)
    sent(period, hso)
    with pytest.raises(StepRefused) as refused:
        sent(other, hso)
    assert refused.value.code == "conflict"


# --- applications for review ----------------------------------------------------------------------------------
def test_an_upheld_application_changes_the_score_and_keeps_both(
    period: Period, hso: User, jinpu_office: User, village: Village, jinpu: Division
) -> None:
    sent(period, hso)
    row = raised(period, jinpu_office, village)
    tried = publication.preview(row, at=NOW, units=40_000)
    assert not Override.objects.exists() and tried.moved == 1
    effect = publication.decide(row, by=hso, at=NOW + timedelta(days=2), reason="照片系邻村", units=40_000)
    assert (effect.after.total, effect.before.rank, effect.after.rank) == (tried.after.total, 2, 1)
    assert (row.state, row.before_rank, row.after_rank) == ("upheld", 2, 1) and row.before < row.after
    standing = Standing.objects.get(edition__period=period, level="unit", place=jinpu.pk)
    assert standing.total == row.after
    assert VillageItem.objects.get(village=village, item__code="A1-01").units == 40_000
    assert rebuild(period, at=NOW).standings.get(level="unit", place=jinpu.pk).total == row.after


def test_a_rejected_application_changes_nothing(
    period: Period, hso: User, jinpu_office: User, village: Village
) -> None:
    sent(period, hso)
    row = raised(period, jinpu_office, village)
    publication.decide(row, by=hso, at=NOW, reason="照片位置清楚")
    assert (row.state, row.before) == ("rejected", row.after) and not Override.objects.exists()
    assert Notice.objects.filter(user=jinpu_office, key=f"appeal:{row.pk}:decided").exists()
    with pytest.raises(StepRefused):
        publication.decide(row, by=hso, at=NOW, reason="再次")


def test_a_departments_score_is_reviewed_without_a_village(
    period: Period, hso: User, jinpu_office: User, jinpu: Division
) -> None:
    item = period.scheme.items.get(code="A3-02")
    sent(period, hso)
    row = raised(period, jinpu_office, unit=jinpu, item=item, source="dept")
    publication.decide(row, by=hso, at=NOW, reason="名单有误", units=10_000)
    part = StandingPart.objects.get(
        standing__place=jinpu.pk, standing__level="unit", code="A3-02", source="dept"
    )
    assert part.value == 10_000


@pytest.mark.parametrize(
    ("who", "at", "code"),
    [("changhai_office", NOW, "not_yours"), ("hso", NOW, "not_yours"), ("jinpu_office", LATER, "too_late")],
)
def test_only_the_assessed_unit_applies_and_only_in_the_window(
    request: pytest.FixtureRequest,
    period: Period,
    hso: User,
    village: Village,
    jinpu: Division,
    who: str,
    at: datetime,
    code: str,
) -> None:
    sent(period, hso)
    by, item = request.getfixturevalue(who), period.scheme.items.get(code="A1-01")
    with pytest.raises(StepRefused) as refused:
        publication.appeal(
            period, by=by, at=at, unit=jinpu, item=item, source="visit", text="请复核", village=village
        )
    assert refused.value.code == code


def test_the_same_score_is_reviewed_once_at_a_time(
    period: Period, hso: User, jinpu_office: User, village: Village, island_village: Village
) -> None:
    sent(period, hso)
    raised(period, jinpu_office, village)
    with pytest.raises(StepRefused) as refused:
        raised(period, jinpu_office, village)
    assert refused.value.code == "waiting"
    with pytest.raises(StepRefused) as refused:
        raised(period, jinpu_office, island_village, unit=village.county_on(DAY))
    assert refused.value.code == "invalid"


# --- corrections ----------------------------------------------------------------------------------------------
def test_a_correction_is_a_new_edition_beside_the_old(
    period: Period, hso: User, village: Village, jinpu: Division
) -> None:
    first = published(period, hso)
    visited(period, village, {"A1-01": 40_000})
    second = publication.correct(period, by=hso, at=LATER, reason="一份检查表漏报")
    assert (second.number, second.state, period.editions.count()) == (2, "provisional", 2)
    publication.publish_correction(period, by=hso, at=LATER, approval=APPROVED)
    totals = [
        row.standings.get(level="unit", place=jinpu.pk).total for row in period.editions.order_by("number")
    ]
    assert totals[0] < totals[1]
    first.refresh_from_db()
    assert first.is_published and Edition.objects.published().latest_of(period) == second
    with pytest.raises(StepRefused):
        publication.publish_correction(period, by=hso, at=LATER, approval=APPROVED)


def test_a_correction_needs_a_reason_and_can_be_given_up(period: Period, hso: User) -> None:
    published(period, hso)
    with pytest.raises(StepRefused):
        publication.correct(period, by=hso, at=LATER, reason=" ")
    publication.correct(period, by=hso, at=LATER, reason="名单有误")
    publication.drop_correction(period, by=hso, at=LATER, remark="不需要")
    assert period.editions.count() == 1


def test_who_reads_which_edition(period: Period, hso: User, hso_staff: User, jinpu_office: User, huajia_official: User,
                                 auditor: User, inspector: User, department: User) -> None:  # fmt: skip
    def readers() -> set[str]:
        everybody = (hso_staff, jinpu_office, huajia_official, auditor, inspector, department)
        return {user.username for user in everybody if Edition.objects.visible_to(user, DAY).exists()}

    rebuild(period, at=NOW)
    assert readers() == {"hso_staff"}
    sent(period, hso)
    assert readers() == {"hso_staff", "jinpu", "auditor"}
    publication.submit(period, by=hso, at=LATER)
    publication.approve(period, by=hso, at=LATER, approval=APPROVED)
    publication.publish(period, by=hso, at=LATER)
    assert readers() == {"hso_staff", "jinpu", "huajia", "auditor", "department"}
