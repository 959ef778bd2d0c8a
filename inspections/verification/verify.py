"""Recompute the draws of a round: python3 verify.py [COMMITMENT …]

Reads data.json beside this file and calculates everything anew with inspections/draws.py. Needs Python 3.8 or newer and
nothing else, and connects to nowhere. Prints what it found in Chinese and English and ends with 0 (all is well) or 1.
Whoever received commitments before the draws (a sealed receipt, say) gives them as arguments: each must be among those
of data.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from inspections.draws import Difference, verify  # noqa: E402 (the folder has to be named first)

SENTENCES = {
    "malformed": "数据不完整或格式不对 / the data is incomplete or malformed",
    "numbering": "抽取次序不连续，或不属于同一轮次 / the numbers of the draws have gaps, or two rounds are mixed",
    "seed": "种子与事先公布的 SHA-256 不符 / the seed does not have the SHA-256 promised beforehand",
    "sealed": "种子尚未公开，暂不能重算 / the seed is not published yet, so nothing can be recomputed",
    "commitment": "名单、规则或种子摘要与承诺值不符 / list, wishes or seed's hash differ from the commitment",
    "visits": "公布的抽取结果与重算结果不符 / the published visits differ from those recomputed",
    "infeasible": "按此名单无法抽取 / with this list no draw is possible",
    "receipt": "回执上的承诺值不在数据中 / a commitment on the receipt is not in the data",
}


def main(receipts: list[str]) -> int:
    """Check data.json, print what was found, return 1 if anything differs."""
    data = read()
    found = verify(data)
    if not any(one.what == "malformed" for one in found):
        for record in data["draws"]:
            say(describe(record))
        commitments = {record["commitment"] for record in data["draws"]}
        found += [Difference(0, "receipt", {"commitment": one}) for one in receipts if one not in commitments]
    for one in found:
        say(
            "✗ 第 {0} 次抽取 / draw {0}: {1} {2}".format(one.draw, SENTENCES[one.what], dict(one.facts) or "")
        )
    say("✗ 不一致 / NOT CONFIRMED" if found else "OK 全部一致 / everything is confirmed")
    return 1 if found else 0


def read() -> dict[str, Any]:
    """Return data.json; what is not JSON at all is as good as empty."""
    try:
        return dict(json.loads((HERE / "data.json").read_text(encoding="utf-8")))
    except (TypeError, ValueError):
        return {}


def describe(record: dict[str, Any]) -> str:
    """Return what to compare with what was published elsewhere: the commitment, and the public number."""
    return (
        "第 {number} 次抽取 / draw {number}: {reason}\n"
        "  承诺值 / commitment: {commitment}\n"
        "  公开数 / public number: {public_number_name} {public_number_falls_on}: {public_number}\n"
        "  计划检查 / visits: {visits}"
    ).format(**{**record, "visits": len(record["visits"])})


def say(line: str) -> None:
    """Print a line whatever the terminal can show."""
    sys.stdout.buffer.write((line + "\n").encode("utf-8"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
