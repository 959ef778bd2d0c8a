"""A scheme as plain data: what files, editor and database say alike. Pure: no Django, no database.

Points are whole numbers of 1/10,000 point, weights whole per cent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

UNITS = 10_000
PARTS = ("standard", "good", "bad", "photograph", "not_counted")
LANGUAGES = ("zh", "en")
SOURCES = ("self", "dept", "visit", "system")
LEVELS = ("village", "county")
COMBINES = ("item", "source_total")
RULES = ("deduction", "proportion", "yes_no")
# which figure of the system itself an item of the source `system` is scored by
SYSTEM = ("coverage", "on_time", "recurrence")
ATTRIBUTES = ("coast", "river_or_reservoir", "farmland", "livestock", "treatment_plant", "public_toilet")
# sources people score; their weights make 100. System data stand beside them.
SCORED = ("self", "dept", "visit")
# findings of one item at one observation point that may be let deduct
MOST_PER_POINT = 20

_FULL_WIDTH = str.maketrans({",": "，", ";": "；", ":": "：", "?": "？", "!": "！", "(": "（", ")": "）"})
_ASCII_BY_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff）”])[,;:?!()]|[,;:?!()](?=[\u4e00-\u9fff（“])")

Data = dict[str, Any]
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where in the data, which kind, and what the sentence about it needs."""

    path: Path
    code: str
    facts: Data


class DefinitionError(ValueError):
    """A file that is no scheme, or a scheme that does not add up; `faults` says where."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


@dataclass(frozen=True)
class Row:
    """Columns of one database row, by name."""

    def columns(self) -> Data:
        """Return the columns to write, without the key and without what is kept elsewhere."""
        left_out = {"code", "version", "items", "aspects", "sources_rows", "organisation"}
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in left_out}


@dataclass(frozen=True)
class SourceRow(Row):
    code: str
    name_zh: str
    name_en: str
    weight: int  # per cent


@dataclass(frozen=True)
class ItemRow(Row):
    code: str
    position: int
    name_zh: str
    name_en: str
    points: int  # 1/10,000
    sources: list[str]
    rule: Data
    unit_zh: str
    unit_en: str
    zero_if_zh: str
    zero_if_en: str
    level: str
    applies_if: list[str]
    evidence_zh: list[str]
    evidence_en: list[str]
    department_zh: str
    department_en: str
    organisation: str  # the name of the department's account in the system, if it has one
    texts: dict[str, str]  # "standard_zh" … "not_counted_en"

    def columns(self) -> Data:
        """Return the columns with the written standard spread out."""
        columns = super().columns()
        texts: dict[str, str] = columns.pop("texts")
        return {**columns, **texts}


@dataclass(frozen=True)
class AspectRow(Row):
    code: str
    position: int
    name_zh: str
    name_en: str
    max_points_units: int
    items: tuple[ItemRow, ...]


@dataclass(frozen=True)
class Definition(Row):
    code: str
    version: int
    name_zh: str
    name_en: str
    status_note_zh: str
    status_note_en: str
    max_total: int
    combine: str
    precedence: list[list[str]]
    sources: tuple[SourceRow, ...]
    aspects: tuple[AspectRow, ...]

    def columns(self) -> Data:
        """Return the scheme's own columns."""
        return {k: v for k, v in super().columns().items() if k != "sources"}

    def items(self) -> Iterator[ItemRow]:
        """Walk the items of all aspects in order."""
        return (item for aspect in self.aspects for item in aspect.items)

    @property
    def weights(self) -> dict[str, int]:
        """Return the nominal weights by source, in per cent."""
        return {source.code: source.weight for source in self.sources}


def full_width(text: str) -> str:
    """Turn ASCII punctuation that touches a Chinese character into its full-width form."""
    while (found := _ASCII_BY_CHINESE.sub(lambda sign: sign.group().translate(_FULL_WIDTH), text)) != text:
        text = found
    return text
