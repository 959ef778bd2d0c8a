"""Read somebody else's table: Excel or CSV in any encoding in use here, headings in Chinese or English."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 50_000
YES = {"是", "有", "y", "yes", "true", "1", "√", "✓", "计入", "纳入"}
NO = {"否", "无", "n", "no", "false", "0", "×", "✗", "不计入", "不纳入", ""}


class Unreadable(Exception):
    """The file as a whole cannot be read."""


@dataclass(frozen=True)
class CellError:
    """What is wrong in one cell: the row as the reader counts it, the heading of the column."""

    row: int
    column: str
    message: str


@dataclass(frozen=True)
class Row:
    """One line of a table by our own column keys; `number` counts as Excel does."""

    number: int
    cells: Mapping[str, str]
    headings: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        return self.cells.get(key, "")

    def has(self, key: str) -> bool:
        """Say whether the file has this column at all."""
        return key in self.headings

    def error(self, key: str, message: str) -> CellError:
        """Return an error that points at this row and the column."""
        return CellError(self.number, self.headings.get(key, key), message)


def read_rows(content: bytes, columns: Mapping[str, Sequence[str]], required: Sequence[str]) -> list[Row]:
    """Return the rows below the first line that holds every required heading.

    `columns` maps our key to the accepted headings. Raises `Unreadable`.
    """
    table = _table(content)
    names = {_plain(name): key for key, accepted in columns.items() for name in (key, *accepted)}
    for index, cells in enumerate(table[:20]):
        found = {names[_plain(cell)]: place for place, cell in enumerate(cells) if _plain(cell) in names}
        if all(key in found for key in required):
            headings = {key: cells[place].strip() for key, place in found.items()}
            return [
                _row(number, cells, found, headings)
                for number, cells in enumerate(table[index + 1 :], start=index + 2)
                if any(cell.strip() for cell in cells)
            ]
    wanted = "、".join((columns[key] or [key])[0] for key in required)
    raise Unreadable(_("No line with these headings was found: %(headings)s") % {"headings": wanted})


def yes_or_no(text: str) -> bool | None:
    """Return what a yes/no cell says, None when it says neither."""
    plain = text.strip().lower()
    if plain in YES:
        return True
    return False if plain in NO else None


def read_date(text: str) -> date | None:
    """Return the date of a cell such as 2023-06-30, 2023/6/30, 2023.6.30 or 2023年6月30日."""
    plain = text.strip().split(" ")[0].split("T")[0]
    for sign in "年月/.":
        plain = plain.replace(sign, "-")
    parts = plain.replace("日", "").strip("-").split("-")
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day)
    except ValueError:
        return None


def _row(number: int, cells: Sequence[str], found: Mapping[str, int], headings: Mapping[str, str]) -> Row:
    values = {key: cells[place].strip() if place < len(cells) else "" for key, place in found.items()}
    return Row(number, values, headings)


def _plain(heading: str) -> str:
    return heading.strip().lower().replace(" ", "").replace("_", "").replace("（", "(").split("(")[0]


def _table(content: bytes) -> list[list[str]]:
    if len(content) > MAX_BYTES:
        raise Unreadable(_("The file is larger than 10 MB."))
    if not content.strip():
        raise Unreadable(_("The file is empty."))
    # Excel files are ZIP (xlsx) or OLE (xls) containers.
    excel = content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))
    table = _excel(content) if excel else _csv(content)
    if len(table) > MAX_ROWS:
        raise Unreadable(_("The file has more than 50,000 rows."))
    return table


def _excel(content: bytes) -> list[list[str]]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = workbook.get_sheet_by_index(0)
        return [[_cell(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, IndexError, ValueError) as error:
        raise Unreadable(_("The Excel file cannot be read.")) from error


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(value)


def _csv(content: bytes) -> list[list[str]]:
    text = _decode(content)
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise Unreadable(_("The CSV file cannot be read.")) from error


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable(_("The file is neither UTF-8 nor GB18030."))
