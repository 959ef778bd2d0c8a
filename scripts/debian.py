"""Run what depends on the engine or the broker on the machine's own PostgreSQL and Redis (in .ci/run: Debian's)."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from scripts import embedded
from scripts.suite import pytest


def main() -> int:
    """Start both with data of their own and run the tests marked for them."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    redis = shutil.which("redis-server")
    if not programs or not redis:
        raise SystemExit("needed: postgresql and redis-server")
    with (
        tempfile.TemporaryDirectory(prefix="redis-") as folder,
        embedded.running_postgres(programs[0]) as database,
        embedded.running_broker(Path(folder), program=redis) as broker,
    ):
        print(f"{programs[0].parent.name=} {redis=}", flush=True)
        env = {**os.environ, "DATABASE_URL": database, "TEST_BROKER_URL": broker, "LANG": "C.UTF-8"}
        marks = "(engine or postgres or broker) and not browser and not slow"
        return pytest(["-m", marks, "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"], env)


if __name__ == "__main__":
    sys.exit(main())
