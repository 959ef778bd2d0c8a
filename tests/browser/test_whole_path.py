"""From a photographed problem to a closed line of the ledger, by four people in real browsers."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
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


def record_on_a_phone(visit: Visit, inspector: User, village: Village) -> Finding:
    """Sign in, photograph, lose the line in the middle, submit, get the line back."""
    phone = visit(size=PHONE)
    phone.watch.expected = ("ERR_FAILED", "ERR_INTERNET_DISCONNECTED", "Failed to load resource")
    page = phone.go("/accounts/login/")
    page.click("button[name=language][value=en]")
    page.get_by_role("heading", name="Sign in").wait_for()
    page.click("button[name=language][value=zh-hans]")
    page.get_by_role("heading", name="登录").wait_for()
    phone.sign_in("inspector", PASSWORD)
    page = phone.go("/findings/new/")
    with page.expect_file_chooser() as chooser:
        page.locator("label:has([data-photos-camera])").click()
    chooser.value.set_files([picture(1)])
    page.locator(".tray__list li").first.wait_for()
    choose(phone, village)
    page.route(PHOTOS, lambda route: route.abort())
    page.set_input_files("[data-photos-album]", [picture(2), picture(3)])
    page.locator(".tray__list li").nth(2).wait_for()
    page.fill("#id_description", "村口垃圾桶满溢，散落路面")
    page.click("#record-form button[data-photos-submit]")
    page.locator("#stored progress").wait_for()
    found = Finding.objects.get()
    assert found.state == Finding.State.REPORTED
    page.unroute(PHOTOS)
    page.reload()  # the phone was put away and taken out again
    page.locator("#stored:not(:has(progress))").wait_for(timeout=60_000)
    assert Photo.objects.filter(parent_id=found.pk).count() == 3
    phone.watch.quiet()
    return Finding.objects.get(pk=found.pk)


def read_the_notice(visit: Visit, found: Finding, secretary: User, official: User) -> None:
    """Look at the notices of those who must know at once, the secretary's on a phone."""
    for user in (secretary, official):
        notice = Notice.objects.filter(user=user).visible(timezone.now()).latest("created_at")
        assert notice.created_at - found.issued_at < timedelta(minutes=1)
    phone = visit(secretary, PHONE)
    page = phone.go("/notices/")
    page.get_by_role("link").filter(has_text=found.village.name).first.click()
    page.wait_for_url(f"**{found.get_absolute_url()}")
    phone.watch.quiet()


def rectify_at_a_desk(visit: Visit, found: Finding, official: User) -> None:
    """Type, reload, lose the session, sign in again, paste, drag, submit."""
    desk = visit(official, DESK)
    page = desk.go(f"/findings/{found.pk}/rectify/")
    page.fill("#id_measures", "组织保洁员清运，增设两个垃圾桶")
    page.fill("#id_result", "已清理干净")
    page.wait_for_timeout(700)  # typing is kept half a second later
    page.reload()
    assert page.input_value("#id_measures") == "组织保洁员清运，增设两个垃圾桶"
    hand_over(page, "body", "paste", picture(11))
    page.locator(".tray__list li").first.wait_for()
    hand_over(page, ".tray", "drop", picture(12))
    page.locator(".tray__list li").nth(1).wait_for()
    page.locator(".tray__list .is-done").nth(1).wait_for()
    desk.context.clear_cookies(name="sessionid")
    page.click("#rectify-form button[data-photos-submit]")
    page.wait_for_url("**/accounts/login/**")
    desk.sign_in(official.username, PASSWORD)
    page.wait_for_url("**/rectify/")
    assert page.input_value("#id_measures") == "组织保洁员清运，增设两个垃圾桶"
    assert page.input_value("#id_result") == "已清理干净"
    page.click("#rectify-form button[data-photos-submit]")
    page.wait_for_url(f"**{found.get_absolute_url()}")
    assert Finding.objects.get(pk=found.pk).state == Finding.State.SUBMITTED
    assert found.photo_uses.filter(side="after").count() == 2
    desk.watch.quiet()


def check_and_close(visit: Visit, found: Finding, county: User, city: User) -> Visitor:
    """Check by key, close by key, take it back, close again."""
    first = visit(county, DESK)
    page = first.go("/findings/review/")
    page.keyboard.press("a")
    page.locator("#case .empty").wait_for()
    assert Finding.objects.get(pk=found.pk).state == Finding.State.CHECKED
    first.watch.quiet()
    second = visit(city, DESK)
    page = second.go("/findings/review/")
    assert page.locator("#case img").count() >= 2
    page.keyboard.press("a")
    page.locator("#case .empty").wait_for()
    assert Finding.objects.get(pk=found.pk).state == Finding.State.CLOSED
    page.get_by_role("button", name="撤销").click()
    page.locator(f"#case a[href='{found.get_absolute_url()}']").wait_for()
    assert Finding.objects.get(pk=found.pk).state == Finding.State.CHECKED
    page.keyboard.press("a")
    page.locator("#case .empty").wait_for()
    return second


def read_the_ledger(city: Visitor, found: Finding, folder: Path) -> None:
    """Find the line among the closed ones and take the workbook home."""
    page = city.go("/findings/?state=closed")
    page.get_by_role("link", name=found.number).first.wait_for()
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


@pytest.mark.usefixtures("item", "hso", "jinpu_office", "huajia_official", "secretary", "inspector")
def test_a_problem_goes_from_the_phone_to_the_closed_line(
    visit: Visit, request: pytest.FixtureRequest, village: Village, tmp_path: Path
) -> None:
    person = request.getfixturevalue
    found = record_on_a_phone(visit, person("inspector"), village)
    assert found.state == Finding.State.OPEN
    work(timezone.now())
    read_the_notice(visit, found, person("secretary"), person("huajia_official"))
    rectify_at_a_desk(visit, found, person("huajia_official"))
    work(timezone.now())
    city = check_and_close(visit, found, person("jinpu_office"), person("hso"))
    read_the_ledger(city, found, tmp_path)
