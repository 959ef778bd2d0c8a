"""Every URL name × role × relation: who gets in, and that a stranger cannot tell a secret from nothing."""

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage, storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from inspections.models import Finding
from tests.architecture.matrix import EVERYBODY, MATRIX, Row
from tests.architecture.world import PDF, Kwargs, World
from tests.samples import jpeg

pytestmark = pytest.mark.django_db
RELATIONS = ("own", "sibling", "other")
METHODS = ("get", "post", "put", "patch", "delete")
PICTURE = jpeg(99, (160, 120))
ROWS: dict[str, list[Row]] = defaultdict(list)
for _row in MATRIX:
    ROWS[_row.name].append(_row)


# --- one world for the whole module -----------------------------------------------------------------------------
@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix")


@pytest.fixture(scope="module")
def world(folder: Path, django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Build the world once and take it back at the end; each test's own changes go with its savepoint."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        _store_under(folder, patch)
        _plan_quickly()
        yield World()
        transaction.set_rollback(True)


def _plan_quickly() -> None:
    """Let PostgreSQL join tables in the order written: for a dozen rows, choosing another costs more."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL join_collapse_limit = 1; SET LOCAL from_collapse_limit = 1; SET LOCAL jit = off"
            )


@pytest.fixture(autouse=True)
def storage_dir(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """Read the files of the module's world in every test; let a view's failure come through."""
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    _store_under(folder, monkeypatch)
    return folder


def _store_under(folder: Path, patch: pytest.MonkeyPatch) -> None:
    for alias in ("default", "sealed"):
        storage = storages[alias]
        if isinstance(storage, FileSystemStorage):
            patch.setattr(storage, "_location", str(folder / alias))
            for cached in ("base_location", "location"):
                patch.delitem(storage.__dict__, cached, raising=False)


# --- asking ---------------------------------------------------------------------------------------------------
def ask(world: World, who: str, row: Row, kwargs: Kwargs, relation: str = "own", method: str = "") -> Any:
    """Send the row's request as this user; what it changes is taken back."""
    browser, method = world.browsers[who], method or row.method
    url = reverse(row.name, kwargs={**kwargs, **row.kwargs})
    if method == "get":
        return browser.get(url, row.data)
    with transaction.atomic():
        response = getattr(browser, method)(url, **_sent(world, row, relation, method))
        transaction.set_rollback(True)
    return response


def _sent(world: World, row: Row, relation: str, method: str) -> dict[str, Any]:
    """Return a request's body: a form, JSON for the API, several parts where there is a file."""
    data = {name: _value(world, value, relation) for name, value in row.data.items()}
    if row.is_multipart and method != "post":
        return {"data": encode_multipart(BOUNDARY, data), "content_type": MULTIPART_CONTENT}
    if row.is_api:
        return {"data": json.dumps(data), "content_type": "application/json"}
    return {"data": data} if method == "post" else {}


def _value(world: World, value: str, relation: str) -> Any:
    """Return what a row sends: `@kind` stands for the id of that object there, `@jpeg` and `@pdf` for a file."""
    if value == "@jpeg":
        return SimpleUploadedFile("x.jpg", PICTURE)
    if value == "@pdf":
        return SimpleUploadedFile("x.pdf", PDF)
    if value.startswith("@"):
        places = world.objects[value[1:]]
        return str(places.get(relation, places["own"])["pk"])
    return value


def nothing(kwargs: Kwargs) -> Kwargs:
    """Return the address of an object that does not exist."""
    return {name: uuid.uuid4() if isinstance(value, uuid.UUID) else 10**9 for name, value in kwargs.items()}


SHIFTING = (
    re.compile(rb'nonce="[^"]*"'),
    re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"'),
    re.compile(rb'name="csrf-token" content="[^"]*"'),
    re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"),  # the request's reference
)


def plain(response: Any) -> tuple[int, dict[str, str], list[str], bytes]:
    """Return an answer without what differs between any two requests."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    for pattern in SHIFTING:
        body = pattern.sub(b"", body)
    ignored = {"X-Request-ID", "Content-Length", "Content-Security-Policy"}
    headers = {name: value for name, value in response.headers.items() if name not in ignored}
    return response.status_code, headers, sorted(response.cookies), body


def answer(response: Any) -> int:
    """Return the status; read what streams to its end, which closes the file."""
    if response.streaming:
        list(response.streaming_content)
    return int(response.status_code)


# Whoever has the same role and the same relation to the object as somebody else is asked once. At home everybody but
# the second stranger of a kind; elsewhere those whom the place tells apart, and for the many steps of one finding too.
AT_HOME = EVERYBODY - {"dachangshan"}
ELSEWHERE = {
    "sibling": frozenset({"huajia", "xiangying", "agency", "leader", "secretary"}),
    "other": frozenset({"huajia", "jinpu", "changhai", "dachangshan", "agency", "leader"}),
}
NO_PLACE = EVERYBODY - {"changhai", "xiangying", "dachangshan"}  # a page about no object: by role alone
# The steps of a finding are one view with one scope: everybody is asked for one of them, a few for each.
FEW = {
    "get": {"own": frozenset({"huajia", "xiangying"}), "other": frozenset({"changhai", "jinpu"})},
    "post": {
        "own": frozenset({"huajia", "xiangying", "changhai", "agency", "leader"}),
        "sibling": frozenset({"huajia"}),
        "other": frozenset({"jinpu", "changhai"}),
    },
}
# whose refusal is compared with that of what does not exist: one of each kind in each place
STRANGERS = {
    "own": frozenset({"xiangying", "changhai", "department", "agency"}),
    "sibling": frozenset({"huajia", "secretary"}),
    "other": frozenset({"huajia", "jinpu", "leader"}),
}


def cases(row: Row, world: World) -> list[tuple[str, Kwargs, frozenset[str]]]:
    """Return the objects to ask for, with their relation and who asks."""
    if not row.kind:
        return [("own", {}, NO_PLACE)]
    people = FEW[row.method] if row.is_one_of_many else {"own": AT_HOME, **ELSEWHERE}
    kept = world.objects[row.kind]
    return [(place, kept[place], people[place]) for place in RELATIONS if place in kept and place in people]


def absent(world: World, who: str, row: Row, kwargs: Kwargs) -> Any:
    """Return the answer to this question about an object that does not exist; asked once for all places.

    For the many steps of one finding everybody is asked about one step, and the first stranger about each of them.
    """
    steps = tuple(row.kwargs.items())
    if row.is_one_of_many:
        first = world.absent.setdefault((row.name, row.method, *steps), who)
        steps = steps if first == who else ("any step",)
    key = (who, row.name, row.method, *steps)
    if key not in world.absent:
        world.absent[key] = plain(ask(world, who, row, nothing(kwargs)))
    return world.absent[key]


def wrong_answers(
    world: World, row: Row, relation: str, kwargs: Kwargs, people: frozenset[str]
) -> Iterator[str]:
    """Ask as each of these people for one object and yield what is not as the row says."""
    allowed, forbidden = row.allowed(relation), row.forbidden_to(relation)
    for who in sorted(people):
        response = ask(world, who, row, kwargs, relation)
        expected = (403,) if who in forbidden else row.ok if who in allowed else (row.refused,)
        if response.status_code not in expected:
            yield f"{row.id}, {relation}: {who} got {response.status_code}, not {expected}"
        secret = kwargs and expected == (404,) and who in STRANGERS[relation]
        if secret and plain(response) != absent(world, who, row, kwargs):
            yield f"{row.id}, {relation}: {who} can tell it from what does not exist"
        elif not secret:
            answer(response)


# --- the tests ------------------------------------------------------------------------------------------------
def url_names(resolver: Any) -> Iterator[str]:
    """Walk the resolver and yield every URL name."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from url_names(pattern)
        elif isinstance(pattern, URLPattern):
            assert pattern.name, f"{pattern.pattern} has no name"
            yield pattern.name


def test_every_url_name_has_a_row() -> None:
    names = set(url_names(get_resolver()))
    assert sorted(names - set(ROWS)) == [], "add rows to tests/architecture/matrix/"
    assert sorted(set(ROWS) - names) == [], "these rows ask for URL names that are gone"


@pytest.mark.parametrize("name", ROWS)
def test_a_view_takes_no_method_that_has_no_row(name: str, world: World) -> None:
    rows = ROWS[name]
    row = next(row for row in rows if row.kind in ("", *world.objects))
    kwargs = world.objects[row.kind]["own"] if row.kind else {}
    who = "anonymous" if 200 in row.anonymous else min(row.allowed("own"), default="hso")
    silent = [method for method in METHODS if method not in {row.method for row in rows}]
    taken = [method for method in silent if ask(world, who, row, kwargs, method=method).status_code != 405]
    assert taken == [], "add rows to tests/architecture/matrix/, or let the view refuse the method"


@pytest.mark.parametrize("name", ROWS)
def test_only_those_named_get_in_and_a_stranger_sees_what_does_not_exist(name: str, world: World) -> None:
    wrong = []
    for row in ROWS[name]:
        for relation, kwargs, people in cases(row, world):
            wrong += wrong_answers(world, row, relation, kwargs, people)
        got = answer(ask(world, "anonymous", row, kwargs))
        if got not in row.without_session():
            wrong.append(f"{row.id}, without a session: {got}, not {row.without_session()}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", ["jinpu", "huajia", "leader", "secretary", "auditor", "department"])
def test_what_is_not_issued_is_in_no_list_of_the_inspected_side(who: str, world: World) -> None:
    browser, found = world.browsers[who], Finding.objects.get(pk=world.objects["reported"]["own"]["pk"])
    village = reverse("village", kwargs={"pk": found.village_id})
    pages = ["/findings/", "/findings/?state=reported", "/findings/print/", "/", village, "/api/v1/findings/"]
    search = f"{reverse('search')}?q={found.village.name}"
    for url in [*pages, search, f"/api/v1/findings/?village={found.village_id}"]:
        assert str(found.pk) not in browser.get(url).content.decode(), url


@pytest.mark.parametrize("who", ["xiangying", "changhai", "inspector"])
def test_a_photo_for_a_secret_finding_is_taken_like_one_for_a_finding_to_come(who: str, world: World) -> None:
    """What is parked under somebody else's finding and under an id that is none yet looks the same."""
    secret = "reported" if who == "inspector" else "finding"
    row = Row("api_photo", EVERYBODY, "new", method="put", data={"file": "@jpeg", "side": "before"})
    answers = []
    for parent in (world.objects[secret]["own"]["pk"], uuid.uuid4()):
        sent = Row(**{**vars(row), "data": {**row.data, "finding": str(parent)}})
        response = ask(world, who, sent, {"pk": uuid.uuid4()})
        status, headers, cookies, body = plain(response)
        answers.append((status, headers, cookies, re.sub(rb'"received_at":"[^"]*"', b"", body)))
    assert answers[0] == answers[1]
