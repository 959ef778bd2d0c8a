"""`make bench`: product and floors in one run, on PostgreSQL and real server processes; prints tables.

DATABASE_URL names a superuser's database beside which the measurements make their own. BENCH_ROWS (default
"20000,1000000") are the sizes; BENCH_KEEP=1 keeps the filled databases and uses those that are there; BENCH_SECONDS
(default 10) is how long eight clients ask for a page. The result is also written to var/bench.md and var/bench.json.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from scripts import embedded
from scripts.bootstrap import ROOT, VENV
from tests.load import browsers, draws
from tests.load.report import report

COUNTY = "office-JP"
Results = dict[str, Any]


def main() -> int:
    """Measure every size; say what was measured even when a later part fails."""
    sizes = [int(text) for text in os.environ.get("BENCH_ROWS", "20000,1000000").split(",")]
    found: Results = {"machine": machine(), "sizes": {}}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        broker = stack.enter_context(embedded.running_broker(folder))
        env = environment(folder, broker)
        run([sys.executable, "manage.py", "collectstatic", "--no-input", "-v0"], env)
        try:
            for size in sizes:
                url = stack.enter_context(database(os.environ["DATABASE_URL"], f"bench_{size}"))
                found["sizes"][size] = {}
                here = env | {"DATABASE_URL": url}
                measure(found["sizes"][size], size, here, folder, whole=size == sizes[-1])
            say("draws")
            found["draws"] = draws.rows()
        finally:
            write(found)
    return 0


def write(found: Results) -> None:
    """Print the table and keep it under var/."""
    text = report(found)
    print(text, flush=True)
    (ROOT / "var").mkdir(exist_ok=True)
    (ROOT / "var" / "bench.md").write_text(text)
    (ROOT / "var" / "bench.json").write_text(json.dumps(found, indent=1, ensure_ascii=False))


def measure(found: Results, size: int, env: dict[str, str], folder: Path, *, whole: bool) -> None:
    """Fill one database and measure in it, part by part; uploads, export and sweep only in the last one."""
    found["load"] = [os.getloadavg()[0]]
    if filled(env["DATABASE_URL"]) != size:
        say(f"{size:,} findings: filling")
        begun = time.monotonic()
        found["fill"] = part("data", env, str(size)) | {"total": round(time.monotonic() - begun, 1)}
    say(f"{size:,} findings: pages, in one process")
    found["pages"] = part("pages", env, COUNTY)
    found["counting"] = part("jobs", env, "counting")
    say(f"{size:,} findings: eight clients")
    found["clients"] = clients(env, folder, found["pages"]["last"], whole=whole)
    if whole:
        for name in ("export", "sweeps"):
            say(f"{size:,} findings: {name}")
            found[name] = part("jobs", env, name)
    found["load"].append(os.getloadavg()[0])


# --- surroundings -------------------------------------------------------------------------------------------------
def machine() -> Results:
    """Say where and on what this ran."""
    with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        server = cursor.fetchone()[0]
    import django

    model = next(
        (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), ""
    )
    commit = ["git", "rev-parse", "--short", "HEAD"]
    head = subprocess.run(commit, cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "at": time.strftime("%Y-%m-%d %H:%M %Z"), "cpu": model.partition(":")[2].strip(), "cores": os.cpu_count(),
        "python": platform.python_version(), "django": django.__version__, "postgresql": server,
        "commit": head.stdout.strip(),
    }  # fmt: skip


def environment(folder: Path, broker: str) -> dict[str, str]:
    """Return the settings of production, without TLS and S3: one machine, files in a folder."""
    (folder / "static").mkdir()
    own = {
        "SECRET_KEY": uuid.uuid4().hex * 2, "VAR_DIR": str(folder), "BROKER_URL": broker, "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "dalian_rural.settings", "WEB_WORKERS": "2", "LANG": "C.UTF-8",
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    return {name: value for name, value in os.environ.items() if name != "PLAIN_STATIC"} | own


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """Yield a database of our own on the server; what is kept from an earlier run is used again."""
    keep = os.environ.get("BENCH_KEEP") == "1"
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() and not keep:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not cursor.fetchone():
            how = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
            cursor.execute(f'CREATE DATABASE "{name}" {how}')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        if not keep:
            with connection.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.close()


def filled(url: str) -> int:
    """Return how many findings were made in a database (what the measurements handed in has no number that long)."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('inspections_finding')")
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("SELECT count(*) FROM inspections_finding WHERE description LIKE '%编号%'")
        return int(cursor.fetchone()[0])


def run(command: list[str], env: dict[str, str]) -> str:
    """Run a program to its end and return what it printed."""
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def part(name: str, env: dict[str, str], *arguments: str) -> Any:
    """Run one part in a process of its own and return what it found."""
    return json.loads(
        run([sys.executable, "-m", f"tests.load.{name}", *arguments], env).strip().splitlines()[-1]
    )


def say(text: str) -> None:
    """Say what is being done."""
    print(f"  {text} (load {os.getloadavg()[0]:.1f})", file=sys.stderr, flush=True)


# --- eight clients ------------------------------------------------------------------------------------------------
@contextmanager
def web(env: dict[str, str], folder: Path) -> Iterator[int]:
    """Run production's web processes."""
    port = embedded.free_port()
    process = embedded.spawn(
        ["sh", "deploy/web.sh"], log=folder / "web.log", env=env | {"WEB_BIND": f"127.0.0.1:{port}"}, cwd=ROOT
    )
    try:
        embedded.wait_for(lambda: embedded.listens(port), process, "gunicorn", 60)
        yield port
    finally:
        embedded.stop(process)


def clients(env: dict[str, str], folder: Path, last: str, *, whole: bool) -> Results:
    """Read pages, and in the last size hand in findings."""
    seconds = float(os.environ.get("BENCH_SECONDS", "10"))
    people = part("people", env)
    cookie = f"sessionid={people['sessions'][COUNTY]}; django_language=zh-hans"
    found: Results = {}
    with web(env, folder) as port:
        browsers.read(port, "/findings/", cookie, 3)
        for name, url in (("page 1", "/findings/"), ("page 60", last), ("review queue", "/findings/review/")):
            found[name] = figures(browsers.read(port, url, cookie, seconds))
        if whole:
            found |= handed_in(port, people, seconds)
    return found


def figures(answered: browsers.Answered, per_answer: float = 1) -> Results:
    """Return what is said of many answers."""
    return {
        "per second": answered.per_second(per_answer),
        "p50": answered.percentile(50),
        "p95": answered.percentile(95),
        "client": round(answered.cpu / answered.seconds * 100, 1),
    }


def handed_in(port: int, people: Results, seconds: float) -> Results:
    """Hand in reports of an agency with and without photo, and of a team whose findings are issued at once."""
    picture = browsers.picture()
    found = {}
    for name, who, photo in (
        ("report", "agency", False),
        ("report with photo", "agency", True),
        ("issued with photo", "inspector-0", True),
    ):
        sender = browsers.Sender(people["tokens"][who], people["villages"], people["items"], picture)
        browsers.hand_in(port, sender, 2, with_photo=photo)
        found[name] = figures(browsers.hand_in(port, sender, seconds, with_photo=photo), 2 if photo else 1)
    return found


if __name__ == "__main__":
    sys.exit(main())
