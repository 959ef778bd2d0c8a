"""Real processes for tests: a broker, a browser's path."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts import embedded

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Return the path of a Chromium, if there is one."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Run a broker in a folder and yield its address."""
    if url := os.environ.get("TEST_BROKER_URL"):
        yield url
        return
    with embedded.running_broker(folder) as url:
        yield url
