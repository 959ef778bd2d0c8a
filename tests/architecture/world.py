"""The world of the permission matrix: the cast, signed in once, and one object of each kind in each of three places."""

import uuid
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.test.client import ClientHandler
from django.utils import timezone

from accounts.models import Organisation, Post, User
from dalian_rural.models import Feedback
from inspections import submitting
from inspections.models import Document, ExportJob, Finding, FindingFile, Meeting, ProblemImport, Submission
from notifications.models import Notice
from schemes.models import ExamplePhoto, Item
from tests.architecture.world_assessments import make_assessments
from tests.architecture.world_lookbacks import make_look_backs
from tests.architecture.world_rounds import make_rounds
from tests.architecture.world_visits import make_visits
from tests.cast import SINCE, make_division, make_user, make_village
from tests.inspections.evidence import report, send, work
from tests.samples import jpeg
from villages.models import Area, Difficulty, Holiday, ImportFile, NaturalVillage, Person, Responsibility

NOW = timezone.now()
OFFICIALS = {"own": "huajia", "sibling": "xiangying", "other": "dachangshan"}
OFFICES = {"own": "jinpu", "other": "changhai"}
PDF = b"%PDF-1.4 %%EOF"
Kwargs = dict[str, Any]


class Browser(RequestFactory):
    """Sends requests through every layer of the site, with one user's session.

    The test client's own bookkeeping (a copy of each template's context) would cost more than many of the answers.
    """

    handler = ClientHandler(enforce_csrf_checks=False)

    def __init__(self, user: User | None = None) -> None:
        super().__init__()
        if user:
            client = Client()
            client.force_login(user, "django.contrib.auth.backends.ModelBackend")
            self.cookies = client.cookies

    def request(self, **request: Any) -> Any:
        """Return the answer; what a view raises comes through."""
        return self.handler(self._base_environ(**request))


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
        self._common()
        self._schemes()
        make_rounds(self.users, self.city, self.put, NOW)
        make_look_backs(self, NOW)
        make_visits(self, NOW)
        make_assessments(self, NOW)
        self.browsers = {name: Browser(user) for name, user in self.users.items()} | {"anonymous": Browser()}
        self.absent: dict[Any, Any] = {}  # the answers for what does not exist, by question

    def _schemes(self) -> None:
        """Show an example in the version in use, and copy both as a draft."""
        scheme = self.item.scheme
        hso = self.users["hso"]
        show = ExamplePhoto.objects.show
        shown = show(self.item, kind="good", file=ContentFile(jpeg(7, (80, 60)), "x.jpg"), by=hso, at=NOW)
        draft = scheme.copy(at=NOW)
        for kind, row in (("scheme", scheme), ("draft_scheme", draft)):
            self.put(kind, "own", code=row.code, version=row.version)
        self.put("example", "own", pk=shown.pk)
        self.put("draft_example", "own", pk=ExamplePhoto.objects.get(item__scheme=draft).pk)

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
        self.put("new", relation, pk=uuid.uuid4())
        self._findings(relation, village, seed)

    def _findings(self, relation: str, village: Any, seed: int) -> None:
        """Store an issued and an unissued finding with a photo each, and a photo whose finding never came."""
        for kind, name, number in (("finding", "inspector", 10), ("reported", "agency", 20)):
            key, at = uuid.uuid4(), NOW - timedelta(hours=2)
            photo = send(self.users[name], key, jpeg(number + seed, (160, 120)), at=at)
            report(self.users[name], village, self.item, at=at, id=key)
            Finding.objects.get(pk=key).attach(
                by=self.users[name], at=at, file=ContentFile(PDF, "x.pdf"), kind="pdf"
            )
            file = FindingFile.objects.get(finding=key)
            self.put("file" if kind == "finding" else "reported_file", relation, pk=file.pk)
            self.put(kind, relation, pk=key)
            self.put("photo" if kind == "finding" else "reported_photo", relation, pk=photo.pk)
        self._papers(relation, village, seed)
        self._meetings(relation, village, seed)
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
        scan = issued.attach_scan(by=hso, at=NOW, file=ContentFile(PDF, "scan.pdf"), format="pdf")
        self.put("scan", relation, pk=scan.pk)
        self.put("draft", relation, pk=Document.objects.create(**paper).pk)
        official = self.users[OFFICIALS[relation]]
        today = timezone.localdate(NOW)
        ledger = Submission.objects.submit(
            division=township, receiver=county, by=official, at=NOW, since=today, until=today,
            snapshot=submitting.snapshot(township, submitting.month_of(today), today),
        )  # fmt: skip
        self.put("submission", relation, pk=ledger.pk)

    def _meetings(self, relation: str, village: Any, seed: int) -> None:
        """Store a meeting that the city has held, with a photo, and one that its head prepares in secret."""
        hso, today = self.users["hso"], timezone.localdate(NOW)
        for kind in ("meeting", "sealed_meeting"):
            meeting = Meeting.objects.prepare(
                id=uuid.uuid4(), by=hso, at=NOW, township=self.townships[relation], on=today, title=kind, host="",
                villages=[village],
            )  # fmt: skip
            self.put(kind, relation, pk=meeting.pk)
            if kind == "meeting":
                meeting.hold(by=hso, at=NOW)
                photo = meeting.add_photo(
                    by=hso, at=NOW, file=ContentFile(jpeg(70 + seed, (160, 120)), "x.jpg")
                )
                self.put("meeting_photo", relation, pk=photo.pk)

    def _personal(self) -> None:
        """Make what belongs to one person: to the official of each township, to the office of each unit."""
        for relation, name in OFFICIALS.items():
            self._of_official(relation, self.users[name])
        for relation, name in OFFICES.items():
            self._of_office(relation, self.counties[name], self.users[name])
        file = ImportFile.objects.create(
            kind="registry", name="x.csv", content=b"x", by_id=self.users["hso"].pk, at=NOW
        )
        self.put("registry_file", "own", pk=file.pk)

    def _of_official(self, relation: str, user: User) -> None:
        """Store a notice, an export that waits and one that is ready."""
        Notice.objects.filter(user=user).delete()
        Notice.objects.tell([user], key="matrix", text="x", url="/notices/", at=NOW - timedelta(hours=1))
        self.put("notice", relation, pk=Notice.objects.get(user=user).pk)
        waiting, ready = (
            ExportJob.objects.ask(by=user, at=NOW, query={}, language="zh-hans") for _ in range(2)
        )
        ready.claim(NOW)
        ready.finish(ContentFile(b"PK", "x.xlsx"), NOW, rows=1, sha256="0" * 64, totals={})
        self.put("job", relation, pk=waiting.pk)
        self.put("ready_job", relation, pk=ready.pk)

    def _of_office(self, relation: str, office: Any, user: User) -> None:
        """Store a problem list that is done, one that is to be checked, and a roster."""
        for kind, state in (("problem_list", "done"), ("checked_list", "checked")):
            row = ProblemImport.objects.create(
                office=office, by=user, created_at=NOW, name="x.xlsx", size=1, sha256="0" * 64, state=state,
                file=ContentFile(b"x", "x.xlsx"),
            )  # fmt: skip
            self.put(kind, relation, pk=row.pk)
        file = ImportFile.objects.create(kind="roster", name="x.csv", content=b"x", by_id=user.pk, at=NOW)
        self.put("roster_file", relation, pk=file.pk)

    def _common(self) -> None:
        """Make what lies nowhere: asked for as `own` alone."""
        account = Post.objects.get(user=self.users["department"])
        day = Holiday.objects.create(day=NOW.date() + timedelta(days=400), kind="holiday")
        self.put("holiday", "own", pk=day.pk)
        self.put("account", "own", pk=account.user_id)
        self.put("account_post", "own", pk=account.user_id, post=account.pk)
        self.put("item", "own", pk=self.item.pk)
        self.put("feedback", "own", pk=Feedback.objects.receive(at=NOW, address="", text="x").pk)
