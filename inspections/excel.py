"""Write the ledger as an Excel workbook in the official form, in constant memory."""

import hashlib
import io
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _
from PIL import Image

from inspections import official

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LONGEST_CELL = 32_000
THUMBNAIL = (200, 150)
THUMBNAIL_BYTES = 8_000
ROW_HEIGHT = 84
HEAD_ROWS = 3

Progress = Callable[[int], None]
# gives a photo's small copy as bytes, or None where there is none yet
Fetch = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Sheet:
    """What a workbook says about itself, and how it shows photos: `fetch` gives thumbnails, else links to `url`."""

    title: str
    subtitle: str
    url: str
    fetch: Fetch | None = None


@dataclass
class Written:
    """What came out of it."""

    rows: int = 0
    totals: official.Totals = field(default_factory=official.Totals)


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, also after it was saved as CSV."""
    text = text[:LONGEST_CELL]
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def thumbnail(body: bytes) -> bytes | None:
    """Make a JPEG of at most 8 kB out of a small copy; None if it cannot be read."""
    try:
        with Image.open(io.BytesIO(body)) as image:
            image.draft("RGB", THUMBNAIL)
            small = image.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    small.thumbnail(THUMBNAIL)
    for quality in (70, 50, 30, 15):
        out = io.BytesIO()
        small.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= THUMBNAIL_BYTES:
            break
    return out.getvalue()


def write(
    path: Path, lines: Iterable[Mapping[str, Any]], sheet: Sheet, progress: Progress = lambda _rows: None
) -> Written:
    """Write lines and their control totals to a file; tells `progress` how many rows are done, every hundred."""
    with tempfile.TemporaryDirectory() as folder:
        book = xlsxwriter.Workbook(
            str(path), {"constant_memory": True, "tmpdir": folder, "strings_to_urls": False}
        )
        writer = _Writer(book, sheet, Path(folder))
        for line in lines:
            writer.add(line)
            if writer.written.rows % 100 == 0:
                progress(writer.written.rows)
        writer.close()
    return writer.written


class _Writer:
    def __init__(self, book: Any, sheet: Sheet, folder: Path) -> None:
        self.book, self.sheet, self.folder = book, sheet, folder
        self.written = Written()
        self.formats = _formats(book)
        self.page = book.add_worksheet(_("Ledger"))
        self._lay_out()

    def _lay_out(self) -> None:
        """Title, head, A4 landscape, one page wide, head on every page, frozen head and number."""
        page, last = self.page, len(official.COLUMNS) - 1
        page.set_landscape()
        page.set_paper(9)
        page.set_margins(0.4, 0.4, 0.5, 0.6)
        page.fit_to_pages(1, 0)
        page.repeat_rows(0, HEAD_ROWS - 1)
        page.freeze_panes(HEAD_ROWS, 2)
        page.set_footer("&C" + _("Page") + " &P / &N")
        for index, column in enumerate(official.COLUMNS):
            page.set_column(index, index, column.width)
        page.set_row(0, 30)
        page.merge_range(0, 0, 0, last, safe(self.sheet.title), self.formats["title"])
        page.merge_range(1, 0, 1, last, safe(self.sheet.subtitle), self.formats["subtitle"])
        page.set_row(2, 32)
        for index, column in enumerate(official.COLUMNS):
            page.write_string(2, index, str(column.label), self.formats["head"])

    def add(self, line: Mapping[str, Any]) -> None:
        """Write one line below the last."""
        self.written.rows += 1
        self.written.totals.add(line)
        row = HEAD_ROWS - 1 + self.written.rows
        if self.sheet.fetch and (line["before"] or line["after"]):
            self.page.set_row(row, ROW_HEIGHT)
        for index, (key, text) in enumerate(official.texts(self.written.rows, line).items()):
            if key in ("serial", "returned"):
                self.page.write_number(row, index, int(text), self.formats["cell"])
            elif key in ("before", "after"):
                self._photos(row, index, line, key)
            else:
                self.page.write_string(row, index, safe(text), self.formats["cell"])

    def _photos(self, row: int, index: int, line: Mapping[str, Any], side: str) -> None:
        photos = line[side]
        if not photos:
            self.page.write_blank(row, index, None, self.formats["cell"])
        elif not (self.sheet.fetch and self._picture(row, index, photos[0])):
            words = _("%(n)s photos") % {"n": len(photos)}
            # a formula and not a link: a sheet holds 65,530 links at most
            link = f'=HYPERLINK("{self.sheet.url}/findings/{line["id"]}/","{words}")'
            self.page.write_formula(row, index, link, self.formats["link"], words)
        else:
            more = _("%(n)s photos") % {"n": len(photos)} if len(photos) > 1 else ""
            self.page.write_string(row, index, more, self.formats["cell"])

    def _picture(self, row: int, index: int, photo: str) -> bool:
        body = self.sheet.fetch(photo) if self.sheet.fetch else None
        small = thumbnail(body) if body else None
        if small is None:
            return False
        path = self.folder / f"{hashlib.sha256(small).hexdigest()}.jpg"
        path.write_bytes(small)
        place = {"x_offset": 4, "y_offset": 4, "x_scale": 0.58, "y_scale": 0.58, "object_position": 1}
        self.page.insert_image(row, index, str(path), {**place, "description": side_words(photo)})
        return True

    def close(self) -> None:
        """Write the control totals and close the file."""
        page = self.book.add_worksheet(_("Control totals"))
        page.set_paper(9)
        page.set_column(0, 0, 34)
        page.set_column(1, 1, 22)
        page.write_string(0, 0, safe(self.sheet.title), self.formats["title_left"])
        page.write_string(1, 0, safe(self.sheet.subtitle))
        row = 3
        for group, pairs in official.named_totals(self.written.totals.as_json()):
            page.write_string(row, 0, group, self.formats["head"])
            page.write_string(row, 1, "", self.formats["head"])
            for name, value in pairs:
                row += 1
                page.write_string(row, 0, safe(name), self.formats["cell"])
                if value.isdigit():
                    page.write_number(row, 1, int(value), self.formats["cell"])
                else:
                    page.write_string(row, 1, value, self.formats["cell"])
            row += 2
        self.book.close()


def side_words(photo: str) -> str:
    """Describe a picture for those who cannot see it, and for whoever looks for the original."""
    return _("Photo %(id)s") % {"id": photo}


def _formats(book: Any) -> dict[str, Any]:
    base = {"font_name": "SimSun", "font_size": 9, "valign": "vcenter", "text_wrap": True}
    boxed = {**base, "border": 1}
    return {
        "title": book.add_format({**base, "font_size": 16, "bold": True, "align": "center"}),
        "title_left": book.add_format({"font_name": "SimSun", "font_size": 12, "bold": True}),
        "subtitle": book.add_format({**base, "align": "center"}),
        "head": book.add_format({**boxed, "bold": True, "align": "center", "bg_color": "#E7EFEA"}),
        "cell": book.add_format(boxed),
        "link": book.add_format({**boxed, "font_color": "#0B5D45", "underline": 1}),
    }
