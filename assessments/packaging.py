"""The package with which a third party recomputes every digit of an edition: inputs, scheme, rule text and a script.

It names places, not persons: who visited, entered, proposed or decided is not in it, nor any free text. The script in
it shares no code with the product.
"""

import csv
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

from assessments import inputs, years
from assessments.models.adjustments import Adjustment, cap
from assessments.models.appeals import Appeal, Override
from assessments.models.entries import Entry, EntryFact
from assessments.models.periods import Period
from assessments.models.standings import Edition, Standing, StandingPart, VillageItem
from inspections.models import VisitItem
from schemes.models import UNITS

HERE = Path(__file__).parent / "package"
# path in the archive → the file, as it is
FILES = {name: HERE / name for name in ("RULE.zh.md", "RULE.en.md", "recompute.py", "arithmetic.py")}
# the same rows make the same archive
MADE = (2026, 1, 1, 0, 0, 0)
FORMAT = 1
Table = tuple[Sequence[str], Iterable[Sequence[Any]]]


@dataclass(frozen=True)
class Package:
    """The archive as an open file, with its size and digest."""

    file: IO[bytes]
    size: int
    sha256: str


@contextmanager
def package(edition: Edition) -> Iterator[Package]:
    """Make the archive of an edition in a temporary file; the caller holds the period."""
    with tempfile.TemporaryFile() as target:
        with zipfile.ZipFile(target, "w") as archive:
            for name, content in _texts(edition).items():
                archive.writestr(zipfile.ZipInfo(name, MADE), content, zipfile.ZIP_DEFLATED)
            for name, (head, rows) in _tables(edition).items():
                _write(archive, f"{name}.csv", head, rows)
        size = target.tell()
        target.seek(0)
        digest = hashlib.sha256()
        for chunk in iter(lambda: target.read(1 << 20), b""):
            digest.update(chunk)
        target.seek(0)
        yield Package(target, size, digest.hexdigest())


def _write(archive: zipfile.ZipFile, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    info = zipfile.ZipInfo(name, MADE)
    info.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(head)
        for row in rows:
            writer.writerow([_cell(value) for value in row])


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    return "" if value is None else value


# --- scheme and frame -----------------------------------------------------------------------------------------
def _texts(edition: Edition) -> dict[str, bytes]:
    frame = {"period.json": _period(edition), "scheme.json": _scheme(edition.period)}
    texts = {
        name: json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1).encode()
        for name, content in frame.items()
    }
    return texts | {name: path.read_bytes() for name, path in FILES.items()}


def _period(edition: Edition) -> dict[str, Any]:
    period = edition.period
    return {
        "format": FORMAT, "period": str(period.pk), "title": period.title, "kind": period.kind,
        "begins_on": period.begins_on.isoformat(), "ends_on": period.ends_on.isoformat(),
        "basis_document": period.basis_document, "plan_number": period.plan_number,
        "edition": edition.number, "cap": cap(), "of_parts": period.is_of_parts,
    }  # fmt: skip


def _scheme(period: Period) -> dict[str, Any]:
    scheme = period.scheme
    items = scheme.items.select_related("aspect").order_by("position")
    return {
        "code": scheme.code, "version": scheme.version, "combine": scheme.combine,
        "top": scheme.max_total * UNITS,
        "weights": dict(scheme.sources.order_by("code").values_list("code", "weight")),
        "items": [
            {
                "code": item.code, "aspect": item.aspect.code, "name_zh": item.name_zh, "name_en": item.name_en,
                "points": item.points, "sources": item.sources, "rule": item.rule, "level": item.level,
                "applies_if": item.applies_if,
            }
            for item in items
        ],
    }  # fmt: skip


# --- tables ---------------------------------------------------------------------------------------------------
def _tables(edition: Edition) -> dict[str, Table]:
    period = edition.period
    tables = {
        "villages": _villages(edition), "units": _units(edition), "adjustments": _adjustments(period),
        "standings": _standings(edition), "parts": _parts(edition),
    }  # fmt: skip
    if period.is_of_parts:
        return tables | _of_year(edition)
    return tables | {
        "visits": _visits(period), "visit_items": _visit_items(period), "entries": _entries(period),
        "system": _system(edition), "appeals": _appeals(period), "overrides": _overrides(period),
        "previous": _previous(edition), "previous_items": _previous_items(edition),
        "village_items": _village_items(edition),
    }  # fmt: skip


def _villages(edition: Edition) -> Table:
    rows = edition.standings.filter(level="village").order_by("place").values_list(
        "place", "name", "township", "unit", "area"
    )  # fmt: skip
    return ("village", "name", "township", "unit", "area"), rows


def _units(edition: Edition) -> Table:
    rows = edition.standings.filter(level="unit").order_by("place").values_list("place", "name", "group")
    return ("unit", "name", "group"), rows


def _visits(period: Period) -> Table:
    rows = inputs.visits_of(period).order_by("pk").values_list("pk", "village", "round", "kind")
    return ("visit", "village", "round", "kind"), rows.iterator(2000)


def _visit_items(period: Period) -> Table:
    rows = VisitItem.objects.filter(visit__in=inputs.visits_of(period).order_by().values("pk"))
    columns = ("status", "units", "sampled", "met", "answer", "counted", "zeroed")
    values = rows.order_by("visit", "item__position").values_list("visit", "item__code", *columns)
    return ("visit", "item", *columns), values.iterator(2000)


