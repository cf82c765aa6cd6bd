"""Writing to the store from a thread that waits until it is on disk: for what is answered at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from pykka import ActorDeadError, ActorRef

from actors.runtime.dispatcher import Dispatcher
from actors.store_actor import Commit, Query
from models.storage.changes import Change

log = structlog.get_logger(__name__)

COMMIT_SECONDS: Final = 2.0
"""How long a request waits for the disk; Graph takes an answer after three seconds for none (facts §4.3)."""


class NotStored(Exception):  # noqa: N818 - named for what happened
    """The store refused, or did not answer in time: nothing may be acknowledged."""


class Receipt:
    """Says whether something is on disk, once that is known."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._stored: bool | None = None

    def stored(self) -> None:
        """It is on disk."""
        self._settle(stored=True)

    def refused(self) -> None:
        """The store did not take it."""
        self._settle(stored=False)

    def wait(self, dispatcher: Dispatcher, timeout: float) -> None:
        """Wait until it is known. Raises `NotStored` if it is refused, or not known in `timeout` seconds."""
        dispatcher.wait_for(self._condition, lambda: self._stored is not None, timeout)
        if not self._stored:
            raise NotStored

    def _settle(self, *, stored: bool) -> None:
        with self._condition:
            self._stored = stored
            self._condition.notify_all()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreDesk:
    """The store's actor, as a thread that is no actor's sees it."""

    store: ActorRef[Any]
    dispatcher: Dispatcher
    """Where the store's actor runs."""
    timeout: float = COMMIT_SECONDS

    def commit(self, *changes: Change) -> None:
        """Write changes, and wait until they are on disk. Raises `NotStored`."""
        self.ask(lambda receipt: Commit(changes=changes, then=receipt.stored, refused=receipt.refused))

    def ask(self, message: Callable[[Receipt], Commit | Query]) -> None:
        """Tell the store something that settles the receipt in the end, and wait for that.

        Raises `NotStored`.
        """
        receipt = Receipt()
        try:
            self.store.tell(message(receipt))
        except ActorDeadError:
            raise NotStored from None
        receipt.wait(self.dispatcher, self.timeout)

    def tell(self, message: Commit | Query) -> None:
        """Tell the store something that nobody waits for. After a stop, the next start makes up for it."""
        try:
            self.store.tell(message)
        except ActorDeadError:
            log.info("the store has stopped already", kind=type(message).__name__)
