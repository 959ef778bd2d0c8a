"""What an outsider needs to recompute a round's draws: the data, rule in words, code and a script.

Whoever runs the script trusts nothing of ours but what can be read in it: it needs Python 3.8 or newer and no packages.
"""

import json
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from inspections.draws import Plan, verify

__all__ = ["data", "package", "record", "verify"]

HERE = Path(__file__).parent
# path in the archive → the file, as it is
FILES = {
    "RULE.zh.md": HERE / "RULE.zh.md",
    "RULE.en.md": HERE / "RULE.en.md",
    "verify.py": HERE / "verify.py",
    "inspections/draws.py": HERE.parent / "draws.py",
    "inspections/draw_sharing.py": HERE.parent / "draw_sharing.py",
    "inspections/draw_wishes.py": HERE.parent / "draw_wishes.py",
}
# the same records make the same archive
MADE = (2026, 1, 1, 0, 0, 0)


def record(
    *,
    wishes_json: bytes | str,
    round_id: str,
    number: int,
    reason: str,
    seed_sha256: str,
    commitment: str,
    public_number_name: str,
    public_number_falls_on: str,
    seed: bytes | None,
    public_number: str | None,
    plan: Plan | Sequence[Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """Return one draw (or redraw, with its reason) as the package has it: what was stored, nothing recomputed.

    wishes_json: the canonical form. plan: a Plan, or `Plan.as_list()` as it was stored. A draw that was replaced before
    its public number fell has neither number nor plan; before the reveal a draw has no seed.
    """
    return {
        "number": number,
        "round": round_id,
        "reason": reason,
        "wishes": json.loads(wishes_json),
        "seed_sha256": seed_sha256,
        "commitment": commitment,
        "public_number_name": public_number_name,
        "public_number_falls_on": public_number_falls_on,
        "public_number": public_number,
        "seed": seed.hex() if seed is not None else None,
        "visits": plan.as_list() if isinstance(plan, Plan) else [dict(visit) for visit in plan or ()],
    }


def data(records: Sequence[Mapping[str, Any]], meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `verify` reads and data.json holds: the draws of one round by number; meta explains (names, …)."""
    return {"draws": sorted(records, key=lambda one: one["number"]), "meta": dict(meta)}


def package(records: Sequence[Mapping[str, Any]], meta: Mapping[str, Any]) -> bytes:
    """Return the zip archive to download; the same records give the same bytes."""
    content = json.dumps(data(records, meta), sort_keys=True, ensure_ascii=False, indent=1)
    parts = {"data.json": content.encode()} | {name: path.read_bytes() for name, path in FILES.items()}
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, part in parts.items():
            target.writestr(zipfile.ZipInfo(name, MADE), part, zipfile.ZIP_DEFLATED)
    return archive.getvalue()
