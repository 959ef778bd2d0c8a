"""`make run`: the whole application on one machine, started, watched and stopped together.

Web (gunicorn), Celery worker and beat, and a broker of its own; data under var/. Each is a process group of its own
that ends with this program, however this program ends.
"""

import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from scripts import embedded
from scripts.bootstrap import ROOT, address, claim, digest

VAR = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve()
LOGS = VAR / "log"
LOG_LIMIT = 20 * 1024 * 1024
RESTARTS_PER_MINUTE = 4

EMPTY, DEMO, OWN = "empty", "demo", "own"
LOOK = """
import django; django.setup()
from accounts.models import User
demo = User.objects.filter(username__in=["hso", "huajia", "auditor"]).count() == 3
print("demo" if demo else "own" if User.objects.exists() else "empty")
"""
ACCOUNTS = (
    ("hso", "市人居环境办，可签发", "city office, may sign"),
    ("jinpu", "金普新区人居环境办", "county office"),
    ("changhai", "长海县人居环境办", "county office"),
    ("huajia", "华家街道工作人员", "township official"),
    ("xiangying", "向应街道工作人员", "township official"),
    ("secretary", "华家街道党工委书记", "township secretary"),
    ("inspector", "市暗访组，直接交办", "inspector, issues directly"),
    ("agency", "第三方机构", "third party, reports only"),
    ("leader", "市级领导，包保金普新区", "municipal leader"),
    ("auditor", "审计", "auditor"),
    ("sysadmin", "系统管理员", "system administrator"),
)


class Stopped(Exception):
    """Somebody asked us to stop."""


@dataclass
class Service:
    """One program that has to run all the time."""

    name: str
    command: list[str]
    fds: tuple[int, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    ended: deque[float] = field(default_factory=lambda: deque(maxlen=RESTARTS_PER_MINUTE))

    @property
    def log(self) -> Path:
        """Return where it writes."""
        return LOGS / f"{self.name}.log"

    def start(self, env: dict[str, str]) -> None:
        """Start it."""
        self.process = embedded.spawn(self.command, log=self.log, env=env, cwd=ROOT, pass_fds=self.fds)

    def falls_too_often(self) -> bool:
        """Note that it ended, and tell whether it does so all the time."""
        self.ended.append(time.monotonic())
        return len(self.ended) == RESTARTS_PER_MINUTE and self.ended[-1] - self.ended[0] < 60


def main() -> None:
    """Run until a signal comes or a program keeps failing."""
    for sent in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        if (sent, signal.getsignal(sent)) != (signal.SIGHUP, signal.SIG_IGN):  # nohup means it
            signal.signal(sent, asked_to_stop)
    embedded.follow_parent()
    LOGS.mkdir(parents=True, exist_ok=True)
    lock = only_one()
    services: list[Service] = []
    try:
        run(services)
    except Stopped:
        say("Stopping …")
    finally:
        stop(services)
        lock.close()
    say("Stopped. Your data stays in var/.")


def run(services: list[Service]) -> None:
    """Start everything in order and watch over it."""
    host, port = address()
    listener = claim(host, port)
    env = environment(host, port)
    if broker := broker_service(env):
        services.append(broker)
        broker.start(env)
        broker_port = int(env["BROKER_URL"].rpartition(":")[2].partition("/")[0])
        if broker.process:
            embedded.wait_for(lambda: embedded.listens(broker_port), broker.process, "the broker")
    state = prepare(env)
    for service in programs(listener):
        services.append(service)
        service.start(env)
    wait_until_it_answers(services, env, host, port)
    welcome(env["SITE_URL"], state)
    while True:
        watch(services, env)
        time.sleep(0.5)


# --- preparing ----------------------------------------------------------------------------------------------
def only_one() -> IO[str]:
    """Keep a second copy away from the same data."""
    lock = (VAR / "run.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SystemExit(
            f"It is already running on {VAR}. Stop it first, or set VAR_DIR to another folder."
        ) from None
    return lock


def environment(host: str, port: int) -> dict[str, str]:
    """Return what the programs are told; whatever is set outside wins."""
    shown = "localhost" if host in {"127.0.0.1", "::1", "0.0.0.0", "::"} else host  # noqa: S104
    given = {
        "SECRET_KEY": secret(),
        "VAR_DIR": str(VAR),
        "SITE_URL": f"http://{shown}:{port}",
        "ALLOWED_HOSTS": ",".join(sorted(names(host))),
        "BROKER_URL": f"filesystem://{VAR / 'broker'}",
        "DJANGO_SETTINGS_MODULE": "dalian_rural.settings",
        "PYTHONUNBUFFERED": "1",
        "LANG": "C.UTF-8",
    }
    if embedded.broker_program():
        given["BROKER_URL"] = f"redis://:{secrets.token_hex(16)}@127.0.0.1:{embedded.free_port()}/0"
    return given | os.environ


def secret() -> str:
    """Read the installation's secret, made at the first start."""
    path = VAR / "secret"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text().strip()


def names(host: str) -> set[str]:
    """List the names under which this machine may be asked: only its own when it listens only to itself."""
    known = {"localhost", "127.0.0.1", "[::1]", host}
    if host in {"0.0.0.0", "::"}:  # noqa: S104
        known |= {socket.gethostname(), socket.getfqdn()}
        with suppress(OSError):
            known |= {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)}
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # sends nothing: asks which own address would be used
            known.add(probe.getsockname()[0])
    return known


