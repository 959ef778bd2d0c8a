"""The report on an on-site meeting as Word: what the printable page shows, for its reader."""

import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Cm, Pt

from inspections import word
from inspections.models import Meeting, MeetingDecision, MeetingFinding, MeetingPhoto, MeetingVillage
from inspections.slides import Photos

Fetch = Callable[[Any], bytes | None]
MOST_PHOTOS = 2  # of a side of a finding, as on the page
PER_LINE = 3
VILLAGES = (1.3, 3.9, 11.0)
FINDINGS = (1.3, 3.0, 4.3, 1.8, 2.9, 2.9)
DECISIONS = (1.3, 5.5, 3.1, 2.4, 3.9)
PICTURES = (5.4, 5.4, 5.4)


@dataclass(frozen=True)
class Report:
    """What the report holds; findings only as far as its reader may read them."""

    meeting: Meeting
    desk: str
    villages: Sequence[MeetingVillage]
    shown: Sequence[MeetingFinding]
    photos_of: Photos
    photos: Sequence[MeetingPhoto]
    decisions: Sequence[MeetingDecision]
    day: date


def write(report: Report, fetch: Fetch) -> bytes:
    """Return the .docx; `fetch` gives the bytes of a photo's small copy, or nothing while there is none."""
    paper = word.begin()
    _head(paper, report)
    _facts(paper, report.meeting)
    _villages(paper, report.villages)
    _findings(paper, report, fetch)
    if report.meeting.minutes:
        word.passage(paper, _("Minutes"), report.meeting.minutes)
    _photos(paper, report.photos, fetch)
    _decisions(paper, report.decisions)
    for n, text in enumerate((report.desk, f"{report.day:%Y-%m-%d}")):
        line = paper.add_paragraph()
        line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        line.paragraph_format.space_before = Pt(18 if n == 0 else 0)
        word.run(line, text)
    return word.finish(paper)


def _head(paper: Any, report: Report) -> None:
    for text, size in (
        (report.desk, 16),
        (_("Report on an on-site meeting"), 22),
        (report.meeting.title, 12),
    ):
        line = paper.add_paragraph()
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        word.run(line, text, word.HEAD if size > 12 else word.BODY, size)
    line.paragraph_format.space_after = Pt(10)


def _facts(paper: Any, meeting: Meeting) -> None:
    facts = (
        (_("Date"), f"{meeting.on:%Y-%m-%d}"),
        (_("Place"), f"{meeting.county.label} {meeting.township.label}"),
        (_("Chaired by"), meeting.host),
        (_("People present"), str(meeting.people_present or "")),
        (_("Units present"), meeting.units_present),
    )
    for label, text in facts:
        if text:
            word.labelled(paper, label, text)


def _heading(paper: Any, text: str) -> None:
    line = paper.add_paragraph()
    line.paragraph_format.space_before, line.paragraph_format.space_after = Pt(10), Pt(4)
    line.paragraph_format.keep_with_next = True
    word.run(line, text, word.HEAD)


def _villages(paper: Any, rows: Sequence[MeetingVillage]) -> None:
    _heading(paper, _("Villages visited unannounced"))
    table = word.headed(paper, [_("No."), _("Village"), _("Remark")])
    for row in rows:
        word.fill(table.add_row(), [str(row.position), str(row.village), row.remark or "–"])
    word.widen(table, VILLAGES)


def _findings(paper: Any, report: Report, fetch: Fetch) -> None:
    if not report.shown:
        return
    _heading(paper, _("Findings shown"))
    heads = [
        _("No."),
        _("Village and place"),
        _("Problem"),
        _("State"),
        _("Before photos"),
        _("After photos"),
    ]
    table = word.headed(paper, heads)
    for n, row in enumerate(report.shown, 1):
        finding, line = row.finding, table.add_row()
        spot = _("found on the spot") if row.on_the_spot else ""
        place = "\n".join(filter(None, (str(finding.village), finding.place, spot)))
        problem = f"{finding.description}\n{finding.item.code} {finding.item.name}"
        word.fill(line, [str(n), place, problem, finding.get_state_display()])
        photos = report.photos_of.get(row.finding_id, {})
        for cell, side in zip(line.cells[-2:], ("before", "after"), strict=True):
            word.pictures(cell, photos.get(side, [])[:MOST_PHOTOS], fetch)
        word.unbroken(line)
    word.widen(table, FINDINGS)


def _photos(paper: Any, photos: Sequence[MeetingPhoto], fetch: Fetch) -> None:
    """Put the photos of the meeting in lines of three, each with its caption below."""
    there = [(photo, body) for photo in photos if (body := fetch(photo))]
    if not there:
        return
    _heading(paper, _("Photos"))
    table = paper.add_table(rows=0, cols=PER_LINE)
    table.autofit = False
    for start in range(0, len(there), PER_LINE):
        line = table.add_row()
        for cell, (photo, body) in zip(line.cells, there[start : start + PER_LINE], strict=False):
            with suppress(*word.UNREADABLE):  # a copy that is no picture is left out: the report matters more
                cell.paragraphs[0].add_run().add_picture(io.BytesIO(body), width=Cm(4.9))
            word.run(cell.add_paragraph(), photo.caption, size=10)
        word.unbroken(line)
    word.widen(table, PICTURES)


def _decisions(paper: Any, rows: Sequence[MeetingDecision]) -> None:
    if not rows:
        return
    _heading(paper, _("Decisions"))
    heads = [_("No."), _("Decision"), _("Responsible"), _("To be done by"), _("How it was done")]
    table = word.headed(paper, heads)
    for row in rows:
        done = f"{row.done_note}\n{timezone.localdate(row.done_at):%Y-%m-%d}" if row.done_at else "–"
        due = f"{row.due_on:%Y-%m-%d}" if row.due_on else "–"
        line = table.add_row()
        word.fill(line, [str(row.position), row.text, row.owner, due, done])
        word.unbroken(line)
    word.widen(table, DECISIONS)
