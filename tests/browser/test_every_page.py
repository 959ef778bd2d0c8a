"""Every page at both widths and in both languages: no axe violation, nothing wider than the screen, a quiet console.

axe looks at the Chinese pages; the English ones are the same elements, so that only words and widths differ there.
"""

import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from playwright.sync_api import Page, TimeoutError

from accounts.models import User
from inspections.models import Document, Finding, Meeting
from notifications.models import Notice
from tests.browser import rounds_pages
from tests.browser.look_back_pages import look_backs
from tests.browser.schemes_pages import schemes
from tests.browser.visit_pages import visits
from tests.browser.visiting import SIZES, Visit, Visitor, begin, sideways, strange, violations
from tests.inspections.evidence import report, send, work
from tests.inspections.making import submit
from tests.samples import jpeg
from villages.models import Area, Difficulty, Division, Person, Village

CAST = (
    "hso", "jinpu_office", "changhai_office", "huajia_official", "xiangying_official", "secretary", "village_leader",
    "area_leader", "leader", "inspector", "agency", "department", "auditor", "sysadmin",
)  # fmt: skip
CLOCK = timezone.now


def stage(people: dict[str, Any], village: Village, item: Any) -> dict[str, Finding]:
    """Bring one finding into each state, with photos on both sides, and one that waits to be issued."""
    rows: dict[str, Finding] = {}
    for seed, state in enumerate(("open", "submitted", "checked", "closed", "returned")):
        key = uuid.uuid4()
        send(people["inspector"], key, jpeg(seed, (800, 600)), at=CLOCK())
        report(people["inspector"], village, item, at=CLOCK(), id=key, place=f"{seed}号路口")
        found = rows[state] = Finding.objects.get(pk=key)
        if state != "open":
            photo = send(
                people["huajia_official"], found, jpeg(50 + seed, (800, 600)), at=CLOCK(), side="after"
            )
            rows[state] = submit(found, people["huajia_official"], CLOCK(), photos=[photo.pk])
    rows["checked"].pass_check(by=people["jinpu_office"], at=CLOCK(), remark="属实")
    rows["closed"].pass_check(by=people["jinpu_office"], at=CLOCK(), remark="")
    rows["closed"].close(by=people["hso"], at=CLOCK(), remark="垃圾已清完，路面见底")
    rows["returned"].send_back(by=people["jinpu_office"], at=CLOCK(), reason="仍有残留垃圾")
    rows["reported"] = report(people["agency"], village, item, at=CLOCK() - timedelta(hours=1))
    work(CLOCK())
    return rows


@pytest.fixture
def people(committed: None, request: pytest.FixtureRequest) -> dict[str, Any]:
    return {name: request.getfixturevalue(name) for name in CAST}


def meetings(office: User, huajia: Division, village: Village, found: Finding) -> list[str]:
    """Hold one meeting with all its parts, prepare another in secret; return the addresses of their pages."""
    held, sealed = (
        Meeting.objects.prepare(
            id=uuid.uuid4(), by=office, at=CLOCK(), township=huajia, on=timezone.localdate(), title=title, host="李晨",
            villages=[village],
        )
        for title in ("华家街道现场会", "第二次现场会")
    )  # fmt: skip
    held.pick(by=office, at=CLOCK(), findings=[found])
    held.hold(by=office, at=CLOCK())
    held.write(
        by=office,
        at=CLOCK(),
        people_present=53,
        units_present="各村",
        minutes="看片，点评",
        remarks={village.pk: "净"},
    )
    held.decide(by=office, at=CLOCK(), text="一周内清完", division=huajia, due_on=held.on)
    held.add_photo(by=office, at=CLOCK(), file=ContentFile(jpeg(90, (800, 600)), "x.jpg"), caption="会场")
    page = "/meetings/{}/".format
    return [
        "/meetings/", f"/meetings/new/?township={huajia.pk}", page(held.pk), f"{page(held.pk)}report/",
        f"{page(held.pk)}slides/", f"{page(held.pk)}decide/", f"{page(held.pk)}write/", page(sealed.pk),
        f"{page(sealed.pk)}change/", f"{page(sealed.pk)}pick/", f"{page(sealed.pk)}hold/",
    ]  # fmt: skip


