"""How a query that peewee built runs on a connection: compiled once per store, many rows at a time.

The tables' rooms (`links`, `resources`, `work`, `decisions`, `progress`) say what to read and write; a
`Session` says on which connection. It holds everything of peewee and the drivers that has no types.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from peewee import Database

Row = tuple[Any, ...]
Statement = Callable[[], Any]
"""Builds a query whose parameters stand for those of the execution, in their order. Compiled once."""


class Session:
    """Runs statements on a database: on its one connection, or on the calling thread's own."""

    def __init__(self, database: Database, *, one_connection: bool) -> None:
        self._database: Any = database
        self._compiled: dict[Statement, str] = {}
        self._is_shared = one_connection
        self._turn = threading.RLock() if one_connection else nullcontext()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Whatever is raised inside undoes all of it."""
        outside = sys.exception()
        failure: Exception | None = None
        try:
            with self._turn, self._database.atomic():
                try:
                    yield
                except Exception as error:
                    failure = error
                    raise
        except Exception as error:
            first = failure or _what_came_first(error, outside)
            if first is error:
                raise
            raise first from None

    def many(self, statement: Statement, rows: Sequence[Row]) -> None:
        """Runs a statement once for each row of parameters."""
        if rows:
            with self._turn:
                self._database.cursor().executemany(self._sql(statement), [_storable(row) for row in rows])

    def fetch(self, statement: Statement, *parameters: object) -> list[Row]:
        """Runs a statement that selects."""
        with self._turn:
            cursor = self._database.cursor()
            cursor.execute(self._sql(statement), _storable(parameters))
            return list(cursor.fetchall())

    def select(self, query: Any) -> list[Row]:  # noqa: ANN401  # a peewee query of whatever kind
        """Runs a query that was made for this occasion."""
        sql, parameters = self._database.get_sql_context().sql(query).query()
        return self.execute(sql, parameters, returns=True)

    def execute(self, sql: str, parameters: Iterable[object] = (), *, returns: bool = False) -> list[Row]:
        """Runs SQL as it stands."""
        with self._turn:
            cursor = self._database.cursor()
            cursor.execute(sql, _storable(tuple(parameters)))
            return list(cursor.fetchall()) if returns else []

    def tables(self) -> list[str]:
        """The names of the tables that exist."""
        sqlite = "SELECT name FROM sqlite_master WHERE type = 'table'"
        postgres = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        return [name for (name,) in self.execute(sqlite if self.is_sqlite else postgres, returns=True)]

    @property
    def is_sqlite(self) -> bool:
        """Which of the two dialects is spoken."""
        return bool(self._database.param == "?")

    def close_of_thread(self) -> None:
        """Closes the connection that the calling thread has for itself; it is opened again when needed."""
        if not self._is_shared:
            self._database.close()

    def _sql(self, statement: Statement) -> str:
        sql = self._compiled.get(statement)
        if sql is None:
            sql, _ = self._database.get_sql_context().sql(statement()).query()
            self._compiled[statement] = sql
        return sql


def _what_came_first(error: Exception, outside: BaseException | None) -> Exception:
    """The error at which a commit failed.

    A database that is full, or that was lost, has undone everything by itself: that there is nothing left to
    undo is an error too, and comes on top of that one.
    """
    while isinstance(error.__context__, Exception) and error.__context__ is not outside:
        error = error.__context__
    return error


def _storable(row: Row) -> Row:
    """No database takes a NUL or half a surrogate pair in a text; one odd character must not stop a batch."""
    if all(not isinstance(value, str) or (value.isascii() and "\0" not in value) for value in row):
        return row
    return tuple(_clean(value) if isinstance(value, str) else value for value in row)


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
