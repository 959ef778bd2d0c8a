"""The project's own sources, as the architecture tests read them."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def layers() -> dict[str, int]:
    """Return each app's height: what stands higher may use what stands lower."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rows = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    heights = {
        app.strip(): len(rows) - row
        for row, apps in enumerate(rows)
        for app in apps.replace(":", "|").split("|")
    }
    return heights | {"dalian_rural": len(rows) + 1}


def apps() -> list[str]:
    """Return the names of our packages."""
    return [name for name in layers() if "." not in name]


@cache
def modules() -> dict[Path, ast.Module]:
    """Return every module of our packages and scripts, parsed, without migrations and tests."""
    found = {}
    for folder in [*apps(), "scripts"]:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                found[path.relative_to(ROOT)] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Walk every function."""
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, FUNCTION):
                yield path, node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines, its docstring apart."""
    first = node.body[0]
    is_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(node.body) > 1
    )
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if is_docstring else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def templates() -> dict[Path, str]:
    """Return every template's text."""
    return {
        p.relative_to(ROOT): p.read_text(encoding="utf-8")
        for p in sorted((ROOT / "templates").rglob("*.html"))
    }


def built(suffix: str) -> dict[Path, str]:
    """Return the built assets of a kind."""
    folder = ROOT / "static" / "dist"
    return {p.relative_to(ROOT): p.read_text(encoding="utf-8") for p in sorted(folder.rglob(f"*{suffix}"))}
