"""What an outsider needs to recompute a round's draws: data, rule in words, code and a script."""

from collections.abc import Mapping, Sequence
from typing import Any

from inspections.draws import Plan, verify

__all__ = ["package", "record", "verify"]


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
    plan: Plan | None,
) -> dict[str, Any]:
    """Return one draw (or redraw, with its reason) as the package has it: what was stored, nothing recomputed.

    A draw that was replaced before its public number fell has neither number nor plan.
    """
    raise NotImplementedError


def data(records: Sequence[Mapping[str, Any]], meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `verify` reads and data.json holds: meta: names and whatever else explains."""
    return {"draws": list(records), "meta": dict(meta)}


def package(records: Sequence[Mapping[str, Any]], meta: Mapping[str, Any]) -> bytes:
    """Return the zip archive to download; the same records give the same bytes."""
    raise NotImplementedError
