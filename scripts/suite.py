"""`make test`: the suite on PostgreSQL with a real broker and a browser, then what depends on the engine on SQLite.

--full    also the long tests (chaos, fuzzing, load)
--bench   the measurements of tests/load/ alone
anything else goes to pytest: make test ARGS="tests/villages -k import"
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from scripts import embedded
from scripts.bootstrap import ROOT

LONG = "slow"


def main(argv: list[str]) -> int:
    """Run the lanes and return the worst status."""
    chosen = [argument for argument in argv if argument not in {"--full", "--bench"}]
    with ExitStack() as stack:
        url = os.environ.get("DATABASE_URL") or stack.enter_context(embedded.running_postgres())
        env = {**os.environ, "DATABASE_URL": url, "PYTHONUNBUFFERED": "1"}
        env.setdefault("LANG", "C.UTF-8")
        if broker := env.get("BROKER_URL"):
            env["TEST_BROKER_URL"] = broker
        if "--bench" in argv:
            return program(["tests.load.bench", *chosen], env)
        return lanes(chosen, env, full="--full" in argv)


def lanes(chosen: Sequence[str], env: dict[str, str], *, full: bool) -> int:
    """Run one lane after the other; what was run is said at the end."""
    # Browser and broker tests start servers and processes: grouped by file, so that each file starts its own once.
    split = ["-n", os.environ.get("TEST_PROCESSES", "2"), "--dist", "loadfile", "--no-loadscope-reorder"]
    results = {"PostgreSQL": timed([*split, *chosen], env)}
    if full:
        results["long tests"] = timed(["-m", LONG, *chosen], env)
    lite = {name: value for name, value in env.items() if name != "DATABASE_URL"}
    if not chosen:
        results["SQLite (what depends on the engine)"] = timed([*split, "-m", "engine"], lite)
    print(*(f"{name}: {text}" for name, (_, text) in results.items()), sep="\n", flush=True)
    return max(status for status, _ in results.values())


def timed(arguments: Sequence[str], env: dict[str, str]) -> tuple[int, str]:
    """Run pytest and describe the outcome."""
    begun = time.monotonic()
    status = pytest(arguments, env)
    return (
        status,
        f"{'passed' if status == 0 else f'FAILED (status {status})'}, {time.monotonic() - begun:.0f} s",
    )


def pytest(arguments: Sequence[str], env: dict[str, str]) -> int:
    """Run pytest."""
    return program(["pytest", "-q", *arguments], env)


def program(module: Sequence[str], env: dict[str, str]) -> int:
    """Run a module with its arguments to its end."""
    process = embedded.spawn([sys.executable, "-m", *module], env=env, cwd=ROOT)
    try:
        return process.wait()
    finally:
        embedded.stop(process, patience=20)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (KeyboardInterrupt, subprocess.CalledProcessError) as ended:
        sys.exit(f"stopped: {ended!r}")
