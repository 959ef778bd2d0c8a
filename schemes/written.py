"""The differences of two versions as tables of words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from schemes.differences import Change, Difference, Pair
from schemes.models import SourceCode
from schemes.summary import pick
from schemes.wording import field_name, value_of

KINDS: dict[str, Promise] = {
    "added": _("Added"),
    "removed": _("Taken away"),
    "changed": _("Changed"),
}


@dataclass(frozen=True)
class Cell:
    """One field before and after."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """One row that differs: what it is called and what of it."""

    code: str
    name: str
    kind: str
    label: Promise
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """One part of the comparison."""

    key: str
    title: Promise
    entries: tuple[Entry, ...]


def tables_of(found: Difference) -> list[Table]:
    """Return what differs, part by part; parts without a difference are left out."""
    head = (Entry("", "", "changed", KINDS["changed"], _cells(found.head)),) if found.head else ()
    tables = [
        Table("head", _("The scheme as a whole"), head),
        Table("sources", _("Sources and weights"), _entries(found.sources)),
        Table("aspects", _("Aspects"), _entries(found.aspects)),
        Table("items", _("Items"), _entries(found.items)),
    ]
    return [table for table in tables if table.entries]


def _entries(pairs: Iterable[Pair]) -> tuple[Entry, ...]:
    return tuple(_entry(pair) for pair in pairs)


def _entry(pair: Pair) -> Entry:
    row: Any = pair.after or pair.before
    code = str(SourceCode(pair.code).label) if pair.code in SourceCode.values else pair.code
    return Entry(code, pick(row), pair.kind, KINDS[pair.kind], _cells(pair.changes or _main(pair)))


def _main(pair: Pair) -> tuple[Change, ...]:
    """Of a row that one version alone has, return what matters most."""
    return tuple(
        Change(name, getattr(pair.before, name, None), getattr(pair.after, name, None))
        for name in ("points", "max_points_units", "weight", "sources")
        if hasattr(pair.after or pair.before, name)
    )


def _cells(changes: Iterable[Change]) -> tuple[Cell, ...]:
    return tuple(
        Cell(
            field_name(change.field), _value(change.field, change.before), _value(change.field, change.after)
        )
        for change in changes
    )


def _value(field: str, value: Any) -> str:
    return "–" if value is None or value == "" else value_of(field, value)
