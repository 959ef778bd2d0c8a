"""What is sent to a browser stays within the content policy and the browser floor."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, built, templates

OUTSIDE = re.compile(r"""(?:src|href|action|srcset|content)\s*=\s*["']\s*(?:https?:)?//""", re.I)
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\b(?:src|nonce)=)[^>]*>", re.I)
COMMENT = re.compile(r"\{#.*?#\}|\{%\s*comment.*?endcomment\s*%\}", re.S)
HANDLER = re.compile(r"<[^>]+\son[a-z]+\s*=", re.I)
STYLE = re.compile(r"<[^>]+\sstyle\s*=|<style(?![^>]*nonce=)", re.I)

# Documents are printed or opened in Word, away from the site: they carry their own styles.
CSS_ABOVE_THE_FLOOR = {
    "cascade layers (Chromium 99)": r"@layer\b",
    "container queries (105)": r"@container\b",
    "nesting (112)": r"[{;]\s*&[ .:#\[>]",
    ":has() (105)": r":has\(",
    "color-mix() (111)": r"color-mix\(",
    "oklch() (111)": r"\bok(?:lch|lab)\(",
    "dynamic viewport units (108)": r"\d[dsl]v[hw]\b",
    "subgrid (117)": r"\bsubgrid\b",
    "media range syntax (104)": r"@media[^{]*\((?:width|height)\s*[<>]",
    "individual transforms (104)": r"[;{]\s*(?:rotate|scale|translate)\s*:",
}
JS_ABOVE_THE_FLOOR = {
    "Array.at (92)": r"\.at\(-?\d*\)",
    "Object.hasOwn (93)": r"\bObject\.hasOwn\(",
    "class static blocks (94)": r"\bstatic\s*\{",
    "structuredClone (98)": r"\bstructuredClone\(",
    "findLast (97)": r"\.findLast(?:Index)?\(",
    "change array by copy (110)": r"\.to(?:Sorted|Reversed|Spliced)\(",
    "groupBy (117)": r"\b(?:Object|Map)\.groupBy\(",
    "AbortSignal.timeout (103)": r"\bAbortSignal\.(?:timeout|any)\(",
    "randomUUID (92; Safari 15.4)": r"\.randomUUID\(",
    "Promise.withResolvers (119)": r"\bPromise\.withResolvers\(",
    "View transitions (111)": r"\.startViewTransition\(",
}
# htmx asks whether the browser can before it uses these
ASKED_FIRST = {"View transitions (111)"}


def offenders(pattern: re.Pattern[str], texts: dict[Path, str]) -> list[str]:
    """List the files and places where a pattern stands."""
    return [f"{path}: {found[0][:80]}" for path, text in texts.items() for found in pattern.finditer(text)]


@pytest.mark.parametrize(
    "pattern", [OUTSIDE, INLINE_SCRIPT, HANDLER, STYLE], ids=["outside", "script", "on", "style"]
)
def test_no_template_goes_past_the_content_policy(pattern: re.Pattern[str]) -> None:
    pages = {
        path: re.sub(r"\{#.*?#\}|\{%\s*comment.*?endcomment\s*%\}", "", text, flags=re.S)
        for path, text in templates().items()
    }
    assert offenders(pattern, pages) == []


def test_built_assets_load_nothing_from_another_host() -> None:
    css = offenders(re.compile(r"""(?:url\(\s*|@import\s*)["']?(?:https?:)?//"""), built(".css"))
    js = offenders(
        re.compile(r"""(?:import|fetch|importScripts)\s*\(?\s*["'`](?:https?:)?//"""), built(".js")
    )
    assert css + js == []


@pytest.mark.parametrize("feature", CSS_ABOVE_THE_FLOOR)
def test_css_is_below_the_browser_floor(feature: str) -> None:
    texts = {path: re.sub(r"/\*.*?\*/", "", text, flags=re.S) for path, text in built(".css").items()}
    assert offenders(re.compile(CSS_ABOVE_THE_FLOOR[feature]), texts) == []


@pytest.mark.parametrize("feature", [name for name in JS_ABOVE_THE_FLOOR if name not in ASKED_FIRST])
def test_javascript_is_below_the_browser_floor(feature: str) -> None:
    name = JS_ABOVE_THE_FLOOR[feature]
    brought_along = re.compile(name.replace(r"\(", "") + r"\s*(?:\|\||\?\?)?=[^=>]")
    texts = {path: text for path, text in built(".js").items() if not brought_along.search(text)}
    assert offenders(re.compile(name), texts) == []


def test_the_assets_are_built() -> None:
    """The other tests here would pass on an empty folder."""
    if not (ROOT / "package.json").exists():
        pytest.skip("no front end")
    assert built(".css")
    assert built(".js")
