"""An inspector's phone: a visit is begun, a problem recorded from the sheet, points photographed, all submitted."""

import os
import uuid
from pathlib import Path
from typing import Any

from django.utils import timezone

from inspections.models import Finding, Visit, VisitPhoto
from inspections.points import Point
from tests.browser.visiting import DESK, PHONE, Visitor, begin, sideways, violations
from tests.inspections.sheets import sheet
from tests.samples import jpeg

SHOTS = os.environ.get("SHOTS", "")


def looked_at(visitor: Visitor, path: str, name: str) -> None:
    """Open a page and insist that axe finds nothing and nothing is wider than the screen."""
    page = visitor.go(path)
    begin(page)
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS, f"{name}.png")), full_page=True)
    assert violations(page) == [], path
    assert sideways(page) <= 0, path


def test_a_visit_is_carried_out_on_a_phone(
    visit: Any, inspector: Any, village: Any, item: Any, tmp_path: Path
) -> None:
    phone = visit(inspector, PHONE)
    looked_at(phone, "/visits/", "list-empty")
    looked_at(phone, f"/visits/new/?village={village.pk}", "new")
    page = phone.page
    page.check(f"input[name=village][value='{village.pk}']", force=True)
    page.click(".sticky-bar button[type=submit]")
    page.wait_for_url("**/sheet/")
    made = Visit.objects.get()
    looked_at(phone, f"/visits/{made.pk}/sheet/", "sheet")

    # what was filled in stands again after a look aside
    page.check("#id_point-entrance-status_0", force=True)
    page.fill("[name=notes]", "村容整洁")
    page.wait_for_timeout(600)
    page.click("#point-water a.btn")
    page.wait_for_url("**/findings/new/**")
    looked_at(phone, f"/findings/new/?visit={made.pk}&point=water", "record")
    shot = tmp_path / "a.jpg"
    shot.write_bytes(jpeg(1, (160, 120)))
    page.set_input_files("[data-photos-album]", str(shot))
    page.click("a[href$='all_items=1']")
    page.check(f"input[name=item][value='{item.pk}']", force=True)
    page.fill("[name=description]", "沟渠漂浮物")
    page.click(".sticky-bar button[type=submit]")
    page.wait_for_url("**/sheet/")
    assert page.input_value("[name=notes]") == "村容整洁"
    assert page.is_checked("#id_point-entrance-status_0")
    found = Finding.objects.get()
    assert (found.visit_id, found.point) == (made.pk, "water")

    for n, code in enumerate(Point.values):
        shot.write_bytes(jpeg(10 + n, (160, 120)))
        page.set_input_files(f"#point-{code} [data-photos-album]", str(shot))
        page.locator(f"#point-{code} .shot.is-done").wait_for()
        place = 1 if code == "water" else 0
        page.check(f"#id_point-{code}-status_{place}", force=True)
    for field in page.locator(".sheet__count input").all():
        field.fill("8")
    page.click("[data-sheet-rest]")
    page.locator("[data-sheet-left]:empty").wait_for(state="attached")
    page.click(".sticky-bar button[type=submit]")
    page.wait_for_url(f"**/visits/{made.pk}/")
    made.refresh_from_db()
    assert made.submitted_at is not None
    assert VisitPhoto.objects.filter(visit=made).count() == 9
    assert Finding.objects.get().state == "open"
    looked_at(phone, f"/visits/{made.pk}/", "visit")
    phone.watch.quiet()


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
    desk.watch.quiet()
