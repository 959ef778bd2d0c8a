"""An inspector's phone: a visit is begun, a problem recorded from the sheet, points photographed, all submitted.

The line breaks at everything that stores; in the middle the phone is turned to English.
"""

import os
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from inspections.models import Finding, Visit, VisitPhoto
from inspections.points import Point
from tests.browser.visiting import DESK, PHONE, Visitor, begin, sideways, strange, violations
from tests.inspections.sheets import sheet
from tests.samples import jpeg

SHOTS = os.environ.get("SHOTS", "")
# what waits on the phone: drafts and forms that were not confirmed
WAITING = "() => Object.keys(localStorage).filter(key => /^(draft|outbox):/.test(key))"


def looked_at(visitor: Visitor, path: str, name: str, language: str = "zh") -> None:
    """Open a page and insist that axe finds nothing, nothing is wider than the screen, and all is in its language."""
    page = visitor.go(path)
    begin(page)
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS, f"{name}.png")), full_page=True)
    assert violations(page) == [], path
    assert sideways(page) <= 0, path
    assert strange(page, language) == [], path


class BadLine:
    """A line that lets no form through at first: one never arrives, of the next the answer is lost, and so on."""

    def __init__(self, page: Page) -> None:
        self.sent: Counter[str] = Counter()
        page.route("**/*", self.meet)

    def meet(self, route: Route) -> None:
        """Break the line under a form that is sent for the first time."""
        asked = route.request
        if asked.method != "POST" or "/language/" in asked.url:
            return route.continue_()
        path = asked.url.split("?")[0]
        self.sent[path] += 1
        if self.sent[path] > 1:
            return route.continue_()
        if len(self.sent) % 2 == 0:
            route.fetch(max_redirects=0)  # the server has it
        return route.abort()


def speak(page: Page, language: str) -> None:
    """Turn the page into another language by the switch."""
    page.click(f"button[name=language][value={language}]")
    page.locator(f"html[lang={language}]").wait_for(state="attached")
    page.wait_for_load_state()  # the scripts that keep what is sent are there


def begin_visit(phone: Visitor, village: Any) -> Visit:
    """Choose the village and begin; the first attempt never arrives."""
    page = phone.page
    page.check(f"input[name=village][value='{village.pk}']", force=True)
    page.click(".sticky-bar button[type=submit]")
    expect(page.locator(".sure--away")).to_be_visible()
    page.wait_for_url("**/sheet/")
    return Visit.objects.get()


def record(phone: Visitor, made: Visit, item: Any, shot: Path) -> None:
    """Record a problem at the ditch; the server has it, and its answer is lost."""
    page = phone.page
    shot.write_bytes(jpeg(1, (160, 120)))
    page.set_input_files("[data-photos-album]", str(shot))
    page.locator(".shot.is-done").wait_for()
    page.click("a[href$='all_items=1']")
    page.check(f"input[name=item][value='{item.pk}']", force=True)
    page.fill("[name=description]", "沟渠漂浮物")
    page.click(".sticky-bar button[type=submit]")
    page.wait_for_url("**/sheet/")
    found = Finding.objects.get()
    assert (found.visit_id, found.point) == (made.pk, "water")


def fill_in(page: Page, shot: Path) -> None:
    """Photograph every point, say what was seen, count where a share is asked for."""
    for n, code in enumerate(Point.values):
        shot.write_bytes(jpeg(10 + n, (160, 120)))
        page.set_input_files(f"#point-{code} [data-photos-album]", str(shot))
        page.locator(f"#point-{code} .shot.is-done").wait_for()
        page.check(f"#id_point-{code}-status_{1 if code == 'water' else 0}", force=True)
    for field in page.locator(".sheet__count input").all():
        field.fill("8")
    page.click("[data-sheet-rest]")
    page.locator("[data-sheet-left]:empty").wait_for(state="attached")


def test_a_visit_is_carried_out_on_a_phone_whose_line_breaks(
    visit: Any, inspector: Any, village: Any, item: Any, tmp_path: Path
) -> None:
    phone, shot = visit(inspector, PHONE), tmp_path / "a.jpg"
    phone.watch.expected = ("ERR_FAILED", "ERR_INTERNET_DISCONNECTED")
    looked_at(phone, "/visits/", "list-empty")
    looked_at(phone, f"/visits/new/?village={village.pk}", "new")
    line = BadLine(phone.page)
    made = begin_visit(phone, village)
    speak(phone.page, "en")
    looked_at(phone, f"/visits/{made.pk}/sheet/", "sheet", "en")

    # what was filled in stands again after a look aside
    page = phone.page
    page.check("#id_point-entrance-status_0", force=True)
    page.fill("[name=notes]", "村容整洁")
    page.wait_for_timeout(600)
    looked_at(phone, f"/findings/new/?visit={made.pk}&point=water", "record", "en")
    record(phone, made, item, shot)
    assert page.input_value("[name=notes]") == "村容整洁"
    assert page.is_checked("#id_point-entrance-status_0")

    fill_in(page, shot)
    speak(page, "zh-hans")
    submit_without_a_line(phone, made)
    assert line.sent[f"{phone.origin}/findings/new/"] == 2
    looked_at(phone, f"/visits/{made.pk}/", "visit")
    phone.watch.quiet()


def submit_without_a_line(phone: Visitor, made: Visit) -> None:
    """Submit in the valley, put the phone away, take it out again on the hill: the sheet goes off by itself."""
    page = phone.page
    phone.context.set_offline(True)
    page.click(".sticky-bar button[type=submit]")
    expect(page.locator(".sure--away")).to_contain_text("已保存在本机")
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS, "sheet-kept.png")))
    assert len(page.evaluate(WAITING)) == 2
    page.close()
    made.refresh_from_db()
    assert made.submitted_at is None
    phone.context.set_offline(False)
    phone.page = phone.context.new_page()
    phone.watch.follow(phone.page)
    phone.go("/")
    expect(phone.page.locator(".toast-line")).to_contain_text("服务器已收到")
    assert phone.page.evaluate(WAITING) == []
    made.refresh_from_db()
    assert made.submitted_at is not None
    assert made.versions.count() == 1
    assert VisitPhoto.objects.filter(visit=made).count() == 9
    assert Finding.objects.get().state == "open"


def test_the_office_reads_and_corrects_at_a_desk(
    visit: Any, hso: Any, agency: Any, village: Any, item: Any
) -> None:
    made, _created = Visit.objects.begin(id=uuid.uuid4(), by=agency, at=timezone.now(), village=village)
    made.submit(by=agency, at=timezone.now(), sheet=sheet(made))
    desk = visit(hso, DESK)
    for name, path in (
        ("desk-list", "/visits/"),
        ("desk-visit", f"/visits/{made.pk}/"),
        ("desk-correct", f"/visits/{made.pk}/correct/"),
        ("desk-rechecks", "/visits/rechecks/"),
    ):
        looked_at(desk, path, name)
    page = desk.go(f"/visits/{made.pk}/correct/")
    page.fill("[name=notes]", "补记")
    page.click(".sticky-bar button[type=submit]")
    page.locator(".error-summary").wait_for()  # the page that says what is wrong, in this one's place
    assert page.input_value("[name=notes]") == "补记"
    page.fill("[name=reason]", "漏记")
    page.click(".sticky-bar button[type=submit]")
    page.wait_for_url(f"**/visits/{made.pk}/")
    assert made.versions.count() == 2
    desk.watch.quiet()
