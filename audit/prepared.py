"""Questions that every request asks: their SQL is built once per connection and asked with other values each time.

Building a statement in the ORM costs about twice what sending it costs. A prepared question is written as any other
QuerySet, once, and called with the values that differ:

    POSTS = Prepared(lambda user, on: Post.objects.on(on).filter(user_id=user), UUID, date)
    POSTS(user.pk, on)  # → list of Post

Values stand where SQL takes a parameter: in `filter`, never in a slice, a pattern or a test for null.
`insert` writes a row in the same way.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Generic, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query import ModelIterable, get_related_populators

R = TypeVar("R")
M = TypeVar("M", bound=models.Model)
populators: Any = get_related_populators  # its arguments differ between versions of the stubs
KINDS: "dict[type, tuple[models.Field[Any, Any], Callable[[int], Any]]]" = {
    UUID: (models.UUIDField(), lambda n: UUID(int=(0xABCDEF << 100) + n)),
    date: (models.DateField(), lambda n: date(1901, 2, 3) + timedelta(days=n)),
    datetime: (models.DateTimeField(), lambda n: datetime(1901, 2, 3, 4, 5, n, tzinfo=UTC)),
    str: (models.CharField(max_length=200), lambda n: f"\ue000{n}\ue001"),
}


class _Statement:
    """One question as SQL of one connection: which value goes where, and how a row is read."""

    def __init__(self, rows: "models.QuerySet[Any, Any]", marks: list[Any], connection: Any) -> None:
        self.alias = connection.alias
        self.compiler = rows.query.get_compiler(connection=connection)
        self.sql, params = self.compiler.as_sql()
        self.fixed = list(params)
        self.places = [(n, marks.index(value)) for n, value in enumerate(params) if value in marks]
        if {place for _n, place in self.places} != set(range(len(marks))):
            raise ValueError("A value of a prepared question does not reach its SQL.")
        select = self.compiler.select or []
        self.converters = self.compiler.get_converters([column[0] for column in select])
        self.info = self.compiler.klass_info if rows._iterable_class is ModelIterable else None
        if self.info:
            columns = self.info["select_fields"]
            self.first, self.end = columns[0], columns[-1] + 1
            self.names = [column[0].target.attname for column in select[self.first : self.end]]
            self.related = populators(self.info, select, self.alias)
            if any(right - left != 1 for left, right in pairwise(columns)):
                raise ValueError("A prepared question selects a model's columns side by side.")

    def params(self, values: Sequence[Any]) -> list[Any]:
        """Return the parameters with the values in their places."""
        params = list(self.fixed)
        for n, place in self.places:
            params[n] = values[place]
        return params

    def read(self, rows: list[Any]) -> list[Any]:
        """Turn rows of the database into what the question asks for."""
        if self.converters:
            rows = list(self.compiler.apply_converters(rows, self.converters))
        return [self._instance(row) for row in rows] if self.info else [tuple(row) for row in rows]

    def _instance(self, row: Sequence[Any]) -> Any:
        found = self.info["model"].from_db(self.alias, self.names, row[self.first : self.end])  # type: ignore[index]
        for part in self.related:
            part.populate(row, found)
        return found


class Prepared(Generic[R]):
    """A question whose values have the given types; see the module."""

    def __init__(self, question: "Callable[..., models.QuerySet[Any, R]]", *kinds: type) -> None:
        self.question, self.kinds = question, kinds
        self._known: WeakKeyDictionary[BaseDatabaseWrapper, _Statement] = WeakKeyDictionary()

    def __call__(self, *values: Any) -> list[R]:
        """Ask with these values; return the rows as the QuerySet would."""
        connection = connections[DEFAULT_DB_ALIAS]
        statement = self._known.get(connection) or self._build(connection)
        params = statement.params(self._adapted(values, connection))
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, params)
            return statement.read(cursor.fetchall())

    def first(self, *values: Any) -> R | None:
        """Ask for the first row, if there is one."""
        found = self(*values)
        return found[0] if found else None

    def _build(self, connection: BaseDatabaseWrapper) -> _Statement:
        marks = [KINDS[kind][1](n) for n, kind in enumerate(self.kinds)]
        statement = _Statement(self.question(*marks), self._adapted(marks, connection), connection)
        self._known[connection] = statement
        return statement

    def _adapted(self, values: Sequence[Any], connection: BaseDatabaseWrapper) -> list[Any]:
        """Return the values as the database takes them."""
        return [
            KINDS[kind][0].get_db_prep_value(value, connection)
            for kind, value in zip(self.kinds, values, strict=True)
        ]


class _Insert:
    """How the rows of one model are written over one connection."""

    def __init__(self, model: type[models.Model], connection: BaseDatabaseWrapper) -> None:
        meta: Any = model._meta
        quote = connection.ops.quote_name
        # the database counts an AutoField
        counts = isinstance(meta.pk, models.AutoField | models.BigAutoField)
        self.key: Any = meta.pk if counts else None
        self.fields: list[Any] = [field for field in meta.local_concrete_fields if field is not self.key]
        columns = ", ".join(quote(field.column) for field in self.fields)
        returning = f" RETURNING {quote(self.key.column)}" if self.key else ""
        marks = ", ".join(["%s"] * len(self.fields))
        self.sql = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({marks}){returning}"  # noqa: S608 - names of the model

    def write(self, row: models.Model, connection: BaseDatabaseWrapper) -> None:
        """Send the row and let the instance know that it is stored."""
        values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in self.fields]
        with transaction.mark_for_rollback_on_error(connection.alias), connection.cursor() as cursor:
            cursor.execute(self.sql, values)
            if self.key:
                setattr(row, self.key.attname, cursor.fetchone()[0])
        row._state.adding, row._state.db = False, connection.alias


_INSERTS: WeakKeyDictionary[BaseDatabaseWrapper, dict[type[models.Model], _Insert]] = WeakKeyDictionary()


def insert(row: M) -> M:
    """Write a new row as `save(force_insert=True)` does, with SQL that is built once per connection."""
    connection = connections[DEFAULT_DB_ALIAS]
    known = _INSERTS.setdefault(connection, {})
    if type(row) not in known:
        known[type(row)] = _Insert(type(row), connection)
    known[type(row)].write(row, connection)
    return row
