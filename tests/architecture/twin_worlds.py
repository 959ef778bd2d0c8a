"""Two worlds that nobody outside of the lists may tell apart: one without a sealed plan, the same one with many."""

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.core.cache import caches
from django.db import connection, transaction
from django.db.models import UUIDField
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inspections.models import LookBackDraw, Meeting, PlanAmender, Round, TeamPlan
from tests.architecture.matrix import MATRIX, SECRET, Row
from tests.architecture.world import NOW, Browser, Kwargs, World
from tests.architecture.world_lookbacks import _closed
from tests.architecture.world_rounds import _drawn, _plan
from tests.cast import make_user
from villages.models import Village

# kinds of the matrix that are sealed; in the world without them their addresses lead to what does not exist
SEALED: dict[str, tuple[str, ...]] = {
    "planned_round": ("pk",),
    "running_round": ("pk",),
    "running_draw": ("pk", "number"),
    "planned_visit": ("pk", "visit"),
    "look_back": ("pk",),
    "case": ("pk",),
    "sealed_meeting": ("pk",),
    "patrol": ("pk",),
}
TITLE, MEETING = "绝密暗访", "绝密现场会"
# who plans is no outsider
PLANNERS = frozenset({"hso", "deputy", "patroller"})


class TwinWorld(World):
    """The matrix's world, first without anything sealed; `seal` adds that."""

    def __init__(self) -> None:
        super().__init__()
        users, township = self.users, self.townships["own"]
        for kind in SEALED:
            self.objects.pop(kind, None)
        first = Village.objects.get(pk=self.objects["village"]["own"]["pk"])
        users["deputy"] = make_user("deputy", "deputy", "city_office", self.city)
        users["patroller"] = make_user("patroller", "patroller", "county_office", self.counties["jinpu"])
        self.scouts = [make_user(f"scout{n}", f"巡{n}", "inspector", self.counties["jinpu"]) for n in (1, 2)]
        self.running = _drawn(_plan(users, self.city, NOW, -3), users["hso"], NOW - timedelta(days=10))
        self._lay_out()
        _closed(self, "own", NOW)
        self.browsers |= {name: Browser(users[name]) for name in ("deputy", "patroller")}
        self.village, self.township = first, township
        self.public_ids = set(ids())
        self.sealed_ids: set[str] = set()

    def _lay_out(self) -> None:
        """Give each drawn visit a day that no lot chooses: today's is revealed, the later ones are not."""
        amender = PlanAmender(self.running, by=self.users["hso"], at=NOW, reason="x")
        for later, visit in zip((0, 5, 7), self.running.planned.standing().order_by("pk"), strict=True):
            amender.move(visit, team=visit.team, day=timezone.localdate(NOW) + timedelta(days=later))

    # --- what is sealed -----------------------------------------------------------------------------------------
    def seal(self) -> None:
        """Plan, draw, amend and prepare in secret; then let the planners open and send all that they have."""
        self._amend()
        self._plan_by_pages()
        self._plan_by_verbs()
        self._prepare_a_meeting()
        self.sealed_ids = set(ids()) - self.public_ids
        for row in MATRIX:
            if row.kind in SEALED and row.kind in self.objects and row.allowed("own") >= SECRET["own"]:
                self._as_planner(row)

    def _as_planner(self, row: Row) -> None:
        kwargs = {**self.objects[row.kind]["own"], **row.kwargs}
        if row.method != "get" and row.kwargs.get("step") == "hold":
            return  # what is held is no secret any more
        answer = getattr(self.browsers["hso"], row.method)(reverse(row.name, kwargs=kwargs))
        assert answer.status_code in {*row.ok, 200, 302, 400, 409}, (row.id, answer.status_code)

    def _amend(self) -> None:
        """Amend a running round whose first days are revealed: later days, which are not."""
        self.running.refresh_from_db()
        amender = PlanAmender(self.running, by=self.users["hso"], at=NOW, reason="x")
        today = timezone.localdate(NOW)
        one, two = self.running.planned.standing().filter(reveals_at__gt=NOW)
        amender.move(one, team=one.team, day=today + timedelta(days=9))
        two.miss(by=self.users["hso"], at=NOW, reason="weather")

    def _plan_by_pages(self) -> None:
        """Walk a planner through the pages up to the frozen list, with a mistake on each."""
        browser, key, first = self.browsers["hso"], uuid.uuid4(), timezone.localdate(NOW) + timedelta(days=12)
        new = {
            "id": f"{key}", "kind": "city", "title": TITLE, "basis_document": "x", "plan_number": "1",
            "begins_on": first, "ends_on": first + timedelta(days=20), "coverage": "full", "per_day": 5,
            "departs_at": "08:00", "reveal_hours": 12, "rests": "on",
        }  # fmt: skip
        self._send(browser, "round_new", {**new, "title": ""}, 200)
        self._send(browser, "round_new", new, 302)
        row = Round.objects.get(pk=key)
        for data, status in (({"user": ""}, 200), ({"user": self.users["deputy"].pk}, 302)):
            self._send(browser, "round_readers", {**data, "version": row.version}, status, row.pk)
        row.refresh_from_db()
        members = {f"team-{self.users[name].pk}": "一组" for name in ("inspector", "agency")}
        alone = {f"team-{self.users['agency'].pk}": "一组", "version": row.version}
        self._send(browser, "round_teams", alone, 200, row.pk)
        self._send(browser, "round_teams", {**members, "version": row.version}, 302, row.pk)
        row.refresh_from_db()
        number = {"public_number_name": "x", "version": row.version}
        self._send(browser, "round_freeze", {**number, "public_number_falls_on": ""}, 200, row.pk)
        falls = {"public_number_falls_on": timezone.localdate(NOW) + timedelta(days=1)}
        self._send(browser, "round_freeze", {**number, **falls}, 302, row.pk)
        self.browsers["deputy"].get(reverse("round", args=[row.pk]))
        self.put("planned_round", "own", pk=row.pk)

    @staticmethod
    def _send(browser: Any, name: str, data: dict[str, Any], status: int, *args: Any) -> None:
        answer = browser.post(reverse(name, args=args), data)
        assert answer.status_code == status, (name, data, answer.content.decode()[-3000:])

    def _plan_by_verbs(self) -> None:
        """Store rounds that run and of which no day is revealed: of the city, of a county, a look-back."""
        users, hso = self.users, self.users["hso"]
        running = _drawn(_plan(users, self.city, NOW, 30), hso, NOW - timedelta(days=10))
        visits = list(running.planned.standing())
        visits[-1].miss(by=hso, at=NOW, reason="weather")
        self.put("running_round", "own", pk=running.pk)
        self.put("running_draw", "own", pk=running.pk, number=1)
        self.put("planned_visit", "own", pk=running.pk, visit=visits[0].pk)
        patroller, first = users["patroller"], timezone.localdate(NOW) + timedelta(days=15)
        columns = {
            "basis_document": "x", "plan_number": "1", "begins_on": first,
            "ends_on": first + timedelta(days=20), "title": TITLE,
        }  # fmt: skip
        county = self.counties["jinpu"]
        patrol = Round.objects.plan(by=patroller, at=NOW, office=county, kind="county_patrol", **columns)
        patrol.set_teams(by=patroller, at=NOW, teams=[TeamPlan("一组", self.scouts)])
        _drawn(patrol, patroller, NOW - timedelta(days=10))
        self.browsers["patroller"].get(reverse("round", args=[patrol.pk]))
        self.put("patrol", "own", pk=patrol.pk)
        look = Round.objects.plan(by=hso, at=NOW, office=self.city, kind="look_back", **columns)
        look.set_teams(by=hso, at=NOW, teams=[TeamPlan("一组", [users["inspector"], users["agency"]])])
        on = timezone.localdate(NOW)
        listed = LookBackDraw(look, on - timedelta(days=90), on, 100).freeze(
            by=hso, at=NOW - timedelta(days=2), public_number_name="x",
            public_number_falls_on=on - timedelta(days=1),
        )  # fmt: skip
        listed.mix(by=hso, at=NOW - timedelta(hours=1), public_number="1")
        look.refresh_from_db()
        look.open(by=hso, at=NOW)
        self.put("look_back", "own", pk=look.pk)
        self.put("case", "own", pk=look.cases.all()[0].pk)

    def _prepare_a_meeting(self) -> None:
        browser, key = self.browsers["hso"], uuid.uuid4()
        url = f"{reverse('meeting_new')}?township={self.township.pk}"
        data = {
            "id": f"{key}",
            "on": timezone.localdate(NOW),
            "title": MEETING,
            "villages": [self.village.pk],
        }
        assert browser.post(url, {**data, "title": ""}).status_code == 200
        assert browser.post(url, data).status_code == 302
        Meeting.objects.get(pk=key).set_readers([self.users["deputy"]])
        self.put("sealed_meeting", "own", pk=key)


