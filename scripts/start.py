"""Prove `make run` from outside: it answers, keeps its data, stops everything however it is stopped, and says when not.

Uses a data folder of its own, so that it may run beside a real one.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from scripts import embedded
from scripts.bootstrap import ROOT

FIRST_PAGE_SECONDS = 180
SECOND_START_SECONDS = 45


def main() -> None:
    """Start it four times, each with another end."""
    folder = Path(tempfile.mkdtemp(prefix="make-run-"))
    port = embedded.free_port()
    try:
        say("first page of the first start", started_and_stopped(folder, port, signal.SIGINT, group=True))
        size = database_size(folder)
        second = started_and_stopped(folder, port, signal.SIGTERM, group=False)
        say("second start", second)
        insist(second < SECOND_START_SECONDS, f"the second start took {second:.0f} s")
        insist(database_size(folder) >= size > 0, "the second start lost data")
        say("start ended by a closed terminal", started_and_stopped(folder, port, signal.SIGHUP, group=True))
        say(
            "start whose make is killed outright",
            started_and_stopped(folder, port, signal.SIGKILL, group=False),
        )
        taken_port(folder, port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def started_and_stopped(folder: Path, port: int, sent: signal.Signals, *, group: bool) -> float:
    """Start, wait for the first page, end it by a signal; nothing may be left. Return the seconds to the page."""
    begun = time.monotonic()
    process = make_run(folder, port)
    try:
        while not answers(port):
            insist(
                process.poll() is None, f"make run ended with status {process.returncode}:\n{output(folder)}"
            )
            insist(time.monotonic() - begun < FIRST_PAGE_SECONDS, f"no page in {FIRST_PAGE_SECONDS} s")
            time.sleep(0.5)
        seconds = time.monotonic() - begun
        wait_for_welcome(folder)
    finally:
        (os.killpg if group else os.kill)(process.pid, sent)
        process.wait()
    no_one_left(folder, port)
    return seconds


def make_run(folder: Path, port: int, wait: bool = False) -> "subprocess.Popen[bytes]":
    """Run `make run` as a terminal would: a group of its own."""
    clean = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BROKER_URL"}}
    env = clean | {"VAR_DIR": str(folder), "PORT": str(port)}
    with (folder / "output").open("wb") as out:
        process = subprocess.Popen(
            ["make", "run"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    if wait:
        process.wait(60)
    return process


def output(folder: Path) -> str:
    """Return what was printed."""
    return (folder / "output").read_text(errors="replace")


def answers(port: int) -> bool:
    """Tell whether the sign-in page comes."""
    with (
        suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/accounts/login/", timeout=10) as page,
    ):
        return bool(page.status == 200)
    return False


def wait_for_welcome(folder: Path) -> None:
    """Wait until the address and the accounts are printed."""
    for _ in range(100):
        if "demo-2023" in output(folder) and "http://" in output(folder):
            return
        time.sleep(0.1)
    raise SystemExit(f"address or demo accounts were not printed:\n{output(folder)}")


def no_one_left(folder: Path, port: int) -> None:
    """Insist that every process that knows the data folder is gone."""
    for _ in range(200):
        left = processes_of(folder)
        if not left and not embedded.listens(port):
            return
        time.sleep(0.1)
    raise SystemExit(f"still running: {processes_of(folder)}\n{output(folder)}")


def processes_of(folder: Path) -> list[str]:
    """List the processes whose environment names the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"VAR_DIR={folder}\0".encode() in (path / "environ").read_bytes():
                found.append(
                    f"{path.name} {(path / 'cmdline').read_bytes().replace(bytes(1), b' ').decode()}"
                )
    return found


def taken_port(folder: Path, port: int) -> None:
    """Insist on a clear message and an end when the port is another's."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        process = make_run(folder, port, wait=True)
    insist(process.returncode != 0 and "is taken" in output(folder), f"taken port: {output(folder)}")
    insist(not processes_of(folder), "something runs although the port was taken")
    print("  ok a taken port is a clear message", flush=True)


def database_size(folder: Path) -> int:
    """Return the size of the database."""
    return sum(path.stat().st_size for path in folder.glob("db.sqlite3*"))


def say(what: str, seconds: float) -> None:
    """Print a figure."""
    print(f"  ok {what}: {seconds:.1f} s, and nothing left running", flush=True)


def insist(holds: bool, message: str) -> None:
    """Stop with a message unless it holds."""
    if not holds:
        raise SystemExit(message)


if __name__ == "__main__":
    main()
