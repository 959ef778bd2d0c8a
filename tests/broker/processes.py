"""Real processes around a test's own database: a broker that can be stopped, workers, beats, a web server."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import quote

import redis
from celery import Celery
from django.db import connection

from scripts import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "test"


class Broker:
    """A broker on a port of its own, which keeps what it was given over a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, embedded.free_port()
        self.process: Popen[bytes] | None = None
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"
        self.folder.mkdir(parents=True)

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = embedded.broker_program()
        assert program, "no broker on this machine"
        command = embedded.broker_command(program, self.folder, self.port, PASSWORD)
        self.process = embedded.spawn(command, log=self.folder / "log")
        embedded.wait_for(lambda: embedded.listens(self.port), self.process, "the broker")

    def stop(self) -> None:
        """Stop it."""
        if self.process:
            embedded.stop(self.process)
            self.process = None

    def client(self) -> "redis.Redis[Any]":
        """Return a plain connection."""
        return redis.Redis.from_url(self.url)

    def send(self, task: str = "inspections.sweeps.remind") -> None:
        """Send a task as beat does."""
        with Celery(broker=self.url, set_as_current=False) as app:  # this process goes on with its own
            app.send_task(task)


class Processes:
    """Starts programs with the test's database and broker, and ends them all."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder, self.broker = folder, broker
        self.running: list[Popen[bytes]] = []
        self.port = 0
        (folder / "var" / "static").mkdir(parents=True)
        self.env = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "BROKER_URL": broker.url,
            "VAR_DIR": str(folder / "var"),
            "REMIND_SECONDS": "1",
            "STATUS_TOKEN": "token",
            "PYTHONWARNINGS": "ignore",
        }

    def worker(self) -> "Popen[bytes]":
        """Start a worker with one process."""
        return self._python(
            "-m",
            "celery",
            "-A",
            "dalian_rural",
            "worker",
            "-c",
            "1",
            "-l",
            "INFO",
            "-n",
            f"{len(self.running)}@%h",
        )

    def beat(self) -> "Popen[bytes]":
        """Start a beat that asks for a sweep every second."""
        schedule = str(self.folder / f"schedule-{len(self.running)}")
        return self._python(
            "-m", "celery", "-A", "dalian_rural", "beat", "-l", "INFO", "-S", "dalian_rural.beat:Scheduler",
            "-s", schedule, "--pidfile=",
        )  # fmt: skip

    def web(self) -> int:
        """Start a web server and return its port once it answers."""
        port = embedded.free_port()
        process = self._python("-m", "gunicorn", "-b", f"127.0.0.1:{port}", "dalian_rural.wsgi")
        embedded.wait_for(lambda: embedded.listens(port), process, "the web server")
        return port

    def _python(self, *arguments: str) -> "Popen[bytes]":
        log = self.folder / f"log-{len(self.running)}"
        process = embedded.spawn([sys.executable, *arguments], log=log, env=self.env, cwd=ROOT)
        self.running.append(process)
        return process

    def kill(self, process: "Popen[bytes]") -> None:
        """Kill a program and its children outright, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()

    def stop_all(self) -> None:
        """End everything that still runs."""
        for process in self.running:
            embedded.stop(process, patience=5)

    def logs(self) -> str:
        """Return what the programs said, for a failing test's message."""
        return "\n".join(path.read_text()[-3000:] for path in sorted(self.folder.glob("log-*")))


def database_url() -> str:
    """Return the address of the test's own database."""
    known = connection.settings_dict
    user, password = quote(known["USER"]), quote(known["PASSWORD"])
    return f"postgres://{user}:{password}@{known['HOST']}:{known['PORT'] or 5432}/{known['NAME']}"


@contextmanager
def installation(folder: Path) -> Iterator[Processes]:
    """Give a running broker and what is needed to start the rest; nothing is left running."""
    broker = Broker(folder / "broker")
    broker.start()
    processes = Processes(folder, broker)
    try:
        yield processes
    finally:
        processes.stop_all()
        broker.stop()


def wait_until(check: Callable[[], bool], processes: Processes, seconds: float = 90) -> None:
    """Wait for something to become true, or fail with what the programs said."""
    ends = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < ends, processes.logs()
        time.sleep(0.1)
