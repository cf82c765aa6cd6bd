"""A store in a PostgreSQL database, which several processes may share: each works for resources of its own.

A process takes a number and holds an advisory lock on it for as long as its writing connection lives. Its
claims name the number. A claim whose number nobody holds is free, so that a killed process needs neither a
lease nor a clock to be succeeded; the server lets go of the lock when it sees the connection end.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection
from contextlib import suppress
from types import ModuleType
from typing import Any, cast
from urllib.parse import urlsplit

from peewee import PostgresqlDatabase

from models.ids import ResourceNo
from models.storage.errors import (
    StoreBusy,
    StoreError,
    StoreFull,
    StoreMissing,
    StoreSucceeded,
    StoreUnavailable,
)
from models.storage.schema import ClaimRow, MetaRow, upsert
from models.storage.session import Session

CONNECT_SECONDS = 5
LOCK_SECONDS = 5
"""How long a statement waits for what another process has locked."""

_LOCKS = "hashtext('exchange-connector.' || current_schema())"
"""The class of our advisory locks: a database may have other programs and other stores in it."""
_SHARED_ROOM = 0
"""The lock under which the schema and the claims change. Processes count from 1."""
_LAST_NUMBER_KEY = "last_process_number"

_ALIVE = (
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted"  # noqa: S608  # no input in it
    f" AND classid = ({_LOCKS}::bigint & 4294967295)::oid AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class PostgresBackend:
    """A PostgreSQL database."""

    is_shared = True

    def __init__(self, url: str, *, read_only: bool) -> None:
        """Connections are made when they are needed. Raises `StoreError` where the driver is missing."""
        self._psycopg = _driver()
        self.label = label_of(url)
        self._writing = _Database(url, thread_safe=False)
        self._reading = _Database(url, thread_safe=True, default_transaction_read_only="on")
        self._writer = None if read_only else Session(self._writing, one_connection=True)
        self.reader = Session(self._reading, one_connection=False)
        self._number: int | None = None
        self._claimed: frozenset[ResourceNo] = frozenset()
        self._was_lost = False
        self._was_succeeded = False

    @property
    def writer(self) -> Session:
        """The connection that writes; after a loss only once it is known that nobody has succeeded us."""
        if self._writer is None:
            raise StoreUnavailable(f"the store {self.label} is open for reading", "open it for writing")
        if self._was_lost:
            self._resume(self._writer)
        if self._was_succeeded:
            raise StoreSucceeded(self.label)
        return self._writer

    def lock_schema(self) -> None:
        """Two processes that start at once change the schema one after the other."""
        self._enter_shared_room(self.writer)

    def fault(self, error: Exception) -> StoreError | None:
        """What an error of PostgreSQL or its driver means. A broken connection is given up."""
        if not isinstance(error, self._psycopg.Error):
            return None
        self._give_up_broken()
        state = getattr(error, "sqlstate", None) or ""
        said = str(error).strip().partition("\n")[0]
        if state.startswith("53"):
            return StoreFull(f"the store {self.label} has no room ({said})", "give the server what it lacks")
        if state in ("55P03", "57014", "40P01", "40001"):
            return StoreBusy(f"the store {self.label} is locked ({said})", "end the session that locks it")
        if state == "3D000" or ("does not exist" in said and not state):
            return StoreMissing(f"the store {self.label} does not exist ({said})", "create the database")
        if state.startswith("28") or state == "42501" or "authentication failed" in said:
            return StoreUnavailable(
                f"the store {self.label} refuses us ({said})",
                "check the user and password in storage.url, and the user's rights in the database",
            )
        if isinstance(error, (self._psycopg.OperationalError, self._psycopg.InterfaceError)):
            return StoreUnavailable(
                f"the store {self.label} cannot be reached ({said})",
                "check storage.url and that the server runs; work goes on when it answers",
            )
        return None

    def check_present(self) -> None:
        """A server says so by itself when a database is gone."""

    def write_again(self) -> None:
        """Nothing of a database is left with us once its server has dropped it."""

    def erase(self) -> bool:
        """The server keeps old versions of a row until its own vacuum; nothing here can hasten that."""
        return True

    def claim(self, resource_nos: Collection[ResourceNo]) -> frozenset[ResourceNo]:
        """Takes on what no living process has claimed."""
        writer = self.writer
        with writer.transaction():
            self._enter_shared_room(writer)
            number = self._take_number(writer)
            alive = [holder for (holder,) in writer.execute(_ALIVE, returns=True)]
            writer.execute("DELETE FROM claims WHERE NOT holder = ANY(%s)", (alive,))
            writer.many(_claim, [(resource_no, number) for resource_no in sorted(resource_nos)])
            ours = writer.execute("SELECT resource_no FROM claims WHERE holder = %s", (number,), returns=True)
        self._claimed = frozenset(ResourceNo(resource_no) for (resource_no,) in ours)
        return self._claimed & frozenset(resource_nos)

    def close(self) -> None:
        """Gives up our number, and so our claims, and closes every connection.

        The server takes a moment to see that a connection has ended, and whoever succeeds us need not wait.
        """
        if self._writer is not None and self._number is not None and not self._writing.is_closed():
            with suppress(self._psycopg.Error):  # a connection that is broken holds nothing for long
                self._writer.execute("SELECT pg_advisory_unlock_all()")
        self._writing.close_all()
        self._reading.close_all()

    def _enter_shared_room(self, writer: Session) -> None:
        writer.execute(f"SELECT pg_advisory_xact_lock({_LOCKS}, %s)", (_SHARED_ROOM,), returns=True)

    def _take_number(self, writer: Session) -> int:
        if self._number is None:
            rows = writer.fetch(_last_number, _LAST_NUMBER_KEY)
            number = int(rows[0][0]) + 1 if rows else 1
            writer.many(_put_meta, [(_LAST_NUMBER_KEY, str(number))])
            self._hold_number(writer, number)
            self._number = number
        return self._number

    def _hold_number(self, writer: Session, number: int) -> None:
        held = writer.execute(f"SELECT pg_try_advisory_lock({_LOCKS}, %s)", (number,), returns=True)
        if not held[0][0]:
            raise StoreUnavailable(
                f"the store {self.label} still holds our former connection",
                "nothing: it is tried again until the server has noticed that it is gone",
            )

    def _resume(self, writer: Session) -> None:
        """Writes again after a lost connection, unless another process has taken over meanwhile."""
        if self._number is not None:
            self._hold_number(writer, self._number)
            self._was_lost = False
            before = self._claimed
            self._was_succeeded = bool(before - self.claim(before))
        self._was_lost = False

    def _give_up_broken(self) -> None:
        if self._writing.give_up_broken():
            self._was_lost = True
        self._reading.give_up_broken()


def label_of(url: str) -> str:
    """Names a database without the password."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"postgresql://{parts.hostname or 'localhost'}{port}{parts.path}"


