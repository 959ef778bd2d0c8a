"""A real browser for tests: pages that are watched for errors, blocked content and outside hosts; axe-core."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}}
SIZES = {"phone": PHONE, "desk": DESK}


@dataclass
class Watch:
    """What a context's pages have asked for and said."""

    origin: str
    outside: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()  # what a test provokes itself (a cut line, a refused form)

    def follow(self, page: Page) -> None:
        """Listen to a page."""
        page.on("request", lambda request: self._asked(request.url))
        page.on("console", lambda message: self._heard(message.type, message.text, page.url))
        page.on("pageerror", lambda error: self.said.append(f"{page.url}: {error}"))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.origin, "data:", "blob:", "about:")):
            self.outside.append(url)

    def _heard(self, kind: str, text: str, url: str) -> None:
        if kind in {"error", "warning"} and not any(words in text for words in self.expected):
            self.said.append(f"{url}: {text}")

    def quiet(self) -> None:
        """Insist that nothing went wrong behind the page."""
        assert self.outside == []
        assert self.said == []


class Visitor:
    """One person with one device."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.context, self.origin = context, origin
        self.watch = Watch(origin)
        self.page = context.new_page()
        self.watch.follow(self.page)

    def go(self, path: str) -> Page:
        """Open an address and wait until the page stands."""
        response = self.page.goto(self.origin + path, wait_until="load")
        assert response is not None
        assert response.status < 400, f"{path}: {response.status}"
        return self.page

    def sign_in(self, username: str, password: str) -> None:
        """Sign in by the form that is on the screen."""
        self.page.fill("[name=login]", username)
        self.page.fill("[name=password]", password)
        self.page.click(".sign__form form[data-js=once] button[type=submit]")
        self.page.wait_for_load_state()


Visit = Callable[..., Visitor]


@contextmanager
def browser(executable: str) -> Iterator[Browser]:
    """Run one Chromium."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            yield running
        finally:
            running.close()


@cache
def axe_source() -> str:
    """Return axe-core as npm has installed it."""
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # only these are described in full
}
BEGIN = "rules => { window.axeFound = new Promise(done => setTimeout(done)).then(() => axe.run(document, rules)) }"


def begin(page: Page) -> None:
    """Let axe-core begin with the page; `violations` waits for it."""
    page.evaluate(axe_source())  # by the debugger's protocol: the policy of the page stays as it is
    page.evaluate(BEGIN, RULES)


def violations(page: Page) -> list[str]:
    """Return each violation that axe-core has found, with where it stands."""
    found: Any = page.evaluate("window.axeFound")
    return [
        f"{rule['id']}: {node['target'][0]} {node['html'][:160]}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]


TEXTS = r"""() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (parent.closest("script, style, template, [lang]:not(html)") === null) {
            found.push(walker.currentNode.data.trim().replace(/\s+/g, " "));
        }
    }
    return found.concat(document.title);
}"""


def texts(page: Page) -> list[str]:
    """Return the page's pieces of text, without those that say themselves in which language they are."""
    return list(page.evaluate(TEXTS))


@cache
def _catalog() -> dict[str, str]:
    """Return the Chinese of every plain string that differs from its English."""
    with (ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po").open("rb") as file:
        found = {str(row.id): str(row.string) for row in read_po(file) if row.id and row.string}
    return {english: chinese for english, chinese in found.items() if english != chinese}


def english_words() -> set[str]:
    """Return the English of all that is translated."""
    return set(_catalog())


def chinese_words() -> set[str]:
    """Return the Chinese of all that is translated."""
    return set(_catalog().values())


def strange(page: Page, language: str) -> list[str]:
    """Return the texts on the page that the catalog knows in the other language."""
    chosen = set(texts(page)) & (english_words() if language == "zh" else chinese_words())
    return [f"is not translated: {text}" for text in sorted(chosen)]


def sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than the screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
