"""Parse a problem list from another source: a workbook to rows with pictures and errors. No database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from inspections.workbooks import DAMAGED as NO_ZIP
from inspections.workbooks import MOST_COLUMNS, Picture, Workbook, by_row
from villages.spreadsheet import CellError, Row, Unreadable, read_date

HEADINGS: dict[str, tuple[str, ...]] = {
    "serial": ("序号", "编号", "no"),
    "county": ("区市县", "区县", "县区", "区市县（先导区）", "unit"),
    "township": ("乡镇（街道）", "乡镇", "街道", "乡镇街道", "township"),
    "village": ("村（社区）", "村", "行政村", "村名", "社区", "village"),
    "code": ("村代码", "统计代码", "村统计代码", "village code"),
    "place": ("具体地点", "地点", "自然村或地点", "位置", "place"),
    "item": ("细则编码或名称", "细则", "细则编码", "考核细则", "问题类别", "item"),
    "description": ("问题描述", "问题", "存在问题", "问题内容", "description"),
    "severity": ("严重程度", "程度", "severity"),
    "source": ("问题来源", "来源", "source"),
    "outside_number": ("来文编号", "工单编号", "外部编号", "outside number"),
    "outside_deadline": ("外部时限", "办理时限", "要求时限", "outside deadline"),
    "outside_document": ("来文文件", "文件", "来文名称", "文件名称", "outside document"),
    "photos": ("照片", "图片", "问题照片", "photos"),
}
REQUIRED = ("village", "item", "description", "source")
LENGTHS = {"place": 200, "description": 2000, "outside_number": 60, "outside_document": 200}
SEVERITIES = {
    "minor": ("minor", "一般", "轻微", "轻", ""),
    "major": ("major", "较重", "较大", "重", "严重"),
    "grave": ("grave", "重大", "特别严重", "很重"),
}
SOURCES = {
    "city_visit": ("city_visit", "市级暗访", "市暗访", "暗访"),
    "third_party": ("third_party", "第三方", "第三方暗访", "第三方检查"),
    "county_patrol": ("county_patrol", "县级督查", "区级督查", "督查"),
    "provincial": ("provincial", "省级反馈", "省反馈", "省级督查反馈", "省级"),
    "hotline": ("hotline", "12345热线", "12345", "热线", "12345政务服务热线"),
    "media": ("media", "媒体曝光", "媒体", "媒体反映"),
    "instruction": ("instruction", "领导批示", "批示"),
    "look_back": ("look_back", "回头看"),
}
EXAMPLE = ("示例", "example")
# what openpyxl raises on a workbook that is none (ParseError is a SyntaxError); Unreadable is none of these
DAMAGED = (*NO_ZIP, InvalidFileException, TypeError, AttributeError, SyntaxError, IndexError)
# title, headings, example and empty lines
SPARE_ROWS = 100


@dataclass(frozen=True)
class Problem:
    """One row as the file states it: texts by key, the words of choices replaced by their codes."""

    number: int
    cells: Mapping[str, str]
    severity: str
    source: str
    outside_deadline: date | None
    pictures: Sequence[Picture]
    row: Row

    def error(self, key: str, message: str) -> CellError:
        """Return an error that points at this row and the column."""
        return self.row.error(key, message)


@dataclass
class Parsed:
    """What a list holds, or what is wrong with it."""

    problems: list[Problem] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)


@dataclass(frozen=True)
class Limits:
    """What one list may hold."""

    rows: int
    photos_per_row: int


def parse(path: Path, limits: Limits) -> Parsed:
    """Parse a workbook. Raises `Unreadable` when the file as a whole is no problem list."""
    with Workbook(path) as workbook:
        if workbook.says_something_below(limits.rows + SPARE_ROWS):
            raise Unreadable(_("The list has more than %(most)s rows. Split it.") % {"most": limits.rows})
        rows = _rows(path, workbook, limits.rows)
        pictures = by_row(workbook.pictures(limits.rows + SPARE_ROWS))
    parsed = Parsed()
    for row in rows:
        problem = _problem(row, pictures.get(row.number, []), parsed.errors, limits)
        parsed.problems.append(problem)
    _check_pictures(pictures, parsed, rows)
    if not parsed.problems and not parsed.errors:
        raise Unreadable(_("The list holds no problems."))
    return parsed


# --- cells --------------------------------------------------------------------------------------------------------
def _rows(path: Path, workbook: Workbook, most: int) -> list[Row]:
    """Return the rows below the headings that say something, the example left out."""
    table = _table(path, workbook, most)
    start, places, headings = _headings(table)
    rows = []
    for number, cells in table:
        if number <= start:
            continue
        values = {key: cells[place] if place < len(cells) else "" for key, place in places.items()}
        said = {key for key, value in values.items() if value and key not in ("serial", "photos")}
        if said and not values.get("serial", "").lower().startswith(EXAMPLE):
            rows.append(Row(number, values, headings))
    if len(rows) > most:
        raise Unreadable(_("The list has more than %(most)s rows. Split it.") % {"most": most})
    return rows


def _table(path: Path, workbook: Workbook, most: int) -> list[tuple[int, list[str]]]:
    """Return the first shown sheet's rows that are not empty: number and texts; memory stays bounded."""
    try:
        return list(_cells(path, workbook, most))
    except DAMAGED as error:
        raise Unreadable(_("The Excel file is damaged and cannot be read.")) from error


