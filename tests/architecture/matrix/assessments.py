"""Rows of the permission matrix. Periods of assessment, sheets, entries with their files, adjustments."""

from typing import Any

from tests.architecture.matrix.rows import (
    API_ANSWER,
    AUDITOR,
    CITY,
    COUNTIES,
    DEPARTMENT,
    EVERYBODY,
    ITS_OFFICE,
    LEADERS,
    OFFICES,
    TOWNSHIPS,
    Row,
    post,
)

PERIOD_READERS = OFFICES | TOWNSHIPS | LEADERS | AUDITOR | DEPARTMENT
# Until the office opens all, a sheet is its owner's alone; then also theirs who read its unit, or the whole city.
SELF_OPENED = {"own": CITY | AUDITOR | {"jinpu", "leader"}, "other": CITY | AUDITOR | {"changhai"}}
ITS_BUREAU = {"own": DEPARTMENT, "other": DEPARTMENT}
BUREAU_OPENED = {
    "own": CITY | AUDITOR | DEPARTMENT | {"jinpu", "leader"},
    "other": CITY | AUDITOR | DEPARTMENT | {"changhai"},
}
# a department reads what the units say of its items, entry by entry; its files too
SELF_ENTRIES = {relation: people | DEPARTMENT for relation, people in SELF_OPENED.items()}
WHO: tuple[tuple[str, Any, Any, Any], ...] = (
    # whose sheet, who opens it, who opens its entries, whose files they are
    ("sealed_self", ITS_OFFICE, ITS_OFFICE, ITS_OFFICE),
    ("opened_self", SELF_OPENED, SELF_OPENED, SELF_ENTRIES),
    ("sealed_dept", DEPARTMENT, ITS_BUREAU, ITS_BUREAU),
    ("opened_dept", CITY | AUDITOR | DEPARTMENT | COUNTIES | {"leader"}, BUREAU_OPENED, BUREAU_OPENED),
)
OWNERS: tuple[tuple[str, Any], ...] = (
    ("sealed_self", ITS_OFFICE),
    ("opened_self", ITS_OFFICE),
    ("sealed_dept", DEPARTMENT),
    ("opened_dept", DEPARTMENT),
)
# provisional figures go to the assessed side and the offices; an application for review stays between its unit and them
SENT_TO = OFFICES | LEADERS | AUDITOR
APPEAL = {"own": CITY | AUDITOR | {"jinpu", "leader"}, "other": CITY | AUDITOR | {"changhai"}}


def page(name: str, who: Any, kind: str = "") -> list[Row]:
    """Return both ways to a page with a form."""
    return [Row(name, who, kind), post(name, who, kind)]


ASSESSMENTS = [
    Row("periods", PERIOD_READERS),
    *page("period_new", CITY),
    Row("period", CITY, "planned_period"),
    Row("period", PERIOD_READERS, "sealed_period"),
    *[
        row
        for kind in ("planned_period", "sealed_period")
        for name in ("period_change", "period_rounds", "period_open", "sheets_open")
        for row in page(name, CITY, kind)
    ],
    Row("period_sheets", CITY, "sealed_period"),
    Row("adjustments", CITY | AUDITOR, "sealed_period"),
    post("adjustments", CITY, "sealed_period"),
    post("adjustment_step", CITY, "adjustment", kwargs={"step": "approve"}),
    Row("sheets", COUNTIES | DEPARTMENT),
    *[Row("sheet", who, kind) for kind, who, _entries, _files in WHO],
    *[row for kind, _sheet, who, _files in WHO for row in page("sheet_entry", who, f"{kind}_entry")],
    *[Row("entry_file", who, f"{kind}_file") for kind, _sheet, _entries, who in WHO],
    *[post("entry_file_remove", ITS_OFFICE, f"{kind}_self_file") for kind in ("sealed", "opened")],
    *[post("sheet_step", who, kind, kwargs={"step": "submit"}) for kind, who in OWNERS],
    *[Row("sheet_workbook", who, kind) for kind, who in OWNERS],
    *[row for kind, who in OWNERS for row in page("sheet_import", who, kind)],
    *[row for kind, who in OWNERS for row in page("sheet_import_check", who, f"{kind}_job")],
    *page("sheet_send_back", {"own": CITY, "other": CITY}, "sealed_self"),
    *page("sheet_send_back", CITY, "opened_dept"),
    Row("api_periods", EVERYBODY),
    Row("api_period", CITY, "planned_period"),
    Row("api_period", PERIOD_READERS, "sealed_period"),
    Row("api_period_sheets", CITY, "sealed_period"),
    Row("api_sheets", EVERYBODY),
    *[Row("api_sheet", who, kind) for kind, who, _entries, _files in WHO],
    *[post("api_sheet_submit", who, kind, ok=API_ANSWER) for kind, who in OWNERS],
    Row("api_sheet_entry", ITS_OFFICE, "sealed_self_entry", method="put", ok=API_ANSWER),
    Row("api_sheet_entry", ITS_BUREAU, "sealed_dept_entry", method="put", ok=API_ANSWER),
    *[Row("api_entry_file", who, f"{kind}_file") for kind, _sheet, _entries, who in WHO],
    *[
        row
        for kind in ("planned_period", "sealed_period")
        for row in (
            Row("period_step", CITY, kind, kwargs={"step": "recompute"}),
            post("period_step", CITY, kind, kwargs={"step": "send_provisional"}),
        )
    ],
    Row("edition", SENT_TO, "sent_edition"),
    Row("edition", PERIOD_READERS, "published_edition"),
    Row("edition_package", CITY | AUDITOR, "published_edition"),
    Row("appeals", SENT_TO, "sealed_period"),
    *page("appeal_new", COUNTIES, "sealed_period"),
    Row("appeal", APPEAL, "appeal"),
    post("appeal", {"own": CITY, "other": CITY}, "appeal"),
    Row("appeal_file", APPEAL, "appeal_file"),
]
