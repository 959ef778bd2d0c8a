"""The code keeps its shape: layers, sizes, names."""

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.db import models

from tests.architecture.source import FUNCTION, ROOT, functions, layers, length, modules

FORBIDDEN = {"services", "selectors", "utils", "helpers", "signals", "core"}
# the one that puts the triggers back, and those that write down who signed in
RECEIVERS = {"post_migrate", "user_logged_in", "user_logged_out", "user_login_failed", "user_locked_out"}


def references() -> Iterator[tuple[type[models.Model], models.Field, type[models.Model]]]:
    """Walk the foreign keys from our models to our models."""
    for model in apps.get_models():
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            forward = isinstance(field, models.ForeignKey | models.ManyToManyField)
            if forward and target and {model._meta.app_label, target._meta.app_label} <= set(layers()):
                yield model, field, target


def test_foreign_keys_point_downwards() -> None:
    """The import linter cannot see references that are strings."""
    heights = layers()
    upwards = [
        f"{model._meta.label}.{field.name} → {target._meta.label}"
        for model, field, target in references()
        if model._meta.app_label != target._meta.app_label
        and heights[model._meta.app_label] <= heights[target._meta.app_label]
    ]
    assert upwards == []


def test_functions_are_short() -> None:
    lengths = sorted(length(node) for _, node in functions())
    too_long = [f"{path}: {node.name} ({length(node)})" for path, node in functions() if length(node) > 60]
    assert too_long == []
    assert statistics.median(lengths) <= 8
    assert lengths[int(len(lengths) * 0.9)] <= 25


def test_modules_stay_under_500_lines() -> None:
    lines = {str(path): len((ROOT / path).read_text().splitlines()) for path in modules()}
    assert {path: count for path, count in lines.items() if count > 500} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [str(path) for path in modules() if FORBIDDEN & {*path.parts[:-1], path.stem}]
    assert named == []


def test_nothing_of_ours_is_imported_inside_a_function() -> None:
    ours = {*(name for name in layers() if "." not in name), "scripts"}
    found = []
    for path, function in functions():
        for node in ast.walk(function):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path}:{node.lineno}" for name in names if name.split(".")[0] in ours]
    assert found == []


def test_signal_receivers_are_the_allowed_ones() -> None:
    found = []
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "connect"
            ):
                found.append((str(path), ast.unparse(node.func.value).rpartition(".")[2]))
            if isinstance(node, FUNCTION):
                calls = (ast.unparse(decorator) for decorator in node.decorator_list)
                found += [
                    (str(path), name)
                    for call in calls
                    if call.startswith("receiver(")
                    for name in re.findall(r"\w+", call.partition("(")[2])
                ]
    ours = [
        (path, name)
        for path, name in found
        if not name.startswith(("probe", "socket", "sqlite3", "psycopg2"))
    ]
    assert [pair for pair in ours if pair[1] not in RECEIVERS] == []
    assert sum(name == "post_migrate" for _, name in ours) <= 1


def test_saving_does_no_work() -> None:
    overriding = [
        f"{path}: {node.name}"
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and "models" in (*path.parts, path.stem)
        for inner in node.body
        if isinstance(inner, FUNCTION) and inner.name == "save"
    ]
    assert overriding == []


def test_models_have_no_ordering_of_their_own() -> None:
    ours = set(layers())
    ordered = [m._meta.label for m in apps.get_models() if m._meta.app_label in ours and m._meta.ordering]
    assert ordered == []


def test_public_functions_say_what_they_do() -> None:
    silent = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in modules().items()
        for node in public(tree)
        if not ast.get_docstring(node)
    ]
    assert silent == []


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Walk the functions of a module that others may call."""
    yield from (node for node in tree.body if isinstance(node, FUNCTION) and not node.name.startswith("_"))


def test_migrations_are_named_and_keep_data_apart_from_schema() -> None:
    wrong = []
    for app in layers():
        for path in (ROOT / app / "migrations").glob("[0-9]*.py"):
            text = path.read_text(encoding="utf-8")
            schema = re.search(r"migrations\.(CreateModel|AddField|AlterField|RemoveField)\(", text)
            if "_auto_" in path.name or ("migrations.RunPython(" in text and schema):
                wrong.append(str(Path(app) / path.name))
    assert wrong == []


def test_no_translation_hides_inside_an_f_string() -> None:
    """The catalog's extractor does not look there, so such a text would stay English unnoticed."""
    hidden = re.compile(r"""f(['"]).*\{[^}]*\b(_|gettext|ngettext|pgettext)\(["']""")
    lines = [
        f"{path}:{number}"
        for path in modules()
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        if hidden.search(line)
    ]
    assert lines == []
