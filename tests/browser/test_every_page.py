"""Every page at both widths and in both languages: no axe violation, nothing wider than the screen, a quiet console."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from inspections.models import Document, Finding
from notifications.models import Notice
from tests.browser.visiting import SIZES, Visit, Visitor, sideways, violations
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
    rows["closed"].close(by=people["hso"], at=CLOCK(), remark="整改到位")
    rows["returned"].send_back(by=people["jinpu_office"], at=CLOCK(), reason="仍有残留垃圾")
    rows["reported"] = report(people["agency"], village, item, at=CLOCK() - timedelta(hours=1))
    work(CLOCK())
    return rows


@pytest.fixture
def people(committed: None, request: pytest.FixtureRequest) -> dict[str, Any]:
    return {name: request.getfixturevalue(name) for name in CAST}


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
    step = "/findings/{}/steps/{}/".format
    return {
        "": ["/accounts/login/", "/about/"],
        "hso": [
            "/", "/findings/", f"/findings/?q={village.name}", "/findings/?state=closed", "/findings/issuing/",
            "/findings/review/", "/findings/rules/", "/findings/milestones/", "/findings/instructions/",
            "/findings/proposals/", "/findings/documents/", f"/findings/documents/new/?pick={rows['open'].pk}",
            f"/findings/documents/{draft.pk}/", f"/findings/documents/{draft.pk}/edit/", "/findings/submissions/",
            "/findings/import/", f"/findings/{rows['checked'].pk}/", f"/findings/{rows['closed'].pk}/",
            step(rows["open"].pk, "amend"), step(rows["open"].pk, "withdraw"), step(rows["checked"].pk, "close"),
            f"/findings/{rows['reported'].pk}/", "/villages/", f"/villages/{village.pk}/",
            f"/villages/{village.pk}/edit/",
            f"/villages/{village.pk}/merge/", "/villages/coverage/", "/villages/responsibilities/",
            "/villages/responsibilities/add/", "/villages/responsibilities/import/", f"/villages/persons/{person.pk}/",
            f"/villages/persons/{person.pk}/edit/", f"/accounts/persons/{person.pk}/hand-over/", "/villages/registry/",
            "/villages/areas/", f"/villages/areas/{area.pk}/", "/villages/holidays/", "/villages/difficulties/",
            "/about/feedback/", "/search/?q=柳家", "/guidance/", "/guidance/A1-01/",
        ],
        "jinpu_office": ["/", "/findings/review/", f"/findings/{rows['submitted'].pk}/", "/findings/submissions/new/"],
        "huajia_official": [
            "/", "/findings/", "/findings/desk/", f"/findings/{rows['open'].pk}/",
            f"/findings/{rows['open'].pk}/rectify/",
            f"/findings/{rows['returned'].pk}/rectify/", step(rows["open"].pk, "claim"),
            step(rows["open"].pk, "ask_extension"), "/findings/submissions/new/", "/notices/",
        ],
        "inspector": ["/", "/findings/new/", "/findings/new/?all_items=1", f"/findings/{rows['open'].pk}/stored/"],
        "leader": ["/", "/findings/", step(rows["open"].pk, "instruct"), "/villages/coverage/"],
        "secretary": ["/", "/notices/"],
        "department": ["/", "/findings/"],
        "auditor": ["/", "/audit/", "/findings/print/", "/findings/exports/", "/notices/"],
        "sysadmin": [
            "/", "/accounts/users/", "/accounts/users/new/", "/accounts/users/import/",
            f"/accounts/users/{people['agency'].pk}/", "/status/", "/audit/", "/accounts/profile/",
            "/accounts/password/", "/api/v1/docs/", "/no-such-page/",
        ],
    }  # fmt: skip


# drawn by the documentation's own program, which is not ours to mend
NOT_OURS = {"/api/v1/docs/"}


def look_at(visitor: Visitor, path: str) -> list[str]:
    """Open a page and return what is wrong with it."""
    page = visitor.page
    status = page.goto(visitor.origin + path, wait_until="load").status  # type: ignore[union-attr]
    found = [] if status == 200 or path == "/no-such-page/" else [f"answers {status}"]
    if path not in NOT_OURS and status < 500:
        found += violations(page)
        if (width := sideways(page)) > 0:
            found.append(f"is {width} px wider than the screen")
    return [f"{path} {words}" for words in found]


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_accessible_narrow_enough_and_quiet(
    visit: Visit, pages: dict[str, list[str]], people: dict[str, Any], size: str, language: str
) -> None:
    wrong: list[str] = []
    chosen = "en" if language == "en-GB" else "zh-hans"
    for name, paths in pages.items():
        user = people.get(name)
        if user:
            type(user).objects.filter(pk=user.pk).update(language=chosen)
        visitor = visit(user, SIZES[size], language)
        visitor.watch.expected = ("404 (Not Found)",)
        for path in paths:
            wrong += [f"{name} {line}" for line in look_at(visitor, path)]
        wrong += visitor.watch.said + visitor.watch.outside
        visitor.context.close()
    assert wrong == [], "\n".join(wrong)


def test_dark_and_large_are_accessible_too(
    visit: Visit, pages: dict[str, list[str]], people: dict[str, Any]
) -> None:
    wrong: list[str] = []
    for name in ("hso", "huajia_official", "inspector"):
        visitor = visit(people[name], SIZES["phone"])
        looks = {"theme": "dark", "large_text": "1"}
        visitor.context.add_cookies(
            [{"name": n, "value": v, "url": visitor.origin} for n, v in looks.items()]
        )
        for path in pages[name][:12]:
            wrong += [f"{name} {line}" for line in look_at(visitor, path)]
    assert wrong == [], "\n".join(wrong)
