"""A store in an SQLite file.

Write-ahead log, one connection that writes, one that reads for each thread, so that readers never wait.
`synchronous = FULL`: a commit is on the disk when it returns. NORMAL would satisfy a killed process but not a
power cut, and an acknowledged notification must survive both. It costs one flush for each transaction, which
is why the caller commits in groups; `tests/measure_storage.py` gives the figures of a machine.
`secure_delete`: what is erased from the store is erased from the file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import weakref
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from peewee import SqliteDatabase

from models.ids import ResourceNo
from models.storage.errors import (
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreHeld,
    StoreMissing,
    StoreRemoved,
    StoreReplaced,
    StoreUnavailable,
)
from models.storage.holder import HeldError, HolderFile
from models.storage.session import Session

BUSY_SECONDS = 5
"""How long a statement waits for another process that looks into the file."""

_FILE = {
    "journal_mode": "wal",
    "synchronous": "full",
    "secure_delete": 1,
    "cache_size": -16_384,  # KiB
    "journal_size_limit": 64 * 1024 * 1024,
}
_ACCESS = "check storage.url, the disk, and that this process's user may write to the file and its directory"


class SqliteBackend:
    """An SQLite file, or a database in memory that lasts as long as this object."""

    is_shared = False

    def __init__(self, path: Path | None, *, read_only: bool) -> None:
        """Opens a file, or with None a new database in memory. Raises `StoreError`."""
        self.label = str(path) if path is not None else "in memory"
        self._path = path
        self._holder: HolderFile | None = None
        self._databases: list[_Database] = []
        self._logs: dict[Path, tuple[int, int]] = {}
        """What SQLite keeps beside the file, once it does."""
        self._writer: Session | None
        if path is None:
            self.reader = self._writer = self._session(":memory:", {}, one_connection=True)
            return
        if read_only:
            self._require_file(path)
        else:
            self._hold(path)
        self._open_sessions(path, read_only=read_only)
        self._identity = _identity(path)

    @property
    def writer(self) -> Session:
        """The connection that writes."""
        if self._writer is None:
            raise StoreUnavailable(f"the store {self.label} is open for reading", "open it for writing")
        return self._writer

    def lock_schema(self) -> None:
        """A transaction that writes has the whole file."""

    def fault(self, error: Exception) -> StoreError | None:
        """What an error of SQLite means."""
        if not isinstance(error, sqlite3.Error):
            return None
        name = getattr(error, "sqlite_errorname", "")
        said = str(error)
        if name == "SQLITE_FULL":
            return StoreFull(f"the store {self.label} cannot grow ({said})", "make room on its disk")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreBusy(
                f"the store {self.label} has been locked by another program for {BUSY_SECONDS} s",
                "end what holds it (a backup, a database browser)",
            )
        if name.startswith("SQLITE_CORRUPT") or name == "SQLITE_NOTADB":
            return StoreCorrupt(self.label, said)
        if name.startswith("SQLITE_CANTOPEN"):
            return StoreMissing(f"the store {self.label} cannot be opened ({said})", _ACCESS)
        if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR", "SQLITE_AUTH")):
            return StoreUnavailable(f"the store {self.label} cannot be written ({said})", _ACCESS)
        if isinstance(error, sqlite3.ProgrammingError) and "closed database" in said:
            return StoreUnavailable(f"the store {self.label} is closed", "open it again")
        return None

    def check_present(self) -> None:
        """A file that was removed or replaced would take our writes with it, unnoticed."""
        if self._path is None:
            return
        found = _identity(self._path)
        if found is None:
            raise StoreRemoved(self.label)
        if found != self._identity:
            raise StoreReplaced(self.label)
        self._logs = self._logs or _logs_beside(self._path)

    def write_again(self) -> None:
        """The system keeps a removed file for as long as somebody has it open, as our connections have.

        SQLite sees that the file has moved: closed after this, an old connection touches nothing of the new.
        """
        path = self._path
        if path is None or self._writer is None or _identity(path) is not None:
            return
        copy = _copy_path(path)
        try:
            self._require_directory(path.parent)
            self._hold_again(path)
            self._copy_to(copy)
            self._remove_our_logs()
            with contextlib.suppress(FileExistsError):  # somebody was faster: that file is what counts
                path.hardlink_to(copy)
                self._identity = _identity(copy)
                self._open_sessions(path, read_only=False)
        except OSError as error:
            raise StoreUnavailable(
                f"the removed file of the store {self.label} cannot be written again ({error.strerror})",
                _ACCESS,
            ) from None
        finally:
            with contextlib.suppress(OSError):
                copy.unlink()

    def erase(self) -> bool:
        """Empties the write-ahead log, which holds what was erased from the file; whether that was possible.

        Nobody is waited for: while another connection reads an older state, the log has to stay.
        """
        if self._path is None:
            return True
        self.writer.execute("PRAGMA busy_timeout = 0")
        try:
            ((busy, _, _),) = self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)", returns=True)
        finally:
            self.writer.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        return not busy

    def claim(self, resource_nos: Collection[ResourceNo]) -> frozenset[ResourceNo]:
        """All of them: whoever has the file has it alone."""
        return frozenset(resource_nos)

    def close(self) -> None:
        """Closes every connection and lets the file go."""
        for database in self._databases:
            database.close_all()
        self._take_logs_away()
        if self._holder is not None:
            self._holder.release()
            self._holder = None

    def _take_logs_away(self) -> None:
        """Our own write-ahead log must not lie beside a file that took the place of ours: whoever opens that
        would have our last transactions written into it."""
        if self._path is not None and _identity(self._path) not in (None, self._identity):
            self._remove_our_logs()

    def _remove_our_logs(self) -> None:
        for path, known in self._logs.items():
            if _identity(path) == known:
                path.unlink(missing_ok=True)
        self._logs = {}

    def _open_sessions(self, path: Path, *, read_only: bool) -> None:
        """In the place of those that there are: readers that are under way read what they began with."""
        for database in self._databases[:1]:
            database.close_all()
        self._databases = []
        uri = f"{path.as_uri()}?mode=rw"
        self._writer = None if read_only else self._session(uri, _FILE, one_connection=True)
        self.reader = self._session(uri, {"query_only": 1}, one_connection=False)

    def _require_directory(self, directory: Path) -> None:
        """Where the file was; an unmounted disk leaves an empty directory of another."""
        if self._identity is None or directory.stat().st_dev != self._identity[0]:
            raise OSError(errno.ENODEV, "its disk is not there")

    def _copy_to(self, copy: Path) -> None:
        """With everything that was committed, and on the disk when this returns."""
        copy.unlink(missing_ok=True)
        os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with contextlib.closing(sqlite3.connect(copy)) as target:
            self._databases[0].now_open().backup(target)
        written = os.open(copy, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(written)
        finally:
            os.close(written)

    def _session(self, name: str, pragmas: Mapping[str, object], *, one_connection: bool) -> Session:
        database = _Database(
            name,
            pragmas=dict(pragmas),
            lock_type="IMMEDIATE",
            timeout=BUSY_SECONDS,
            thread_safe=not one_connection,
            check_same_thread=False,
            uri=name.startswith("file:"),
        )
        self._databases.append(database)
        return Session(database, one_connection=one_connection)

    def _hold(self, path: Path) -> None:
        try:
            self._holder = HolderFile(_holder_path(path))
            _copy_path(path).unlink(missing_ok=True)
            # Made here, and not by SQLite, because only its owner has any business in it.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except HeldError as error:
            raise StoreHeld(self.label, error.holder) from None
        except OSError as error:
            if self._holder is not None:
                self._holder.release()
            if isinstance(error, FileNotFoundError):
                raise StoreMissing(
                    f"there is no directory {path.parent} for the store", f"make it: mkdir -p {path.parent}"
                ) from None
            raise StoreUnavailable(
                f"the store {self.label} cannot be opened ({error.strerror})", _ACCESS
            ) from None

    def _hold_again(self, path: Path) -> None:
        """Where the file that says who holds the store is gone too, anybody could have taken it meanwhile."""
        if self._holder is None or self._holder.is_in_place:
            return
        try:
            again = HolderFile(_holder_path(path))
        except HeldError as error:
            raise StoreHeld(self.label, error.holder) from None
        self._holder.release()
        self._holder = again

    def _require_file(self, path: Path) -> None:
        if not path.exists():
            raise StoreMissing(
                f"there is no store {self.label} yet",
                "start the process once: `exchange-connector run` makes it",
            )


class _Connection(sqlite3.Connection):
    """One that can be referred to weakly, as those of the module itself cannot."""


class _Database(SqliteDatabase):
    """Remembers its connections, so that one thread can close those of all."""

    def __init__(self, name: str, **options: Any) -> None:  # noqa: ANN401  # peewee's own options
        self._opened: weakref.WeakSet[_Connection] = weakref.WeakSet()
        super().__init__(name, factory=_Connection, **options)

    def close_all(self) -> None:
        for connection in list(self._opened):
            connection.close()

    def now_open(self) -> sqlite3.Connection:
        """The calling thread's."""
        connection: sqlite3.Connection = self.connection()  # type: ignore[no-untyped-call]  # peewee's stubs
        return connection

    def _connect(self) -> _Connection:
        connection: _Connection = super()._connect()  # type: ignore[misc]  # a hook that peewee's stubs leave out
        self._opened.add(connection)
        return connection


def _holder_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _copy_path(path: Path) -> Path:
    """Where a removed file is written again before it gets its name; only a kill leaves one behind."""
    return path.with_name(f"{path.name}.again")


def _logs_beside(path: Path) -> dict[Path, tuple[int, int]]:
    beside = (path.with_name(f"{path.name}{ending}") for ending in ("-wal", "-shm"))
    return {one: found for one in beside if (found := _identity(one)) is not None}


def _identity(path: Path) -> tuple[int, int] | None:
    with contextlib.suppress(OSError):
        found = path.stat()
        return (found.st_dev, found.st_ino)
    return None
