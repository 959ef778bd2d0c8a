"""Browser and visitors for the tests of this folder."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser

from tests.browser.visiting import DESK, Visit, Visitor, browser

# playwright keeps an event loop in this thread; the tests read the database between two clicks
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as a browser test; the driver's pipes are closed by its own process."""
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))


@pytest.fixture(scope="session")
def running_browser(chromium: str) -> Iterator[Browser]:
    with browser(chromium) as running:
        yield running
        connections.close_all()  # those that were opened while the driver's loop ran: without it nobody finds them


@pytest.fixture
def visit(committed: None, running_browser: Browser, live_server: Any, client_for: Any) -> Iterator[Visit]:
    """Return what opens a device: for a user who is signed in, or for nobody; each is watched until the end."""
    with ExitStack() as stack:

        def open_device(user: Any = None, size: Any = DESK, language: str = "zh-CN", **more: Any) -> Visitor:
            context = running_browser.new_context(**size, locale=language, reduced_motion="reduce", **more)
            stack.callback(context.close)
            context.set_default_timeout(20_000)
            if user:
                session = client_for(user).cookies["sessionid"].value
                context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
            return Visitor(context, live_server.url)

        yield open_device