@pytest.fixture
def pages(
    people: dict[str, Any], village: Village, sibling_village: Village, island_village: Village, item: Any,
    area: Area, huajia: Division, city: Division, jinpu: Division,
) -> dict[str, list[str]]:  # fmt: skip
    """Return the addresses of every page, by who opens them."""
    rows = stage(people, village, item)
    Difficulty.objects.create(
        township=huajia, village=village, text="缺少转运车", raised_by_id=people["huajia_official"].pk,
        raised_by_name="赵岩", raised_at=CLOCK(),
    )  # fmt: skip
    draft = Document.objects.create(
        kind="assignment", office=city, addressee=huajia, county=jinpu, drafted_by=people["hso"], drafted_at=CLOCK(),
        picked=[str(rows["open"].pk)],
    )  # fmt: skip
    Notice.objects.tell(
        [people["auditor"]], key="x", text="请查看", url="/findings/", at=CLOCK() - timedelta(hours=1)
    )
    person = Person.objects.get(name="何江")
    toured = rounds_pages.stage(people, city, [huajia], CLOCK())
    step = "/findings/{}/steps/{}/".format
    again = look_backs(people, village, sibling_village, item, city, CLOCK())
    versions = schemes(people, item, CLOCK())
    seen = visits(people, village, uuid.UUID(toured["stop"][0]), city, CLOCK())
    return {
        "": ["/accounts/login/", "/about/"],
        "hso": [
            "/", "/findings/", f"/findings/?q={village.name}", "/findings/?state=closed", "/findings/issuing/",
            "/findings/review/", "/findings/rules/", "/findings/milestones/", "/findings/instructions/",
            "/findings/requests/", "/findings/proposals/", "/findings/documents/",
            f"/findings/documents/new/?pick={rows['open'].pk}",
            f"/findings/documents/{draft.pk}/", f"/findings/documents/{draft.pk}/edit/", "/findings/submissions/",
            "/findings/import/", f"/findings/{rows['checked'].pk}/", f"/findings/{rows['closed'].pk}/",
            step(rows["open"].pk, "amend"), step(rows["open"].pk, "withdraw"), step(rows["checked"].pk, "close"),
            f"/findings/{rows['reported'].pk}/", "/villages/", f"/villages/{village.pk}/",
            f"/villages/{village.pk}/edit/",
            f"/villages/{village.pk}/merge/", "/villages/coverage/", "/villages/responsibilities/",
            "/villages/responsibilities/add/", "/villages/responsibilities/import/", f"/villages/persons/{person.pk}/",
            f"/villages/persons/{person.pk}/edit/", f"/accounts/persons/{person.pk}/hand-over/", "/villages/registry/",
            "/villages/areas/", f"/villages/areas/{area.pk}/", "/villages/holidays/", "/villages/difficulties/",
            "/about/feedback/", "/search/?q=柳家", "/guidance/", "/guidance/A1-01/", *again["hso"], *toured["hso"],
            *versions["hso"],
        ],
        "jinpu_office": [
            "/", "/findings/review/", f"/findings/{rows['submitted'].pk}/", "/findings/submissions/new/",
            *meetings(people["jinpu_office"], huajia, village, rows["closed"]),
        ],
        "huajia_official": [
            "/", "/findings/", "/findings/desk/", f"/findings/{rows['open'].pk}/",
            f"/findings/{rows['open'].pk}/rectify/",
            f"/findings/{rows['returned'].pk}/rectify/", step(rows["open"].pk, "claim"),
            step(rows["open"].pk, "ask_extension"), "/findings/submissions/new/", "/notices/",
            *again["huajia_official"],
        ],
        "inspector": [
            "/", "/findings/new/", "/findings/new/?all_items=1", f"/findings/{rows['open'].pk}/stored/",
            *again["inspector"], *seen["inspector"],
        ],
        "agency": seen["agency"],
        "leader": ["/", "/findings/", step(rows["open"].pk, "instruct"), "/villages/coverage/"],
        "secretary": ["/", "/notices/"],
        "department": ["/", "/findings/", *versions["department"]],
        "auditor": [*toured["auditor"], "/", "/audit/", "/findings/print/", "/findings/exports/", "/notices/"],
        "sysadmin": [
            "/", "/accounts/users/", "/accounts/users/new/", "/accounts/users/import/",
            f"/accounts/users/{people['agency'].pk}/", "/status/", "/audit/", "/accounts/profile/",
            "/accounts/password/", "/api/v1/docs/", "/no-such-page/",
        ],
    }  # fmt: skip


