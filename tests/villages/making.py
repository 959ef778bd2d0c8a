"""Registries in the forms that cities have them."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import xlsxwriter

from villages.reconcile import Plan
from villages.registry import parse
from villages.registry_import import apply_plan, plan_import

SHIPPED = Path(__file__).parents[2] / "villages" / "data" / "dalian_registry.csv"
HEAD = ("code", "name", "name_en", "level", "parent_code", "adcode", "kind")
CITY = ("210200", "大连市", "Dalian City", "city", "", "210200", "地级市")
JINPU = ("210213", "金普新区", "", "county", "210200", "210213", "功能区")
CHANGHAI = ("210224", "长海县", "", "county", "210200", "210224", "县")
HUAJIA = ("210213022", "华家街道", "", "township", "210213", "", "街道")
XIANGYING = ("210213023", "向应街道", "", "township", "210213", "", "街道")
ISLAND = ("210224100", "大长山岛镇", "", "township", "210224", "", "镇")
LIUJIA = ("210213022201", "柳家村委会", "", "village", "210213022", "", "行政村")
ZHAOJIA = ("210213022202", "赵家村委会", "", "village", "210213022", "", "行政村")
NAMESAKE = ("210213023201", "赵家村委会", "", "village", "210213023", "", "行政村")
HARBOUR = ("210224100201", "小盐场村委会", "", "village", "210224100", "", "行政村")
SMALL = [CITY, JINPU, CHANGHAI, HUAJIA, XIANGYING, ISLAND, LIUJIA, ZHAOJIA, NAMESAKE, HARBOUR]
FIRST, LATER = date(2020, 1, 1), date(2024, 7, 1)


def as_csv(rows: Sequence[Sequence[str]], encoding: str = "utf-8", head: Sequence[str] = HEAD) -> bytes:
    """Return the rows as a CSV file."""
    stream = io.StringIO()
    csv.writer(stream).writerows([head, *rows])
    return stream.getvalue().encode(encoding)


def as_xlsx(rows: Sequence[Sequence[object]], head: Sequence[str]) -> bytes:
    """Return the rows as an Excel file, below a title line as offices write them."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write(0, 0, "附件：村庄名录")
    for number, row in enumerate([head, *rows], start=1):
        sheet.write_row(number, 0, row)
    book.close()
    return stream.getvalue()


def without(*dropped: Sequence[str]) -> list[Sequence[str]]:
    """Return the small registry without some rows."""
    return [row for row in SMALL if row not in dropped]


def changed(old: Sequence[str], **values: str) -> list[Sequence[str]]:
    """Return the small registry with one row changed."""
    new = tuple(values.get(key, value) for key, value in zip(HEAD, old, strict=True))
    return [new if row == old else row for row in SMALL]


def load(rows: Sequence[Sequence[str]] | bytes, on: date = FIRST, **answers: list[str]) -> Plan:
    """Import rows and return what was done."""
    parsed = parse(rows if isinstance(rows, bytes) else as_csv(rows))
    assert not parsed.errors
    plan = plan_import(parsed.lines, **answers)
    apply_plan(plan, on=on)
    return plan
