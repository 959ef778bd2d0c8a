"""Write the empty problem list: headings, one example, and the words that its columns take as drop-downs."""

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from inspections.problem_list import HEADINGS, SEVERITIES, SOURCES

WIDTHS = {"serial": 8, "item": 30, "description": 40, "place": 18, "outside_document": 24, "photos": 26}
REQUIRED = frozenset({"village", "item", "description", "source"})
ROWS = 2000
EXAMPLE = {
    "serial": "示例", "place": "村口", "description": "村口路边散落生活垃圾约2立方米",
    "severity": SEVERITIES["minor"][1],
    "source": SOURCES["provincial"][1], "outside_number": "辽环督〔2026〕12号-3", "outside_deadline": "2026-12-15",
    "outside_document": "省农村人居环境督查反馈意见", "photos": "图片放在本单元格内",
}  # fmt: skip


def write(
    counties: Sequence[str], townships: Sequence[str], items: Sequence[str], where: Sequence[str]
) -> bytes:
    """Return the workbook; `where` is unit, township and village of the example."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet, notes, lists = (book.add_worksheet(name) for name in ("问题清单", "填写说明", "选项"))
    _head(book, sheet)
    _example(book, sheet, where, items)
    choices = {
        "county": counties, "township": townships, "item": items,
        "severity": [words[1] for words in SEVERITIES.values()], "source": [words[1] for words in SOURCES.values()],
    }  # fmt: skip
    for column, (key, words) in enumerate(choices.items()):
        _choice(sheet, lists, column, key, words)
    lists.hide()
    _notes(book, notes)
    book.close()
    return out.getvalue()


def _head(book: Any, sheet: Any) -> None:
    plain = book.add_format(
        {"bold": True, "bg_color": "#E3EFEA", "border": 1, "text_wrap": True, "valign": "vcenter"}
    )
    needed = book.add_format(
        {"bold": True, "bg_color": "#CDE5DB", "border": 1, "text_wrap": True, "valign": "vcenter"}
    )
    for column, (key, names) in enumerate(HEADINGS.items()):
        sheet.set_column(column, column, WIDTHS.get(key, 14))
        sheet.write_string(
            0, column, names[0] + ("*" if key in REQUIRED else ""), needed if key in REQUIRED else plain
        )
    sheet.set_row(0, 30)
    sheet.freeze_panes(1, 0)


def _example(book: Any, sheet: Any, where: Sequence[str], items: Sequence[str]) -> None:
    grey = book.add_format({"italic": True, "font_color": "#777777", "text_wrap": True, "valign": "top"})
    said = {
        **EXAMPLE,
        **dict(zip(("county", "township", "village"), where, strict=False)),
        "item": (items or [""])[0],
    }
    for column, key in enumerate(HEADINGS):
        sheet.write_string(1, column, said.get(key, ""), grey)


def _choice(sheet: Any, lists: Any, column: int, key: str, words: Sequence[str]) -> None:
    """Put the words on the hidden sheet and let the column take them from there."""
    if not words:
        return
    lists.write_column(0, column, words)
    letter, target = chr(ord("A") + column), list(HEADINGS).index(key)
    rule = {
        "validate": "list",
        "source": f"=选项!${letter}$1:${letter}${len(words)}",
        "error_type": "warning",
    }
    sheet.data_validation(1, target, ROWS, target, rule)


def _notes(book: Any, sheet: Any) -> None:
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 100)
    notes = [
        _("Columns marked * are needed. The example row is not imported; it may stay."),
        _(
            "A village is found by its code, else by unit, township and name; the name alone will do if it is unique."
        ),
        _("The item is its code (A1-01) or its name, as in the drop-down list."),
        _(
            "Pictures: at most 9 a row, floating with the upper left corner in the row, or inside a cell of the row."
        ),
        _(
            "JPEG, PNG, WebP and HEIC are taken. "
            "Links to pictures on the web and IMAGE() formulas cannot be taken over."
        ),
        _("The same file may be imported again: rows that are there already stay as they are."),
    ]
    for row, text in enumerate(notes):
        sheet.write_string(row, 0, text, wrap)
