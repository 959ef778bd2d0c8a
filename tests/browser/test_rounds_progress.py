"""The progress of a round in a browser: a chart, and the table that says the same, by a switch; dark colours too."""

from typing import Any

import pytest
from django.utils import timezone

from tests.browser import rounds_pages
from tests.browser.visiting import SIZES, Visit, begin, sideways, violations
from villages.models import Division

CAST = ("hso", "inspector", "agency")


@pytest.mark.parametrize("size", SIZES)
def test_a_switch_shows_the_progress_as_a_table_and_as_a_chart_again(
    committed: None,
    visit: Visit,
    request: pytest.FixtureRequest,
    city: Division,
    huajia: Division,
    item: Any,
    size: str,
) -> None:
    people = {name: request.getfixturevalue(name) for name in CAST}
    pages = rounds_pages.stage(people, city, [huajia], timezone.now())["hso"]
    device = visit(people["hso"], SIZES[size])
    device.context.add_cookies([{"name": "theme", "value": "dark", "url": device.origin}])
    page = device.go(next(path for path in pages if path.endswith("/progress/")))
    chart, table = page.locator("[data-chart-canvas]"), page.locator("#progress-table")
    assert (chart.is_visible(), table.is_visible()) == (True, False)
    assert page.evaluate("document.querySelector('[data-chart-canvas] canvas').width") > 0
    switch = page.locator("[data-chart] > button")
    switch.focus()
    page.keyboard.press("Enter")
    assert (chart.is_visible(), table.is_visible()) == (False, True)
    assert "金普新区" in table.inner_text()
    begin(page)
    assert violations(page) == []
    assert sideways(page) == 0
    switch.click()
    assert (chart.is_visible(), table.is_visible()) == (True, False)
    device.watch.quiet()