# --- asking -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Question:
    """One request; its name is the same in both worlds, its address not always."""

    name: str
    url: str
    method: str = "get"
    data: Any = None
    asked: tuple[str, ...] = ()
    more: Kwargs = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What an outsider can see of an answer, and what it cost."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes
    queries: list[str]

    def differences(self, other: "Answer") -> Iterator[str]:
        """Name what tells this answer from another one."""
        if self.status != other.status:
            yield f"status {self.status} became {other.status}"
        if self.headers != other.headers or self.cookies != other.cookies:
            yield f"headers {self.headers} {self.cookies} became {other.headers} {other.cookies}"
        if self.body != other.body:
            yield f"body …{_first_difference(self.body, other.body)}"
        if len(self.queries) != len(other.queries):
            yield f"{len(self.queries)} queries became {len(other.queries)}"
        elif self.queries != other.queries:
            yield next(
                f"query {a} became {b}" for a, b in zip(self.queries, other.queries, strict=True) if a != b
            )


def _first_difference(left: bytes, right: bytes) -> str:
    at = next(
        (n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )
    cut = slice(max(0, at - 60), at + 100)
    return f"{left[cut]!r} became {right[cut]!r}"


def ids() -> Iterator[str]:
    """Walk the ids of all rows."""
    for model in apps.get_models():
        if isinstance(model._meta.pk, UUIDField):
            yield from map(str, model._base_manager.values_list("pk", flat=True))


ALLOWED = {"X-Request-ID", "Date", "Content-Length", "Content-Security-Policy"}
SHIFTING = (
    re.compile(rb'nonce="[^"]*"'),
    re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"'),
    re.compile(rb'name="csrf-token" content="[^"]*"'),
    re.compile(rb'<code class="fs-4">[^<]*</code>'),  # a one-time password
    re.compile(rb"sample=10-[0-9a-f]{8}"),  # the lot of a sample to look at, a new one for each page
)
KEY = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
VALUES = ((re.compile(r"'(?:[^']|'')*'"), "?"), (re.compile(r"\b\d+\b|\b_?[sx]\d\w*|_django_curs_\w+"), "?"))
LISTS = re.compile(r"\?(?:::\w+)?(?:, \?(?:::\w+)?)+")


def plain(body: bytes, question: Question, world: TwinWorld) -> bytes:
    """Return a body without token, nonce and request id; ids that no row has were made for this answer."""
    for pattern in SHIFTING:
        body = pattern.sub(b"", body)
    for key in question.asked:
        body = body.replace(key.encode(), b"asked")
    kept = world.public_ids | world.sealed_ids
    return KEY.sub(lambda found: found[0] if found[0].decode() in kept else b"new", body)


def shape(sql: str) -> str:
    """Return a query without its values."""
    for pattern, mark in VALUES:
        sql = pattern.sub(mark, sql)
    return LISTS.sub("?", sql)


def ask(world: TwinWorld, who: str, question: Question) -> Answer:
    """Put the question as this user, take back what it changes, and keep what can be seen."""
    send = getattr(world.browsers[who], question.method)
    connection.queries_log.clear()  # it holds 9,000
    with transaction.atomic():
        with CaptureQueriesContext(connection) as captured:
            response = send(question.url, question.data, **question.more)
            body = b"".join(response.streaming_content) if response.streaming else response.content
        transaction.set_rollback(True)
    headers = {name: value for name, value in response.headers.items() if name not in ALLOWED}
    if "Location" in headers:
        headers["Location"] = plain(headers["Location"].encode(), question, world).decode()
    return Answer(
        response.status_code,
        headers,
        sorted(response.cookies),
        plain(body, question, world),
        [shape(query["sql"]) for query in captured.captured_queries],
    )


def answers(world: TwinWorld, people: Iterable[str]) -> dict[str, dict[str, Answer]]:
    """Ask everybody everything, after a planner has: whatever that leaves in a cache, the others find."""
    for cache in caches.all(initialized_only=True):
        cache.clear()
    asked(world, "hso")
    return {who: asked(world, who) for who in people}


def asked(world: TwinWorld, who: str) -> dict[str, Answer]:
    """Ask one person everything."""
    ask(world, who, Question("ledger", reverse("ledger")))  # the process keeps its counts for a while
    return {question.name: ask(world, who, question) for question in questions(world)}


def told_apart(before: dict[str, Answer], after: dict[str, Answer]) -> list[str]:
    """Name every answer by which the two worlds can be told apart."""
    return [
        f"{name}: {difference}"
        for name, answer in before.items()
        for difference in answer.differences(after[name])
    ]


# --- the questions ------------------------------------------------------------------------------------------------
def questions(world: TwinWorld) -> Iterator[Question]:
    """Walk every URL name of the registry with GET, the lists with filters, searches, and writes that could collide."""
    seen = set()
    for row in MATRIX:
        if row.method == "get" and not (row.is_one_of_many and row.kwargs["step"] != "note"):
            question = _of_row(world, row)
            if question and question.url not in seen:
                seen.add(question.url)
                yield question
    yield from _searches(world)
    yield from _writes(world)


def _of_row(world: TwinWorld, row: Row) -> Question | None:
    kept = world.objects.get(row.kind, {}).get("own")
    if row.kind in SEALED:
        names = SEALED[row.kind]
        kwargs = kept or {name: 1 if name == "number" else uuid.uuid4() for name in names}
        asked = tuple(str(value) for name, value in kwargs.items() if name != "number")
        return Question(row.id, reverse(row.name, kwargs={**kwargs, **row.kwargs}), asked=asked)
    if row.kind and kept is None:
        return None
    return Question(row.id, reverse(row.name, kwargs={**(kept or {}), **row.kwargs}), data=row.data)


def _searches(world: TwinWorld) -> Iterator[Question]:
    texts = (TITLE, MEETING, world.village.name)
    for text in texts:
        for name in ("search", "search_suggest", "ledger", "villages", "meetings", "rounds", "audit"):
            yield Question(f"{name} for {text}", f"{reverse(name)}?q={text}")
    for name in ("api_findings", "api_rounds", "api_draws", "api_meetings", "api_lookbacks", "api_notices"):
        yield Question(f"{name}, page by page", f"{reverse(name)}?page_size=1&limit=1")
    for verb in ("write", "sealed_read", "refused"):
        yield Question(f"audit of {verb}", f"{reverse('audit')}?verb={verb}")


def _writes(world: TwinWorld) -> Iterator[Question]:
    """Walk what could run into a sealed row: the village of a plan, the people of a team, their area and posts."""
    village, inspector = world.village, world.users["inspector"]
    other = world.objects["village"]["sibling"]["pk"]
    yield Question("merge", reverse("village_merge", args=[village.pk]), "post", _merged(other))
    yield Question("deactivate", reverse("user_active", args=[inspector.pk]), "post", {"active": ""})
    for post in inspector.posts.all():
        url = reverse("post_end", kwargs={"pk": inspector.pk, "post": post.pk})
        yield Question("end a post", url, "post", {"until": f"{timezone.localdate(NOW)}"})
    area = world.objects["area"]["own"]["pk"]
    yield Question("dissolve", reverse("area_dissolve", args=[area]), "post", {})
    for name in ("registry_import", "user_reset"):
        kind = {"registry_import": "registry_file", "user_reset": "account"}[name]
        yield Question(name, reverse(name, kwargs=world.objects[kind]["own"]), "post", {})
    begun = {"data": f'{{"village": "{village.pk}"}}', "content_type": "application/json"}
    key = str(uuid.uuid4())
    url = reverse("api_visit_begin", args=[key])
    yield Question("begin", url, "post", begun["data"], (key,), {"content_type": begun["content_type"]})
    yield Question("a new form", reverse("round_new"), "post", {})
    yield Question("a new meeting", reverse("meeting_new"), "post", {})


def _merged(other: Any) -> dict[str, str]:
    return {"successor": f"{other}", "confirmed": f"{other}", "on": f"{timezone.localdate(NOW)}"}
