"""What two versions of a scheme have different, item by item and field by field. Pure: no Django, no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from schemes.definition import AspectRow, Definition, ItemRow, SourceRow

R = TypeVar("R", SourceRow, AspectRow, ItemRow)
HEAD = (
    "name_zh", "name_en", "max_total", "combine", "status_note_zh", "status_note_en", "precedence",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One field that differs."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Pair:
    """A row of both versions that differs, or of one alone (the other is None then)."""

    code: str
    before: SourceRow | AspectRow | ItemRow | None
    after: SourceRow | AspectRow | ItemRow | None
    changes: tuple[Change, ...] = ()

    @property
    def kind(self) -> str:
        """Return added, removed or changed."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True)
class Difference:
    """Everything that differs, the rows in the order of the newer version, those removed last."""

    head: tuple[Change, ...]
    sources: tuple[Pair, ...]
    aspects: tuple[Pair, ...]
    items: tuple[Pair, ...]

    def __bool__(self) -> bool:
        return bool(self.head or self.sources or self.aspects or self.items)

    def count(self, kind: str) -> int:
        """Return how many items were added, removed or changed."""
        return sum(pair.kind == kind for pair in self.items)


def compare(before: Definition, after: Definition) -> Difference:
    """Return what has to be done to the one version to have the other."""
    return Difference(
        head=_changes({name: getattr(before, name) for name in HEAD}, {n: getattr(after, n) for n in HEAD}),
        sources=_pairs(before.sources, after.sources),
        aspects=_pairs(before.aspects, after.aspects),
        items=_pairs(tuple(before.items()), tuple(after.items()), _aspect_of(before), _aspect_of(after)),
    )


def _aspect_of(definition: Definition) -> dict[str, str]:
    return {item.code: aspect.code for aspect in definition.aspects for item in aspect.items}


def _pairs(
    before: Iterable[R],
    after: Iterable[R],
    aspects_before: Mapping[str, str] | None = None,
    aspects_after: Mapping[str, str] | None = None,
) -> tuple[Pair, ...]:
    old, new = {row.code: row for row in before}, {row.code: row for row in after}
    moved = _moved(list(old), list(new))
    found: list[Pair] = []
    for code, row in new.items():
        if code not in old:
            found.append(Pair(code, None, row))
            continue
        fields = _fields(old[code], aspects_before), _fields(row, aspects_after)
        places = (_place(old, code), _place(new, code)) if code in moved else None
        changes = _changes(*fields) + ((Change("position", *places),) if places else ())
        if changes:
            found.append(Pair(code, old[code], row, changes))
    gone = [Pair(code, row, None) for code, row in old.items() if code not in new]
    return tuple(found + gone)


def _moved(old: list[str], new: list[str]) -> set[str]:
    """Return the codes of both lists whose order among those of both is another."""
    kept = [code for code in old if code in new]
    now = [code for code in new if code in old]
    return {code for code, other in zip(kept, now, strict=True) if code != other}


def _place(rows: Mapping[str, Any], code: str) -> int:
    return list(rows).index(code) + 1


def _fields(row: SourceRow | AspectRow | ItemRow, aspects: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the fields that are compared; a rule by its parts, the place in the list apart."""
    fields = {name: value for name, value in row.columns().items() if name != "position"}
    if isinstance(row, ItemRow):
        rule = dict(fields.pop("rule"))
        fields |= {"rule_type": rule.pop("type"), **rule}
        fields |= {"organisation": row.organisation, "aspect": (aspects or {}).get(row.code, "")}
    return fields


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    names = [*before, *(name for name in after if name not in before)]
    return tuple(
        Change(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )
