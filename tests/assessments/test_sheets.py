"""Filling in and handing in a sheet: points follow from facts, what is handed in stays as it was."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, connection, transaction

from assessments.models import Entry, EntryFile, FactValues, Sheet, SheetSnapshot, Values, open_sheets
from assessments.steps import SheetState
from inspections.attachments import FileRefused
from inspections.steps import StepRefused
from schemes.models import Item
from tests.assessments.making import (
    DAY,
    DUE,
    NOW,
    bureau_of,
    bureau_sheet,
    clerk_of,
    clock,
    fact,
    fill,
    full,
    hand_in,
    opened,
    self_sheet,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def period(hso, jinpu, changhai):
    return opened(hso)


@pytest.fixture
def sheet(period, jinpu):
    return self_sheet(period, jinpu)


def item_of(sheet, code):
    return next(item for item in sheet.items() if item.code == code)


def refused(code, act, *args, **kwargs):
    with pytest.raises(StepRefused) as caught:
        act(*args, **kwargs)
    assert caught.value.code == code


SCORED = [
    # A1-03: 3 points, target 100 %, nothing at 80 % or below. A2-06: 2 points, 0.25 a fact
    ("A1-03", Values(sampled=100, met=100), 30_000),
    ("A1-03", Values(sampled=100, met=90), 15_000),
    ("A1-03", Values(sampled=3, met=3), 30_000),
    ("A1-03", Values(sampled=100, met=80), 0),
    ("A1-03", Values(applies=False, reason="没有这类设施"), None),
    ("A2-06", Values(), 20_000),
]


@pytest.mark.parametrize(("code", "values", "units"), SCORED)
def test_points_follow_from_what_is_typed(code, values, units, sheet, jinpu, jinpu_office):
    entry, new = sheet.fill(by=jinpu_office, at=NOW, unit=jinpu, item=item_of(sheet, code), values=values)
    assert new and entry.units == units


def test_each_fact_is_one_deduction_and_none_is_capped_as_at_a_visits_point(
    sheet, jinpu, jinpu_office, village
):
    item = item_of(sheet, "A2-06")
    facts = (fact("一"), fact("二", village=village, place="村口"), fact("三"))
    entry, _new = sheet.fill(by=jinpu_office, at=NOW, unit=jinpu, item=item, values=Values(facts=facts))
    assert entry.units == item.points - 3 * item.rule["per_finding"]
    assert [row.text for row in entry.facts.order_by("position")] == ["一", "二", "三"]


def test_no_fact_leaves_an_item_without_a_point_whose_rule_does_not_say_so(sheet, jinpu, jinpu_office):
    item, values = item_of(sheet, "A2-06"), Values(facts=(fact(zero_if=True),))
    refused("invalid", sheet.fill, by=jinpu_office, at=NOW, unit=jinpu, item=item, values=values)


WRONG = [
    Values(),
    Values(sampled=0, met=0),
    Values(sampled=5),
    Values(sampled=5, met=6),
    Values(applies=False, reason=" "),
]


@pytest.mark.parametrize("values", WRONG)
def test_what_the_rule_cannot_score_is_refused(values, sheet, jinpu, jinpu_office):
    refused(
        "invalid",
        sheet.fill,
        by=jinpu_office,
        at=NOW,
        unit=jinpu,
        item=item_of(sheet, "A1-03"),
        values=values,
    )
    assert not sheet.entries.exists()


def test_the_same_again_changes_nothing(sheet, jinpu, jinpu_office):
    item = item_of(sheet, "A2-06")
    values = Values(facts=(fact("一"),), remark="见附件")
    first, _new = sheet.fill(by=jinpu_office, at=NOW, unit=jinpu, item=item, values=values)
    again, new = sheet.fill(
        by=jinpu_office, at=NOW + timedelta(hours=1), unit=jinpu, item=item, values=values, version=1
    )
    assert not new and again.version == 1 and again.updated_at == first.updated_at


def test_a_colleague_who_was_faster_is_not_overwritten(sheet, jinpu, jinpu_office):
    item = item_of(sheet, "A1-03")
    sheet.fill(by=jinpu_office, at=NOW, unit=jinpu, item=item, values=Values(sampled=10, met=9))
    refused(
        "conflict",
        sheet.fill,
        by=jinpu_office, at=NOW, unit=jinpu, item=item, values=Values(sampled=10, met=8), version=0,
    )  # fmt: skip
    assert sheet.entries.get().met == 9


def test_only_its_owner_fills_a_sheet(sheet, jinpu, hso, changhai_office, huajia_official):
    item = item_of(sheet, "A1-03")
    for user in (hso, changhai_office, huajia_official):
        refused("not_yours", sheet.fill, by=user, at=NOW, unit=jinpu, item=item, values=full(item))


def test_another_unit_or_an_item_of_another_source_has_no_place_in_it(sheet, jinpu, changhai, jinpu_office):
    mine, system = item_of(sheet, "A1-03"), Item.objects.get(code="A8-01")
    refused("not_here", sheet.fill, by=jinpu_office, at=NOW, unit=changhai, item=mine, values=full(mine))
    refused("not_here", sheet.fill, by=jinpu_office, at=NOW, unit=jinpu, item=system, values=full(system))


def test_a_sheet_with_gaps_is_not_handed_in(sheet, jinpu_office):
    refused("incomplete", sheet.submit, by=jinpu_office, at=NOW)


def test_what_is_handed_in_is_kept_as_it_was_and_filled_no_more(sheet, jinpu, jinpu_office):
    item = item_of(sheet, "A2-06")
    sheet.fill(by=jinpu_office, at=NOW, unit=jinpu, item=item, values=Values(facts=(fact("一"),)))
    hand_in(sheet, jinpu_office)
    assert sheet.state == SheetState.SUBMITTED
    kept = SheetSnapshot.objects.get().rows
    assert len(kept) == len(sheet.items())
    assert [row["facts"][0]["text"] for row in kept if row["facts"]] == ["一"]
    refused("wrong_state", sheet.fill, by=jinpu_office, at=NOW, unit=jinpu, item=item, values=Values())


def test_a_sheet_read_before_it_was_handed_in_cannot_be_filled_after(sheet, jinpu, jinpu_office):
    stale = self_sheet(sheet.period, jinpu)
    item = item_of(sheet, "A2-06")
    hand_in(sheet, jinpu_office)
    refused("conflict", stale.fill, by=jinpu_office, at=NOW, unit=jinpu, item=item, values=Values())


def test_a_sealed_sheet_can_be_taken_back_by_its_owner_alone(sheet, jinpu_office, hso):
    hand_in(sheet, jinpu_office)
    refused("not_yours", sheet.take_back, by=hso, at=NOW)
    sheet.take_back(by=jinpu_office, at=NOW)
    assert sheet.state == SheetState.DRAFT


def test_the_office_sends_back_with_a_reason(sheet, jinpu_office, hso):
    hand_in(sheet, jinpu_office)
    refused("invalid", sheet.send_back, by=hso, at=NOW, reason=" ")
    sheet.send_back(by=hso, at=NOW, reason="缺少附件")
    assert (sheet.state, sheet.returned_reason) == (SheetState.RETURNED, "缺少附件")
    assert sheet in Sheet.objects.owed()


def test_a_late_sheet_opens_as_it_comes_once_the_others_are_open(period, sheet, jinpu_office, hso):
    open_sheets(period, by=hso, at=NOW, reason="未报齐")
    late = self_sheet(period, sheet.unit)
    assert late.is_late(DUE + timedelta(days=1)) and not late.is_late(DUE)
    hand_in(late, jinpu_office, clock(DUE + timedelta(days=1)))
    assert late.state == SheetState.OPENED and late.came_late


def test_a_department_says_something_of_every_unit(period, jinpu, changhai):
    bureau = bureau_of("A2-02")
    sheet, clerk = bureau_sheet(period, bureau), clerk_of(bureau)
    assert sheet.units() == [jinpu, changhai]
    assert len(sheet.missing()) == 2 * len(sheet.items())
    fill(sheet, clerk)
    assert sheet.missing() == []


def test_files_are_evidence_until_the_sheet_is_handed_in(sheet, jinpu, jinpu_office, storage_dir):
    item = item_of(sheet, "A1-03")
    entry, _new = sheet.fill(by=jinpu_office, at=NOW, unit=jinpu, item=item, values=full(item))
    file = sheet.attach(
        entry, by=jinpu_office, at=NOW, file=ContentFile(b"%PDF-1.4 %%EOF", "合同.pdf"), kind="pdf"
    )
    with pytest.raises(FileRefused):
        sheet.attach(entry, by=jinpu_office, at=NOW, file=ContentFile(b"%PDF-1.4 %%EOF", "x.pdf"), kind="pdf")
    sheet.detach(file, by=jinpu_office, at=NOW)
    kept = sheet.attach(
        entry, by=jinpu_office, at=NOW, file=ContentFile(b"%PDF-1.5 %%EOF", "x.pdf"), kind="pdf"
    )
    hand_in(sheet, jinpu_office)
    refused("wrong_state", sheet.detach, kept, by=jinpu_office, at=NOW)
    assert EntryFile.objects.get() == kept


READ = {
    # who reads what of Jinpu's and Changhai's self-assessment, before and after the office has opened the sheets
    "jinpu_office": ({"own"}, {"own"}),
    "changhai_office": ({"other"}, {"other"}),
    "hso": (set(), {"own", "other"}),
    "auditor": (set(), {"own", "other"}),
    "leader": (set(), {"own"}),
    "huajia_official": (set(), set()),
    "inspector": (set(), set()),
    "department": (set(), set()),
}


@pytest.mark.parametrize("who", READ)
def test_a_sheet_is_its_owners_alone_until_it_is_opened(who, period, jinpu, changhai, hso, request):
    jinpu_office = request.getfixturevalue("jinpu_office")
    changhai_office = request.getfixturevalue("changhai_office")
    user = request.getfixturevalue(who)
    sheets = {"own": self_sheet(period, jinpu), "other": self_sheet(period, changhai)}
    hand_in(sheets["own"], jinpu_office)
    hand_in(sheets["other"], changhai_office)

    def read():
        seen = set(Sheet.objects.visible_to(user, DAY).values_list("pk", flat=True))
        entries = set(Entry.objects.visible_to(user, DAY).values_list("sheet_id", flat=True))
        assert {key for key in seen if Sheet.objects.get(pk=key).unit_id} == entries
        return {name for name, sheet in sheets.items() if sheet.pk in seen}

    assert read() == READ[who][0]
    open_sheets(period, by=hso, at=NOW, reason="x")
    assert read() == READ[who][1]


def test_a_unit_reads_what_departments_say_of_it_and_of_no_other(period, jinpu, changhai, jinpu_office, hso):
    bureau = bureau_of("A2-02")
    hand_in(bureau_sheet(period, bureau), clerk_of(bureau))
    assert not Entry.objects.visible_to(jinpu_office, DAY).exists()
    open_sheets(period, by=hso, at=NOW, reason="x")
    assert {entry.unit for entry in Entry.objects.visible_to(jinpu_office, DAY).select_related("unit")} == {
        jinpu
    }


DATABASE_REFUSES = [
    "UPDATE assessments_entry SET units = NULL",
    "UPDATE assessments_entry SET status = 'not_applicable'",
    "UPDATE assessments_entry SET sampled = 5, met = 6",
    "UPDATE assessments_entry SET sampled = 5",
    "UPDATE assessments_entryfact SET text = ''",
    "UPDATE assessments_sheetevent SET step = 'x'",
    "DELETE FROM assessments_sheetsnapshot",
]


@pytest.mark.engine
@pytest.mark.parametrize("statement", DATABASE_REFUSES)
def test_the_database_refuses(statement, sheet, jinpu, jinpu_office):
    item = item_of(sheet, "A2-06")
    sheet.fill(by=jinpu_office, at=NOW, unit=jinpu, item=item, values=Values(facts=(FactValues("一"),)))
    hand_in(sheet, jinpu_office)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
