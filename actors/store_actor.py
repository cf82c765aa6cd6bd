"""The one that writes to the store: commits that come in together are written together.

A commit's `then` is called after it is on disk, and not before: that is what "journal first" and "intent
first" stand on. While the disk refuses, commits wait in order and nothing that depends on them happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from actors.runtime.clock import Clock
from actors.runtime.errors import log_failure
from actors.runtime.pooled import PooledActor
from actors.runtime.timers import Timers
from models.storage.changes import Change
from models.storage.errors import StoreError, StoreHeld, StoreRemoved, StoreReplaced, StoreSucceeded
from models.storage.store import Store

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0
NOT_OURS = (StoreHeld, StoreReplaced, StoreSucceeded)
"""What no waiting mends: the process has to start again."""
PATIENCE_SECONDS = 10.0
"""How long such a store is looked at: a file that is being replaced may be gone for a moment."""
REMOVED_SECONDS = 60.0
"""How long a file that was removed is waited for: whoever puts a backup in its place needs a moment."""
COMMITS_TOGETHER = 500
"""How many commits share a transaction at most: a crash of the disk costs no more waiting than that."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Write these changes."""

    changes: tuple[Change, ...]
    then: Callable[[], None] | None = None
    """Called once they are on disk; it tells somebody and does nothing else."""
    refused: Callable[[], None] | None = None
    """Called, in place of waiting, if the store cannot take them now: for what must be answered at once."""


@dataclass(frozen=True, slots=True)
class Query:
    """Read something, after every commit that came before."""

    read: Callable[[Store], Any]
    then: Callable[[Any], None]
    failed: Callable[[Exception], None] | None = None
    """Told when what is stored cannot be understood; it tells somebody. The store itself is well then."""


@dataclass(frozen=True, slots=True)
class _Flush:
    """Everything that was waiting when the first commit came in has been collected."""


class StoreActor(PooledActor):
    """Owns the store's writing connection."""

    def __init__(
        self,
        store: Store,
        timers: Timers,
        clock: Clock,
        on_written: Callable[[Iterable[Change]], None] = lambda changes: None,
        on_problem: Callable[[str], None] = lambda problem: None,
        on_lost: Callable[[str], None] = lambda problem: None,
    ) -> None:
        """`on_written` is told of everything that is on disk, `on_problem` of what is wrong with the store:
        an empty text when nothing is any more. `on_lost` is told when this process can do nothing about it.
        """
        super().__init__()
        self._on_written, self._on_problem, self._on_lost = on_written, on_problem, on_lost
        self._store, self._timers, self._clock = store, timers, clock
        self._waiting: list[Commit] = []
        self._flush_asked = False
        self._failing_since: float | None = None
        self._is_lost = False
        self.problem = ""
        """What is wrong with the store, for health and status; empty while it is well."""

    def on_receive(self, message: object) -> object:
        match message:
            case Commit():
                self._waiting.append(message)
                if len(self._waiting) >= COMMITS_TOGETHER:
                    self._flush()
                elif not self._flush_asked:
                    self._flush_asked = True
                    self.actor_ref.tell(_Flush())
            case _Flush():
                self._flush_asked = False
                self._flush()
            case Query():
                self._flush()
                self._answer(message)
            case _:
                return super().on_receive(message)
        return None

    def on_stop(self) -> None:
        self._flush()

    def _flush(self) -> None:
        """Write what waits, all of it or nothing."""
        if not self._waiting:
            return
        changes = [change for commit in self._waiting for change in commit.changes]
        try:
            self._store.apply(changes)
        except StoreError as error:
            self._failed(error)
            return
        written, self._waiting = self._waiting, []
        self._recovered()
        self._on_written(changes)
        for commit in written:
            if commit.then is not None:
                commit.then()

    def _answer(self, query: Query) -> None:
        try:
            answer = query.read(self._store)
        except StoreError as error:
            self._complain(error)
            self._timers.after(RETRY_SECONDS, lambda: self.actor_ref.tell(query))
            return
        except Exception as error:  # noqa: BLE001 - a damaged entry is the trouble of whoever asked, not everybody's
            log_failure(log, "entry cannot be read", error)
            if query.failed is not None:
                query.failed(error)
            return
        query.then(answer)

    def _failed(self, error: StoreError) -> None:
        self._complain(error)
        if isinstance(error, StoreRemoved) and self._failing_for() >= REMOVED_SECONDS:
            self._write_again()
        patient: list[Commit] = []
        for commit in self._waiting:
            if commit.refused is None:
                patient.append(commit)
            else:
                commit.refused()
        self._waiting = patient
        if not self._flush_asked:
            self._flush_asked = True
            self._timers.after(RETRY_SECONDS, lambda: self.actor_ref.tell(_Flush()))

    def _complain(self, error: StoreError) -> None:
        if self._failing_since is None:
            self._failing_since = self._clock.monotonic()
            log.error("store refuses", problem=str(error))
        self.problem = str(error)
        self._on_problem(self.problem)
        if isinstance(error, NOT_OURS) and self._failing_for() >= PATIENCE_SECONDS and not self._is_lost:
            self._is_lost = True
            self._on_lost(self.problem)

    def _write_again(self) -> None:
        """Nobody put the file back. The next try finds it, or says why it is not there."""
        try:
            self._store.write_again()
        except StoreError as error:
            self._complain(error)
        else:
            log.warning("store written again")

    def _failing_for(self) -> float:
        """In seconds."""
        return 0.0 if self._failing_since is None else self._clock.monotonic() - self._failing_since

    def _recovered(self) -> None:
        if self._failing_since is not None:
            log.warning("store recovered", after_seconds=round(self._failing_for(), 1))
            self._on_problem("")
        self._failing_since, self.problem = None, ""
