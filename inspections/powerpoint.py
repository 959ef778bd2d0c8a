"""Write the slide show of an on-site meeting as PowerPoint: 16:9, photos as the site shows them."""

import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.util import Inches, Pt

from inspections.models import Photo
from inspections.papers import desk_name
from inspections.slides import Slide
from inspections.word import clean

Fetch = Callable[[Photo], bytes | None]
Box = tuple[float, float, float, float]  # left, top, width, height in inches
WIDTH, HEIGHT = 13.333, 7.5
LATIN, HAN = "Arial", "微软雅黑"
RGB: Any = RGBColor  # the library is not typed
GREEN, INK = RGB(0x0B, 0x5D, 0x45), RGB(0x1C, 0x24, 0x22)
GREY, WHITE = RGB(0x4C, 0x58, 0x53), RGB(0xFF, 0xFF, 0xFF)
BLANK = 6  # the layout without any placeholder
# what fits its box in Chinese at the sizes below
LONGEST = 110
LONGEST_HEAD = 20
LONGEST_REMARK = 28


def write(slides: Sequence[Slide], fetch: Fetch, at: datetime) -> bytes:
    """Return the .pptx; `fetch` gives the bytes of a photo's large copy, or nothing while there is none."""
    show = Presentation()
    show.slide_width, show.slide_height = Inches(WIDTH), Inches(HEIGHT)
    _describe(show, slides[0].meeting.title, at)
    for slide in slides:
        page = show.slides.add_slide(show.slide_layouts[BLANK])
        DRAWN[slide.kind](page, slide, fetch)
    out = io.BytesIO()
    show.save(out)
    return out.getvalue()


def _describe(show: Any, title: str, at: datetime) -> None:
    """Say nothing about who made the file, and drop the picture that the template brings along."""
    about = show.core_properties
    about.title, about.author, about.last_modified_by, about.keywords = clean(title), "", "", ""
    about.comments = ""
    about.created = about.modified = at.replace(tzinfo=None)
    package = show.part.package
    for key, link in list(package._rels.items()):
        if link.reltype == RELATIONSHIP_TYPE.THUMBNAIL:
            package._rels.pop(key)


# --- the kinds of slides --------------------------------------------------------------------------------------
def _title(page: Any, slide: Slide, _fetch: Fetch) -> None:
    meeting = slide.meeting
    _block(page, (0, 0, WIDTH, HEIGHT), GREEN)
    _text(page, (1, 2.1, WIDTH - 2, 1.9), meeting.title, 44, WHITE, bold=True, anchor=MSO_ANCHOR.BOTTOM)
    place = f"{meeting.county.label} · {meeting.township.label}"
    facts = [
        place,
        f"{meeting.on:%Y-%m-%d}",
        meeting.host and _("Chaired by: %(name)s") % {"name": meeting.host},
    ]
    _text(page, (1, 4.2, WIDTH - 2, 1.6), "\n".join(filter(None, facts)), 22, WHITE)
    _text(page, (1, 6.7, WIDTH - 2, 0.5), desk_name(meeting.office), 14, WHITE)


def _villages(page: Any, slide: Slide, _fetch: Fetch) -> None:
    _heading(page, _("Villages visited unannounced"))
    lines = []
    for row in slide.villages:
        name = _("%(label)s: ") % {"label": row.village} if row.remark else str(row.village)
        lines.append(f"{row.position}. {name}{short(row.remark, LONGEST_REMARK)}")
    _text(page, (0.7, 1.4, WIDTH - 1.4, 5.6), "\n".join(lines), 22, INK)


def _decisions(page: Any, slide: Slide, _fetch: Fetch) -> None:
    _heading(page, _("Decisions"))
    lines = []
    for row in slide.decisions:
        owner = row.owner
        if row.due_on:
            due = _("by %(day)s") % {"day": f"{row.due_on:%Y-%m-%d}"}
            owner = _("%(owner)s, %(due)s") % {"owner": owner, "due": due}
        words = _("%(why)s (%(more)s)") % {"why": short(row.text), "more": owner}
        lines.append(f"{row.position}. {words}")
    _text(page, (0.7, 1.4, WIDTH - 1.4, 5.6), "\n".join(lines) or _("To be decided at the meeting."), 20, INK)


