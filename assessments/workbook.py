"""A department's grid as an Excel workbook: written with what is there, read back with every error by row and column.

One line is one fact; an item without a deduction is one line that says it applies. Lines that say nothing leave an
item as it is.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from assessments.grid import Grid
from assessments.models import Entry, EntryRefused, FactValues, Sheet, Values
from schemes.models import Item
from villages.models import Division, Village
from villages.spreadsheet import CellError, Row, read_rows, yes_or_no

COLUMNS: dict[str, tuple[str, ...]] = {
    "unit": ("区市县", "Unit"),
    "code": ("事项编号", "Item code"),
    "name": ("事项", "Item"),
    "rule": ("计分", "Rule"),
    "status": ("是否适用", "Applies"),
    "reason": ("不适用理由", "Reason"),
    "sampled": ("抽查数", "Looked at"),
    "met": ("达标数", "Meet the standard"),
    "answer": ("是或否", "Answer"),
    "fact": ("扣分事实", "Fact"),
    "village": ("村", "Village"),
    "place": ("位置", "Place"),
    "zero_if": ("本项不得分", "Leaves no point"),
    "remark": ("备注", "Remark"),
}
WIDTHS = {"unit": 14, "name": 30, "rule": 34, "fact": 44, "village": 22, "remark": 24, "reason": 20}
SAID = ("status", "reason", "sampled", "met", "answer", "fact", "village", "place", "zero_if", "remark")
APPLIES, NOT = "适用", "不适用"
ESCAPED = frozenset({"'=", "'+", "'-", "'@"})
# where an error of the rule is shown
FIELDS = {"facts": "fact", "reason": "reason", "sampled": "sampled", "met": "met", "answer": "answer"}

Key = tuple[Division, Item]


# --- out ------------------------------------------------------------------------------------------------------
def write(grid: Grid, entries: Mapping[tuple[Any, Any], Entry], labels: Mapping[Any, str]) -> bytes:
    """Return the workbook of a grid; `entries` by unit and item id, `labels` the villages' words by id."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = book.add_worksheet("部门考核")
    bold = book.add_format({"bold": True, "bg_color": "#E3EFEA", "border": 1})
    for column, (key, names) in enumerate(COLUMNS.items()):
        page.set_column(column, column, WIDTHS.get(key, 11))
        page.write_string(0, column, names[0], bold)
    page.freeze_panes(1, 3)
    number = 0
    for cell in grid.cells():
        for line in _lines(cell.item, entries.get((cell.unit.pk, cell.item.pk)), labels):
            number += 1
            _write_line(page, number, {"unit": cell.unit.name, **line})
    for key, source in (("status", [APPLIES, NOT]), ("answer", ["是", "否"]), ("zero_if", ["是"])):
        place = list(COLUMNS).index(key)
        page.data_validation(1, place, number + 500, place, {"validate": "list", "source": source})
    book.close()
    return out.getvalue()


def _write_line(page: Any, number: int, line: Mapping[str, Any]) -> None:
    for column, key in enumerate(COLUMNS):
        value = line.get(key)
        if isinstance(value, int):
            page.write_number(number, column, value)
        elif value:
            page.write_string(number, column, safe(str(value)))


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if f"'{text[:1]}" in ESCAPED else text


def _lines(item: Item, entry: Entry | None, labels: Mapping[Any, str]) -> Iterator[dict[str, Any]]:
    """Yield the lines of one cell: one, or one for each fact."""
    first: dict[str, Any] = {"code": item.code, "name": item.name_zh, "rule": rule_text(item)}
    if entry is None:
        yield first
        return
    first |= {
        "status": APPLIES if entry.status == Entry.Status.SCORED else NOT, "reason": entry.reason,
        "sampled": entry.sampled, "met": entry.met, "remark": entry.remark,
        "answer": {True: "是", False: "否"}.get(entry.answer) if entry.answer is not None else "",
    }  # fmt: skip
    facts = list(entry.facts.all())
    yield first | (_of_fact(facts[0], labels) if facts else {})
    for fact in facts[1:]:
        yield {"code": item.code, "name": item.name_zh, **_of_fact(fact, labels)}


def _of_fact(fact: Any, labels: Mapping[Any, str]) -> dict[str, Any]:
    village = labels.get(fact.village_id, "") if fact.village_id else ""
    return {
        "fact": fact.text,
        "village": village,
        "place": fact.place,
        "zero_if": "是" if fact.zero_if else "",
    }


def rule_text(item: Item) -> str:
    """Return the rule of an item in the words of the workbook."""
    kind = item.rule["type"]
    if kind == "deduction":
        return f"{item.points_text}分，{item.unit_zh}扣{item.deduction_text}分"
    if kind == "proportion":
        return f"{item.points_text}分，{item.unit_zh}，达{item.rule['target_pct']}%得满分"
    return f"{item.points_text}分，{item.unit_zh}，是得满分"


