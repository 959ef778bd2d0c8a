"""A scheme as an Excel workbook: five sheets that people fill in, the same that are exported.

The sheet names and the headings are Chinese with English beside; either is found when reading. What a cell holds goes
into the same plain data as the YAML form, so that both are judged by the same rules.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from schemes.definition import PARTS, Data, Definition, Fault, ItemRow, Path
from schemes.models import decimal_text
from villages.spreadsheet import Unreadable

MOST_BYTES = 2 * 1024 * 1024
MOST_UNPACKED = 40 * 1024 * 1024
MOST_ROWS = 1000
SIGNS = ("=", "+", "-", "@", "\t", "\r")
TEXTS = tuple(f"{part}_{language}" for part in PARTS for language in ("zh", "en"))

SHEETS: dict[str, tuple[str, ...]] = {
    "scheme": ("细则", "scheme"),
    "sources": ("来源", "sources"),
    "aspects": ("方面", "aspects"),
    "items": ("事项", "items"),
    "guidance": ("业务指导", "guidance"),
}
# sheet → our key → the heading written, and others that are read
COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "scheme": {
        "code": ("编码", "code"),
        "name_zh": ("中文名称", "name zh"),
        "name_en": ("英文名称", "name en"),
        "max_total": ("总分", "total"),
        "combine": ("合成方式", "combine"),
        "precedence": ("同一事实先计", "precedence"),
        "note_zh": ("来源说明中文", "note zh"),
        "note_en": ("来源说明英文", "note en"),
    },
    "sources": {
        "code": ("来源", "source"),
        "name_zh": ("中文名称", "name zh"),
        "name_en": ("英文名称", "name en"),
        "weight": ("权重百分比", "weight"),
    },
    "aspects": {
        "code": ("编码", "code"),
        "name_zh": ("中文名称", "name zh"),
        "name_en": ("英文名称", "name en"),
        "max_points": ("分值", "points"),
    },
    "items": {
        "aspect": ("方面", "aspect"),
        "code": ("编码", "code"),
        "name_zh": ("中文名称", "name zh"),
        "name_en": ("英文名称", "name en"),
        "max_points": ("分值", "points"),
        "sources": ("评分来源", "sources"),
        "level": ("层级", "level"),
        "applies_if": ("适用条件", "applies if"),
        "type": ("计分规则", "rule"),
        "per_finding": ("每处扣分", "per finding"),
        "floor": ("最低得分", "floor"),
        "cap_per_point": ("同一观察点最多计", "cap per point"),
        "target_pct": ("满分线百分比", "target"),
        "zero_at_or_below_pct": ("零分线百分比", "zero at or below"),
        "target_basis": ("满分线依据", "target basis"),
        "system": ("系统指标", "system"),
        "unit_zh": ("计量内容中文", "unit zh"),
        "unit_en": ("计量内容英文", "unit en"),
        "zero_if_zh": ("不得分情形中文", "zero if zh"),
        "zero_if_en": ("不得分情形英文", "zero if en"),
        "evidence_zh": ("佐证材料中文", "evidence zh"),
        "evidence_en": ("佐证材料英文", "evidence en"),
        "department_zh": ("负责部门中文", "department zh"),
        "department_en": ("负责部门英文", "department en"),
        "organisation": ("系统内部门", "organisation"),
    },
    "guidance": {
        "code": ("编码", "code"),
        "standard_zh": ("标准中文", "standard zh"),
        "standard_en": ("标准英文", "standard en"),
        "good_zh": ("达标表现中文", "good zh"),
        "good_en": ("达标表现英文", "good en"),
        "bad_zh": ("问题表现中文", "bad zh"),
        "bad_en": ("问题表现英文", "bad en"),
        "photograph_zh": ("拍摄要求中文", "photograph zh"),
        "photograph_en": ("拍摄要求英文", "photograph en"),
        "not_counted_zh": ("不计入情形中文", "not counted zh"),
        "not_counted_en": ("不计入情形英文", "not counted en"),
    },
}
# words of choices: code → the word written; the code itself is read too
WORDS: dict[str, dict[str, str]] = {
    "source": {"self": "自评", "dept": "部门考核", "visit": "暗访", "system": "系统数据"},
    "combine": {"item": "逐项合成", "source_total": "按来源合成"},
    "level": {"village": "村", "county": "区市县"},
    "system": {"coverage": "包保覆盖率", "on_time": "按期整改率", "recurrence": "反弹率"},
    "type": {"deduction": "扣分", "proportion": "比例", "yes_no": "是否"},
    "applies_if": {
        "coast": "临海", "river_or_reservoir": "有河流或水库", "farmland": "有农田", "livestock": "有畜禽养殖",
        "treatment_plant": "有污水处理设施", "public_toilet": "有公共厕所",
    },
}  # fmt: skip
CHOICES = {("sources", "code"): "source", ("scheme", "combine"): "combine", ("items", "level"): "level",
           ("items", "type"): "type", ("items", "system"): "system"}  # fmt: skip
LISTS = {"sources": "source", "applies_if": "applies_if"}
RULE = (
    "type", "per_finding", "floor", "cap_per_point", "target_pct", "zero_at_or_below_pct", "target_basis", "system",
    "unit_zh", "unit_en", "zero_if_zh", "zero_if_en",
)  # fmt: skip
WIDE = frozenset({*TEXTS, "note_zh", "note_en", "evidence_zh", "evidence_en"})


@dataclass(frozen=True)
class Place:
    """A cell by sheet, row (as Excel counts) and heading."""

    sheet: str
    row: int
    column: str


# --- writing --------------------------------------------------------------------------------------------------
def write(definition: Definition | None) -> bytes:
    """Return a scheme as a workbook; without one, the empty sheets."""
    rows = rows_of(definition) if definition else {}
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    head = book.add_format(
        {"bold": True, "border": 1, "bg_color": "#E3EFEA", "text_wrap": True, "valign": "top"}
    )
    cell = book.add_format({"border": 1, "text_wrap": True, "valign": "top", "num_format": "@"})
    for key, columns in COLUMNS.items():
        sheet = book.add_worksheet(SHEETS[key][0])
        sheet.freeze_panes(1, 2 if key in ("items", "guidance") else 1)
        for place, (name, headings) in enumerate(columns.items()):
            sheet.set_column(place, place, 40 if name in WIDE else 16)
            sheet.write_string(0, place, headings[0], head)
            _offer(sheet, place, key, name)
        for number, row in enumerate(rows.get(key, ()), start=1):
            for place, name in enumerate(columns):
                sheet.write_string(number, place, escaped(row.get(name, "")), cell)
    book.close()
    return out.getvalue()


def _offer(sheet: Any, place: int, key: str, name: str) -> None:
    """Let a column take the words it knows from a drop-down."""
    if words := WORDS.get(CHOICES.get((key, name), "")):
        rule = {"validate": "list", "source": list(words.values()), "error_type": "warning"}
        sheet.data_validation(1, place, MOST_ROWS, place, rule)


def escaped(text: str) -> str:
    """Put an apostrophe before what a spreadsheet could take for a formula."""
    return f"'{text}" if text.lstrip("'").startswith(SIGNS) else text


def plain(text: str) -> str:
    """Take the apostrophe of `escaped` away again."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(SIGNS) else text