def _cells(path: Path, workbook: Workbook, most: int) -> Iterator[tuple[int, list[str]]]:
    book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not shown:
            raise Unreadable(_("The workbook has no sheet with rows."))
        rows = shown[0].iter_rows(max_row=most + SPARE_ROWS, max_col=MOST_COLUMNS, values_only=True)
        for number, values in enumerate(rows, 1):
            texts = [_text(value) for value in values]
            if any(texts):
                yield number, texts
    finally:
        book.close()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (datetime, date)):
        return value.isoformat()[:10]
    text = str(value).replace("\r\n", "\n").replace("_x000D_", "").strip()
    # what a cell with a picture shows in place of a text
    return "" if text.startswith(("=DISPIMG", "=_xlfn.DISPIMG", "#VALUE!")) else text


def _headings(table: Sequence[tuple[int, list[str]]]) -> tuple[int, dict[str, int], dict[str, str]]:
    """Return the number of the line of headings, where our columns are, and how the file calls them."""
    names = {_plain(name): key for key, accepted in HEADINGS.items() for name in (key, *accepted)}
    for number, cells in table[:20]:
        places: dict[str, int] = {}
        for place, cell in enumerate(cells):
            if (key := names.get(_plain(cell))) and key not in places:
                places[key] = place
        if all(key in places for key in ("description", "item")) and (
            "village" in places or "code" in places
        ):
            headings = {key: cells[place].replace("\n", "") for key, place in places.items()}
            return number, places, {**{key: names[0] for key, names in HEADINGS.items()}, **headings}
    wanted = "、".join(HEADINGS[key][0] for key in REQUIRED)
    raise Unreadable(_("No line with these headings was found: %(headings)s") % {"headings": wanted})


def _plain(heading: str) -> str:
    plain = heading.lower().replace("(", "（").replace(")", "）").rstrip("*＊ ")
    return "".join(plain.split()).replace("*", "")


# --- one problem ----------------------------------------------------------------------------------------------------
def _problem(row: Row, pictures: Sequence[Picture], errors: list[CellError], limits: Limits) -> Problem:
    _check_texts(row, errors)
    if len(pictures) > limits.photos_per_row:
        message = _("At most %(n)s photos.") % {"n": limits.photos_per_row}
        errors.append(row.error("photos", message))
    return Problem(
        number=row.number,
        cells=row.cells,
        severity=_choice(row, "severity", SEVERITIES, errors),
        source=_choice(row, "source", SOURCES, errors),
        outside_deadline=_deadline(row, errors),
        pictures=pictures,
        row=row,
    )


def _check_texts(row: Row, errors: list[CellError]) -> None:
    for key in REQUIRED:
        if not row[key] and not (key == "village" and row["code"]):
            errors.append(row.error(key, _("This is missing.")))
    for key, most in LENGTHS.items():
        if len(row[key]) > most:
            errors.append(row.error(key, _("This is longer than %(most)s characters.") % {"most": most}))


def _choice(row: Row, key: str, words: Mapping[str, Sequence[str]], errors: list[CellError]) -> str:
    plain = "".join(row[key].lower().split())
    found = next((code for code, accepted in words.items() if plain in accepted), "")
    if not found and plain:
        known = "、".join(accepted[1] for accepted in words.values())
        errors.append(
            row.error(key, _("“%(text)s” is not one of: %(known)s") % {"text": row[key][:40], "known": known})
        )
    return found


def _deadline(row: Row, errors: list[CellError]) -> date | None:
    if not row["outside_deadline"]:
        return None
    found = read_date(row["outside_deadline"])
    if found is None:
        errors.append(row.error("outside_deadline", _("This is no date. Write it as 2026-11-30.")))
    return found


def _check_pictures(pictures: Mapping[int, Sequence[Picture]], parsed: Parsed, rows: Sequence[Row]) -> None:
    """A picture beside an empty row below the list belongs to nothing: say so rather than lose it."""
    used = {row.number for row in rows}
    first = min(used, default=0)
    for number in sorted(pictures):
        if number not in used and number > first:
            message = _("There is a picture in this row but no problem. Move it into the row it belongs to.")
            parsed.errors.append(CellError(number, HEADINGS["photos"][0], message))


__all__ = ["Limits", "Parsed", "Problem", "Unreadable", "parse"]
