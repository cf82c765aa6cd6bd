"""The connector's store as a disk sees it: it survives the process, is backed up, restored, lost, and read
by anybody who finds it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from models.storage.changes import Change
from models.storage.errors import StoreFull
from models.storage.store import Store
from tests.simulation.transport import Perils

STATEMENTS: dict[Any, str] = {}
"""What statements are in SQL: the same in every history."""


class SimulatedStore(Store):
    """A store in memory whose commits the process may not survive."""

    perils: Perils
    noted: Callable[[list[Change]], None]
    has_room: Callable[[], bool]

    def apply(self, changes: Iterable[Change]) -> None:
        """As `Store.apply`; the process may end just before or just after."""
        given = list(changes)
        self.perils.before("commit")
        if not self.has_room():
            raise StoreFull("the disk is full", "make room on it")
        super().apply(given)
        self.noted(given)
        self.perils.after("commit")


class Disk:
    """Holds the store."""

    def __init__(self, perils: Perils, noted: Callable[[list[Change]], None]) -> None:
        self._perils, self._noted = perils, noted
        self.is_full = False
        """Whether nothing more can be written."""
        self.store = self._open()

    def image(self) -> bytes:
        """Everything that is on the disk, erased parts included."""
        return self._connection(self.store).serialize()

    def restore(self, image: bytes | None) -> None:
        """Put an older image in the place of what there is; None: an empty disk."""
        self.store.close()
        self.store = self._open(image)

    def close(self) -> None:
        """Let the memory go."""
        self.store.close()

    def _open(self, image: bytes | None = None) -> SimulatedStore:
        store = SimulatedStore.open("sqlite:///:memory:")
        assert isinstance(store, SimulatedStore)
        store._backend.writer._compiled = STATEMENTS
        connection = self._connection(store)
        if image is not None:
            connection.deserialize(image)
        connection.execute("PRAGMA secure_delete = 1")
        store.perils, store.noted = self._perils, self._noted
        store.has_room = lambda: not self.is_full
        return store

    @staticmethod
    def _connection(store: Store) -> sqlite3.Connection:
        writer: Any = store._backend.writer
        connection = writer._database.connection()
        assert isinstance(connection, sqlite3.Connection)
        return connection
