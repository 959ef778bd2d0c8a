"""From a photographed problem to a closed line of the ledger, by people in real browsers.

Two runs: in the second everybody has the other device and the other language, so that each of them has done the work
at 390 and at 1366 pixels and in Chinese and in English.
"""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page
from python_calamine import CalamineWorkbook

from accounts.models import User
from inspections.models import ExportJob, Finding, Photo
from inspections.tasks_exports import write_export
from notifications.models import Notice
from tests.browser.visiting import DESK, PHONE, Visit, Visitor
from tests.cast import PASSWORD
from tests.inspections.evidence import work
from tests.samples import jpeg
from villages.models import Village

PHOTOS = "**/api/v1/photos/**"
ZH, EN = "zh-CN", "en-GB"
UNDO = {"zh-hans": "撤销", "en": "Undo"}
# what was typed is on the device
KEPT = "words => Object.values(localStorage).some(kept => kept.includes(words))"
Device = tuple[dict[str, Any], str]

# who holds which device in which language; the second run turns both round
FIRST: dict[str, Device] = {
    "inspector": (PHONE, ZH),
    "secretary": (PHONE, EN),
    "huajia_official": (DESK, ZH),
    "jinpu_office": (DESK, EN),
    "hso": (PHONE, EN),
}
SECOND: dict[str, Device] = {
    who: (DESK if size is PHONE else PHONE, EN if language == ZH else ZH)
    for who, (size, language) in FIRST.items()
}


class People:
    """The cast of one run: opens for each the device that this run gives them."""

    def __init__(self, visit: Visit, devices: dict[str, Device], users: dict[str, User]) -> None:
        self.visit, self.devices, self.users = visit, devices, users

    def open(self, name: str, *, signed_in: bool = True) -> Visitor:
        """Open the device of a person."""
        size, language = self.devices[name]
        return self.visit(self.users[name] if signed_in else None, size, language)

    def on_a_phone(self, name: str) -> bool:
        """Tell whether this person taps and has no keys."""
        return self.devices[name][0] is PHONE

    def language(self, name: str) -> str:
        """Return the language of this person's pages, as the switch calls it."""
        return "en" if self.devices[name][1] == EN else "zh-hans"