# drawn by the documentation's own program, which is not ours to mend
NOT_OURS = {"/api/v1/docs/"}
IN_THE_DARK = ("hso", "huajia_official", "inspector")
DARK = {"theme": "dark", "large_text": "1"}


class Walk:
    """One device that goes from page to page; while axe looks at its page, the others open theirs."""

    def __init__(self, visitor: Visitor, label: str) -> None:
        self.visitor, self.label, self.at, self.wrong = visitor, label, "", list[str]()
        self.visitor.watch.expected = ("404 (Not Found)",)

    def darken(self) -> None:
        """Choose the dark colours and the large text."""
        self.visitor.context.add_cookies(
            [{"name": name, "value": value, "url": self.visitor.origin} for name, value in DARK.items()]
        )

    def open(self, path: str) -> bool:
        """Finish the page before and open the next; return whether it is ours to look at."""
        self.finish()
        response = self.visitor.page.goto(self.visitor.origin + path, wait_until="domcontentloaded")
        assert response is not None
        if response.status != 200 and path != "/no-such-page/":
            self.wrong.append(f"{self.label} {path} answers {response.status}")
        return path not in NOT_OURS and response.status < 500

    def look(self, path: str) -> None:
        """Open a page and let axe begin."""
        if self.open(path):
            begin(self.visitor.page)
            self.at = path

    def finish(self) -> None:
        """Read what axe has found and measure the page, which has loaded all it shows by now."""
        if self.at:
            found = (
                violations(self.visitor.page) + too_wide(self.visitor.page) + strange(self.visitor.page, "zh")
            )
            self.wrong += [f"{self.label} {self.at} {words}" for words in found]
        self.at = ""

    def read(self, path: str) -> None:
        """Open a page in English; look for what is not and measure it at both widths."""
        page = self.visitor.page
        if self.open(path):
            page.wait_for_load_state("load")
            found = too_wide(page) + strange(page, "en")
            page.set_viewport_size(SIZES["desk"]["viewport"])
            found += too_wide(page)
            page.set_viewport_size(SIZES["phone"]["viewport"])
            self.wrong += [f"{self.label} {path} {words}" for words in found]

    def close(self) -> list[str]:
        """Return everything that was wrong, with what the console said and which hosts were asked."""
        self.finish()
        self.visitor.context.close()
        return self.wrong + self.visitor.watch.said + self.visitor.watch.outside


FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
# what ends farthest to the right
WIDEST = """() => [...document.body.querySelectorAll("*")]
    .sort((a, b) => b.getBoundingClientRect().right - a.getBoundingClientRect().right)
    .slice(0, 3).map(found => found.outerHTML.slice(0, 160))"""


def too_wide(page: Page) -> list[str]:
    """Say by how much the page is wider than the screen."""
    with suppress(
        TimeoutError
    ):  # what draws itself, such as a chart, takes a moment after the screen has changed
        page.wait_for_function(FITS, timeout=3000)
    width = sideways(page)
    return [f"is {width} px wider than the screen: {page.evaluate(WIDEST)}"] if width > 0 else []


def test_every_page_is_accessible_narrow_enough_and_quiet(
    visit: Visit, pages: dict[str, list[str]], people: dict[str, Any]
) -> None:
    wrong: list[str] = []
    for name, paths in pages.items():
        devices = [Walk(visit(people.get(name), shape), f"{name} {size}") for size, shape in SIZES.items()]
        dark = [Walk(visit(people[name], SIZES["phone"]), f"{name} dark")] if name in IN_THE_DARK else []
        for device in dark:
            device.darken()
        for place, path in enumerate(paths):
            for device in devices + (dark if place < 12 else []):
                device.look(path)
        wrong += [line for device in devices + dark for line in device.close()]
    assert wrong == [], "\n".join(wrong)


def test_every_page_in_english_is_english_narrow_enough_and_quiet(
    visit: Visit, pages: dict[str, list[str]], people: dict[str, Any]
) -> None:
    wrong: list[str] = []
    User.objects.update(language="en")
    for name, paths in pages.items():
        device = Walk(visit(people.get(name), SIZES["phone"], "en-GB"), f"{name} en")
        for path in paths:
            device.read(path)
        wrong += device.close()
    assert wrong == [], "\n".join(wrong)
