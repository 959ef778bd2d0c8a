"""Read a scheme and its guidance from plain data, as the files hold it. Pure: no Django, no database.

Nothing about the data is taken for granted: whatever is missing or of another kind becomes a fault with its path,
and all of them are found in one reading. Whether the numbers add up is asked afterwards (`checks.problems`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from schemes.checks import problems
from schemes.definition import (
    ATTRIBUTES,
    COMBINES,
    LANGUAGES,
    LEVELS,
    MOST_PER_POINT,
    PARTS,
    RULES,
    SOURCES,
    SYSTEM,
    UNITS,
    AspectRow,
    Data,
    Definition,
    DefinitionError,
    Fault,
    ItemRow,
    Path,
    SourceRow,
    full_width,
)

CODE_FORM = re.compile(r"[\w.-]+")
CODE, NAME, WORDS, TEXT = 10, 100, 200, 8000
MOST_POINTS = 10_000
MOST_ROWS = 500


@dataclass
class Cursor:
    """One mapping of the data, its path, and the list that faults go to."""

    data: Any
    path: Path
    faults: list[Fault]

    def __post_init__(self) -> None:
        if not isinstance(self.data, dict):
            self.fault((), "mapping_expected")
            self.data = {}

    def fault(self, key: str | int | Path, code: str, **facts: Any) -> None:
        """Note what is wrong with the value under a key."""
        tail = key if isinstance(key, tuple) else (key,)
        self.faults.append(Fault((*self.path, *tail), code, facts))

    def has(self, key: str) -> bool:
        """Tell whether there is a value under the key at all."""
        return self.data.get(key) not in (None, "")

    def child(self, key: str) -> Cursor:
        """Step into a mapping."""
        return Cursor(self.data.get(key, {}), (*self.path, key), self.faults)

    def children(self, key: str) -> list[Cursor]:
        """Step into a list of mappings."""
        rows = self.data.get(key) or []
        if not isinstance(rows, list) or len(rows) > MOST_ROWS:
            self.fault(key, "list_expected")
            return []
        return [Cursor(row, (*self.path, key, place), self.faults) for place, row in enumerate(rows)]

    def text(self, key: str, most: int = NAME, *, needed: bool = False) -> str:
        """Return some text without blanks around it."""
        value = self.data.get(key)
        if value is None or value == "":
            if needed:
                self.fault(key, "missing")
            return ""
        return self._plain(key, value, most)

    def _plain(self, key: str | Path, value: Any, most: int) -> str:
        if isinstance(value, (dict, list, bool)):
            self.fault(key, "text_expected")
            return ""
        text = str(value).replace("\r\n", "\n").replace("\r", "\n").strip()
        if len(text) > most:
            self.fault(key, "too_long", most=most)
        return text

    def key(self, key: str, most: int) -> str:
        """Return a code that an address can hold."""
        text = self.text(key, most, needed=True)
        if text and not CODE_FORM.fullmatch(text):
            self.fault(key, "code_form")
        return text

    def chinese(self, key: str, most: int = NAME, *, needed: bool = False) -> str:
        """Return some text in Chinese, its punctuation full-width."""
        return full_width(self.text(key, most, needed=needed))

    def lines(self, key: str, most: int = WORDS) -> list[str]:
        """Return a list of short texts."""
        rows = self.data.get(key) or []
        if not isinstance(rows, list) or len(rows) > MOST_ROWS:
            self.fault(key, "list_expected")
            return []
        return [text for place, row in enumerate(rows) if (text := self._plain((key, place), row, most))]

    def choice(self, key: str, known: Iterable[str], otherwise: str = "") -> str:
        """Return one of the words that are known."""
        words, text = tuple(known), self.text(key) or otherwise
        if text not in words:
            self.fault(key, "choice" if text else "missing", text=text, known=", ".join(words))
        return text

    def choices(self, key: str, known: Iterable[str]) -> list[str]:
        """Return some of the words that are known, each once."""
        words, found = tuple(known), self.lines(key)
        for text in found:
            if text not in words:
                self.fault(key, "choice", text=text, known=", ".join(words))
        return list(dict.fromkeys(found))

    def points(self, key: str) -> int:
        """Return points in 1/10,000; there are some."""
        found = self.scaled(key, UNITS, MOST_POINTS)
        if not found and not self.faulty(key):
            self.fault(key, "range", low="0.0001", high=MOST_POINTS)
        return found

    def faulty(self, key: str) -> bool:
        """Tell whether something is wrong with the value under the key already."""
        return any(fault.path == (*self.path, key) for fault in self.faults[-1:])

    def scaled(self, key: str, scale: int, most: int, otherwise: str = "") -> int:
        """Return a decimal number in units of 1/scale; it must be a whole number of them."""
        text = self.text(key, 20) or otherwise
        if not text:
            self.fault(key, "missing")
            return 0
        try:
            number = Decimal(text) * scale
        except InvalidOperation:
            self.fault(key, "number_expected")
            return 0
        if not number.is_finite() or not 0 <= number <= most * scale:
            self.fault(key, "range", low=0, high=most)
            return 0
        if number != int(number):
            self.fault(key, "too_fine", scale=scale)
        return int(number)

    def number(self, key: str, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        found = self.scaled(key, 1, 10**6)
        if self.has(key) and not low <= found <= high:
            self.fault(key, "range", low=low, high=high)
        return found


def parse(data: Any, guidance: Any = None) -> Definition:
    """Return a scheme that adds up, or raise DefinitionError with everything that is wrong."""
    definition, faults = read(data, guidance)
    faults = faults or problems(definition) + stated(data, definition)
    if faults:
        raise DefinitionError(faults)
    return definition


def read(data: Any, guidance: Any = None) -> tuple[Definition, list[Fault]]:
    """Return the scheme as far as it can be read, and what could not be; guidance may stand in the data itself."""
    faults: list[Fault] = []
    top = Cursor(data, (), faults)
    texts = top.child("guidance") if guidance is None else Cursor(guidance, ("guidance",), faults)
    return _Reader(texts).read(top), faults


def stated(data: Data, definition: Definition) -> list[Fault]:
    """Compare the numbers of aspects and items that a file states with what it holds."""
    scheme = data["scheme"]
    found = {"aspect_count": len(definition.aspects), "item_count": len(list(definition.items()))}
    return [
        Fault(("scheme", key), key, {"found": number, "wanted": scheme[key]})
        for key, number in found.items()
        if scheme.get(key) not in (None, "", number, str(number))
    ]


@dataclass
class _Reader:
    """Turn data into rows; items are numbered through all aspects."""

    guidance: Cursor
    position: int = 0
    departments: dict[str, str] = field(default_factory=dict)

    def read(self, top: Cursor) -> Definition:
        scheme, note = top.child("scheme"), self.guidance.child("status_note")
        named = self.guidance.child("departments")
        self.departments = {str(key): named.text(key) for key in named.data}
        return Definition(
            code=scheme.key("code", 40),
            version=scheme.number("version", 1, 10_000) if scheme.has("version") else 1,
            name_zh=scheme.chinese("name_zh", WORDS, needed=True),
            name_en=scheme.text("name_en", WORDS, needed=True),
            status_note_zh=note.text("zh", TEXT),
            status_note_en=note.text("en", TEXT),
            max_total=scheme.number("max_total", 1, MOST_POINTS),
            combine=scheme.choice("combine", COMBINES, otherwise="item"),
            precedence=self._precedence(),
            sources=self._sources(scheme),
            aspects=tuple(self._aspect(n, row) for n, row in enumerate(top.children("aspects"), start=1)),
        )

    def _precedence(self) -> list[list[str]]:
        pairs = self.guidance.data.get("precedence") or []
        if not isinstance(pairs, list) or len(pairs) > MOST_ROWS:
            self.guidance.fault("precedence", "list_expected")
            return []
        for place, pair in enumerate(pairs):
            if not isinstance(pair, list) or len(pair) != 2:
                self.guidance.fault(("precedence", place), "pair_expected")
        return [[str(code) for code in pair] for pair in pairs if isinstance(pair, list)]

    def _sources(self, scheme: Cursor) -> tuple[SourceRow, ...]:
        rows = scheme.child("sources")
        for code in rows.data:
            if code not in SOURCES:
                rows.fault(str(code), "choice", text=str(code), known=", ".join(SOURCES))
        return tuple(self._source(code, rows.child(code)) for code in SOURCES if code in rows.data)

    def _source(self, code: str, row: Cursor) -> SourceRow:
        return SourceRow(
            code=code,
            name_zh=row.chinese("name_zh", needed=True),
            name_en=row.text("name_en", needed=True),
            weight=row.scaled("weight", 100, 1),
        )

    def _aspect(self, position: int, row: Cursor) -> AspectRow:
        return AspectRow(
            code=row.key("code", CODE),
            position=position,
            name_zh=row.chinese("name_zh", needed=True),
            name_en=row.text("name_en", needed=True),
            max_points_units=row.points("max_points"),
            items=tuple(self._item(item) for item in row.children("items")),
        )

    def _item(self, row: Cursor) -> ItemRow:
        self.position += 1
        code, rule = row.key("code", CODE), row.child("rule")
        kind = rule.choice("type", RULES)
        asked = "unit" if rule.has("unit_zh") or rule.has("unit_en") or kind == "deduction" else "measure"
        department = row.text("department_zh")
        return ItemRow(
            code=code,
            position=self.position,
            name_zh=row.chinese("name_zh", needed=True),
            name_en=row.text("name_en", needed=True),
            points=row.points("max_points"),
            sources=row.choices("sources", SOURCES),
            rule=rule_of(rule, kind),
            unit_zh=rule.chinese(f"{asked}_zh", WORDS),
            unit_en=rule.text(f"{asked}_en", WORDS),
            zero_if_zh=rule.chinese("zero_if_zh", WORDS),
            zero_if_en=rule.text("zero_if_en", WORDS),
            level=row.choice("level", LEVELS),
            applies_if=row.choices("applies_if", ATTRIBUTES),
            evidence_zh=[full_width(line) for line in row.lines("evidence_zh")],
            evidence_en=row.lines("evidence_en"),
            department_zh=department,
            department_en=row.text("department_en") or self.departments.get(department, ""),
            organisation=row.text("organisation"),
            texts=self._texts(code),
        )

    def _texts(self, code: str) -> dict[str, str]:
        items = self.guidance.child("items")
        row = items.child(code) if items.has(code) else Cursor({}, items.path, [])
        parts = {part: row.child(part) if row.has(part) else Cursor({}, row.path, []) for part in PARTS}
        return {f"{part}_{lang}": parts[part].text(lang, TEXT) for part in PARTS for lang in LANGUAGES}


def rule_of(rule: Cursor, kind: str) -> Data:
    """Return the stored rule; points in 1/10,000."""
    system = {"system": rule.choice("system", SYSTEM)} if rule.has("system") else {}
    if kind == "deduction":
        capped = rule.has("cap_per_point")
        cap = {"cap_per_point": rule.number("cap_per_point", 1, MOST_PER_POINT)} if capped else {}
        return {
            "type": kind,
            "per_finding": rule.scaled("per_finding", UNITS, MOST_POINTS),
            "floor": rule.scaled("floor", UNITS, MOST_POINTS, otherwise="0"),
            **cap,
            **system,
        }
    if kind == "proportion":
        return {
            "type": kind,
            "target_pct": rule.number("target_pct", 0, 100),
            "zero_at_or_below_pct": rule.number("zero_at_or_below_pct", 0, 100),
            "target_basis": rule.text("target_basis", WORDS),
            **system,
        }
    return {"type": kind, **system}
