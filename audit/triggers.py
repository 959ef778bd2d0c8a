"""Append-only tables, kept by the database itself.

A model says `append_only = True` (no row may change or go) or `append_only_when = "<SQL on OLD>"` (rows for
which the condition holds may not; `append_only_except` names the columns that may change all the same). The one
post_migrate receiver puts the triggers back after every migrate, because SQLite rebuilds a table on AlterField and
forgets them, and after every flush.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


@dataclass(frozen=True)
class Guard:
    """One table that is guarded; `condition` is SQL on OLD, empty for always; `columns`, empty for any."""

    table: str
    condition: str = ""
    columns: tuple[str, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        """Return the trigger's name for each guarded operation."""
        return {op: f"{self.table}_no_{op.lower()}" for op in ("UPDATE", "DELETE", "TRUNCATE")}

    def event(self, op: str) -> str:
        """Return the operation as a trigger names it, an UPDATE with the columns it must not touch."""
        columns = ", ".join(f'"{column}"' for column in self.columns)
        return f"UPDATE OF {columns}" if op == "UPDATE" and columns else op


def guards() -> Iterator[Guard]:
    """Yield a guard for every model that declares one."""
    for model in apps.get_models():
        if getattr(model, "append_only", False):
            yield Guard(model._meta.db_table)
        elif condition := getattr(model, "append_only_when", ""):
            yield Guard(model._meta.db_table, condition, _guarded_columns(model))


def _guarded_columns(model: type[Model]) -> tuple[str, ...]:
    free: frozenset[str] = getattr(model, "append_only_except", frozenset())
    columns = [str(field.column) for field in model._meta.concrete_fields if field.name not in free]
    return tuple(columns) if free else ()


def put_up(using: str = DEFAULT_DB_ALIAS, **_kwargs: Any) -> None:
    """Create the triggers of every guarded table that exists; twice gives the same."""
    connection = connections[using]
    statements = _postgres if connection.vendor == "postgresql" else _sqlite
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        if connection.vendor == "postgresql":
            cursor.execute(FUNCTION)
        for guard in guards():
            if guard.table in tables:
                for statement in statements(guard):
                    cursor.execute(statement)


def take_down(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers (for tests that must empty the tables)."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgres:  # a trigger cannot go while its table has deferred checks pending
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for guard in guards():
            for name in guard.names.values():
                cursor.execute(
                    f'DROP TRIGGER IF EXISTS "{name}"' + (f' ON "{guard.table}"' if postgres else "")
                )


def _postgres(guard: Guard) -> Iterator[str]:
    when = f"WHEN ({guard.condition}) " if guard.condition else ""
    for op, name in guard.names.items():
        yield f'DROP TRIGGER IF EXISTS "{name}" ON "{guard.table}"'
        scope = "FOR EACH STATEMENT " if op == "TRUNCATE" else f"FOR EACH ROW {when}"
        yield (
            f'CREATE TRIGGER "{name}" BEFORE {guard.event(op)} ON "{guard.table}" '
            f"{scope}EXECUTE FUNCTION refuse_change()"
        )


def _sqlite(guard: Guard) -> Iterator[str]:
    when = f"WHEN {guard.condition} " if guard.condition else ""
    for op in ("UPDATE", "DELETE"):
        name = guard.names[op]
        yield f'DROP TRIGGER IF EXISTS "{name}"'
        yield (
            f'CREATE TRIGGER "{name}" BEFORE {guard.event(op)} ON "{guard.table}" {when}'
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {op} on {guard.table} is refused'); END"
        )
