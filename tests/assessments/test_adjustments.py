"""Bonuses and penalties: documented, capped, by two persons, before the period goes on; the database insists."""

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from assessments.models import Adjustment, Period
from inspections.steps import StepRefused
from tests.assessments.making import NOW, opened
from tests.cast import make_division

pytestmark = pytest.mark.django_db
CAP = settings.ADJUSTMENT_CAP_POINTS * 10_000


@pytest.fixture
def period(hso, jinpu, changhai):
    return opened(hso)


@pytest.fixture
def propose(period, jinpu, hso_staff):
    def make(units=5_000, **more):
        columns = {
            "unit": jinpu,
            "kind": "bonus",
            "category": "honour",
            "reason": "省级名单",
            "document": "1号",
        }
        return Adjustment.objects.propose(
            period=period, by=hso_staff, at=NOW, units=units, **{**columns, **more}
        )

    return make


def refused(code, act, *args, **kwargs):
    with pytest.raises(StepRefused) as caught:
        act(*args, **kwargs)
    assert caught.value.code == code


def test_who_proposes_does_not_approve(propose, hso_staff, hso, auditor):
    row = propose()
    refused("both_sides", row.approve, by=hso_staff, at=NOW)
    refused("not_yours", row.approve, by=auditor, at=NOW)
    row.approve(by=hso, at=NOW, remark="同意")
    assert row.state == "approved" and row.signed_units == 5_000
    refused("wrong_state", row.refuse, by=hso, at=NOW, remark="x")


def test_a_refusal_has_its_reason_and_a_proposal_can_be_withdrawn(propose, hso, hso_staff):
    row, other = propose(), propose()
    refused("invalid", row.refuse, by=hso, at=NOW, remark=" ")
    row.refuse(by=hso, at=NOW, remark="依据不足")
    refused("not_yours", other.withdraw, by=hso, at=NOW)
    other.withdraw(by=hso_staff, at=NOW)
    assert not Adjustment.objects.approved().exists() and not Adjustment.objects.waiting().exists()


def test_the_sum_of_a_kind_stays_within_the_cap(propose, hso, changhai):
    refused("over_cap", propose, units=CAP + 1)
    propose(units=CAP).approve(by=hso, at=NOW)
    refused("over_cap", propose(units=1).approve, by=hso, at=NOW)
    propose(units=CAP, kind="penalty", category="incident").approve(by=hso, at=NOW)
    propose(units=CAP, unit=changhai).approve(by=hso, at=NOW)
    assert sum(row.signed_units for row in Adjustment.objects.approved()) == CAP


def test_a_category_goes_with_its_kind_and_a_unit_with_its_period(propose, city):
    refused("invalid", propose, category="incident")
    refused("invalid", propose, unit=make_division("county", "新区", city, number_prefix="XQ"))


def test_no_category_is_about_media_instructions_or_the_use_of_a_system():
    words = " ".join(f"{value} {label}" for value, label in Adjustment.Category.choices).lower()
    assert not any(
        word in words for word in ("media", "instruction", "system", "use", "other", "批示", "媒体")
    )


def test_nothing_is_adjusted_once_the_period_waits_for_approval(propose, period, hso):
    row = propose()
    Period.objects.filter(pk=period.pk).update(state="submitted", sheets_opened_at=NOW)
    row.refresh_from_db()
    refused("wrong_state", Adjustment.objects.get(pk=row.pk).approve, by=hso, at=NOW)


def test_a_unit_reads_the_approved_ones_about_itself(
    propose, hso, jinpu_office, changhai_office, huajia_official
):
    row, _open = propose(), propose()
    row.approve(by=hso, at=NOW)
    day = NOW.date()
    assert list(Adjustment.objects.visible_to(jinpu_office, day)) == [row]
    for stranger in (changhai_office, huajia_official):
        assert not Adjustment.objects.visible_to(stranger, day).exists()


WRONG = [
    "UPDATE assessments_adjustment SET state = 'approved', approved_by_id = proposed_by_id, decided_at = proposed_at",
    "UPDATE assessments_adjustment SET state = 'approved'",
    "UPDATE assessments_adjustment SET units = 0",
    "UPDATE assessments_adjustment SET reason = ''",
    "UPDATE assessments_adjustment SET document = ''",
    "UPDATE assessments_adjustment SET category = 'media'",
    "UPDATE assessments_adjustment SET category = 'incident'",
]


@pytest.mark.engine
def test_the_database_refuses(propose, hso):
    decided = propose()
    open_one = propose()
    decided.approve(by=hso, at=NOW)
    wrong = [f"{statement} WHERE state = 'proposed'" for statement in WRONG]
    wrong += [
        "UPDATE assessments_adjustment SET units = 1 WHERE state = 'approved'",
        "DELETE FROM assessments_adjustment WHERE state = 'approved'",
    ]
    for statement in wrong:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    open_one.refresh_from_db()
    assert open_one.state == "proposed"