def broker_service(env: dict[str, str]) -> Service | None:
    """Describe the embedded broker, unless a broker was named or there is no program for one."""
    program = embedded.broker_program()
    if "BROKER_URL" in os.environ or not program:
        return None
    folder = VAR / "broker"
    folder.mkdir(exist_ok=True)
    password, port = env["BROKER_URL"].removeprefix("redis://:").split("@127.0.0.1:")
    return Service("broker", embedded.broker_command(program, folder, int(port.split("/")[0]), password))


def prepare(env: dict[str, str]) -> str:
    """Bring database, catalog and static files up to date; load the demo into an empty database."""
    python("scripts/translations.py", "compile", env=env)
    manage("migrate", "--no-input", env=env)
    collect(env)
    state = look(env)
    if state == EMPTY and env.get("DEMO", "1") != "0":
        say("Loading the demo (the rest follows in the background) …")
        manage("demo", env=env)
        state = look(env)
    return state


def collect(env: dict[str, str]) -> None:
    """Gather the static files, when they have changed."""
    stamp = VAR / "static" / ".stamp"
    files = sorted(p for p in (ROOT / "static").rglob("*") if p.is_file() and p.name != ".stamp")
    wanted = digest([ROOT / "requirements.lock", *files])
    if not stamp.exists() or stamp.read_text() != wanted:
        manage("collectstatic", "--no-input", "--clear", "--verbosity=0", env=env)
        stamp.write_text(wanted)


def look(env: dict[str, str]) -> str:
    """Tell whether the database is empty, holds the demo, or somebody's own data."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK], env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"The database cannot be read:\n{done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1]


def manage(*arguments: str, env: dict[str, str]) -> None:
    """Run one of Django's commands."""
    python("manage.py", *arguments, env=env)


def python(*arguments: str, env: dict[str, str]) -> None:
    """Run a script to its end; its output goes to var/log/prepare.log and is shown when it fails."""
    log = LOGS / "prepare.log"
    process = embedded.spawn([sys.executable, *arguments], log=log, env=env, cwd=ROOT)
    try:
        status = process.wait()
    finally:
        embedded.stop(process, patience=2)
    if status:
        raise SystemExit(f"{' '.join(arguments)} failed; the end of {log}:\n{tail(log)}")


