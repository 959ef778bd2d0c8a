"""The ledger's lines on screen, written in Python: through templates they cost ten times the query.

Every text of a finding goes through `escape`; the few that do not are our own constants and ids.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from html import escape
from itertools import product
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from inspections.models import IN_HAND, Finding

# read in this order by `Line`
COLUMNS = (
    "id", "number", "state", "ending", "kind", "source", "due_on", "issued_at", "submitted_at", "closed_at",
    "times_returned", "on_time", "recurrence_of_id", "place", "description", "measures", "result",
    "village__name", "village__name_en", "township__name", "township__name_en", "county__name", "county__name_en",
    "item__code", "item__name_zh", "item__name_en", "plan_waits", "extension_waits", "claim_waits",
)  # fmt: skip
LONGEST = 60


@dataclass(frozen=True)
class Column:
    """A column of the table: its key, its head, what it sorts by, whether it is shown unless asked for."""

    key: str
    label: Promise
    sort: str = ""
    shown: bool = True


TABLE = (
    Column("state", gettext_lazy("state")),
    Column("due", gettext_lazy("due"), "due"),
    Column("unit", gettext_lazy("unit")),
    Column("township", gettext_lazy("township")),
    Column("village", gettext_lazy("village and place")),
    Column("item", gettext_lazy("item")),
    Column("problem", gettext_lazy("problem")),
    Column("issued", gettext_lazy("issued"), "issued"),
    Column("returned", gettext_lazy("returned"), "returned"),
    Column("kind", gettext_lazy("kind"), "", False),
    Column("source", gettext_lazy("source"), "", False),
    Column("measures", gettext_lazy("measures"), "", False),
    Column("result", gettext_lazy("result"), "", False),
    Column("submitted", gettext_lazy("submitted"), "submitted", False),
    Column("closed", gettext_lazy("closed on"), "closed", False),
)
_HIDDEN = {column.key: "" if column.shown else " hidden" for column in TABLE}
# a card on a phone says less
_CARD_HIDE = frozenset({"unit", "issued", "returned"})
_CSS = {c.key: f"ledger__{c.key}{' card-hide' if c.key in _CARD_HIDE else ''}" for c in TABLE}
_NO_ID = UUID(int=0)
_ASKED = (False, True)


@dataclass(frozen=True)
class Words:
    """What all lines of one language share."""

    english: bool
    url: tuple[str, str]
    badges: dict[str, str]
    kinds: dict[str, str]
    sources: dict[str, str]
    endings: dict[str, str]
    labels: dict[str, str]
    select: str
    recurrence: str
    requests: dict[tuple[bool, bool, bool], str]


def words() -> Words:
    """Return the shared words of the active language."""
    return _words(get_language() or "")


@lru_cache(maxsize=4)
def _words(language: str) -> Words:
    before, _id, after = reverse("finding", args=[_NO_ID]).partition(str(_NO_ID))
    keys = ("reported", "open", "soon", "overdue", "submitted", "checked", "returned", "closed", "rejected")
    return Words(
        english=language == "en",
        url=(before, after),
        badges={
            key: render_to_string("inspections/ledger/_badge.html", {"key": key}).strip() for key in keys
        },
        kinds=_labels(Finding.Kind),
        sources=_labels(Finding.Source),
        endings=_labels(Finding.Ending),
        labels={column.key: escape(str(column.label)) for column in TABLE},
        select=escape(_("Pick %(number)s")),
        recurrence=' <span class="strip__note strip__note--warn">' + escape(_("recurrence")) + "</span>",
        requests={asked: _requests(*asked) for asked in product(_ASKED, _ASKED, _ASKED)},
    )


def _requests(plan: bool, extension: bool, claim: bool) -> str:
    """Write the marks of what waits for a decision."""
    marks = {"plan_waits": plan, "extension_waits": extension, "claim_waits": claim}
    return (
        " " + render_to_string("inspections/_waits.html", {"finding": marks}).strip()
        if any(marks.values())
        else ""
    )


def _labels(choices: Any) -> dict[str, str]:
    return {value: escape(str(label)) for value, label in choices.choices}


def table(rows: Iterable[tuple[Any, ...]], at: datetime) -> SafeString:
    """Write the lines of a page."""
    shared, today = words(), timezone.localdate(at)
    return SafeString("".join(_line(row, shared, today) for row in rows))


def _line(row: tuple[Any, ...], words: Words, today: date) -> str:
    (
        id, number, state, ending, kind, source, due_on, issued_at, submitted_at, closed_at,
        times_returned, _on_time, recurrence_of, place, description, measures, result,
        village, village_en, township, township_en, county, county_en, code, item_zh, item_en,
        plan, extension, claim,
    ) = row  # fmt: skip
    english = words.english
    name = escape((english and village_en) or village)
    title = escape(number or f"{code} {village}")
    cells = {
        "state": _badge(state, ending, due_on, words, today) + words.requests[plan, extension, claim],
        "due": _due(state, due_on, today),
        "unit": escape((english and county_en) or county),
        "township": escape((english and township_en) or township),
        "village": f"{name} · {escape(place)}" if place else name,
        "item": f"{escape(code)} {escape(item_en if english else item_zh)}",
        "problem": _short(description) + (words.recurrence if recurrence_of else ""),
        "issued": _day(issued_at),
        "returned": str(times_returned or ""),
        "kind": words.kinds[kind],
        "source": words.sources[source],
        "measures": _short(measures),
        "result": _short(result),
        "submitted": _day(submitted_at),
        "closed": _day(closed_at),
    }
    labels, url = words.labels, f"{words.url[0]}{id}{words.url[1]}"
    return (
        f'<tr><th scope="row" class="pin ledger__number card-title"><input type="checkbox" class="form-check-input"'
        f' name="pick" value="{id}" form="bulk" data-select-row aria-label="{words.select % {"number": title}}">'
        f' <a href="{url}" data-panel>{title}</a></th>'
        + "".join(
            f'<td data-col="{key}" data-label="{labels[key]}" class="{_CSS[key]}"{_HIDDEN[key]}>{cell}</td>'
            for key, cell in cells.items()
        )
        + "</tr>"
    )


def _short(text: str) -> str:
    return escape(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


def _day(at: datetime | None) -> str:
    return timezone.localtime(at).date().isoformat() if at else ""


def _badge(state: str, ending: str, due_on: date | None, words: Words, today: date) -> str:
    if state in IN_HAND and due_on and due_on < today:
        late = words.badges["overdue"]
        return f"{words.badges['returned']} {late}" if state == "returned" else late
    if state == "open" and due_on == today:
        return words.badges["soon"]
    if ending and ending != Finding.Ending.FIXED:
        return f'{words.badges[state]} <span class="muted">{words.endings[ending]}</span>'
    return words.badges[state]


def _due(state: str, due_on: date | None, today: date) -> str:
    if due_on is None:
        return ""
    if state not in IN_HAND:
        return due_on.isoformat()
    return f"{due_on.isoformat()} {_left((due_on - today).days, get_language() or '')}"


@lru_cache(maxsize=512)
def _left(days: int, language: str) -> str:
    """Say how long is left; the language only tells the cached answers apart."""
    del language
    if days < 0:
        text, css = ngettext("%(n)s day overdue", "%(n)s days overdue", -days) % {"n": -days}, "ledger__late"
    elif days == 0:
        text, css = _("today"), "ledger__soon"
    else:
        text, css = ngettext("%(n)s day left", "%(n)s days left", days) % {"n": days}, "muted"
    return f'<small class="{css}">{escape(text)}</small>'
