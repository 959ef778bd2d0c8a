"""Keep the Chinese catalog: the one way to read and write locale/zh_Hans/LC_MESSAGES/django.po.

    python scripts/translations.py COMMAND
        update             read the strings from templates and Python, keep every translation
        add FILE.json      {"English": "中文", "%(n)s item": ["%(n)s 项"]}; - reads standard input
        missing [PATH …]   print the untranslated strings of these paths as JSON for `add`
        compile            write django.mo (no msgfmt needed)
        check              fail on whatever a reader would notice

A string with a context is written "context|string" in the JSON. The commands lock the catalog, so several people may
work at once. The file is sorted and carries no line numbers, so that a change shows in a diff as itself.
"""

import argparse
import fcntl
import io
import json
import os
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
APPS = [
    "dalian_rural",
    "rewards",
    "assessments",
    "inspections",
    "plans",
    "schemes",
    "notifications",
    "accounts",
    "villages",
    "audit",
]
LAZY_KEYWORDS: dict[str, Any] = {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
KEYWORDS: dict[str, Any] = {**DEFAULT_KEYWORDS, **LAZY_KEYWORDS}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd%]|\{\w*\}")
CHINESE = "\u3007\u3400-\u9fff"
HALF_WIDTH = re.compile(
    rf"[{CHINESE}] ?[,:;?!]|[{CHINESE}] ?\.(?=\s|$|[{CHINESE}])|[{CHINESE}] ?[()]|[()] ?[{CHINESE}]"
)

# a string's identity in a catalog: its context (or None) and its singular form
Key = tuple[str | None, str]


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update").add_argument(
        "--prune", action="store_true", help="drop what no source uses"
    )
    commands.add_parser("add").add_argument("file")
    commands.add_parser("missing").add_argument("paths", nargs="*")
    commands.add_parser("compile")
    commands.add_parser("check")
    options = parser.parse_args(argv)
    if not settings.configured:
        settings.configure(USE_I18N=True)
        django.setup()
    with locked():
        return int(globals()[f"command_{options.command}"](options) or 0)