# --- running ------------------------------------------------------------------------------------------------
def programs(listener: socket.socket) -> list[Service]:
    """Describe what runs all the time."""
    # The address is bound here and handed over, so that it cannot be lost between two programs.
    web = ["-m", "gunicorn", "dalian_rural.wsgi", "--bind", f"fd://{listener.fileno()}"]
    web += ["--workers", os.environ.get("WEB_WORKERS", "2"), "--worker-class", "gthread", "--threads", "4"]
    web += [
        "--timeout",
        "120",
        "--graceful-timeout",
        "5",
        "--no-control-socket",
        "--access-logfile",
        str(LOGS / "access.log"),
    ]
    celery = ["-m", "celery", "-A", "dalian_rural"]
    worker = [*celery, "worker", "--loglevel", "INFO", "--concurrency", os.environ.get("WORKERS", "1")]
    schedule = ["--schedule", str(VAR / "beat-schedule"), "--pidfile", ""]
    beat = [*celery, "beat", "--loglevel", "INFO", "--scheduler", "dalian_rural.beat:Scheduler", *schedule]
    for log in LOGS.glob("*.log"):
        if log.stat().st_size > LOG_LIMIT:
            log.rename(log.with_suffix(".log.old"))
    return [
        Service("web", [sys.executable, *web], fds=(listener.fileno(),)),
        Service("worker", [sys.executable, *worker]),
        Service("beat", [sys.executable, *beat]),
    ]


def wait_until_it_answers(services: list[Service], env: dict[str, str], host: str, port: int) -> None:
    """Wait for the first page."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    url, until = f"http://{shown}:{port}/accounts/login/", time.monotonic() + 120
    while not answers(url):
        watch(services, env)
        if time.monotonic() > until:
            raise SystemExit(f"{url} does not answer; the end of web.log:\n{tail(LOGS / 'web.log')}")
        time.sleep(0.2)


def answers(url: str) -> bool:
    """Tell whether a page comes; an error page of the application is told, not waited for."""
    try:
        with urllib.request.urlopen(url, timeout=20):
            return True
    except urllib.error.HTTPError as error:
        raise SystemExit(
            f"{url} answers {error.code}; the end of web.log:\n{tail(LOGS / 'web.log')}"
        ) from None
    except OSError:
        return False


def watch(services: list[Service], env: dict[str, str]) -> None:
    """Start again what has ended, and give up on what keeps ending."""
    for service in services:
        if service.process and service.process.poll() is not None:
            status = service.process.returncode
            embedded.stop(service.process)
            say(f"{service.name} ended with status {status}; the end of {service.log}:\n{tail(service.log)}")
            if service.falls_too_often():
                raise SystemExit(f"{service.name} keeps ending, so everything is stopped.")
            say(f"Starting {service.name} again …")
            service.start(env)


def welcome(url: str, state: str) -> None:
    """Print where it is and who may sign in."""
    say(f"\n  {url}\n")
    if state == DEMO:
        say("  Demo accounts (password demo-2023):")
        for name, chinese, english in ACCOUNTS:
            say(f"    {name:<10} {chinese} · {english}")
    elif state == EMPTY:
        say("  There is no account yet: .venv/bin/python manage.py createsuperuser")
    say("\n  Data and logs: var/   Ctrl-C stops everything.\n")


# --- stopping -----------------------------------------------------------------------------------------------
def asked_to_stop(signum: int, _frame: FrameType | None) -> None:
    """Stop once in order; at the second asking at once."""
    signal.signal(signum, lambda *_: os._exit(128 + signum))
    raise Stopped


def stop(services: list[Service]) -> None:
    """End every program: all asked at the same time, the broker last."""
    running = [s.process for s in reversed(services) if s.process]
    at_once = [
        process for process in running if process.poll() is None and process is not broker_of(services)
    ]
    for process in at_once:
        process.terminate()
    for process in running:
        embedded.stop(process, patience=8, asked=process in at_once)


def broker_of(services: list[Service]) -> "subprocess.Popen[bytes] | None":
    """Return the broker's process: it goes last, because the others still talk to it."""
    return next((service.process for service in services if service.name == "broker"), None)


def tail(path: Path, lines: int = 15) -> str:
    """Return the end of a log."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


def say(text: str) -> None:
    """Print, even when the terminal is gone."""
    with suppress(OSError):
        print(text, flush=True)


if __name__ == "__main__":
    main()
