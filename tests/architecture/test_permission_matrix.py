"""Every URL name × role × relation: who gets in, and that a stranger cannot tell a secret from nothing."""

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import Organisation, Post, User
from dalian_rural.models import Feedback
from inspections import submitting
from inspections.models import Document, ExportJob, Finding, FindingFile, ProblemImport, Submission
from notifications.models import Notice
from schemes.models import Item
from tests.architecture.matrix import EVERYBODY, MATRIX, Row
from tests.cast import SINCE, make_division, make_user, make_village
from tests.inspections.evidence import report, send, work
from tests.samples import jpeg
from villages.models import Area, Difficulty, Holiday, ImportFile, NaturalVillage, Person, Responsibility

pytestmark = pytest.mark.django_db
RELATIONS = ("own", "sibling", "other")
NOW = timezone.now()
Kwargs = dict[str, Any]


# --- one world for the whole module -----------------------------------------------------------------------------
class World:
    """The cast with their sessions, and one object of each kind in each of three places."""

    def __init__(self) -> None:
        call_command("load_scheme", verbosity=0)
        self.item = Item.objects.get(code="A1-01")
        self.users: dict[str, User] = {}
        self.objects: dict[str, dict[str, Kwargs]] = {}
        self._divisions()
        self._people()
        for seed, (relation, township) in enumerate(self.townships.items()):
            self._place(relation, township, seed)
        self._personal()
        self.clients = {name: _signed_in(user) for name, user in self.users.items()}
        self.clients["anonymous"] = Client()

    def put(self, kind: str, relation: str, **kwargs: Any) -> None:
        """Remember the address part of an object."""
        self.objects.setdefault(kind, {})[relation] = kwargs

    def _divisions(self) -> None:
        city = make_division("city", "大连市", code="210200000000", kind="市")
        jinpu = make_division("county", "金普新区", city, "210213000000", number_prefix="JP", position=1)
        changhai = make_division("county", "长海县", city, "210224000000", number_prefix="CH", position=2)
        self.city, self.counties = city, {"jinpu": jinpu, "changhai": changhai}
        self.townships = {
            "own": make_division("township", "华家街道", jinpu, "210213014000", position=1),
            "sibling": make_division("township", "向应街道", jinpu, "210213015000", position=2),
            "other": make_division("township", "大长山岛镇", changhai, "210224100000", position=3),
        }

    def _people(self) -> None:
        firm = Organisation.objects.create(kind="agency", name="清源咨询有限公司")
        bureau = Organisation.objects.create(kind="department", name="市农业农村局")
        mayor, head = Person.objects.create(name="何江"), Person.objects.create(name="郑直")
        Responsibility.objects.create(
            person=mayor, kind="municipal", county=self.counties["jinpu"], since=SINCE
        )
        Responsibility.objects.create(
            person=head, kind="secretary", township=self.townships["own"], since=SINCE
        )
        posts: dict[str, tuple[str, Any, Kwargs]] = {
            "hso": ("city_office", self.city, {"may_sign": True}),
            "hso_staff": ("city_office", self.city, {}),
            "jinpu": ("county_office", self.counties["jinpu"], {"may_sign": True}),
            "changhai": ("county_office", self.counties["changhai"], {"may_sign": True}),
            "huajia": ("township", self.townships["own"], {}),
            "xiangying": ("township", self.townships["sibling"], {}),
            "dachangshan": ("township", self.townships["other"], {}),
            "inspector": ("inspector", self.city, {"issues_directly": True}),
            "agency": ("inspector", None, {"organisation": firm}),
            "department": ("department", None, {"organisation": bureau}),
            "leader": ("leader", None, {"person": mayor}),
            "secretary": ("leader", None, {"person": head}),
            "auditor": ("auditor", self.city, {}),
            "sysadmin": ("sysadmin", None, {}),
        }
        for name, (role, place, more) in posts.items():
            self.users[name] = make_user(name, name, role, place, **more)

    def _place(self, relation: str, township: Any, seed: int) -> None:
        """Fill one township: a village with its leader, difficulty and findings."""
        county = self.counties["changhai" if relation == "other" else "jinpu"]
        area = Area.objects.create(county=county, township=township, name=f"{township.name}片", since=SINCE)
        village = make_village(f"村{seed}", township, f"21021301420{seed}", area)
        person = Person.objects.create(name=f"包村{seed}")
        duty = Responsibility.objects.create(person=person, kind="township", village=village, since=SINCE)
        raiser = self.users["huajia"]
        hard = Difficulty.objects.create(
            township=township,
            village=village,
            text="缺少转运车",
            raised_by_id=raiser.pk,
            raised_by_name="x",
            raised_at=NOW,
        )
        natural = NaturalVillage.objects.create(village=village, name="东屯")
        self.put("village", relation, pk=village.pk)
        self.put("natural", relation, pk=village.pk, natural=natural.pk)
        self.put("person", relation, pk=person.pk)
        self.put("responsibility", relation, pk=duty.pk)
        self.put("difficulty", relation, pk=hard.pk)
        self.put("township", relation, pk=township.pk)
        self.put("area", relation, pk=area.pk)
        self._findings(relation, village, seed)

    def _findings(self, relation: str, village: Any, seed: int) -> None:
        """Store an issued and an unissued finding with a photo each, and a photo whose finding never came."""
        for kind, name, number in (("finding", "inspector", 10), ("reported", "agency", 20)):
            key, at = uuid.uuid4(), NOW - timedelta(hours=2)
            photo = send(self.users[name], key, jpeg(number + seed, (160, 120)), at=at)
            report(self.users[name], village, self.item, at=at, id=key)
            Finding.objects.get(pk=key).attach(
                by=self.users[name], at=at, file=ContentFile(b"%PDF-1.4 %%EOF", "x.pdf"), kind="pdf"
            )
            file = FindingFile.objects.get(finding=key)
            self.put("file" if kind == "finding" else "reported_file", relation, pk=file.pk)
            self.put(kind, relation, pk=key)
            self.put("photo" if kind == "finding" else "reported_photo", relation, pk=photo.pk)
        self._papers(relation, village, seed)
        parked = send(self.users["inspector"], uuid.uuid4(), jpeg(30 + seed, (160, 120)), at=NOW)
        self.put("parked_photo", relation, pk=parked.pk)
        work(NOW)

    def _papers(self, relation: str, village: Any, seed: int) -> None:
        """Store a paper of the city to the township, a draft of one, and a ledger that the township handed in."""
        township, hso = self.townships[relation], self.users["hso"]
        county = self.counties["changhai" if relation == "other" else "jinpu"]
        paper = {
            "kind": "assignment", "office": self.city, "addressee": township, "county": county, "drafted_by": hso,
            "drafted_at": NOW,
        }  # fmt: skip
        issued = Document.objects.create(
            **paper, issued_at=NOW, signed_by=hso, year=2026, serial=seed + 1, number=f"{seed}"
        )
        self.put("document", relation, pk=issued.pk)
        self.put("draft", relation, pk=Document.objects.create(**paper).pk)
        official = self.users[{"own": "huajia", "sibling": "xiangying", "other": "dachangshan"}[relation]]
        today = timezone.localdate(NOW)
        ledger = Submission.objects.submit(
            division=township, receiver=county, by=official, at=NOW, since=today, until=today,
            snapshot=submitting.snapshot(township, submitting.month_of(today), today),
        )  # fmt: skip
        self.put("submission", relation, pk=ledger.pk)

    def _personal(self) -> None:
        """Make what belongs to one person or to nobody: asked for as `own` alone."""
        huajia, jinpu = self.users["huajia"], self.users["jinpu"]
        Notice.objects.filter(user=huajia).delete()
        Notice.objects.tell([huajia], key="matrix", text="x", url="/notices/", at=NOW - timedelta(hours=1))
        job = ExportJob.objects.ask(by=huajia, at=NOW, query={}, language="zh-hans")
        day = Holiday.objects.create(day=NOW.date() + timedelta(days=400), kind="holiday")
        account = Post.objects.get(user=self.users["department"])
        self.put("notice", "own", pk=Notice.objects.get(user=huajia).pk)
        self.put("job", "own", pk=job.pk)
        self.put("holiday", "own", pk=day.pk)
        self.put("account", "own", pk=account.user_id)
        self.put("account_post", "own", pk=account.user_id, post=account.pk)
        self.put("item", "own", pk=self.item.pk)
        list_file = ProblemImport.objects.create(
            office=self.counties["jinpu"], by=jinpu, created_at=NOW, name="x.xlsx", size=1, sha256="0" * 64,
            state="done", file=ContentFile(b"x", "x.xlsx"),
        )  # fmt: skip
        self.put("problem_list", "own", pk=list_file.pk)
        note = Feedback.objects.receive(at=NOW, address="", text="x")
        self.put("feedback", "own", pk=note.pk)
        for kind, by in (("registry", self.users["hso"]), ("roster", jinpu)):
            file = ImportFile.objects.create(kind=kind, name="x.csv", content=b"x", by_id=by.pk, at=NOW)
            self.put(f"{kind}_file", "own", pk=file.pk)


