"""Eight clients against the real server processes: they read the ledger, and hand in findings with photos."""

import hashlib
import http.client
import io
import itertools
import json
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CLIENTS = 8
PHOTO_BYTES = 300 * 1024
BOUNDARY = "bench-boundary"


@dataclass(frozen=True)
class Answered:
    """How many answers came in how long, and the time each took in milliseconds."""

    seconds: float
    times: list[float]
    # of the clients themselves, in seconds: they share the cores with what they measure
    cpu: float = 0

    def per_second(self, per_answer: float = 1) -> float:
        """Return how many things were done in a second, if each took so many answers."""
        return round(len(self.times) / self.seconds / per_answer, 1)

    def percentile(self, percent: int) -> float:
        """Return the time that so many of a hundred answers did not exceed."""
        ordered = sorted(self.times)
        return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)


def together(work: Callable[[http.client.HTTPConnection, int], list[float]], port: int) -> Answered:
    """Let eight clients work at the same time, each over a connection it keeps."""
    times: list[list[float]] = [[] for _client in range(CLIENTS)]
    failed: list[BaseException] = []

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            times[number] = work(connection, number)
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    begun, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    spent = time.process_time() - cpu
    return Answered(time.perf_counter() - begun, list(itertools.chain(*times)), spent)


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes | None = None,
) -> tuple[float, int, bytes]:
    """Send one request; return milliseconds, status and body."""
    begun = time.perf_counter()
    connection.request(method, url, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    return (time.perf_counter() - begun) * 1000, answer.status, content


def read(port: int, url: str, cookie: str, seconds: float) -> Answered:
    """Ask for one page again and again."""
    headers = {"Cookie": cookie, "Host": "localhost", "Accept-Language": "zh-CN"}
    until = time.perf_counter() + seconds

    def work(connection: http.client.HTTPConnection, _number: int) -> list[float]:
        times = []
        while time.perf_counter() < until:
            took, status, content = ask(connection, "GET", url, headers)
            if status != 200:
                raise SystemExit(f"{url}: {status}\n{content[:500]!r}")
            times.append(took)
        return times

    return together(work, port)


# --- handing in ---------------------------------------------------------------------------------------------------
def picture() -> bytes:
    """Draw a JPEG of about 300 kB, as a phone sends it after reduction."""
    from PIL import Image

    for quality in range(95, 20, -3):
        out = io.BytesIO()
        noise = Image.effect_noise((1600, 1200), 30).convert("RGB")
        noise.save(out, "JPEG", quality=quality)
        if out.tell() <= PHOTO_BYTES:
            break
    return out.getvalue()


def unlike(photo: bytes) -> bytes:
    """Return the same picture with other bytes (a comment, and filled up to 300 kB): a photo proves one thing only."""
    comment = uuid.uuid4().bytes
    filling = bytes(max(0, PHOTO_BYTES - len(photo)))
    return photo[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + photo[2:] + filling


def multipart(fields: dict[str, str], photo: bytes) -> bytes:
    """Write the body of an upload."""
    lines = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in fields.items()
    ]
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
    head = "".join(lines) + file + "Content-Type: image/jpeg\r\n\r\n"
    return head.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()


@dataclass(frozen=True)
class Sender:
    """Who hands in, and from what the reports are made."""

    token: str
    villages: list[str]
    items: list[str]
    photo: bytes

    def hand_in(self, connection: http.client.HTTPConnection, *, with_photo: bool) -> list[float]:
        """Send one report, and its photo first where it has one; both have to be stored as new."""
        auth = {"Authorization": f"Token {self.token}", "Host": "localhost"}
        finding, photos, times = str(uuid.uuid4()), [], []
        if with_photo:
            body = unlike(self.photo)
            photos = [{"id": str(uuid.uuid4()), "sha256": hashlib.sha256(body).hexdigest()}]
            form = multipart({"finding": finding, "side": "before", "sha256": photos[0]["sha256"]}, body)
            kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
            times.append(self._put(connection, f"/api/v1/photos/{photos[0]['id']}/", auth | kind, form))
        report = {
            "village": random.choice(self.villages), "item": random.choice(self.items), "severity": "minor",
            "place": "村口", "description": "路边有散落垃圾，未及时清运", "photos": photos,
        }  # fmt: skip
        kind = {"Content-Type": "application/json"}
        body = json.dumps(report).encode()
        return [*times, self._put(connection, f"/api/v1/findings/{finding}/", auth | kind, body)]

    @staticmethod
    def _put(connection: Any, url: str, headers: dict[str, str], body: bytes) -> float:
        took, status, content = ask(connection, "PUT", url, headers, body)
        if status != 201:
            raise SystemExit(f"{url}: {status}\n{content[:800].decode(errors='replace')}")
        return took


def hand_in(port: int, sender: Sender, seconds: float, *, with_photo: bool) -> Answered:
    """Hand in findings for so many seconds."""
    until = time.perf_counter() + seconds

    def work(connection: http.client.HTTPConnection, _number: int) -> list[float]:
        times: list[float] = []
        while time.perf_counter() < until:
            times += sender.hand_in(connection, with_photo=with_photo)
        return times

    return together(work, port)
