"""Make a bare clone ready, then become one of the project's programs.

    python3 scripts/bootstrap.py [MODULE [ARGUMENT …]]      for example: scripts.run, scripts.suite --full

Needs Python 3.11 with venv and pip, and nothing else: everything it installs is pinned by hash. Stamps remember what
was done, so that the second time takes a moment. Only the standard library is used here.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
NODE_FLOOR = 20


def main(argv: list[str]) -> None:
    """Prepare the clone and hand over to a module of it."""
    for sent in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sent, leave)
    if argv[:1] == ["scripts.run"]:
        claim(*address()).close()
    prepare()
    if argv:
        os.chdir(ROOT)
        os.execv(PYTHON, [str(PYTHON), "-m", *argv])


def prepare() -> None:
    """Install the packages and build the assets, one process at a time."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        packages()
        assets()
    finally:
        os.close(handle)


def leave(signum: int, _frame: FrameType | None) -> NoReturn:
    """Turn a signal into an exception, so that what runs meanwhile is ended too."""
    raise SystemExit(128 + signum)


# --- address ------------------------------------------------------------------------------------------------
def address() -> tuple[str, int]:
    """Read where to listen from HOST and PORT."""
    port = os.environ.get("PORT") or "8000"
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise SystemExit(f"PORT must be a number from 1 to 65535, not {port!r}.")
    return os.environ.get("HOST") or "127.0.0.1", int(port)


def claim(host: str, port: int) -> socket.socket:
    """Bind the address, or say what to do about it."""
    try:
        family, *_, target = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        claimed = socket.socket(family, socket.SOCK_STREAM)
        claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        claimed.bind(target)
    except OSError as error:
        reason = (
            "is taken by another program"
            if error.errno == 98
            else f"cannot be used ({error.strerror or error})"
        )
        raise SystemExit(f"{host}:{port} {reason}. Choose another one: PORT={port + 1} make run") from None
    return claimed


# --- packages -----------------------------------------------------------------------------------------------
def packages() -> None:
    """Create .venv with exactly the locked packages."""
    stamp, wanted = VENV / ".stamp", digest([LOCK], sys.version)
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists() or not (VENV / "bin" / "uv").exists():
        say("Creating .venv")
        make_venv()
    say("Installing the Python packages")
    sync()
    stamp.write_text(wanted)


def make_venv() -> None:
    """Make an empty environment with the locked uv in it, which installs the rest fast."""
    try:
        run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    except subprocess.CalledProcessError:
        raise SystemExit(
            "python3 -m venv failed: install your system's python3-venv and python3-pip."
        ) from None
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(re.findall(r"^uv==.*?(?=^\S)", LOCK.read_text() + "\nend", re.M | re.S)))
        file.flush()
        try:
            run([str(PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", file.name])
        except subprocess.CalledProcessError:
            say("uv has no package for this machine: pip will do it, slower")


def sync() -> None:
    """Install what the lock names; by pip where uv does not run."""
    uv = VENV / "bin" / "uv"
    if uv.exists():
        environment = {**mirror(), **os.environ, "UV_PYTHON": str(PYTHON)}
        try:
            run([str(uv), "pip", "sync", "--quiet", "--require-hashes", str(LOCK)], env=environment)
            return
        except subprocess.CalledProcessError:
            say("uv failed; trying pip")
    pip = [str(PYTHON), "-m", "pip"]
    run([*pip, "install", "--quiet", "--require-hashes", "-r", str(LOCK)])


def mirror() -> dict[str, str]:
    """Let uv use the package index that pip was told to use."""
    index = os.environ.get("PIP_INDEX_URL") or asked(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    )
    return {"UV_DEFAULT_INDEX": index} if index else {}


# --- assets -------------------------------------------------------------------------------------------------
def assets() -> None:
    """Build static/dist from the TypeScript and SCSS sources."""
    if not (ROOT / "package.json").exists():
        say("No package.json: the pages will have no styles")
        return
    locked = [ROOT / "package.json", ROOT / "package-lock.json"]
    environment = {**os.environ, "PATH": node_path(), "CI": "1"}
    modules, wanted = ROOT / "node_modules" / ".stamp", digest(locked)
    if not modules.exists() or modules.read_text() != wanted:
        say("Installing the front end's packages")
        run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], env=environment)
        modules.write_text(wanted)
    built, wanted = ROOT / "static" / "dist" / ".stamp", digest([*locked, *front_end()])
    if not built.exists() or built.read_text() != wanted:
        say("Building the front end")
        run(["npm", "run", "--silent", "build"], env=environment)
        built.parent.mkdir(exist_ok=True)
        built.write_text(wanted)


def front_end() -> list[Path]:
    """List the sources of the front end."""
    files = (path for path in (ROOT / "static").rglob("*") if path.is_file())
    configs = (ROOT / name for name in ("tsconfig.json", "postcss.config.js"))
    return [*sorted(p for p in files if "dist" not in p.parts), *(p for p in configs if p.exists())]


def node_path() -> str:
    """Return a PATH on which a Node of at least the needed version comes first: the machine's, else the wheel's."""
    path = os.environ.get("PATH", "")
    version = asked(["node", "--version"]).lstrip("v").split(".")[0]
    own = version.isdigit() and int(version) >= NODE_FLOOR and shutil.which("npm")
    return path if own else f"{VENV / 'bin'}{os.pathsep}{path}"


# --- small things -------------------------------------------------------------------------------------------
def say(text: str) -> None:
    """Tell what is going on."""
    print(f"· {text} …", flush=True)


def digest(files: Iterable[Path], *more: str) -> str:
    """Hash some files' names and contents."""
    total = hashlib.sha256("\0".join(more).encode())
    for path in files:
        if path.exists():
            total.update(
                str(path.relative_to(ROOT)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest()
            )
    return total.hexdigest()


def asked(command: Sequence[str]) -> str:
    """Return what a program prints, or nothing."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def run(command: Sequence[str], env: dict[str, str] | None = None) -> None:
    """Run a program to its end, and end all of it when we are told to stop."""
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        status = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    if status:
        raise subprocess.CalledProcessError(status, command)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as failed:
        raise SystemExit(f"This step failed (status {failed.returncode}): {' '.join(failed.cmd)}") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