# --- in -------------------------------------------------------------------------------------------------------
@dataclass
class Plan:
    """What a workbook would do: the values by unit and item, or what is wrong in which cell."""

    values: dict[Key, Values] = field(default_factory=dict)
    errors: list[CellError] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    same: int = 0


def read(content: bytes, sheet: Sheet, villages: Mapping[Any, Mapping[str, Village]]) -> Plan:
    """Match a workbook with a sheet; `villages` are each unit's by their words. Raises Unreadable."""
    plan = Plan()
    units = {word: unit for unit in sheet.units() for word in (unit.name, unit.name_en) if word}
    items = {item.code: item for item in sheet.items()}
    groups: dict[Key, list[Row]] = {}
    for row in map(_unescaped, read_rows(content, COLUMNS, ("unit", "code"))):
        if not any(row[name] for name in SAID):
            continue
        unit, item = units.get(row["unit"]), items.get(row["code"].upper())
        if unit is None:
            plan.errors.append(row.error("unit", _("This sheet has no such unit.")))
        if item is None:
            plan.errors.append(row.error("code", _("This sheet has no such item.")))
        if unit and item:
            groups.setdefault((unit, item), []).append(row)
    for key, rows in groups.items():
        _take(plan, key, rows, villages.get(key[0].pk, {}))
    _compare(plan, sheet)
    return plan


def _unescaped(row: Row) -> Row:
    """Take off the mark that `safe` has put before a text."""
    cells = {key: text[1:] if text[:2] in ESCAPED else text for key, text in row.cells.items()}
    return replace(row, cells=cells)


def _take(plan: Plan, key: Key, rows: list[Row], villages: Mapping[str, Village]) -> None:
    """Read the lines of one cell; add its values or its errors."""
    errors: list[CellError] = []
    first = {
        name: _once(rows, name, errors) for name in ("status", "reason", "sampled", "met", "answer", "remark")
    }
    facts = [fact for row in rows if (fact := _fact(row, villages, errors))]
    values = Values(
        applies=first["status"] != NOT,
        reason=first["reason"],
        sampled=_number(rows[0], "sampled", first["sampled"], errors),
        met=_number(rows[0], "met", first["met"], errors),
        answer=yes_or_no(first["answer"]) if first["answer"] else None,
        facts=tuple(facts),
        remark=first["remark"],
    )
    if first["status"] not in ("", APPLIES, NOT):
        errors.append(rows[0].error("status", _("Write 适用 or 不适用.")))
    if not errors:
        try:
            values.units(key[1])
        except EntryRefused as refused:
            errors.append(rows[0].error(FIELDS[refused.field], str(refused)))
    plan.errors += errors
    plan.values[key] = values


def _once(rows: Iterable[Row], name: str, errors: list[CellError]) -> str:
    """Return what the lines of one cell say in a column that holds for all of them."""
    said = ""
    for row in rows:
        if row[name] and said and row[name] != said:
            errors.append(row.error(name, _("An earlier line of this item says something else.")))
        said = said or row[name]
    return said


def _fact(row: Row, villages: Mapping[str, Village], errors: list[CellError]) -> FactValues | None:
    place = " ".join(row["village"].split())
    if place and place not in villages:
        errors.append(row.error("village", _("Choose a village of the list, with its township or street.")))
    if not row["fact"]:
        if row["village"] or row["place"] or row["zero_if"]:
            errors.append(row.error("fact", _("Say what was found.")))
        return None
    zero = yes_or_no(row["zero_if"])
    if zero is None:
        errors.append(row.error("zero_if", _("Write 是 or nothing.")))
    for name, most in (("fact", 500), ("place", 100)):
        if len(row[name]) > most:
            errors.append(row.error(name, _("At most %(n)s characters.") % {"n": most}))
    return FactValues(row["fact"], villages.get(place), row["place"], bool(zero))


def _number(row: Row, name: str, text: str, errors: list[CellError]) -> int | None:
    if not text:
        return None
    if not text.isdigit() or len(text) > 8:
        errors.append(row.error(name, _("Write a whole number.")))
        return None
    return int(text)


def _compare(plan: Plan, sheet: Sheet) -> None:
    """Count what is new, what changes and what stays."""
    stored = {(entry.unit_id, entry.item_id): entry for entry in sheet.entries.with_facts()}  # type: ignore[attr-defined]
    for (unit, item), values in plan.values.items():
        entry = stored.get((unit.pk, item.pk))
        if entry is None:
            plan.new += 1
            continue
        try:
            same = entry.says(values.columns(item), values.facts if values.applies else ())
        except EntryRefused:
            same = False
        plan.same += same
        plan.changed += not same
