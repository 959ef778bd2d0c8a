"""The ledger in the official form: its columns, its lines, and the control totals counted from them.

A line is plain JSON: it is what a submission freezes, what a workbook and the printed page are written from.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from inspections.models import IN_HAND, Extension, Finding, FindingEvent, FindingQuerySet, PhotoUse
from inspections.on_site import OnSiteCheck

Line = dict[str, Any]
CHUNK = 1000


@dataclass(frozen=True)
class Column:
    """One column of the official form: key, head, and width in characters."""

    key: str
    label: Promise
    width: int


COLUMNS = (
    Column("serial", gettext_lazy("No."), 6),
    Column("number", gettext_lazy("Number"), 16),
    Column("county", gettext_lazy("Unit"), 12),
    Column("township", gettext_lazy("Township"), 12),
    Column("village", gettext_lazy("Village"), 12),
    Column("place", gettext_lazy("Place"), 14),
    Column("item", gettext_lazy("Aspect and item"), 22),
    Column("source", gettext_lazy("Source"), 11),
    Column("problem", gettext_lazy("Problem"), 30),
    Column("found", gettext_lazy("Found"), 11),
    Column("issued", gettext_lazy("Issued"), 11),
    Column("kind", gettext_lazy("Kind"), 10),
    Column("responsible", gettext_lazy("Responsible unit"), 14),
    Column("municipal", gettext_lazy("Municipal leader"), 10),
    Column("county_leader", gettext_lazy("County leader"), 10),
    Column("township_leader", gettext_lazy("Township leader"), 10),
    Column("secretary", gettext_lazy("Village secretary"), 10),
    Column("measures", gettext_lazy("Measures"), 28),
    Column("due", gettext_lazy("Due"), 15),
    Column("result", gettext_lazy("Result"), 28),
    Column("closed", gettext_lazy("Closed on"), 11),
    Column("reviewer", gettext_lazy("Reviewer"), 10),
    Column("remark", gettext_lazy("Remark"), 22),
    Column("returned", gettext_lazy("Times returned"), 8),
    Column("overdue", gettext_lazy("Overdue"), 8),
    Column("recurrence", gettext_lazy("Recurrence"), 16),
    Column("before", gettext_lazy("Before"), 17),
    Column("after", gettext_lazy("After"), 17),
)

_VALUES = (
    "id", "number", "place", "item__code", "source", "description", "reported_at", "issued_at", "kind", "chain",
    "measures", "due_on", "first_due_on", "result", "closed_at", "closed_by__name", "state", "ending",
    "closing_document", "outside_number", "times_returned", "on_time", "recurrence_of__number", "check_due_on",
    "checked_at",
)  # fmt: skip
# how the due column says why a due date is no longer the first one
MOVED = {
    Extension.Cause.ASKED: gettext_lazy("extended to %(day)s"),
    Extension.Cause.RETURN: gettext_lazy("sent back, now %(day)s"),
    Extension.Cause.REOPEN: gettext_lazy("re-opened, now %(day)s"),
    Extension.Cause.PLAN: gettext_lazy("by plan to %(day)s"),
}
_NAMES = {
    "county": "county__name",
    "township": "township__name",
    "responsible": "township__official_name",
    "village": "village__name",
    "item": "item__name",
    "aspect": "item__aspect__name",
}


# --- lines --------------------------------------------------------------------------------------------------------
def lines(findings: FindingQuerySet, on: date) -> Iterator[Line]:
    """Read the lines of an ordered set; three queries per thousand beside the set's own, whatever is in them."""
    names = _name_columns()
    rows = findings.values(*_VALUES, *names.values()).iterator(chunk_size=CHUNK)
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield from _chunk(chunk, names, on)
            chunk = []
    yield from _chunk(chunk, names, on)


def _name_columns() -> dict[str, str]:
    """Return the columns of the names in the active language; places keep their Chinese names."""
    language = "en" if get_language() == "en" else "zh"
    return {
        key: f"{column}_{language}" if key in ("item", "aspect") else column for key, column in _NAMES.items()
    }


