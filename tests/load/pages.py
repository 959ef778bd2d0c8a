"""What a page costs the web process, beside the same rows through a raw cursor, measured in turns in one process."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

ROUNDS, PER_ROUND = 8, 8
ROWS_OF = 'FROM "inspections_finding" INNER JOIN'
Get = Callable[[str], bytes]


def session_of(username: str) -> str:
    """Sign a user in and return the session's key."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from accounts.models import User

    user = User.objects.get(username=username)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.set_expiry(settings.SESSION_COOKIE_AGE)
    session.create()
    return str(session.session_key)


def browser(username: str) -> Get:
    """Return what asks the whole WSGI application for a page, as gunicorn does."""
    from django.core.wsgi import get_wsgi_application
    from django.test import RequestFactory

    application = get_wsgi_application()
    cookies = f"sessionid={session_of(username)}; csrftoken={'a' * 32}; django_language=zh-hans"
    factory = RequestFactory(headers={"cookie": cookies, "host": "localhost", "accept-language": "zh-CN"})

    def get(url: str) -> bytes:
        answered: list[str] = []
        environ = factory.get(url).environ
        answer = application(environ, lambda status, headers, exc=None: answered.append(status))
        body = b"".join(answer)
        answer.close()
        if not answered[0].startswith("200"):
            raise SystemExit(f"{url}: {answered[0]}\n{body[:500].decode(errors='replace')}")
        return body

    return get


def statements(get: Get, url: str) -> list[tuple[str, Any]]:
    """Return the statements of a page with their parameters."""
    from django.db import connection

    seen: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        get(url)
    return seen


def raw(found: list[tuple[str, Any]]) -> Callable[[], Any]:
    """Return what runs statements on psycopg2's own cursor and fetches their rows."""
    from django.db import connection

    def run() -> None:
        connection.ensure_connection()
        with connection.connection.cursor() as cursor:
            for sql, params in found:
                cursor.execute(sql, params)
                if cursor.description:
                    cursor.fetchall()

    return run


def costs(acts: dict[str, Callable[[], Any]]) -> dict[str, dict[str, float]]:
    """Return milliseconds of CPU and of wall time per call: the median over rounds in which each had its turn."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in acts}
    for act in acts.values():
        act()
    for _round in range(ROUNDS):
        for name, act in acts.items():
            cpu, wall = time.process_time(), time.perf_counter()
            for _time in range(PER_ROUND):
                act()
            spent[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {
        name: {
            "cpu": round(median(pair[0] for pair in pairs) / PER_ROUND * 1000, 2),
            "wall": round(median(pair[1] for pair in pairs) / PER_ROUND * 1000, 2),
        }
        for name, pairs in spent.items()
    }


def page_sixty(get: Get, url: str) -> str:
    """Return the address of the sixtieth page, found as people find it: by following the link to the next one."""
    import html
    import re

    for _page in range(59):
        found = re.search(rb'rel="next" href="([^"]+)"', get(url))
        if not found:
            raise SystemExit("the ledger has fewer than sixty pages")
        url = f"/findings/{html.unescape(found[1].decode())}"
    return url


def measure(username: str) -> dict[str, Any]:
    """Compare the ledger with its floors, with the frame around it and with nothing at all."""
    get = browser(username)
    first = "/findings/"
    get(first)
    last = page_sixty(get, first)
    found = statements(get, first)
    rows = [pair for pair in found if ROWS_OF in pair[0] and "LIMIT" in pair[0]]
    taken = costs(
        {
            "page 1": lambda: get(first),
            "page 60": lambda: get(last),
            "rows by raw cursor": raw(rows),
            "all statements by raw cursor": raw(found),
            "middleware and session only": lambda: get("/bench/bare/"),
            "frame without content": lambda: get("/bench/frame/"),
        }
    )
    others = {"review queue": "/findings/review/", "search": "/search/?q=垃圾", "ledger, text": "/findings/?q=河沟",
              "ledger, overdue": "/findings/?state=overdue&sort=due", "home": "/"}  # fmt: skip
    more = costs_of_others(get, others)
    return {
        "costs": taken, "others": more, "statements": len(found), "row statements": len(rows), "last": last,
        "bytes": len(get(first)), "factor": round(taken["page 1"]["cpu"] / taken["rows by raw cursor"]["cpu"], 1),
    }  # fmt: skip


def costs_of_others(get: Get, pages: dict[str, str]) -> dict[str, dict[str, float]]:
    """Return CPU, wall time and statements of other pages: a few calls each, because some are slow at a million."""
    taken = {}
    for name, url in pages.items():
        count = len(statements(get, url))
        cpu, wall = time.process_time(), time.perf_counter()
        for _time in range(5):
            get(url)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        taken[name] = {"cpu": round(cpu * 200, 1), "wall": round(wall * 200, 1), "statements": count}
    return taken


def main() -> None:
    """Measure in the database of the environment and print JSON."""
    import json
    import sys

    import django
    from django.test.utils import override_settings

    django.setup()
    with override_settings(ROOT_URLCONF="tests.load.frame"):
        print(json.dumps(measure(sys.argv[1])))


if __name__ == "__main__":
    main()
