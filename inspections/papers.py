"""What a document says: its passages, the lines of its findings, and the sheet that print and Word are written from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from inspections.models import Document, Finding, PhotoUse
from inspections.models.documents import DocumentKind
from inspections.steps import State
from villages.models import Division

Line = dict[str, Any]
MOST_LISTED = 200
MOST_PHOTOS = 2


@dataclass(frozen=True)
class Passage:
    """One text of a kind of document: its key, heading and whether the paper is nothing without it."""

    key: str
    label: Promise
    required: bool = True
    rows: int = 4
    short: bool = False


REQUIREMENTS = Passage("requirements", gettext_lazy("Requirements"))
PASSAGES: dict[str, tuple[Passage, ...]] = {
    DocumentKind.ASSIGNMENT: (
        REQUIREMENTS,
        Passage("contact", gettext_lazy("Contact and telephone"), required=False, short=True),
    ),
    DocumentKind.EXTENSION: (
        Passage("reason", gettext_lazy("Why more time is needed")),
        Passage("until", gettext_lazy("New date applied for"), short=True),
        Passage("progress", gettext_lazy("What is done so far"), required=False),
        Passage("opinion", gettext_lazy("Opinion of the issuing office"), required=False, rows=2),
    ),
    DocumentKind.SUPERVISION: (
        Passage("matter", gettext_lazy("Matter supervised")),
        REQUIREMENTS,
        Passage("reply_by", gettext_lazy("Reply in writing by"), short=True),
    ),
    DocumentKind.REPORT: (
        Passage("overview", gettext_lazy("How the problems were put right")),
        Passage("next", gettext_lazy("What follows"), required=False),
        Passage("contact", gettext_lazy("Contact and telephone"), required=False, short=True),
    ),
    DocumentKind.CLOSING: (
        Passage("verified", gettext_lazy("How it was verified")),
        Passage("opinion", gettext_lazy("Closing opinion"), rows=2),
    ),
    DocumentKind.TALK: (
        Passage("persons", gettext_lazy("Persons talked to (name, post)"), short=True),
        Passage("speaker", gettext_lazy("Talk held by (name, post)"), short=True),
        Passage("when_where", gettext_lazy("Time and place"), short=True),
        Passage("matter", gettext_lazy("Subject")),
        Passage("minutes", gettext_lazy("What was said"), required=False, rows=8),
        Passage("promise", gettext_lazy("What was promised"), required=False),
    ),
    DocumentKind.CIRCULAR: (Passage("matter", gettext_lazy("What is criticised")), REQUIREMENTS),
}
# columns of the table of findings, and whose photos stand beside them
COLUMNS: dict[str, tuple[str, ...]] = {
    DocumentKind.ASSIGNMENT: ("number", "where", "item", "problem", "due"),
    DocumentKind.EXTENSION: ("number", "where", "problem", "issued", "due"),
    DocumentKind.SUPERVISION: ("number", "where", "problem", "due", "overdue"),
    DocumentKind.REPORT: ("number", "where", "problem", "measures", "result"),
    DocumentKind.CLOSING: ("number", "where", "problem", "result", "ending"),
    DocumentKind.TALK: ("number", "where", "problem", "due", "overdue"),
    DocumentKind.CIRCULAR: ("number", "where", "problem", "due", "overdue"),
}
WITH_AFTER = frozenset({DocumentKind.REPORT, DocumentKind.CLOSING})
HEADS: dict[str, Promise] = {
    "number": gettext_lazy("Number"),
    "where": gettext_lazy("Village and place"),
    "item": gettext_lazy("Item"),
    "problem": gettext_lazy("Problem"),
    "issued": gettext_lazy("Issued"),
    "due": gettext_lazy("Due"),
    "overdue": gettext_lazy("Days overdue"),
    "measures": gettext_lazy("Measures"),
    "result": gettext_lazy("Result"),
    "ending": gettext_lazy("Ending"),
}


@dataclass(frozen=True)
class Row:
    """One finding on the sheet: its cells by column, and the ids of its thumbnails."""

    serial: int
    cells: Sequence[str]
    before: Sequence[str]
    after: Sequence[str]
    finding_id: str


@dataclass(frozen=True)
class Paper:
    """A whole document as it is printed, in the reader's language."""

    title: str
    office: str
    number: str
    addressee: str
    day: str
    signer: str
    drafter: str
    opening: str
    heads: Sequence[str]
    rows: Sequence[Row]
    with_after: bool
    short: Sequence[tuple[str, str]] = ()
    long: Sequence[tuple[str, str]] = ()
    receipts: Sequence[tuple[str, str]] = field(default_factory=tuple)


# --- lines --------------------------------------------------------------------------------------------------------
def lines_of(findings: Iterable[Finding], on: date) -> list[Line]:
    """Return what the findings say today, as the plain JSON that an issued document freezes; two queries."""
    rows = list(findings)
    photos: dict[UUID, dict[str, list[str]]] = {}
    for use in PhotoUse.objects.filter(finding__in=[row.pk for row in rows]).order_by("position", "pk"):
        photos.setdefault(use.finding_id, {"before": [], "after": []})[use.side].append(str(use.photo_id))
    return [_line(row, on) | photos.get(row.pk, {"before": [], "after": []}) for row in rows]


