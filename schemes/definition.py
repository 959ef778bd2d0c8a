"""Read a scheme and its guidance from plain data and check that it adds up. Pure: no Django, no database.

The data are the parsed YAML files of `schemes/data/`. Everything that is wrong is reported at once, each
line naming the aspect, the item or the sum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

UNITS = 10_000
PARTS = ("standard", "good", "bad", "photograph", "not_counted")
LANGUAGES = ("zh", "en")
SOURCES = ("self", "dept", "visit", "system")
LEVELS = ("village", "county")
ATTRIBUTES = ("coast", "river_or_reservoir", "farmland", "livestock", "treatment_plant", "public_toilet")
# sources people score; their weights make 100. System data stand beside them.
SCORED = ("self", "dept", "visit")
# findings of one item at one observation point that may be let deduct
MOST_PER_POINT = 20

_FULL_WIDTH = str.maketrans({",": "，", ";": "；", ":": "：", "?": "？", "!": "！", "(": "（", ")": "）"})
_ASCII_BY_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff）”])[,;:?!()]|[,;:?!()](?=[\u4e00-\u9fff（“])")

Data = dict[str, Any]


class DefinitionError(ValueError):
    """A scheme that does not add up; `errors` says where, one line each."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True)
class Row:
    """Columns of one database row, by name."""

    def columns(self) -> Data:
        """Return the columns to write, without the key and without child rows."""
        left_out = {"code", "version", "items", "aspects", "sources_rows"}
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


def full_width(text: str) -> str:
    """Turn ASCII punctuation that touches a Chinese character into its full-width form."""
    return _ASCII_BY_CHINESE.sub(lambda found: found.group().translate(_FULL_WIDTH), text)


def units(value: object) -> int:
    """Turn points as written (0.25, 4) into whole 1/10,000 points."""
    return int(Decimal(str(value)) * UNITS)


def parse(data: Data, guidance: Data) -> Definition:
    """Return the scheme as rows to write, or raise DefinitionError with everything that does not add up."""
    errors = _Check(data, guidance).run()
    if errors:
        raise DefinitionError(errors)
    return _Reader(guidance).read(data)