def _signed_in(user: User) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix")


@pytest.fixture(scope="module")
def world(folder: Path, django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Build the world once and take it back at the end; each test's own changes go with its savepoint."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        _store_under(folder, patch)
        yield World()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def storage_dir(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Read the files of the module's world in every test."""
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
def ask(world: World, who: str, row: Row, kwargs: Kwargs) -> Any:
    """Send the row's request as this user, whose session stays as it was."""
    client = world.clients[who]
    cookies = client.cookies.copy()
    url = reverse(row.name, kwargs={**kwargs, **row.kwargs})
    more = {"content_type": "application/json"} if row.is_api and row.method == "post" else {}
    with transaction.atomic():
        response = getattr(client, row.method)(url, row.data, **more)
        transaction.set_rollback(True)
    client.cookies = cookies
    return response


def nothing(kwargs: Kwargs) -> Kwargs:
    """Return the address of an object that does not exist."""
    return {name: uuid.uuid4() if isinstance(value, uuid.UUID) else 10**9 for name, value in kwargs.items()}


SHIFTING = (
    re.compile(rb'nonce="[^"]*"'),
    re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"'),
    re.compile(rb'name="csrf-token" content="[^"]*"'),
    re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"),  # the request's reference
)


def plain(response: Any) -> tuple[int, dict[str, str], bytes]:
    """Return an answer without what differs between any two requests."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    for pattern in SHIFTING:
        body = pattern.sub(b"", body)
    ignored = {"X-Request-ID", "Content-Length", "Content-Security-Policy"}
    headers = {name: value for name, value in response.headers.items() if name not in ignored}
    return response.status_code, headers, body


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
    "other": frozenset({"huajia", "changhai", "dachangshan", "agency", "leader"}),
}
NO_PLACE = EVERYBODY - {"changhai", "xiangying", "dachangshan"}  # a page about no object: by role alone
FEW = frozenset({"hso", "changhai", "huajia", "xiangying", "agency", "leader", "secretary"})
STRANGERS = frozenset({"xiangying", "changhai", "department", "agency"})


def is_nothing(world: World, who: str, row: Row, kwargs: Kwargs, response: Any) -> bool:
    """Tell whether the answer is that of an object that does not exist."""
    return plain(response) == plain(ask(world, who, row, nothing(kwargs)))


def cases(row: Row, world: World) -> list[tuple[str, Kwargs, frozenset[str]]]:
    """Return the objects to ask for, with their relation and who asks."""
    if not row.kind:
        return [("own", {}, NO_PLACE)]
    kept = world.objects[row.kind]
    if row.is_step:
        return [
            ("own", kept["own"], FEW),
            ("other", kept["other"], frozenset({"huajia", "jinpu", "changhai"})),
        ]
    return [(place, kept[place], ELSEWHERE.get(place, AT_HOME)) for place in RELATIONS if place in kept]


# --- the tests ------------------------------------------------------------------------------------------------
def url_names(resolver: Any, namespace: str = "") -> Iterator[str]:
    """Walk the resolver and yield every URL name."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from url_names(pattern, namespace)
        elif isinstance(pattern, URLPattern):
            assert pattern.name, f"{pattern.pattern} has no name"
            yield pattern.name


def test_every_url_name_has_a_row() -> None:
    known = {row.name for row in MATRIX}
    names = set(url_names(get_resolver()))
    assert sorted(names - known) == [], "add rows to tests/architecture/matrix.py"
    assert sorted(known - names) == [], "these rows ask for URL names that are gone"


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.id)
def test_only_those_named_get_in_and_a_stranger_sees_what_does_not_exist(row: Row, world: World) -> None:
    wrong = []
    for relation, kwargs, people in cases(row, world):
        allowed = row.allowed(relation)
        for who in sorted(people):
            response = ask(world, who, row, kwargs)
            expected = row.ok if who in allowed else (row.refused,)
            if answer(response) not in expected:
                wrong.append(f"{relation}: {who} got {response.status_code}, not {expected}")
                continue
            compared = kwargs and relation == "own" and who in STRANGERS - allowed
            if compared and not is_nothing(world, who, row, kwargs, response):
                wrong.append(f"{relation}: {who} can tell it from what does not exist")
    got = answer(ask(world, "anonymous", row, kwargs))
    if got not in row.without_session():
        wrong.append(f"without a session: {got}, not {row.without_session()}")
    assert wrong == []


@pytest.mark.parametrize("who", ["jinpu", "huajia", "leader", "secretary", "auditor", "department"])
def test_what_is_not_issued_is_in_no_list_of_the_inspected_side(who: str, world: World) -> None:
    client, found = world.clients[who], Finding.objects.get(pk=world.objects["reported"]["own"]["pk"])
    village = reverse("village", kwargs={"pk": found.village_id})
    pages = ["/findings/", "/findings/?state=reported", "/findings/print/", "/", village, "/api/v1/findings/"]
    search = reverse("search") if "search" in set(url_names(get_resolver())) else "/findings/"
    for url in [*pages, f"{search}?q={found.village.name}", f"/api/v1/findings/?village={found.village_id}"]:
        body = client.get(url, follow=True).content.decode()
        assert str(found.pk) not in body, url
