"""Write a document as Word: A4, the official typefaces by name, a table of findings with thumbnails."""

import io
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import docx
from django.utils.translation import gettext as _
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.image.exceptions import InvalidImageStreamError, UnexpectedEndOfFileError, UnrecognizedImageError
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph

from inspections.papers import Paper, Row

Fetch = Callable[[str], bytes | None]
BODY, HEAD, LATIN = "仿宋", "黑体", "Times New Roman"
# what Word takes where a face is missing
FALLBACKS = {
    BODY: "FangSong;仿宋_GB2312;STFangsong;华文仿宋;FZFangSong-Z02;Noto Serif CJK SC;SimSun",
    HEAD: "SimHei;STHeiti;华文黑体;FZHei-B01;Noto Sans CJK SC;Microsoft YaHei",
}
UNREADABLE = (InvalidImageStreamError, UnexpectedEndOfFileError, UnrecognizedImageError)
# control characters that XML does not know
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write(paper: Paper, fetch: Fetch) -> bytes:
    """Return the .docx; `fetch` gives a thumbnail's bytes by its photo id."""
    word = begin()
    _head(word, paper)
    lines(word, paper.opening, indent=True)
    for label, text in paper.short:
        labelled(word, label, text)
    _findings(word, paper, fetch)
    for label, text in paper.long:
        passage(word, label, text)
    _foot(word, paper)
    return finish(word)


def begin() -> Any:
    """Return an empty document of our page and faces."""
    word = docx.Document()
    about = word.core_properties
    about.author, about.comments = "", ""  # the library's own name says nothing to anybody
    _page(word)
    _fonts(word)
    return word


def finish(word: Any) -> bytes:
    """Return the file."""
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def clean(text: str) -> str:
    """Leave out what no XML may hold."""
    return UNPRINTABLE.sub("", text)


def _page(word: Any) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin, section.bottom_margin = Cm(2.8), Cm(2.5)
    section.left_margin = section.right_margin = Cm(2.4)
    _page_number(section.footer.paragraphs[0])


def _page_number(line: Paragraph) -> None:
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = line.add_run()
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        part.text = text
        run._r.append(part)


def _fonts(word: Any) -> None:
    style = word.styles["Normal"]
    style.font.name, style.font.size = LATIN, Pt(12)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), BODY)
    style.paragraph_format.space_after = Pt(0)
    style.paragraph_format.line_spacing = 1.35
    for part in word.part.package.iter_parts():
        if str(part.partname) == "/word/fontTable.xml":
            part._blob = _with_fallbacks(part.blob)


def _with_fallbacks(table: bytes) -> bytes:
    """Name other faces for each of ours in the table of fonts."""
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{others}"/><w:charset w:val="86"/></w:font>'
        for name, others in FALLBACKS.items()
    )
    return table.replace(b"</w:fonts>", fonts.encode() + b"</w:fonts>")


def run(line: Paragraph, text: str, face: str = BODY, size: float = 12, bold: bool = False) -> None:
    """Add words to a line in one of our faces."""
    part = line.add_run(clean(text))
    part.font.name, part.font.size, part.bold = LATIN, Pt(size), bold or None
    part._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face)


def lines(word: Any, text: str, indent: bool = False) -> None:
    """Add a paragraph for each line of a text."""
    for part in text.splitlines():
        line = word.add_paragraph()
        line.paragraph_format.first_line_indent = Pt(24) if indent else None
        run(line, part)


def labelled(word: Any, label: str, text: str) -> None:
    """Add a line with its label."""
    line = word.add_paragraph()
    run(line, _("%(label)s: ") % {"label": label}, HEAD)
    run(line, text)


def passage(word: Any, label: str, text: str) -> None:
    """Add a heading and the text below it."""
    line = word.add_paragraph()
    line.paragraph_format.space_before = Pt(8)
    line.paragraph_format.keep_with_next = True
    run(line, label, HEAD)
    lines(word, text, indent=True)


def _head(word: Any, paper: Paper) -> None:
    for text, size in ((paper.office, 16), (paper.title, 22)):
        line = word.add_paragraph()
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run(line, text, HEAD, size)
    number = word.add_paragraph()
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    number.paragraph_format.space_after = Pt(10)
    run(number, paper.number or _("Draft, not issued"))
    run(word.add_paragraph(), _("To %(addressee)s:") % {"addressee": paper.addressee})


def _foot(word: Any, paper: Paper) -> None:
    for n, text in enumerate([paper.office, paper.day]):
        line = word.add_paragraph()
        line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        line.paragraph_format.space_before = Pt(18 if n == 0 else 0)
        line.paragraph_format.keep_with_next = n == 0
        run(line, text)
    line = word.add_paragraph()
    line.paragraph_format.space_before = Pt(14)
    words = _("Signed by: %(signer)s    Drafted by: %(drafter)s    Received by:")
    run(line, words % {"signer": paper.signer, "drafter": paper.drafter}, size=10.5)


# --- the table ----------------------------------------------------------------------------------------------------
NARROW = 1.0
PHOTO = 2.9


def _findings(word: Any, paper: Paper, fetch: Fetch) -> None:
    heads = [_("No."), *paper.heads, _("Before photos")] + ([_("After photos")] if paper.with_after else [])
    table = headed(word, heads)
    for row in paper.rows:
        _finding(table.add_row(), row, paper, fetch)
    widen(table, _widths(len(paper.heads), paper.with_after))


def headed(word: Any, heads: Sequence[str]) -> Any:
    """Add a table with its head, which stands on every page."""
    table = word.add_table(rows=1, cols=len(heads))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    fill(table.rows[0], heads, HEAD)
    _repeat(table.rows[0])
    return table


def widen(table: Any, widths: Sequence[float]) -> None:
    """Set the widths of columns in centimetres: the grid and the cells, some programs read only one of them."""
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Cm(width)


def _widths(texts: int, with_after: bool) -> list[float]:
    photos = [PHOTO] * (2 if with_after else 1)
    rest = 16.2 - NARROW - sum(photos)
    # the number is short, the rest shares what is left
    first = min(2.6, rest / texts)
    return [NARROW, first, *[(rest - first) / (texts - 1)] * (texts - 1), *photos]


def fill(row: Any, texts: Iterable[str], face: str = BODY) -> None:
    """Write into the cells of a row."""
    for cell, text in zip(row.cells, texts, strict=False):
        line = cell.paragraphs[0]
        line.paragraph_format.line_spacing = 1.0
        run(line, text, face, 10)


def _finding(line: Any, row: Row, paper: Paper, fetch: Fetch) -> None:
    fill(line, [str(row.serial), *row.cells], BODY)
    sides: Sequence[Sequence[str]] = [row.before, row.after] if paper.with_after else [row.before]
    for cell, photos in zip(line.cells[-len(sides) :], sides, strict=True):
        pictures(cell, photos, fetch)
    unbroken(line)


def pictures(cell: Any, photos: Sequence[Any], fetch: Callable[[Any], bytes | None]) -> None:
    """Put photos into a cell; `fetch` gives the bytes of each, or nothing."""
    line = cell.paragraphs[0]
    line.paragraph_format.line_spacing = 1.0
    for photo in photos:
        if picture := fetch(photo):
            with suppress(*UNREADABLE):  # a copy that is no picture is left out: the paper matters more
                line.add_run().add_picture(io.BytesIO(picture), width=Cm(PHOTO - 0.45))


def _repeat(row: Any) -> None:
    """Let the head stand on every page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def unbroken(row: Any) -> None:
    """Keep a row on one page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
