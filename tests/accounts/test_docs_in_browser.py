"""The API's documentation in a real browser, under our content security policy."""

import pytest
from playwright.sync_api import sync_playwright

pytestmark = pytest.mark.browser


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_documentation_renders_with_nothing_blocked_and_nothing_from_outside(
    committed, chromium, live_server, client_for, huajia_official
):
    session = client_for(huajia_official).cookies["sessionid"].value
    asked: list[str] = []
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{live_server.url}/api/v1/docs/")
        page.locator(".opblock").first.wait_for()
        browser.close()
    assert said == []
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
