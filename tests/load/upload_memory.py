"""Measure the memory of a process that receives every odd file, and the largest allowed ones, one after another.

    python -m tests.load.upload_memory [ROUNDS]

Runs the real view, middleware and storage over a throw-away SQLite database. The limit for a web process is 300 MB.
The worker's part (decoding) is measured apart, in a process of its own.
"""

import os
import resource
import sys
import tempfile
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

LIMIT_MB = 300


def prepare() -> None:
    """Point the settings at a throw-away folder and start Django."""
    root = Path(tempfile.mkdtemp(prefix="upload-memory-"))
    (root / "static").mkdir()
    os.environ.update(
        SECRET_KEY="measure", PLAIN_STATIC="1", VAR_DIR=str(root), BROKER_URL="memory://", LOG_LEVEL="ERROR",
        DATABASE_URL=f"sqlite:///{root}/db.sqlite3", DJANGO_SETTINGS_MODULE="dalian_rural.settings",
        ALLOWED_HOSTS="testserver",
    )  # fmt: skip
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, run_syncdb=True)


def peak_mb() -> float:
    """Return the largest resident size so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bodies() -> list[bytes]:
    """Return every odd file, and photos that fill the limits."""
    from tests.samples import ODD, encoded, jpeg, scene

    full = jpeg()
    large = [full + bytes(20 * 1024 * 1024 - len(full)), encoded(scene(1, (8600, 5800)), "JPEG")]
    return [make() for make, _fate in ODD.values()] + large


def receive(files: list[Path], rounds: int) -> dict[int, int]:
    """Send each file to the API; return how often each status came."""
    from datetime import date

    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.test import Client
    from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

    from accounts.models import Post, User
    from villages.models import Division

    city = Division.objects.create(level="city", name="大连市", official_name="大连市")
    user = User.objects.open_account(username="m", name="m", password=uuid.uuid4().hex)
    User.objects.filter(pk=user.pk).update(must_change_password=False)
    Post.objects.create(user=user, role="inspector", division=city, since=date(2020, 1, 1))
    client, statuses = Client(), dict[int, int]()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    for path in files * rounds:
        data = {
            "finding": str(uuid.uuid4()),
            "side": "before",
            "file": SimpleUploadedFile("a.jpg", path.read_bytes()),
        }
        body = encode_multipart(BOUNDARY, data)
        answer = client.put(f"/api/v1/photos/{uuid.uuid4()}/", body, content_type=MULTIPART_CONTENT)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
    return statuses


def decode() -> None:
    """Make the copies of everything that was received, as the worker does."""
    from django.utils import timezone

    from inspections.models import Photo

    for photo in Photo.objects.without_copies():
        photo.make_copies(at=timezone.now())


def in_child(work: object, *arguments: object) -> float:
    """Run a part in a process of its own and return its peak in MB."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        leave(lambda: print("  ", work(*arguments)), write)  # type: ignore[operator]
    os.close(write)
    with os.fdopen(read) as pipe:
        peak = pipe.read()
    wait_for(child)
    return float(peak)


def leave(act: Callable[[], object], tell: int | None = None) -> NoReturn:
    """Act as a child, tell the peak, and end with a status that says whether it went well."""
    try:
        act()
        if tell is not None:
            os.write(tell, f"{peak_mb():.0f}".encode())
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)


def wait_for(child: int) -> None:
    """Wait for a child, and end with its failure."""
    _pid, status = os.waitpid(child, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise SystemExit(f"a part failed (status {code}): nothing is measured")


def write_files(folder: Path) -> list[Path]:
    """Write the files down, so that making them does not count."""
    paths = []
    for number, body in enumerate(bodies()):
        paths.append(folder / f"{number}.bin")
        paths[-1].write_bytes(body)
    return paths


def make_files(folder: Path) -> None:
    """Write the files in a process of its own: drawing 50 megapixels takes memory too."""
    child = os.fork()
    if child == 0:
        leave(lambda: write_files(folder))
    wait_for(child)


def main() -> int:
    """Measure and say whether the limit holds."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    folder = Path(tempfile.mkdtemp(prefix="upload-files-"))
    make_files(folder)
    prepare()
    from django.db import connections

    connections.close_all()
    start = peak_mb()
    web = in_child(receive, sorted(folder.iterdir()), rounds)
    worker = in_child(decode)
    print(f"start {start:.0f} MB, web process {web:.0f} MB (limit {LIMIT_MB}), worker {worker:.0f} MB")
    return int(web >= LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
