"""Write a list as an Excel file."""

import io
from collections.abc import Iterable, Sequence

import xlsxwriter
from django.http import HttpResponse

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def plain(value: object) -> object:
    """Return a cell's value; text that a spreadsheet would take for a formula is escaped."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def workbook(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return an A4 landscape sheet: title, headings that repeat on every page, one line per row."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet()
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, 1)
    sheet.freeze_panes(2, 0)
    sheet.set_column(0, len(headings) - 1, 16)
    sheet.merge_range(
        0, 0, 0, max(len(headings) - 1, 1), title, book.add_format({"bold": True, "font_size": 14})
    )
    sheet.write_row(1, 0, headings, book.add_format({"bold": True, "border": 1}))
    line = book.add_format({"border": 1, "text_wrap": True})
    for number, row in enumerate(rows, start=2):
        sheet.write_row(number, 0, [plain(value) for value in row], line)
    book.close()
    return stream.getvalue()


def download(content: bytes, name: str) -> HttpResponse:
    """Return an Excel file as a download."""
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response