class _Database(PostgresqlDatabase):
    """Remembers its connections, so that one thread can close those of all."""

    def __init__(self, url: str, *, thread_safe: bool, **server_settings: str) -> None:
        self._opened: weakref.WeakSet[Any] = weakref.WeakSet()
        self._server_settings = {"lock_timeout": f"{LOCK_SECONDS}s", **server_settings}
        super().__init__(
            url.replace("postgres://", "postgresql://", 1),
            thread_safe=thread_safe,
            prefer_psycopg3=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="exchange-connector",
        )

    def close_all(self) -> None:
        for connection in list(self._opened):
            connection.close()

    def give_up_broken(self) -> bool:
        """Forgets the connection (a thread's own, if each has one) if it has ended; whether it had.

        One in a transaction is left to the thread that is in it, which is about to learn the same.
        """
        state = cast(Any, self)._state
        if state.closed or state.transactions or not state.conn.closed:
            return False
        self.close()
        return True

    def _connect(self) -> Any:  # noqa: ANN401  # psycopg is optional
        connection = super()._connect()  # type: ignore[misc]  # a hook that peewee's stubs leave out
        self._opened.add(connection)
        for name, value in self._server_settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        return connection


def _driver() -> ModuleType:
    try:
        import psycopg
    except ImportError:
        raise StoreUnavailable(
            "storage.url names a PostgreSQL database, and its driver is not installed",
            "install it: pip install 'exchange-connector[postgres]'",
        ) from None
    return psycopg


def _last_number() -> object:
    return MetaRow.select(MetaRow.value).where(MetaRow.key == "")


def _put_meta() -> object:
    return upsert(MetaRow)


def _claim() -> object:
    return upsert(ClaimRow, absent_only=True)
