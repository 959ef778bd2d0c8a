"""Two worlds that differ in what sealed sheets say: the same for everybody but the owners, at the same cost."""

import hashlib
import json
from typing import Any

import pytest
import time_machine
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import Entry, EntryFile, Sheet
from tests.architecture.matrix import MATRIX
from tests.architecture.twin_worlds import KEY, SHIFTING, shape
from tests.assessments.making import NOW, bureau_of, bureau_sheet, clerk_of, hand_in, opened, self_sheet

pytestmark = pytest.mark.django_db
OUTSIDERS = ("hso", "auditor", "changhai_office", "department")
# the pages that could speak of sheets; no table that others read changes, and the matrix asks for every page
PUBLIC = (
    "home",
    "periods",
    "sheets",
    "notices",
    "audit",
    "rankings",
    "api_periods",
    "api_sheets",
    "api_notices",
)
OF_PERIOD = ("period", "period_sheets", "sheets_open", "adjustments", "api_period", "api_period_sheets")
# what may change while its owner works on a sealed sheet
SEALED_TABLES = (
    "assessments_entry", "assessments_entryfact", "assessments_entryfile", "assessments_sheetimport", "audit_sealed",
    "django_session", "django_cache",
)  # fmt: skip


class Worlds:
    """One period with sealed sheets; `work` brings it from the first world into the second."""

    def __init__(self, people: dict[str, Any], jinpu: Any, client_for: Any) -> None:
        self.period = opened(people["hso"])
        self.sheet = self_sheet(self.period, jinpu)
        bureau = bureau_of("A2-02")
        self.bureau_sheet, self.clerk = bureau_sheet(self.period, bureau), clerk_of(bureau)
        hand_in(self_sheet(self.period, people["changhai"]), people["changhai_office"])
        self.clients = {name: client_for(people[name]) for name in (*OUTSIDERS, "jinpu_office")}
        self.clients["clerk"] = client_for(self.clerk)
        self.fill("jinpu_office", self.sheet, "A1-03", {"sampled": 10, "met": 10})

    def fill(self, who: str, sheet: Sheet, code: str, body: dict[str, Any]) -> None:
        """Put one entry as its owner does."""
        unit = sheet.units()[0]
        url = reverse("api_sheet_entry", args=[sheet.pk, unit.pk, code])
        answer = self.clients[who].put(url, json.dumps(body), content_type="application/json")
        assert answer.status_code in (200, 201)

    def work(self) -> None:
        """Let the owners write much more, with facts, a file, a workbook, and a refused form."""
        self.fill("jinpu_office", self.sheet, "A1-03", {"sampled": 10, "met": 3})
        self.fill("jinpu_office", self.sheet, "A2-06", {"facts": [{"text": "绝密扣分"}, {"text": "二"}]})
        self.fill("clerk", self.bureau_sheet, "A2-02", {"facts": [{"text": "绝密断墙"}]})
        url = reverse("sheet_entry", args=[self.sheet.pk, self.sheet.unit_id, "A1-03"])
        file = SimpleUploadedFile("绝密.pdf", b"%PDF-1.4 %%EOF")
        sent = {"version": "2", "status": "scored", "sampled": "10", "met": "4", "file": file}
        assert self.clients["jinpu_office"].post(url, sent).status_code == 302
        assert self.clients["jinpu_office"].post(url, {"version": "9"}).status_code == 200
        table = SimpleUploadedFile("t.csv", "区市县,事项编号,抽查数\n金普新区,A1-03,x\n".encode())
        answer = self.clients["jinpu_office"].post(
            reverse("sheet_import", args=[self.sheet.pk]), {"file": table}
        )
        assert self.clients["jinpu_office"].get(answer["Location"]).status_code == 200

    def questions(self) -> list[str]:
        """Return the addresses that an outsider asks for."""
        known = {row.name for row in MATRIX}
        unit = self.sheet.unit_id
        return [
            *[reverse(name) for name in PUBLIC if name in known],
            *[reverse(name, args=[self.period.pk]) for name in OF_PERIOD],
            *[reverse("sheet", args=[sheet.pk]) for sheet in (self.sheet, self.bureau_sheet)],
            reverse("sheet_send_back", args=[self.sheet.pk]),
            reverse("sheet_entry", args=[self.sheet.pk, unit, "A2-06"]),
            reverse("api_sheet", args=[self.sheet.pk]),
            f"{reverse('search')}?q=绝密",
            f"{reverse('audit')}?q={self.sheet.pk}",
        ]

    def answers(self, who: str) -> dict[str, tuple[Any, ...]]:
        """Ask everything as one person: status, body and queries of each answer."""
        found = {}
        for url in self.questions():
            for cache in caches.all(initialized_only=True):
                cache.clear()
            with transaction.atomic(), CaptureQueriesContext(connection) as queries:
                answer = self.clients[who].get(url)
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                transaction.set_rollback(True)  # the lines that outsiders leave themselves
            for pattern in (*SHIFTING, KEY):
                body = pattern.sub(b"", body)
            found[url] = (
                answer.status_code,
                body,
                [shape(query["sql"]) for query in queries.captured_queries],
            )
        return found


def tables() -> dict[str, str]:
    """Return a fingerprint of what each table holds."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
            found[table] = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return found


@pytest.fixture
def worlds(hso, auditor, jinpu, changhai, jinpu_office, changhai_office, department, client_for):
    people = {
        "hso": hso, "auditor": auditor, "jinpu_office": jinpu_office, "changhai": changhai,
        "changhai_office": changhai_office, "department": department,
    }  # fmt: skip
    with time_machine.travel(NOW, tick=False):
        yield Worlds(people, jinpu, client_for)


def test_nobody_but_its_owner_can_tell_what_is_in_a_sealed_sheet(worlds, storage_dir):
    for who in OUTSIDERS:
        worlds.answers(
            who
        )  # whatever a first look leaves behind (a read mark, a cached count) is there for both
    before = {who: worlds.answers(who) for who in OUTSIDERS}
    held = tables()
    worlds.work()
    changed = [name for name, value in tables().items() if held[name] != value]
    assert [name for name in changed if not name.startswith(SEALED_TABLES)] == []
    assert Entry.objects.count() > 1 and EntryFile.objects.exists()
    for who in OUTSIDERS:
        after = worlds.answers(who)
        assert [url for url, answer in before[who].items() if answer != after[url]] == [], who


def test_its_owner_can(worlds):
    url = worlds.sheet.get_absolute_url()
    before = worlds.clients["jinpu_office"].get(url).context["grid"].filled
    worlds.work()
    assert worlds.clients["jinpu_office"].get(url).context["grid"].filled > before