def _chunk(rows: list[dict[str, Any]], names: dict[str, str], on: date) -> Iterator[Line]:
    if not rows:
        return
    ids = [row["id"] for row in rows]
    photos, causes, seen = _photos(ids), _causes(ids), _on_site(rows)
    for row in rows:
        line = _line(row, names, photos.get(row["id"], {}), on) | _moved(row, causes)
        yield line | ({"on_site": seen[row["id"]]} if row["id"] in seen else {})


def _on_site(rows: Sequence[Mapping[str, Any]]) -> dict[UUID, dict[str, str]]:
    """Return by closed finding the on-site check that it was closed on: of the close, or of the county's check."""
    closed = [row["id"] for row in rows if row["ending"] == Finding.Ending.FIXED]
    events = FindingEvent.objects.filter(
        finding__in=closed, step__in=["check", "close"], data__has_key="on_site"
    )
    kept = events.filter(finding__submitted_at__lte=F("at")).order_by("version")
    return {event.finding_id: event.data["on_site"] for event in kept.only("finding_id", "data")}


def _causes(ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return by finding what moved its due date last."""
    moved = Extension.objects.filter(finding__in=ids, state="approved").order_by("decided_at", "pk")
    return dict(moved.values_list("finding_id", "cause"))


def _moved(row: Mapping[str, Any], causes: Mapping[UUID, str]) -> Line:
    """Keep the first due date, which decides what is on time, and why the present one is another."""
    first, due = row["first_due_on"], row["due_on"]
    return {
        "first_due": first.isoformat() if first else "",
        "moved": causes.get(row["id"], "") if first != due else "",
    }


def _photos(ids: Sequence[UUID]) -> dict[UUID, dict[str, list[str]]]:
    found: dict[UUID, dict[str, list[str]]] = {}
    uses = PhotoUse.objects.filter(finding__in=ids).order_by("side", "position", "pk")
    for finding, side, photo in uses.values_list("finding_id", "side", "photo_id"):
        found.setdefault(finding, {}).setdefault(side, []).append(str(photo))
    return found


def _line(row: dict[str, Any], names: dict[str, str], photos: dict[str, list[str]], on: date) -> Line:
    chain, due = row["chain"] or {}, row["due_on"]
    secretary = chain.get("village_secretary")
    return {
        "id": str(row["id"]),
        **{
            name: row[name]
            for name in ("number", "place", "source", "kind", "measures", "result", "state", "ending")
        },
        **{key: row[column] or "" for key, column in names.items()},
        "code": row["item__code"],
        "responsible": row[names["responsible"]] or row[names["township"]],
        "problem": row["description"],
        "found": _day(row["reported_at"]),
        "issued": _day(row["issued_at"]),
        "municipal": _people(chain, "municipal"),
        "county_leader": _people(chain, "county"),
        "township_leader": _people(chain, "township"),
        "secretary": secretary["name"] if secretary else "",
        "due": due.isoformat() if due else "",
        "closed": _day(row["closed_at"]),
        "reviewer": row["closed_by__name"] or "",
        "document": row["closing_document"],
        "outside": row["outside_number"],
        "unchecked": bool(row["check_due_on"] and not row["checked_at"] and row["state"] == "closed"),
        "returned": row["times_returned"],
        "on_time": row["on_time"],
        "overdue": bool(row["state"] in IN_HAND and due and due < on),
        "recurrence": row["recurrence_of__number"] or "",
        "before": photos.get("before", []),
        "after": photos.get("after", []),
    }


def _day(at: datetime | None) -> str:
    return timezone.localtime(at).date().isoformat() if at else ""


def _people(chain: Mapping[str, Any], level: str) -> str:
    return "、".join(person["name"] for person in chain.get(level) or [])


def texts(serial: int, line: Mapping[str, Any]) -> dict[str, str]:
    """Return a line as it is written into the columns, in the active language; photos are left to the writer."""
    return {
        **{column.key: str(line.get(column.key) or "") for column in COLUMNS},
        "serial": str(serial),
        "item": f"{line['aspect']}／{line['code']} {line['item']}",
        "source": str(Finding.Source(line["source"]).label),
        "kind": str(Finding.Kind(line["kind"]).label),
        "due": _due(line),
        "remark": _remark(line),
        "returned": str(line["returned"]),
        "overdue": _overdue(line),
        "before": "",
        "after": "",
    }


def _due(line: Mapping[str, Any]) -> str:
    """Write the first due date and, where it was moved, the present one with its cause.

    Lines frozen before the first one was kept know only the present one.
    """
    first, due = line.get("first_due") or "", line["due"]
    if not first or first == due:
        return str(due)
    words = MOVED.get(line["moved"], _("now %(day)s")) % {"day": due}
    return f"{first}（{words}）" if get_language() != "en" else f"{first} ({words})"


def _overdue(line: Mapping[str, Any]) -> str:
    if line["overdue"]:
        return _("overdue")
    return _("fixed late") if line["on_time"] is False else ""


def _seen(line: Mapping[str, Any]) -> str:
    """Say the on-site check; lines frozen before it was kept have none."""
    seen = OnSiteCheck.read(line)
    return seen.words() if seen else ""


def _remark(line: Mapping[str, Any]) -> str:
    parts = [
        str(Finding.Ending(line["ending"]).label if line["ending"] else Finding.State(line["state"]).label)
    ]
    if line["unchecked"]:
        parts.append(_("not checked by the county"))
    parts += [_seen(line), line["document"], line["outside"]]
    return "；".join(part for part in parts if part)


# --- control totals -----------------------------------------------------------------------------------------------
@dataclass
class Totals:
    """The control totals of a ledger, counted line by line."""

    rows: int = 0
    state: Counter[str] = field(default_factory=Counter)
    ending: Counter[str] = field(default_factory=Counter)
    kind: Counter[str] = field(default_factory=Counter)
    fixed: Counter[str] = field(default_factory=Counter)
    on_time: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    overdue: int = 0
    returned: int = 0

    def add(self, line: Mapping[str, Any]) -> None:
        """Count one line."""
        self.rows += 1
        self.state[line["state"]] += 1
        self.kind[line["kind"]] += 1
        self.places[f"{line['county']} {line['township']}"] += 1
        if line["ending"]:
            self.ending[line["ending"]] += 1
        if line["ending"] == Finding.Ending.FIXED:
            self.fixed[line["kind"]] += 1
            self.on_time[line["kind"]] += line["on_time"] is True
        self.overdue += bool(line["overdue"])
        self.returned += line["returned"] > 0

    def as_json(self) -> dict[str, Any]:
        """Return the totals as they are kept."""
        return {
            "rows": self.rows,
            "state": {key: self.state[key] for key in Finding.State.values if self.state[key]},
            "ending": {key: self.ending[key] for key in Finding.Ending.values if self.ending[key]},
            "kind": {
                key: {"rows": self.kind[key], "fixed": self.fixed[key], "on_time": self.on_time[key]}
                for key in Finding.Kind.values
            },
            "places": dict(sorted(self.places.items())),
            "overdue": self.overdue,
            "returned": self.returned,
        }


def count(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Count the control totals of lines."""
    totals = Totals()
    for line in rows:
        totals.add(line)
    return totals.as_json()


def sha256(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the hash of lines in their canonical form: keys sorted, no spaces, UTF-8."""
    body = json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()


def named_totals(totals: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return control totals in words, as groups of (name, value): what the sheet and the pages show."""
    kinds = [(str(Finding.Kind(key).label), value) for key, value in totals["kind"].items()]
    whole = [(_("Findings"), str(totals["rows"])), (_("Overdue"), str(totals["overdue"]))]
    return [
        (_("All"), [*whole, (_("Sent back at least once"), str(totals["returned"]))]),
        (_("By state"), [(str(Finding.State(k).label), str(v)) for k, v in totals["state"].items()]),
        (_("By ending"), [(str(Finding.Ending(k).label), str(v)) for k, v in totals["ending"].items()]),
        (_("On time of fixed, per kind"), [(name, _rate(value)) for name, value in kinds if value["rows"]]),
        (_("By place"), [(name, str(value)) for name, value in totals["places"].items()]),
    ]


def _rate(kind: Mapping[str, int]) -> str:
    fixed, on_time = kind["fixed"], kind["on_time"]
    if not fixed:
        return _("none fixed of %(rows)s") % {"rows": kind["rows"]}
    return f"{on_time} / {fixed} ({(200 * on_time + fixed) // (2 * fixed)}%)"
