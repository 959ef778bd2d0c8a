"""Write the measurements as the tables of docs/performance.md."""

from collections.abc import Sequence
from typing import Any

# ODK Central on two cores: submissions per second, two processes, eight clients (docs/performance.md)
PEER_REPORT, PEER_WITH_PHOTO = 137, 92
Row = tuple[str, str, str]


def report(found: dict[str, Any]) -> str:
    """Return the whole report."""
    m = found["machine"]
    head = (
        f"{m['at']} · {m['cores']} cores ({m['cpu']}) · Python {m['python']} · Django {m['django']} · "
        f"PostgreSQL {m['postgresql']} · commit {m['commit']}\n"
    )
    sizes = [_size(int(size), part) for size, part in found["sizes"].items()]
    return "\n".join([head, *sizes, _table("### Draws", found.get("draws", []))])


def _size(size: int, part: dict[str, Any]) -> str:
    load = " → ".join(f"{value:.1f}" for value in part["load"])
    rows = [*_pages(part), *_clients(part), *_jobs(part)]
    return _table(f"### {size:,} findings (load average {load})", rows)


def _table(title: str, rows: Sequence[Row]) -> str:
    lines = [title, "", "| What | Figure | Beside it |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {what} | {figure} | {beside} |" for what, figure, beside in rows), ""])


def _pages(part: dict[str, Any]) -> list[Row]:
    if "pages" not in part:
        return []
    pages = part["pages"]
    floor = pages["costs"]["rows by raw cursor"]["cpu"]
    rows: list[Row] = []
    if "fill" in part:
        rows.append(
            ("filling the database", f"{part['fill']['total']} s", f"findings {part['fill']['findings']} s")
        )
    for name, cost in pages["costs"].items():
        beside = f"{cost['cpu'] / floor:.1f} × the rows by raw cursor; wall {cost['wall']} ms"
        rows.append((f"CPU per request: {name}", f"{cost['cpu']} ms", beside))
    rows.append(("ledger page", f"{pages['statements']} statements", f"{pages['bytes'] / 1000:.0f} kB"))
    for name, cost in pages["others"].items():
        beside = f"wall {cost['wall']} ms, {cost['statements']} statements"
        rows.append((f"CPU per request: {name}", f"{cost['cpu']} ms", beside))
    return rows + [
        (f"counting: {name}", f"{value} ms", "best of five") for name, value in part["counting"].items()
    ]


def _clients(part: dict[str, Any]) -> list[Row]:
    peers = {
        "report": PEER_REPORT,
        "report with photo": PEER_WITH_PHOTO,
        "issued with photo": PEER_WITH_PHOTO,
    }
    rows = []
    for name, found in part.get("clients", {}).items():
        beside = f"p50 {found['p50']} ms, p95 {found['p95']} ms, clients {found['client']} % of a core"
        if name in peers:
            beside += f"; {found['per second'] / peers[name]:.2f} × ODK Central ({peers[name]}/s)"
        rows.append((f"8 clients: {name}", f"{found['per second']}/s", beside))
    return rows


def _jobs(part: dict[str, Any]) -> list[Row]:
    rows = []
    if export := part.get("export"):
        memory = f"peak {export['peak MB']} MB (start {export['start MB']})"
        beside = f"CPU {export['cpu']} s, {memory}, file {export['file MB']} MB"
        rows.append((f"Excel export of {export['rows']:,} rows", f"{export['seconds']} s", beside))
    if sweep := part.get("sweeps"):
        beside = f"{sweep['overdue']:,} overdue; {sweep['notices']:,} notices, peak {sweep['peak MB']} MB"
        rows.append((f"sweep over {sweep['in hand']:,} findings in hand", f"{sweep['first']} s", beside))
        rows.append(("second sweep (nothing to do)", f"{sweep['second']} s", ""))
    return rows
