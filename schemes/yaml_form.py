"""The YAML form of a scheme: one file with `scheme`, `aspects` and `guidance`, or the shipped pair of files.

Reading gives plain data and, for every value, the line and column it stands at; no tag but YAML's own is known and
no alias is followed, so that a small file stays small.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml

from schemes.definition import PARTS, Data, Definition, ItemRow, Path
from schemes.models import decimal_text

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
WIDTH = 118


class NotYaml(Exception):
    """The text cannot be read as YAML; where, by line and column from 1."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__(f"{line}:{column}")
        self.line, self.column = line, column


@dataclass
class Document:
    """What a YAML text holds, and where each value stands."""

    data: Any
    marks: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def locate(self, path: Path) -> tuple[int, int]:
        """Return line and column of a value, or of the nearest thing above it."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, (1, 1))


def read(text: str) -> Document:
    """Read one YAML document. Raises NotYaml."""
    try:
        for event in yaml.parse(text, Loader=LOADER):
            if isinstance(event, yaml.AliasEvent):
                mark = event.start_mark
                raise NotYaml(mark.line + 1, mark.column + 1) if mark else NotYaml(1, 1)
        loader = LOADER(text)
        try:
            node = loader.get_single_node()
            document = Document(loader.construct_document(node) if node else None)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(mark.line + 1, mark.column + 1) if mark else NotYaml(1, 1) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotYaml(1, 1) from error
    if node is not None:
        _mark(node, (), document.marks)
    return document


def _mark(node: yaml.Node, path: Path, marks: dict[Path, tuple[int, int]]) -> None:
    marks[path] = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _mark(value, (*path, str(key.value)), marks)
    if isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            _mark(value, (*path, place), marks)


# --- writing --------------------------------------------------------------------------------------------------
def write(definition: Definition) -> str:
    """Return a scheme with its guidance as one YAML document; reading it gives the same definition."""
    data = {**head_of(definition), "aspects": aspects_of(definition), "guidance": guidance_of(definition)}
    text: str = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH)
    return text


class _Dumper(yaml.SafeDumper):
    """Write texts of several lines as blocks, and points as the decimal numbers they are."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _number(dumper: yaml.SafeDumper, number: Decimal) -> yaml.ScalarNode:
    kind = "float" if "." in str(number) else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", str(number))


_Dumper.ignore_aliases = lambda _dumper, _data: True  # type: ignore[method-assign,assignment]
_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, _number)


def head_of(definition: Definition) -> Data:
    """Return what the file says of the scheme as a whole."""
    aspects = definition.aspects
    scheme = {
        "code": definition.code,
        "version": definition.version,
        "name_zh": definition.name_zh,
        "name_en": definition.name_en,
        "max_total": definition.max_total,
        "aspect_count": len(aspects),
        "item_count": sum(len(aspect.items) for aspect in aspects),
        "combine": definition.combine,
        "sources": {
            row.code: {
                "name_zh": row.name_zh,
                "name_en": row.name_en,
                "weight": Decimal(row.weight) / 100,
            }
            for row in definition.sources
        },
    }
    return {"scheme": scheme}


def aspects_of(definition: Definition) -> list[Data]:
    """Return the aspects with their items."""
    english = departments_of(definition.items())
    return [
        {
            "code": aspect.code,
            "name_zh": aspect.name_zh,
            "name_en": aspect.name_en,
            "max_points": points(aspect.max_points_units),
            "items": [_item(aspect.code, item, english) for item in aspect.items],
        }
        for aspect in definition.aspects
    ]


def points(units: int) -> Decimal:
    """Return 1/10,000 points as the decimal number people write."""
    return Decimal(decimal_text(units))


def departments_of(items: Iterable[ItemRow]) -> dict[str, str]:
    """Return the English names of the departments; of two for one Chinese name, the first."""
    names: dict[str, str] = {}
    for item in items:
        if item.department_zh and item.department_en:
            names.setdefault(item.department_zh, item.department_en)
    return names


def _item(aspect: str, item: ItemRow, english: dict[str, str]) -> Data:
    optional = {
        "applies_if": item.applies_if,
        "department_en": ""
        if english.get(item.department_zh, "") == item.department_en
        else item.department_en,
        "organisation": item.organisation,
    }
    return {
        "code": item.code,
        "name_zh": item.name_zh,
        "name_en": item.name_en,
        "aspect": aspect,
        "max_points": points(item.points),
        "sources": item.sources,
        "rule": rule_of(item),
        "evidence_zh": item.evidence_zh,
        "evidence_en": item.evidence_en,
        "level": item.level,
        "department_zh": item.department_zh,
        **{name: value for name, value in optional.items() if value},
    }


def rule_of(item: ItemRow) -> Data:
    """Return the rule as files write it, points as decimal numbers."""
    rule = dict(item.rule)
    for name in ("per_finding", "floor"):
        if name in rule:
            rule[name] = points(rule[name])
    asked = "unit" if rule["type"] == "deduction" else "measure"
    zero_if = {"zero_if_zh": item.zero_if_zh, "zero_if_en": item.zero_if_en}
    return {
        **rule,
        f"{asked}_zh": item.unit_zh,
        f"{asked}_en": item.unit_en,
        **{name: text for name, text in zero_if.items() if text},
    }


def guidance_of(definition: Definition) -> Data:
    """Return the written standards and what belongs to the texts as a whole."""
    return {
        "status_note": {"zh": definition.status_note_zh, "en": definition.status_note_en},
        "precedence": definition.precedence,
        "departments": departments_of(definition.items()),
        "items": {
            item.code: {
                part: {"zh": item.texts[f"{part}_zh"], "en": item.texts[f"{part}_en"]} for part in PARTS
            }
            for item in definition.items()
        },
    }