def picture(seed: int) -> dict[str, Any]:
    """Return a photo as the file chooser takes it."""
    return {"name": f"photo-{seed}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(seed, (1200, 900))}


def choose(inspector: Visitor, village: Village) -> None:
    """Pick village and item by searching."""
    page = inspector.page
    page.fill("#village-q", village.name)
    page.locator("#village-options .pick", has_text=village.name).click()
    page.fill("#item-q", "A1-01")
    page.locator("#item-options .pick", has_text="A1-01").first.click()


def hand_over(page: Any, selector: str, event: str, *pictures: dict[str, Any]) -> None:
    """Paste or drop pictures on an element, as the clipboard and the mouse do."""
    files = [
        {"name": p["name"], "type": p["mimeType"], "data": base64.b64encode(p["buffer"]).decode()}
        for p in pictures
    ]
    page.evaluate(
        """([selector, event, files]) => {
            const data = new DataTransfer();
            for (const file of files) {
                const bytes = Uint8Array.from(atob(file.data), (c) => c.charCodeAt(0));
                data.items.add(new File([bytes], file.name, {type: file.type}));
            }
            const made = event === "paste"
                ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})
                : new DragEvent(event, {dataTransfer: data, bubbles: true, cancelable: true});
            document.querySelector(selector).dispatchEvent(made);
        }""",
        [selector, event, files],
    )


def sign_in_in(visitor: Visitor, language: str, username: str) -> None:
    """Turn the page into the other language and back by the switch before sign-in, then sign in."""
    page = visitor.go("/accounts/login/")
    headings = {"en": "Sign in", "zh-hans": "登录"}
    for chosen in (*(code for code in headings if code != language), language):
        page.click(f"button[name=language][value={chosen}]")
        page.get_by_role("heading", name=headings[chosen]).wait_for()
    visitor.sign_in(username, PASSWORD)


def record(people: People, village: Village) -> Finding:
    """Sign in, photograph, lose the line in the middle, submit, get the line back."""
    device = people.open("inspector", signed_in=False)
    device.watch.expected = ("ERR_FAILED", "ERR_INTERNET_DISCONNECTED", "Failed to load resource")
    sign_in_in(device, people.language("inspector"), "inspector")
    page = device.go("/findings/new/")
    source = "camera" if people.on_a_phone("inspector") else "album"
    with page.expect_file_chooser() as chooser:
        page.locator(f"label:has([data-photos-{source}])").click()
    chooser.value.set_files([picture(1)])
    page.locator(".tray__list li").first.wait_for()
    choose(device, village)
    page.route(PHOTOS, lambda route: route.abort())
    page.set_input_files("[data-photos-album]", [picture(2), picture(3)])
    page.locator(".tray__list li").nth(2).wait_for()
    page.fill("#id_description", "村口垃圾桶满溢，散落路面")
    page.click("#record-form button[data-photos-submit]")
    page.locator("#stored progress").wait_for()
    found = Finding.objects.get()
    assert found.state == Finding.State.REPORTED
    page.unroute(PHOTOS)
    page.reload()  # the device was put away and taken out again
    page.locator("#stored:not(:has(progress))").wait_for(timeout=60_000)
    assert Photo.objects.filter(parent_id=found.pk).count() == 3
    device.watch.quiet()
    return Finding.objects.get(pk=found.pk)


def read_the_notice(people: People, found: Finding) -> None:
    """Look at the notices of those who must know at once; the secretary follows one."""
    for name in ("secretary", "huajia_official"):
        notice = Notice.objects.filter(user=people.users[name]).visible(timezone.now()).latest("created_at")
        assert notice.created_at - found.issued_at < timedelta(minutes=1)
    device = people.open("secretary")
    page = device.go("/notices/")
    page.get_by_role("link").filter(has_text=found.village.name).first.click()
    page.wait_for_url(f"**{found.get_absolute_url()}")
    device.watch.quiet()


def give_photos(page: Page, *, tapping: bool) -> None:
    """Hand over two photos: by the camera and the album, or pasted and dragged."""
    if tapping:
        page.set_input_files("[data-photos-camera]", [picture(11)])
    else:
        hand_over(page, "body", "paste", picture(11))
    page.locator(".tray__list li").first.wait_for()
    if tapping:
        page.set_input_files("[data-photos-album]", [picture(12)])
    else:
        hand_over(page, ".tray", "drop", picture(12))
    page.locator(".tray__list .is-done").nth(1).wait_for()


def rectify(people: People, found: Finding) -> None:
    """Type, reload, hand over photos, lose the session, sign in again, submit."""
    device = people.open("huajia_official")
    page = device.go(f"/findings/{found.pk}/rectify/")
    page.fill("#id_measures", "组织保洁员清运，增设两个垃圾桶")
    page.fill("#id_result", "已清理干净")
    page.wait_for_function(KEPT, arg="已清理干净")
    page.reload()
    assert page.input_value("#id_measures") == "组织保洁员清运，增设两个垃圾桶"
    give_photos(page, tapping=people.on_a_phone("huajia_official"))
    device.context.clear_cookies(name="sessionid")
    page.click("#rectify-form button[data-photos-submit]")
    page.wait_for_url("**/accounts/login/**")
    device.sign_in(people.users["huajia_official"].username, PASSWORD)
    page.wait_for_url("**/rectify/")
    assert page.input_value("#id_measures") == "组织保洁员清运，增设两个垃圾桶"
    assert page.input_value("#id_result") == "已清理干净"
    page.click("#rectify-form button[data-photos-submit]")
    page.wait_for_url(f"**{found.get_absolute_url()}")
    assert Finding.objects.get(pk=found.pk).state == Finding.State.SUBMITTED
    assert found.photo_uses.filter(side="after").count() == 2
    device.watch.quiet()


def agree(page: Page, step: str, *, tapping: bool) -> None:
    """Decide the case on the screen: with the thumb, or with the key."""
    if tapping:
        page.locator(f"#case button[value={step}]").tap()
    else:
        page.keyboard.press("a")
    page.locator("#case .empty").wait_for()


def check_and_close(people: People, found: Finding) -> Visitor:
    """Check, close, take it back, close again."""
    first = people.open("jinpu_office")
    page = first.go("/findings/review/")
    agree(page, "check", tapping=people.on_a_phone("jinpu_office"))
    assert Finding.objects.get(pk=found.pk).state == Finding.State.CHECKED
    first.watch.quiet()
    second, tapping = people.open("hso"), people.on_a_phone("hso")
    page = second.go("/findings/review/")
    assert page.locator("#case img").count() >= 2
    agree(page, "close", tapping=tapping)
    assert Finding.objects.get(pk=found.pk).state == Finding.State.CLOSED
    page.get_by_role("button", name=UNDO[people.language("hso")]).click()
    page.locator(f"#case a[href='{found.get_absolute_url()}']").wait_for()
    assert Finding.objects.get(pk=found.pk).state == Finding.State.CHECKED
    agree(page, "close", tapping=tapping)
    return second


def read_the_ledger(city: Visitor, found: Finding, language: str, folder: Path) -> None:
    """Find the line among the closed ones and take the workbook home."""
    page = city.go("/findings/?state=closed")
    page.get_by_role("link", name=found.number).first.wait_for()
    assert page.locator("html").get_attribute("lang") == language
    page.locator("form[action='/findings/export/'] button").click()
    page.wait_for_url("**/findings/exports/*/")
    write_export(str(ExportJob.objects.get().pk))
    page.reload()
    with page.expect_download() as download:
        page.locator("a[href$='/file/']").first.click()
    target = folder / "ledger.xlsx"
    download.value.save_as(target)
    rows = CalamineWorkbook.from_path(str(target)).get_sheet_by_index(0).to_python()
    assert any(found.number in row for row in rows)
    city.watch.quiet()


@pytest.mark.usefixtures("item")
@pytest.mark.parametrize("devices", [FIRST, SECOND], ids=["first", "turned round"])
def test_a_problem_goes_from_the_photo_to_the_closed_line(
    visit: Visit,
    devices: dict[str, Device],
    request: pytest.FixtureRequest,
    village: Village,
    tmp_path: Path,
) -> None:
    people = People(visit, devices, {name: request.getfixturevalue(name) for name in devices})
    found = record(people, village)
    assert found.state == Finding.State.OPEN
    work(timezone.now())
    read_the_notice(people, found)
    rectify(people, found)
    work(timezone.now())
    city = check_and_close(people, found)
    read_the_ledger(city, found, people.language("hso"), tmp_path)