def _line(row: Finding, on: date) -> Line:
    late = (on - row.due_on).days if row.due_on and row.state in (State.OPEN, State.RETURNED) else 0
    return {
        "id": str(row.pk), "number": row.number or "", "place": row.place, "problem": row.description,
        "village": _names(row.village), "township": _names(row.township),
        "item": {"code": row.item.code, "zh": row.item.name_zh, "en": row.item.name_en},
        "issued": _day(row.issued_at and timezone.localdate(row.issued_at)), "due": _day(row.due_on),
        "overdue": max(0, late), "measures": row.measures, "result": row.result, "ending": row.ending,
        "closed": _day(row.closed_at and timezone.localdate(row.closed_at)),
    }  # fmt: skip


def _names(place: Any) -> dict[str, str]:
    return {"zh": place.name, "en": place.name_en or place.name}


def _day(day: date | None) -> str:
    return f"{day:%Y-%m-%d}" if day else ""


def listed(document: Document) -> list[Finding]:
    """Return the findings that a draft names, in its order."""
    found = Finding.objects.filter(pk__in=[UUID(key) for key in document.picked]).for_list().in_bulk()
    return [found[key] for key in (UUID(key) for key in document.picked) if key in found]


def current_lines(document: Document, on: date) -> list[Line]:
    """Return the frozen lines of an issued document, or what a draft's findings say today."""
    return list(document.lines) if document.is_issued else lines_of(listed(document), on)


# --- the sheet ----------------------------------------------------------------------------------------------------
def paper_of(document: Document, on: date) -> Paper:
    """Lay the document out in the active language."""
    columns, lines = COLUMNS[document.kind], current_lines(document, on)
    said = [(p, str(document.text.get(p.key, "")).strip()) for p in PASSAGES[document.kind]]
    day = timezone.localdate(document.issued_at) if document.issued_at else on
    return Paper(
        title=str(document.get_kind_display()),
        office=desk_name(document.office),
        number=document.number,
        addressee=desk_name(document.addressee),
        day=long_day(day),
        signer=str(document.signed_by or ""),
        drafter=str(document.drafted_by),
        opening=_opening(document, len(lines)),
        heads=[str(HEADS[name]) for name in columns],
        rows=[_row(n, line, columns) for n, line in enumerate(lines, 1)],
        with_after=document.kind in WITH_AFTER,
        short=[(str(p.label), text) for p, text in said if p.short and text],
        long=[(str(p.label), text) for p, text in said if not p.short and text],
    )


def desk_name(place: Division) -> str:
    """Name the desk of a place as the paper addresses it: the office of a city or unit, a township itself."""
    name = place.label
    if place.level == Division.Level.TOWNSHIP:
        return str(name)
    return _("%(place)s Human Settlements Office") % {"place": name}


def long_day(day: date) -> str:
    """Write a date as the foot of a paper has it."""
    return f"{day:%Y-%m-%d}" if _english() else f"{day.year}年{day.month}月{day.day}日"


def _english() -> bool:
    return (get_language() or "").startswith("en")


def _opening(document: Document, count: int) -> str:
    words: dict[str, str] = {
        DocumentKind.ASSIGNMENT: _("%(n)s problems found in your area are assigned to you as listed below."),
        DocumentKind.EXTENSION: _("We apply for more time to put the %(n)s problems below right."),
        DocumentKind.SUPERVISION: _(
            "The %(n)s problems below have not been put right in time and are supervised."
        ),
        DocumentKind.REPORT: _("We report on putting right the %(n)s problems below."),
        DocumentKind.CLOSING: _("The %(n)s problems below have been reviewed and are closed."),
        DocumentKind.TALK: _("The talk concerned the %(n)s problems below."),
        DocumentKind.CIRCULAR: _(
            "The %(n)s problems below have not been put right in time and are circulated."
        ),
    }
    return words[document.kind] % {"n": count}


def _row(serial: int, line: Line, columns: Sequence[str]) -> Row:
    cells = [CELLS[name](line) if name in CELLS else str(line[name]) for name in columns]
    before, after = line["before"][:MOST_PHOTOS], line["after"][:MOST_PHOTOS]
    return Row(serial, cells, before, after, line["id"])


def _word(names: Mapping[str, str]) -> str:
    return names["en"] if _english() and names.get("en") else names["zh"]


def _where(line: Line) -> str:
    return " ".join(filter(None, [_word(line["township"]), _word(line["village"]), line["place"]]))


def _ending(line: Line) -> str:
    label = str(Finding.Ending(line["ending"]).label) if line["ending"] else ""
    return " ".join(filter(None, [label, line["closed"]]))


CELLS: dict[str, Callable[[Line], str]] = {
    "where": _where,
    "item": lambda line: f"{line['item']['code']} {_word(line['item'])}",
    "overdue": lambda line: str(line["overdue"]) if line["overdue"] else "–",
    "ending": _ending,
}
