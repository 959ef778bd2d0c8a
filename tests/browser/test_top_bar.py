"""The top bar in a browser: suggestions under the search box, and the choice of a place."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Post, Role
from tests.browser.visiting import SIZES, Visit, begin, sideways, violations
from tests.inspections.making import report
from villages.models import Division, Village


def accessible(page: Any) -> None:
    """Let axe look at what is open now."""
    begin(page)
    assert violations(page) == []
    assert sideways(page) == 0


@pytest.mark.parametrize(
    ("size", "path", "box"), [("desk", "/guidance/", "#top-q"), ("phone", "/search/", "#q")]
)
def test_a_suggestion_is_reached_with_keys_alone(
    visit: Visit, hso: Any, village: Village, item: Any, size: str, path: str, box: str
) -> None:
    device = visit(hso, SIZES[size])
    page = device.go(path)
    page.focus(box)
    page.keyboard.type(village.name)
    page.get_by_role("option").first.wait_for()
    accessible(page)
    page.keyboard.press("Escape")
    assert page.get_by_role("option").count() == 0
    assert page.input_value(box) == village.name
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.locator("[role=option][aria-selected=true]").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{village.get_absolute_url()}")
    device.watch.quiet()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_one_place_of_several_is_chosen_and_left_again(
    visit: Visit,
    huajia_official: Any,
    inspector: Any,
    xiangying: Division,
    village: Village,
    sibling_village: Village,
    item: Any,
    size: str,
    scripts: bool,
) -> None:
    now = timezone.now()
    Post.objects.create(
        user=huajia_official, role=Role.TOWNSHIP, division=xiangying, since=timezone.localdate(now)
    )
    here, there = (report(inspector, place, item, now) for place in (village, sibling_village))
    device = visit(huajia_official, SIZES[size], java_script_enabled=scripts)
    page = device.go("/")
    page.locator(".top__scopes summary").click()
    if scripts:
        accessible(page)
    page.locator(f".top__scopes button[value='{xiangying.pk}']").click()
    page.locator(".message form, form.message").wait_for()
    assert page.locator(f"a[href^='{there.get_absolute_url()}']").count() >= 1
    assert page.locator(f"a[href^='{here.get_absolute_url()}']").count() == 0
    page.locator("form.message button").click()
    page.locator(f"a[href^='{here.get_absolute_url()}']").first.wait_for()
    assert page.locator("form.message").count() == 0
    device.watch.quiet()
