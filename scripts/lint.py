"""`make lint`: everything that reads the code without running it. Each check by name: make lint ARGS="ruff mypy"."""

import os
import subprocess
import sys
import time
from pathlib import Path

from scripts.bootstrap import ROOT, VENV, node_path

BIN = VENV / "bin"
CHECKS: dict[str, list[str | Path]] = {
    "ruff": [BIN / "ruff", "check", "."],
    "format": [BIN / "ruff", "format", "--check", "."],
    "mypy": [BIN / "mypy"],
    "layers": [BIN / "lint-imports"],
    "templates": [BIN / "djlint", "templates", "--lint", "--quiet"],
    "translations": [sys.executable, "scripts/translations.py", "check"],
    "migrations": [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
    "typescript": ["npm", "run", "--silent", "typecheck"],
    "front end": ["npm", "run", "--silent", "lint"],
    "front end's tests": ["npm", "run", "--silent", "test"],
}


def main(names: list[str]) -> int:
    """Run the checks, print what fails, return 1 if any did."""
    environment = {**os.environ, "PATH": node_path(), "LANG": "C.UTF-8"}
    environment.setdefault("SECRET_KEY", "only-for-checks")
    failed = [name for name in names or CHECKS if not passes(name, environment)]
    print("failed: " + ", ".join(failed) if failed else "all checks pass")
    return 1 if failed else 0


def passes(name: str, environment: dict[str, str]) -> bool:
    """Run one check; its output is shown only when it fails."""
    begun = time.monotonic()
    command = [str(part) for part in CHECKS[name]]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    print(
        f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name} ({time.monotonic() - begun:.1f} s)",
        flush=True,
    )
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