def rows_of(definition: Definition) -> dict[str, list[dict[str, str]]]:
    """Return what each sheet shows, as texts."""
    return {
        "scheme": [
            {
                "code": definition.code,
                "name_zh": definition.name_zh,
                "name_en": definition.name_en,
                "max_total": str(definition.max_total),
                "combine": WORDS["combine"][definition.combine],
                "precedence": "\n".join(" > ".join(pair) for pair in definition.precedence),
                "note_zh": definition.status_note_zh,
                "note_en": definition.status_note_en,
            }
        ],
        "sources": [
            {
                "code": WORDS["source"][row.code],
                "name_zh": row.name_zh,
                "name_en": row.name_en,
                "weight": str(row.weight),
            }
            for row in definition.sources
        ],
        "aspects": [
            {
                "code": row.code,
                "name_zh": row.name_zh,
                "name_en": row.name_en,
                "max_points": decimal_text(row.max_points_units),
            }
            for row in definition.aspects
        ],
        "items": [_item(aspect.code, item) for aspect in definition.aspects for item in aspect.items],
        "guidance": [{"code": item.code, **item.texts} for item in definition.items()],
    }


def _item(aspect: str, item: ItemRow) -> dict[str, str]:
    rule = {name: str(value) for name, value in item.rule.items()}
    for name in ("per_finding", "floor"):
        if name in rule:
            rule[name] = decimal_text(item.rule[name])
    same = ("code", "name_zh", "name_en", "unit_zh", "unit_en", "zero_if_zh", "zero_if_en", "department_zh")
    return {
        **rule,
        **{name: getattr(item, name) for name in (*same, "department_en", "organisation")},
        "aspect": aspect,
        "type": WORDS["type"][item.rule["type"]],
        "system": WORDS["system"].get(item.rule.get("system", ""), ""),
        "max_points": decimal_text(item.points),
        "sources": "、".join(WORDS["source"].get(code, code) for code in item.sources),
        "level": WORDS["level"].get(item.level, item.level),
        "applies_if": "、".join(WORDS["applies_if"].get(code, code) for code in item.applies_if),
        "evidence_zh": "\n".join(item.evidence_zh),
        "evidence_en": "\n".join(item.evidence_en),
    }


