"""The slide show of an on-site meeting: keys, buttons and swipes, both widths and languages, without a network."""

import uuid
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from inspections.models import Finding, Meeting
from tests.browser.visiting import DESK, PHONE, Visit
from tests.inspections.evidence import send, work
from tests.inspections.making import report, submit
from tests.samples import jpeg
from villages.models import Division, Village

HEADS = ["title", "villages", "finding", "finding", "decisions"]
SWIPE = """([from, to]) => {
    const stage = document.querySelector("[data-js=slides]");
    const touch = (x) => new Touch({identifier: 1, target: stage, clientX: x, clientY: 300});
    stage.dispatchEvent(new TouchEvent("touchstart", {touches: [touch(from)], bubbles: true}));
    stage.dispatchEvent(new TouchEvent("touchend", {changedTouches: [touch(to)], bubbles: true}));
}"""


@pytest.fixture
def people(committed: None, request: pytest.FixtureRequest) -> dict[str, Any]:
    return {name: request.getfixturevalue(name) for name in ("jinpu_office", "huajia_official", "inspector")}


@pytest.fixture
def meeting(people: dict[str, Any], huajia: Division, village: Village, item: Any) -> Meeting:
    """A meeting that shows a finding with two photos before and one after."""
    key, now = uuid.uuid4(), timezone.now()
    for seed in (1, 2):
        send(people["inspector"], key, jpeg(seed, (1200, 900)), at=now)
    found = report(people["inspector"], village, item, now, id=key)
    after = send(people["huajia_official"], found, jpeg(3, (900, 1200)), at=now, side="after")
    submit(found, people["huajia_official"], now, photos=[after.pk])
    work(now)
    office = people["jinpu_office"]
    made = Meeting.objects.prepare(
        id=uuid.uuid4(), by=office, at=now, township=huajia, on=timezone.localdate(now), title="华家街道现场会",
        host="李晨", villages=[village],
    )  # fmt: skip
    made.pick(by=office, at=now, findings=[Finding.objects.get(pk=key)])
    made.hold(by=office, at=now)
    made.decide(by=office, at=now, text="一周内清完", division=huajia, due_on=made.on)
    return made


def shown(page: Page) -> str:
    """Return the kind of the one slide that is on the screen, with its place."""
    kinds: list[str] = page.eval_on_selector_all(
        "[data-slide]:not([hidden])", "rows => rows.map((row) => row.className.split('--')[1])"
    )
    assert len(kinds) == 1
    return kinds[0]


def open_show(visit: Visit, user: Any, meeting: Meeting, shape: Any, language: str) -> Any:
    """Open the meeting's page, then the show, and wait until every photo is there."""
    device = visit(user, shape, language)
    page = device.go(meeting.get_absolute_url())
    page.locator("a[href$='/slides/']").click()
    words = "照片已全部载入" if language == "zh-CN" else "All photos are loaded"
    page.locator("[data-slides-note]", has_text=words).wait_for()
    return device


@pytest.mark.parametrize(("shape", "language"), [(DESK, "zh-CN"), (PHONE, "en-GB")])
def test_the_show_runs_from_title_to_decisions_without_a_network(
    visit: Visit, people: dict[str, Any], meeting: Meeting, shape: Any, language: str
) -> None:
    device = open_show(visit, people["huajia_official"], meeting, shape, language)
    page = device.page
    device.context.set_offline(True)
    kinds = [shown(page)]
    for _slide in HEADS[1:]:
        if shape is PHONE:
            page.evaluate(SWIPE, [300, 100])
        else:
            page.keyboard.press("ArrowRight")
        kinds.append(shown(page))
    assert kinds == HEADS
    page.keyboard.press("ArrowLeft")
    assert page.locator("[data-slide]:not([hidden]) img").count() == 1
    page.locator("[data-slides-step='-1']").click()
    images = page.locator("[data-slide]:not([hidden]) img")
    assert images.evaluate_all("rows => rows.map((row) => row.naturalWidth > 0)") == [True, True]
    boxes = [images.nth(n).bounding_box() for n in range(2)]
    height, width = page.evaluate("[innerHeight, innerWidth]")
    for box in boxes:
        assert box is not None
        assert box["width"] > 50
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
    device.watch.quiet()


def test_keys_go_to_the_ends_into_full_screen_and_back(
    visit: Visit, people: dict[str, Any], meeting: Meeting
) -> None:
    device = open_show(visit, people["jinpu_office"], meeting, DESK, "zh-CN")
    page = device.page
    page.keyboard.press("End")
    assert shown(page) == "decisions"
    assert page.locator("[data-slides-step='1']").is_disabled()
    page.reload()
    assert shown(page) == "decisions"
    page.keyboard.press("Home")
    assert shown(page) == "title"
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement !== null")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{meeting.get_absolute_url()}")
    device.watch.quiet()