def _entries(period: Period) -> Table:
    rows = Entry.objects.counted().filter(sheet__period=period).select_related("sheet", "item")
    facts: dict[Any, list[bool]] = {}
    for entry, zero in EntryFact.objects.filter(entry__in=rows.values("pk")).values_list("entry", "zero_if"):
        facts.setdefault(entry, []).append(zero)
    head = ("unit", "source", "item", "status", "units", "sampled", "met", "answer", "counted", "zeroed")
    return head, [
        (
            row.unit_id, row.sheet.source, row.item.code, row.status, row.units, row.sampled, row.met, row.answer,
            len(facts.get(row.pk, [])), any(facts.get(row.pk, [])),
        )
        for row in rows.order_by("unit", "sheet__source", "item__position")
    ]  # fmt: skip


def _system(edition: Edition) -> Table:
    return ("unit", "item", "sampled", "met", "found", "units"), sorted(edition.measured, key=str)


def _adjustments(period: Period) -> Table:
    rows = Adjustment.objects.approved().filter(period=period).order_by("pk")
    head = ("adjustment", "unit", "kind", "category", "units", "document")
    return head, [(row.pk, row.unit_id, row.kind, row.category, row.units, row.document) for row in rows]


def _appeals(period: Period) -> Table:
    columns = ("number", "unit", "item__code", "source", "village", "state", "before", "after")
    rows = Appeal.objects.filter(period=period).order_by("number").values_list(*columns)
    return ("appeal", "unit", "item", "source", "village", "state", "before", "after"), rows


def _overrides(period: Period) -> Table:
    columns = ("appeal__number", "unit", "item__code", "source", "village", "units")
    rows = Override.objects.filter(period=period).order_by("pk").values_list(*columns)
    return ("appeal", "unit", "item", "source", "village", "units"), rows


# --- what it is compared with ---------------------------------------------------------------------------------
def _previous(edition: Edition) -> Table:
    before = inputs.edition_before(edition.period)
    rows = Standing.objects.filter(edition=before, rank__isnull=False).order_by("level", "place")
    return ("level", "place", "rank"), rows.values_list("level", "place", "rank") if before else []


def _previous_items(edition: Edition) -> Table:
    """Yield the item values of the earlier edition that may be compared, exact: of villages as sum and visits."""
    head = ("level", "place", "item", "value")
    before = inputs.edition_before(edition.period)
    return head, () if before is None else _earlier_items(edition, before)


def _earlier_items(edition: Edition, before: Edition) -> Iterator[Sequence[Any]]:
    now, then = edition.period.scheme.items.order_by("position"), before.period.scheme.items.all()
    codes = inputs.comparable_codes(now, then)
    parts = inputs.comparable_parts(before, codes).order_by("standing__level", "standing__place", "code")
    yield from parts.values_list("standing__level", "standing__place", "code", "value").iterator(2000)
    cells = before.village_items.filter(item__code__in=codes, visits__gt=0).order_by("village", "item__code")
    for village, code, units, visits in cells.values_list(
        "village", "item__code", "units", "visits"
    ).iterator(2000):
        yield "village", village, code, Fraction(units, visits)


def _of_year(edition: Edition) -> dict[str, Table]:
    parts = years.parts_of(edition.period)
    head = ("part", "title", "weight", "edition", "package_sha256")
    frame = [
        (number, found.period.title if found else "", weight, found.number if found else None,
         found.package_sha256 if found else "")
        for number, (weight, found) in enumerate(parts, start=1)
    ]  # fmt: skip
    return {"year_parts": (head, frame), "year_totals": (YEAR_HEAD, _year_totals(parts))}


YEAR_HEAD = ("part", "level", "place", "total", "visits")


def _year_totals(parts: Sequence[tuple[int, Edition | None]]) -> Iterator[Sequence[Any]]:
    for number, (_weight, found) in enumerate(parts, start=1):
        rows = Standing.objects.filter(edition=found, total__isnull=False).order_by("level", "place")
        for row in rows.values_list("level", "place", "total", "visits") if found else ():
            yield number, *row


# --- what is to be confirmed ----------------------------------------------------------------------------------
STANDING_COLUMNS = (
    "level", "place", "base", "adjusted", "total", "display", "provisional", "rank", "group_rank", "previous_rank",
    "improvement", "improvement_display", "compared", "gap", "gap_display", "covered", "whole", "visits", "error",
    "low", "high", "best_rank", "worst_rank",
)  # fmt: skip
PART_COLUMNS = (
    "kind", "code", "source", "value", "display", "points", "provisional", "applies", "villages", "without", "weight",
)  # fmt: skip


def _standings(edition: Edition) -> Table:
    rows = edition.standings.order_by("level", "place").values_list(*STANDING_COLUMNS)
    return STANDING_COLUMNS, rows.iterator(2000)


def _parts(edition: Edition) -> Table:
    rows = StandingPart.objects.filter(standing__edition=edition)
    rows = rows.order_by("standing__level", "standing__place", "kind", "code", "source")
    values = rows.values_list("standing__level", "standing__place", *PART_COLUMNS)
    return ("level", "place", *PART_COLUMNS), values.iterator(2000)


def _village_items(edition: Edition) -> Table:
    columns = ("visits", "units", "not_applicable", "skipped")
    rows = VillageItem.objects.filter(edition=edition).order_by("village", "item__position")
    return ("village", "item", *columns), rows.values_list("village", "item__code", *columns).iterator(2000)