@contextmanager
def locked() -> Iterator[None]:
    """Hold the catalog's lock: the folder itself is what is locked."""
    CATALOG.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(CATALOG.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


# --- commands -------------------------------------------------------------------------------------------------
def command_update(options: argparse.Namespace) -> None:
    """Bring the catalog in line with the sources."""
    catalog = merged(stored(), sources())
    if options.prune:
        catalog.obsolete.clear()
    write(catalog)
    print(
        f"{len(catalog)} strings, {len(untranslated(catalog))} untranslated, {len(catalog.obsolete)} obsolete"
    )


def command_add(options: argparse.Namespace) -> int:
    """Store the translations of a JSON file; those whose string no source has yet wait as obsolete."""
    text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text(encoding="utf-8")
    given = {split_key(key): value for key, value in json.loads(text).items()}
    catalog = merged(stored(), sources(), given)
    waiting = [key for key in given if key in keys(catalog.obsolete.values())]
    problems = [p for m in [*catalog, *catalog.obsolete.values()] if key_of(m) in given for p in faults_of(m)]
    write(catalog)
    for key in waiting:
        print(f"no source has this string (yet): {key[1]!r}", file=sys.stderr)
    print(*problems, sep="\n", file=sys.stderr)
    print(
        f"{len(given)} stored, {len(waiting)} of them not in the sources yet, {len(untranslated(catalog))} missing"
    )
    return 1 if problems else 0


def command_missing(options: argparse.Namespace) -> None:
    """Print what still needs Chinese, ready to be filled in and given to `add`."""
    wanted = [m for m in untranslated(merged(stored(), sources())) if under(m, options.paths)]
    print(
        json.dumps(
            {join_key(m): [""] if m.pluralizable else "" for m in wanted}, ensure_ascii=False, indent=1
        )
    )


def command_compile(_: argparse.Namespace) -> None:
    """Write the binary catalog that Django reads, whole or not at all: somebody may be reading it."""
    scratch = CATALOG.with_suffix(".mo.new")
    with scratch.open("wb") as file:
        write_mo(file, stored())
    scratch.replace(CATALOG.with_suffix(".mo"))


def command_check(_: argparse.Namespace) -> int:
    """Report everything that is wrong with the catalog."""
    catalog = merged(stored(), sources())
    problems = [f"untranslated: {where(m)}{join_key(m)!r}" for m in untranslated(catalog)]
    problems += [f"fuzzy: {join_key(m)!r}" for m in catalog if m.fuzzy and m.id]
    problems += [f"obsolete: {join_key(m)!r}" for m in catalog.obsolete.values()]
    problems += [p for m in catalog for p in faults_of(m)]
    print(*problems, f"{len(catalog)} strings, {len(problems)} problems", sep="\n")
    return 1 if problems else 0


# --- catalogs -------------------------------------------------------------------------------------------------
def empty() -> Catalog:
    """Make a catalog whose header never changes, so that two people's edits do not meet there."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    catalog = Catalog(
        locale="zh_Hans",
        domain="django",
        project="dalian-rural",
        creation_date=moment,
        revision_date=moment,
        header_comment="# Edited only through scripts/translations.py.",
        fuzzy=False,
    )
    catalog.last_translator, catalog.language_team = "dalian-rural", "zh_Hans"
    catalog.msgid_bugs_address = catalog.copyright_holder = "dalian-rural"
    return catalog


def stored() -> Catalog:
    """Read the catalog from the disk."""
    if not CATALOG.exists():
        return empty()
    with CATALOG.open("rb") as file:
        return read_po(file, locale="zh_Hans", domain="django")


def sources() -> Catalog:
    """Collect every string of the templates and the Python files, with the file it stands in."""
    catalog = empty()
    for path in source_files():
        name = str(path.relative_to(ROOT))
        for _, message, _, context in strings_of(path):
            catalog.add(message, locations=[(name, 0)], context=context)
    return catalog


def source_files() -> Iterator[Path]:
    """Walk the files whose strings people read: templates and the apps' Python, never tests."""
    for app in APPS:
        yield from (p for p in sorted((ROOT / app).rglob("*.py")) if "migrations" not in p.parts)
        yield from sorted((ROOT / app).rglob("templates/**/*.*"))
    yield from sorted(p for p in (ROOT / "templates").rglob("*") if p.suffix in {".html", ".txt"})


def strings_of(path: Path) -> list[Any]:
    """Extract one file's strings; a file that somebody is just writing is passed over with a word."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            # Django's own reading of a template; indentation means nothing to it and much to Python's tokenizer
            text = "\n".join(line.lstrip() for line in templatize(text).splitlines())
        return list(extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS))
    except (SyntaxError, tokenize.TokenError, FileNotFoundError) as error:
        print(f"{path.relative_to(ROOT)} cannot be read: {error}", file=sys.stderr)
        return []


def merged(old: Catalog, found: Catalog, given: dict[Key, Any] | None = None) -> Catalog:
    """Put the known translations onto the strings found; what no source has becomes obsolete, not lost."""
    known: dict[Key, Any] = {key_of(m): m for m in [*old.obsolete.values(), *old] if m.id}
    new = empty()
    for message in found:
        if message.id:
            key = key_of(message)
            before = known.pop(key, None)
            text = (given or {}).get(key) or (before.string if before else "")
            new.add(
                message.id,
                fit(message, text),
                context=message.context,
                locations=message.locations,
                flags=message.flags
                | ({"fuzzy"} if before and before.fuzzy and key not in (given or {}) else set()),
            )
    present = {key_of(m) for m in new}
    known |= {
        k: Message(k[1], v if isinstance(v, str) else v[0], context=k[0])
        for k, v in (given or {}).items()
        if k not in present
    }
    new.obsolete.update({new._key_for(m.id, m.context): m for m in known.values() if any(texts_of(m))})
    return new


def fit(message: Message, text: Any) -> Any:
    """Give a translation the shape its string needs: Chinese has one form for every number."""
    first = text if isinstance(text, str) else (list(text) or [""])[0]
    return (first,) if message.pluralizable else first


def write(catalog: Catalog) -> None:
    """Write the catalog in its one stable form, whole or not at all."""
    scratch = CATALOG.with_suffix(".po.new")
    with scratch.open("wb") as file:
        write_po(file, catalog, no_location=True, sort_output=True, width=110, omit_header=False)
    scratch.replace(CATALOG)


# --- messages -------------------------------------------------------------------------------------------------
def key_of(message: Message) -> Key:
    """Name a message by its context and singular."""
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def keys(messages: Iterable[Message]) -> set[Key]:
    """Name several messages."""
    return {key_of(message) for message in messages}


def join_key(message: Message) -> str:
    """Write a message's identity as the JSON has it."""
    context, text = key_of(message)
    return f"{context}|{text}" if context else text


def split_key(key: str) -> Key:
    """Read a message's identity from the JSON: a context is one word before the bar."""
    context, bar, text = key.partition("|")
    return (context, text) if bar and re.fullmatch(r"[\w -]+", context) else (None, key)


def texts_of(message: Message) -> tuple[str, ...]:
    """List a message's translations."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def untranslated(catalog: Catalog) -> list[Message]:
    """List the messages that have no Chinese."""
    return [m for m in catalog if m.id and not all(texts_of(m))]


def under(message: Message, paths: list[str]) -> bool:
    """Tell whether a message stands in a file below one of these paths."""
    return not paths or any(
        name.startswith(path.rstrip("*")) for name, _ in message.locations for path in paths
    )


def where(message: Message) -> str:
    """Say where a message stands."""
    return f"{message.locations[0][0]}: " if message.locations else ""


def faults_of(message: Message) -> Iterator[str]:
    """Find what is wrong with one translation: other placeholders, half-width punctuation."""
    originals = [message.id] if isinstance(message.id, str) else list(message.id)
    for text in filter(None, texts_of(message) if message.id else ()):
        if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(originals[-1])):
            yield f"placeholders differ: {join_key(message)!r}: {text!r}"
        if HALF_WIDTH.search(PLACEHOLDER.sub("x", re.sub(r"<[^>]*>|https?://\S+", "", text))):
            yield f"half-width punctuation: {text!r}"


if __name__ == "__main__":
    sys.exit(main())