@dataclass
class _Check:
    """Collect what is wrong, so that one run of the command shows all of it."""

    data: Data
    guidance: Data
    errors: list[str] = field(default_factory=list)

    def run(self) -> list[str]:
        """Return every error of scheme and guidance."""
        self._sums()
        self._weights()
        self._codes()
        for item in self._items():
            self._item(item)
            self._guidance(item["code"])
        self._precedence()
        return self.errors

    def _items(self) -> list[Data]:
        return [item for aspect in self.data["aspects"] for item in aspect["items"]]

    def _expect(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            self.errors.append(f"{what}: {found}, expected {wanted}")

    def _sums(self) -> None:
        scheme, aspects = self.data["scheme"], self.data["aspects"]
        self._expect("number of aspects", len(aspects), scheme["aspect_count"])
        self._expect("number of items", len(self._items()), scheme["item_count"])
        total = sum(Decimal(str(aspect["max_points"])) for aspect in aspects)
        self._expect("points of all aspects", total, Decimal(str(scheme["max_total"])))
        for aspect in aspects:
            points = sum(Decimal(str(item["max_points"])) for item in aspect["items"])
            self._expect(f"{aspect['code']}: points of its items", points, Decimal(str(aspect["max_points"])))

    def _weights(self) -> None:
        sources = self.data["scheme"]["sources"]
        total = sum(Decimal(str(sources[code]["weight"])) for code in SCORED if code in sources)
        self._expect("weights of " + ", ".join(SCORED), total, Decimal(1))

    def _codes(self) -> None:
        codes = [item["code"] for item in self._items()]
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            self.errors.append(f"{code}: used by more than one item")
        for aspect in self.data["aspects"]:
            for item in aspect["items"]:
                if not item["code"].startswith(aspect["code"] + "-"):
                    self.errors.append(f"{item['code']}: does not belong to aspect {aspect['code']}")

    def _item(self, item: Data) -> None:
        code = item["code"]
        if item["level"] not in LEVELS:
            self.errors.append(f"{code}: unknown level {item['level']}")
        for source in item["sources"] or ["(none)"]:
            if source not in self.data["scheme"]["sources"] or source not in SOURCES:
                self.errors.append(f"{code}: unknown source {source}")
        for attribute in item.get("applies_if", []):
            if attribute not in ATTRIBUTES:
                self.errors.append(f"{code}: unknown village attribute {attribute}")
        if item["department_zh"] not in self.guidance["departments"]:
            self.errors.append(f"{code}: no English name for {item['department_zh']}")
        self._rule(code, item)

    def _rule(self, code: str, item: Data) -> None:
        rule = item["rule"]
        if rule["type"] == "deduction":
            if not 0 < units(rule["per_finding"]) <= units(item["max_points"]):
                self.errors.append(
                    f"{code}: a finding costs {rule['per_finding']} of {item['max_points']} points"
                )
            if "cap_per_point" in rule and not 1 <= rule["cap_per_point"] <= MOST_PER_POINT:
                self.errors.append(f"{code}: cap_per_point is 1 to {MOST_PER_POINT}")
        elif rule["type"] == "proportion":
            if not 0 <= rule["zero_at_or_below_pct"] < rule["target_pct"] <= 100:
                self.errors.append(f"{code}: the target must lie above the zero mark and within 100 %")
        elif rule["type"] != "yes_no":
            self.errors.append(f"{code}: unknown rule {rule['type']}")

    def _guidance(self, code: str) -> None:
        texts = self.guidance["items"].get(code)
        if texts is None:
            self.errors.append(f"{code}: no guidance")
            return
        for part in PARTS:
            for language in LANGUAGES:
                if not str(texts.get(part, {}).get(language) or "").strip():
                    self.errors.append(f"{code}: guidance lacks {part} in {language}")

    def _precedence(self) -> None:
        codes = {item["code"] for item in self._items()}
        for pair in self.guidance["precedence"]:
            if len(pair) != 2 or not set(pair) <= codes:
                self.errors.append(f"precedence: {pair} does not name two items")


@dataclass
class _Reader:
    """Turn checked data into rows."""

    guidance: Data
    position: int = 0

    def read(self, data: Data) -> Definition:
        """Return the whole definition."""
        scheme = data["scheme"]
        note = self.guidance["status_note"]
        return Definition(
            code=scheme["code"],
            version=scheme["version"],
            name_zh=full_width(scheme["name_zh"]),
            name_en=scheme["name_en"],
            status_note_zh=note["zh"].strip(),
            status_note_en=note["en"].strip(),
            max_total=scheme["max_total"],
            combine=scheme["combine"],
            precedence=self.guidance["precedence"],
            sources=tuple(self._source(code, row) for code, row in scheme["sources"].items()),
            aspects=tuple(self._aspect(place, row) for place, row in enumerate(data["aspects"], start=1)),
        )

    def _source(self, code: str, row: Data) -> SourceRow:
        weight = int(Decimal(str(row["weight"])) * 100)
        return SourceRow(code, full_width(row["name_zh"]), row["name_en"], weight)

    def _aspect(self, position: int, row: Data) -> AspectRow:
        return AspectRow(
            code=row["code"],
            position=position,
            name_zh=full_width(row["name_zh"]),
            name_en=row["name_en"],
            max_points_units=units(row["max_points"]),
            items=tuple(self._item(item) for item in row["items"]),
        )

    def _item(self, row: Data) -> ItemRow:
        self.position += 1
        rule = row["rule"]
        return ItemRow(
            code=row["code"],
            position=self.position,
            name_zh=full_width(row["name_zh"]),
            name_en=row["name_en"],
            points=units(row["max_points"]),
            sources=list(row["sources"]),
            rule=_rule(rule),
            unit_zh=full_width(rule.get("unit_zh") or rule["measure_zh"]),
            unit_en=rule.get("unit_en") or rule["measure_en"],
            zero_if_zh=full_width(rule.get("zero_if_zh", "")),
            zero_if_en=rule.get("zero_if_en", ""),
            level=row["level"],
            applies_if=list(row.get("applies_if", [])),
            evidence_zh=[full_width(line) for line in row["evidence_zh"]],
            evidence_en=list(row["evidence_en"]),
            department_zh=row["department_zh"],
            department_en=self.guidance["departments"][row["department_zh"]],
            texts=self._texts(row["code"]),
        )

    def _texts(self, code: str) -> dict[str, str]:
        texts = self.guidance["items"][code]
        return {f"{part}_{lang}": texts[part][lang].strip() for part in PARTS for lang in LANGUAGES}


def _rule(rule: Data) -> Data:
    if rule["type"] == "deduction":
        return {
            "type": "deduction",
            "per_finding": units(rule["per_finding"]),
            "floor": units(rule.get("floor", 0)),
            **({"cap_per_point": rule["cap_per_point"]} if "cap_per_point" in rule else {}),
        }
    proportion = ("target_pct", "zero_at_or_below_pct", "target_basis")
    return {key: rule[key] for key in ("type", *(proportion if rule["type"] == "proportion" else ()))}
