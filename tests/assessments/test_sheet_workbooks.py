"""A department's grid in Excel: out and in again changes nothing; every wrong cell is named; all or nothing."""

import io

import pytest
import time_machine
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from assessments.models import Entry, Period, SheetImport, Values
from assessments.workbook import COLUMNS
from tests.assessments.making import NOW, bureau_of, bureau_sheet, clerk_of, fact, fill, opened
from villages.spreadsheet import read_rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def bureau(hso, jinpu, changhai):
    opened(hso)
    return bureau_of("A2-02")


@pytest.fixture
def sheet(bureau):
    return bureau_sheet(Period.objects.get(), bureau)


@pytest.fixture
def clerk(bureau):
    return clerk_of(bureau)


def table(*rows):
    """Return a workbook with these lines, each a dict by column key."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet()
    for column, names in enumerate(COLUMNS.values()):
        page.write_string(0, column, names[0])
    for number, row in enumerate(rows, start=1):
        for column, key in enumerate(COLUMNS):
            page.write(number, column, row.get(key, ""))
    book.close()
    return SimpleUploadedFile("t.xlsx", out.getvalue())


def send(client, sheet, file):
    """Upload a workbook and return its dry run with its address."""
    answer = client.post(reverse("sheet_import", args=[sheet.pk]), {"file": file})
    assert answer.status_code == 302
    return client.get(answer["Location"]), answer["Location"]


def test_out_and_in_again_changes_nothing(sheet, clerk, jinpu, client_for, village):
    item = next(row for row in sheet.items() if row.code == "A2-02")
    facts = (fact("=残垣", village=village, place="村口"), fact("断壁"))
    sheet.fill(by=clerk, at=NOW, unit=jinpu, item=item, values=Values(facts=facts, remark="见附件"))
    client = client_for(clerk)
    body = client.get(reverse("sheet_workbook", args=[sheet.pk])).content
    rows = read_rows(body, COLUMNS, ("unit", "code"))
    assert len(rows) == 2 * len(sheet.items()) + 1
    assert [row["fact"] for row in rows if row["fact"]] == ["'=残垣", "断壁"]
    page, _url = send(client, sheet, SimpleUploadedFile("t.xlsx", body))
    plan = page.context["plan"]
    assert (plan.errors, plan.new, plan.changed, plan.same) == ([], 0, 0, 1)


def test_each_line_is_a_fact_and_all_come_in_at_once(sheet, clerk, jinpu, changhai, client_for, village):
    client = client_for(clerk)
    file = table(
        {"unit": "金普新区", "code": "A2-02", "fact": "断墙", "village": "华家街道 柳家"},
        {"unit": "金普新区", "code": "A2-02", "fact": "废棚"},
        {"unit": "长海县", "code": "A2-02", "status": "适用"},
        {"unit": "长海县", "code": "A5-01", "status": "不适用", "reason": "没有规模养殖"},
        {"unit": "长海县", "code": "A2-04"},
    )
    page, url = send(client, sheet, file)
    assert page.context["plan"].new == 3 and not Entry.objects.exists()
    assert client.post(url).status_code == 302
    stored = {(entry.unit, entry.item.code): entry for entry in Entry.objects.select_related("unit", "item")}
    assert set(stored) == {(jinpu, "A2-02"), (changhai, "A2-02"), (changhai, "A5-01")}
    assert stored[jinpu, "A2-02"].facts.count() == 2 and stored[changhai, "A5-01"].units is None
    client.post(url)
    assert SheetImport.objects.get().done_at and Entry.objects.count() == 3


WRONG = [
    ({"unit": "沙河口区", "code": "A2-02", "status": "适用"}, "区市县"),
    ({"unit": "金普新区", "code": "A8-01", "status": "适用"}, "事项编号"),
    ({"unit": "金普新区", "code": "A2-02", "status": "也许"}, "是否适用"),
    ({"unit": "金普新区", "code": "A2-02", "status": "不适用"}, "不适用理由"),
    ({"unit": "金普新区", "code": "A2-02", "fact": "x", "village": "无此村"}, "村"),
    ({"unit": "金普新区", "code": "A2-02", "place": "村口"}, "扣分事实"),
    ({"unit": "金普新区", "code": "A5-01", "sampled": "五", "met": "3"}, "抽查数"),
    ({"unit": "金普新区", "code": "A5-01", "sampled": 5, "met": 6}, "达标数"),
    ({"unit": "金普新区", "code": "A5-01", "status": "适用"}, "抽查数"),
]


def test_every_wrong_cell_is_named_by_row_and_column_and_nothing_comes_in(sheet, clerk, client_for, village):
    client = client_for(clerk)
    good = {"unit": "长海县", "code": "A2-02", "status": "适用"}
    for row, column in WRONG:
        page, url = send(client, sheet, table(good, row))
        errors = page.context["plan"].errors
        assert [(error.row, error.column) for error in errors] == [(3, column)], row
        assert client.post(url).status_code == 200
    assert not Entry.objects.exists()


def test_what_is_no_table_is_said(sheet, clerk, client_for):
    page, _url = send(client_for(clerk), sheet, SimpleUploadedFile("t.xlsx", b"PK\x03\x04nothing"))
    assert page.status_code == 422


def test_a_sheet_that_is_handed_in_takes_no_workbook(sheet, clerk, client_for):
    fill(sheet, clerk).submit(by=clerk, at=NOW)
    answer = client_for(clerk).post(reverse("sheet_import", args=[sheet.pk]), {"file": table()})
    assert answer.status_code == 200 and not SheetImport.objects.exists()
