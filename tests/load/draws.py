"""How long a draw of 50,000 villages takes: `python -m tests.load.draws` (no database; part of `make bench`)."""

import time
from collections.abc import Callable
from typing import Any

from inspections import draws, verification
from inspections.draws import Place, Team, Wishes

SEED, NUMBER = bytes(range(32)), "03 08 14 22 27 31 + 05"
# 100 units of about 42 townships of 12 villages; 120 teams of three, each barred from its own unit; 60 days of 8 visits
VILLAGES, PER_TOWNSHIP, TOWNSHIPS, TEAMS = 50_000, 12, 42, 120
DAYS = tuple(f"2026-{month:02}-{day:02}" for month in (3, 4) for day in range(1, 31))


def wishes(**coverage: Any) -> Wishes:
    """Return wishes for all the villages."""
    homes = [(f"t{n // PER_TOWNSHIP:04}", f"u{n // PER_TOWNSHIP // TOWNSHIPS:03}") for n in range(VILLAGES)]
    places = (Place(f"v{n:05}", *home, weight=1 + n % 3) for n, home in enumerate(homes))
    teams = (Team(f"g{n:03}", (f"{n}a", f"{n}b", f"{n}c"), (f"u{n % 100:03}",)) for n in range(TEAMS))
    return Wishes(tuple(places), tuple(teams), DAYS, 8, **coverage)


def seconds(work: Callable[[], object]) -> float:
    """Return the best of three."""
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def rows() -> list[tuple[str, str, str]]:
    """Measure; one row per figure: what, figure, beside it."""
    return [
        drawing("every village"),
        drawing("3 per township", coverage="sample", per_township=3),
        drawing("20,000 in all", coverage="sample", total=20_000),
        recomputing(),
    ]


def drawing(name: str, **coverage: Any) -> tuple[str, str, str]:
    """Measure a draw, and the check at freezing."""
    wanted = wishes(**coverage)
    visits = len(draws.draw(wanted, SEED, NUMBER).visits)
    took = seconds(lambda: draws.draw(wanted, SEED, NUMBER))
    checked = seconds(lambda: draws.check(wanted))
    return f"draw of 50,000 villages: {name}", f"{took:.2f} s", f"{visits:,} visits; check {checked:.2f} s"


def recomputing() -> tuple[str, str, str]:
    """Measure what an outsider does with the package."""
    wanted, sealed = wishes(), draws.seed_hash(SEED)
    record = verification.record(
        wishes_json=draws.canonical(wanted), round_id="round", number=1, reason="", seed_sha256=sealed,
        commitment=draws.commitment(wanted, sealed, "round", 1, "a lottery", "2026-02-28"),
        public_number_name="a lottery", public_number_falls_on="2026-02-28", seed=SEED, public_number=NUMBER,
        plan=draws.draw(wanted, SEED, NUMBER),
    )  # fmt: skip
    took = seconds(lambda: draws.verify(verification.data([record], {})))
    size = len(verification.package([record], {})) / 1e6
    return "recomputing it from the package's data", f"{took:.2f} s", f"package {size:.1f} MB"


if __name__ == "__main__":
    for row in rows():
        print("| " + " | ".join(row) + " |")
