"""Sheets for the tests: complete ones, in the shape a client sends."""

import hashlib
import uuid
from dataclasses import replace
from typing import Any

from inspections.models import Visit
from inspections.points import Point
from inspections.sheets import Sheet
from schemes.definition import Definition, ItemRow

# in the scheme of the tests these ask for yes or no
YES_NO = ("A2-02", "A4-01", "A6-03", "A8-02")
MEASURES: dict[str, dict[str, Any]] = {"proportion": {"sampled": 10, "met": 10}, "yes_no": {"answer": True}}


def all_visited(shipped: Definition) -> Definition:
    """Return a scheme of which a visit to any village scores all 42 items: shares, deductions, and some yes or no."""
    aspects = tuple(
        replace(aspect, items=tuple(_visited(row) for row in aspect.items)) for aspect in shipped.aspects
    )
    return replace(shipped, code="all-visited", aspects=aspects)


def _visited(row: ItemRow) -> ItemRow:
    rule = {"type": "yes_no"} if row.code in YES_NO else row.rule
    return replace(row, rule=rule, level="village", sources=["visit"], applies_if=[])


def photo(seed: int = 0) -> dict[str, str]:
    """Declare a photo that may come later."""
    key = uuid.uuid4()
    return {"id": str(key), "sha256": hashlib.sha256(key.bytes + bytes([seed])).hexdigest()}


def points(**statuses: str) -> list[dict[str, Any]]:
    """Return every point, clean and photographed unless said otherwise."""
    return [
        {"code": code, "status": status, "photos": [] if status == "none" else [photo()]}
        for code in Point.values
        if (status := statuses.get(code, "clean")) != "left_out"
    ]


def items(visit: Visit, **changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every item that applies, all in order; `A1_01={…}` changes one."""
    rows = []
    for item in visit.items_to_look_at():
        measure = MEASURES.get(item.rule["type"], {})
        rows.append(
            {"item": item.code, "status": "scored", **measure, **changes.get(item.code.replace("-", "_"), {})}
        )
    return rows


def body(visit: Visit, **changes: Any) -> dict[str, Any]:
    """Return a whole sheet as the API takes it."""
    return {"points": points(), "items": items(visit), "findings": [], "present": [], "notes": "", **changes}


def sheet(visit: Visit, **changes: Any) -> Sheet:
    """Return a whole sheet."""
    return Sheet.read(body(visit, **changes))