# --- reading --------------------------------------------------------------------------------------------------
@dataclass
class Book:
    """What a workbook holds as plain data, what could not be placed in it, and where each value stands."""

    data: Data = field(default_factory=dict)
    faults: list[tuple[Place, Fault]] = field(default_factory=list)
    rows: dict[Path, tuple[str, int]] = field(default_factory=dict)

    def locate(self, path: Path) -> Place:
        """Return the cell of a value, or the row of the nearest thing above it."""
        names = [str(part) for part in path if isinstance(part, str)]
        start = path
        while start and start not in self.rows:
            start = start[:-1]
        sheet, row = self.rows.get(start, ("scheme", 2))
        column = next((name for name in reversed(names) if name in COLUMNS[sheet]), "")
        column = column or ("code" if path == start and sheet != "scheme" else "")
        guide = f"{path[-2]}_{path[-1]}" if len(path) > 1 else ""
        column = guide if guide in COLUMNS[sheet] else _ASKED.get(str(path[-1]) if path else "", column)
        return Place(SHEETS[sheet][0], row, COLUMNS[sheet].get(column, ("",))[0])


_ASKED = {"measure_zh": "unit_zh", "measure_en": "unit_en"}
Line = tuple[int, dict[str, str]]


def read(content: bytes) -> Book:
    """Read a workbook. Raises Unreadable when it is none, or lacks a sheet or a heading."""
    sheets = _sheets(content)
    book = Book()
    head = sheets["scheme"][0] if sheets["scheme"] else (2, dict[str, str]())
    book.rows |= {("scheme",): ("scheme", head[0]), ("guidance",): ("scheme", head[0])}
    book.data = {
        "scheme": {**head[1], "sources": _sources(book, sheets["sources"])},
        "aspects": _aspects(book, sheets["aspects"], sheets["items"]),
        "guidance": _guidance(book, head[1], sheets["guidance"], sheets["items"]),
    }
    return book


def _sources(book: Book, lines: list[Line]) -> Data:
    found: Data = {}
    for number, row in lines:
        code = row.pop("code")
        book.rows["scheme", "sources", code] = ("sources", number)
        found[code] = {**row, "weight": _share(row["weight"])}
    return found


def _share(per_cent: str) -> str:
    """Return per cent as the share that the plain data hold; what is no whole number stays for the reader to refuse."""
    text = per_cent.removesuffix("%").strip()
    return f"{text.zfill(3)[:-2]}.{text.zfill(3)[-2:]}" if text.isdecimal() else text


def _aspects(book: Book, aspects: list[Line], items: list[Line]) -> list[Data]:
    found: dict[str, int] = {}
    rows: list[Data] = []
    for place, (number, row) in enumerate(aspects):
        book.rows["aspects", place] = ("aspects", number)
        rows.append({**row, "items": []})
        found.setdefault(row["code"], place)
    for number, row in items:
        aspect = found.get(row["aspect"])
        if aspect is None:
            where = Place(SHEETS["items"][0], number, COLUMNS["items"]["aspect"][0])
            book.faults.append((where, Fault((), "unknown_aspect", {"aspect": row["aspect"]})))
            continue
        held = rows[aspect]["items"]
        book.rows["aspects", aspect, "items", len(held)] = ("items", number)
        held.append(_item_data(row))
    return rows


def _item_data(row: Mapping[str, str]) -> Data:
    data: Data = {name: text for name, text in row.items() if name not in RULE and name != "aspect"}
    data["rule"] = {name: row[name] for name in RULE if row[name]}
    for name, words in LISTS.items():
        parts = [part.strip() for part in row[name].replace("，", "、").replace(",", "、").split("、")]
        data[name] = [_code(words, part) for part in parts if part]
    for name in ("evidence_zh", "evidence_en"):
        data[name] = [line.strip() for line in row[name].split("\n") if line.strip()]
    return data


def _guidance(book: Book, head: Mapping[str, str], lines: list[Line], items: list[Line]) -> Data:
    texts: Data = {}
    known = {row["code"] for _number, row in items}
    for number, row in lines:
        code = row["code"]
        book.rows["guidance", "items", code] = ("guidance", number)
        if code not in known:
            where = Place(SHEETS["guidance"][0], number, COLUMNS["guidance"]["code"][0])
            book.faults.append((where, Fault((), "unknown_item", {"item": code})))
        texts[code] = {part: {"zh": row[f"{part}_zh"], "en": row[f"{part}_en"]} for part in PARTS}
    for number, row in items:
        book.rows.setdefault(("guidance", "items", row["code"]), ("items", number))
    pairs = [line.split(">") for line in head.get("precedence", "").split("\n") if line.strip()]
    return {
        "status_note": {"zh": head.get("note_zh", ""), "en": head.get("note_en", "")},
        "precedence": [[code.strip() for code in pair] for pair in pairs],
        "departments": {},
        "items": texts,
    }


def _code(words: str, text: str) -> str:
    """Return the code of a word, or the text as it is for the reader to refuse."""
    return next((code for code, word in WORDS[words].items() if text in (word, code)), text)


def _sheets(content: bytes) -> dict[str, list[Line]]:
    _check(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = {name.strip().lower(): name for name in book.sheet_names}
        found = {}
        for key, accepted in SHEETS.items():
            name = next((names[word] for word in accepted if word in names), None)
            if name is None:
                raise Unreadable(_("The workbook has no sheet “%(name)s”.") % {"name": accepted[0]})
            table = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            found[key] = list(_lines(key, table))
    except (CalamineError, IndexError, ValueError, OSError) as error:
        raise Unreadable(_("The Excel file cannot be read.")) from error
    return found


def _check(content: bytes) -> None:
    """Refuse what is no workbook, or unpacks to more than a scheme needs."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            if sum(part.file_size for part in package.infolist()) > MOST_UNPACKED:
                raise Unreadable(_("The file unpacks to far more than a scheme needs; it is not opened."))
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise Unreadable(_("The Excel file cannot be read.")) from error


def _lines(key: str, table: Sequence[Sequence[object]]) -> Iterator[Line]:
    """Yield the rows below the headings that say something, as texts by our keys."""
    if len(table) > MOST_ROWS:
        raise Unreadable(_("A sheet has more than %(most)s rows.") % {"most": MOST_ROWS})
    headings = [str(cell).strip().lower() for cell in (table[0] if table else ())]
    places = {
        name: next((headings.index(word) for word in (*accepted, name) if word in headings), None)
        for name, accepted in COLUMNS[key].items()
    }
    lacking = [COLUMNS[key][name][0] for name, place in places.items() if place is None]
    if lacking:
        raise Unreadable(
            _("The sheet “%(sheet)s” lacks the columns %(columns)s.")
            % {"sheet": SHEETS[key][0], "columns": "、".join(lacking)}
        )
    for number, cells in enumerate(table[1:], start=2):
        row = {
            name: _cell(cells[place]) if place is not None and place < len(cells) else ""
            for name, place in places.items()
        }
        if any(row.values()):
            yield number, {name: _word(key, name, text) for name, text in row.items()}


def _word(key: str, name: str, text: str) -> str:
    words = CHOICES.get((key, name))
    return _code(words, text) if words else text


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return plain(str(value).replace("\r\n", "\n").replace("_x000D_", "").strip())