def _finding(page: Any, slide: Slide, fetch: Fetch) -> None:
    finding = slide.finding
    assert finding is not None  # noqa: S101 - told to mypy
    place = f" · {finding.place}" if finding.place else ""
    _heading(page, short(f"{finding.village}{place}", LONGEST_HEAD), " · ".join(_marks(slide)))
    frame = (0.5, 1.15, WIDTH - 1, 4.75)
    pairs = [(slide.before, _("Before")), (slide.after, _("After"))]
    for box, (photo, word) in zip(_frames(frame, len(slide.photos)), (p for p in pairs if p[0]), strict=True):
        _photo(page, box, photo, word if len(slide.photos) > 1 or photo is slide.after else "", fetch)
    if not slide.photos:
        _text(page, frame, _("No photo"), 24, GREY, align=PP_ALIGN.CENTER, anchor=MSO_ANCHOR.MIDDLE)
    words = f"{short(finding.description)}\n{finding.item.code} {finding.item.name}"
    _text(page, (0.5, 5.95, WIDTH - 1, 1.4), words, 18, INK)


def _marks(slide: Slide) -> list[str]:
    finding = slide.finding
    assert finding is not None  # noqa: S101 - told to mypy
    found = [finding.number or "", _("found on the spot") if slide.on_the_spot else ""]
    found += [str(finding.get_state_display()), f"{slide.part}/{slide.parts}" if slide.parts > 1 else ""]
    return [words for words in found if words]


DRAWN = {"title": _title, "villages": _villages, "finding": _finding, "decisions": _decisions}


# --- parts ----------------------------------------------------------------------------------------------------
def short(text: str, longest: int = LONGEST) -> str:
    """Return what fits on a slide."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _heading(page: Any, text: str, right: str = "") -> None:
    _block(page, (0, 0, WIDTH, 0.95), GREEN)
    _text(page, (0.5, 0.1, 7.6, 0.75), text, 26, WHITE, bold=True, anchor=MSO_ANCHOR.MIDDLE)
    _text(page, (8.1, 0.1, 4.75, 0.75), right, 14, WHITE, align=PP_ALIGN.RIGHT, anchor=MSO_ANCHOR.MIDDLE)


def _inches(box: Box) -> list[Inches]:
    return [Inches(length) for length in box]


def _block(page: Any, box: Box, colour: RGBColor) -> None:
    shape = page.shapes.add_shape(MSO_SHAPE.RECTANGLE, *_inches(box))
    shape.fill.solid()
    shape.fill.fore_color.rgb = colour
    shape.line.fill.background()
    shape.shadow.inherit = False


def _text(
    page: Any,
    box: Box,
    text: str,
    size: float,
    colour: RGBColor,
    *,
    bold: bool = False,
    align: PP_ALIGN = PP_ALIGN.LEFT,
    anchor: MSO_ANCHOR = MSO_ANCHOR.TOP,
) -> None:
    frame = page.shapes.add_textbox(*_inches(box)).text_frame
    frame.word_wrap, frame.vertical_anchor, frame.auto_size = True, anchor, MSO_AUTO_SIZE.TEXT_TO_FIT_SHAPE
    for n, line in enumerate(clean(text).split("\n")):
        part = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
        part.alignment, part.space_after = align, Pt(4)
        run = part.add_run()
        run.text = line
        run.font.size, run.font.bold, run.font.name, run.font.color.rgb = Pt(size), bold, LATIN, colour
        _name_han(run)


def _name_han(run: Any) -> None:
    """Name the face for Chinese characters, which python-pptx leaves to the reader's machine."""
    properties = run._r.get_or_add_rPr()
    for tag in ("ea", "cs"):
        face = properties.makeelement(f"{{{properties.nsmap['a']}}}{tag}", {"typeface": HAN})
        properties.append(face)


def _frames(whole: Box, count: int) -> list[Box]:
    """Return the place of each of one or two photos."""
    left, top, width, height = whole
    half = (width - 0.3) / 2
    return (
        [whole] if count == 1 else [(left, top, half, height), (left + half + 0.3, top, half, height)][:count]
    )


def _photo(page: Any, box: Box, photo: Any, word: str, fetch: Fetch) -> None:
    """Put a photo into its place, whole and centred, with its word in the corner."""
    left, top, width, height = box
    body = fetch(photo)
    if body is None:
        _text(
            page,
            box,
            _("The photo is not ready yet"),
            20,
            GREY,
            align=PP_ALIGN.CENTER,
            anchor=MSO_ANCHOR.MIDDLE,
        )
        return
    with suppress(UnidentifiedImageError):  # a copy that is no picture is left out: the others matter more
        with Image.open(io.BytesIO(body)) as picture:
            wide, high = picture.size
        scale = min(width / wide, height / high)
        x, y = left + (width - wide * scale) / 2, top + (height - high * scale) / 2
        placed = page.shapes.add_picture(io.BytesIO(body), *_inches((x, y, wide * scale, high * scale)))
        placed._element.nvPicPr.cNvPr.set("descr", word or _("Photo of the problem"))
        if word:
            _block(page, (x, y, 1.1, 0.45), GREEN)
            _text(page, (x, y, 1.1, 0.45), word, 16, WHITE, align=PP_ALIGN.CENTER, anchor=MSO_ANCHOR.MIDDLE)
