"""Where blocking I/O happens: threads that perform requests and hand the outcome back as a message.

As many of them as there are requests in flight. An actor gives work away and goes on; it never waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog
from pykka import ActorDeadError

from actors.runtime.dispatcher import ManualDispatcher
from actors.runtime.errors import ProcessCrash, SendersClosedError
from actors.runtime.workers import Workers

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Senders(Protocol):
    """Performs blocking work elsewhere."""

    @property
    def capacity(self) -> int:
        """How many pieces of work can be under way at once; more of them wait in line."""
        ...

    def run(self, work: Callable[[], T], done: Callable[[T | BaseException], None]) -> None:
        """Perform `work`, then call `done` with what it returned or raised.

        `done` runs on the sender's thread: it tells an actor and does nothing else. It is called exactly
        once, with `SendersClosedError` if the senders stop before the work has begun.
        """
        ...


class ThreadSenders:
    """Work on a fixed number of threads."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        self._workers = Workers(name, threads)
        self._ended = False

    @property
    def capacity(self) -> int:
        return self._workers.size

    def run(self, work: Callable[[], T], done: Callable[[T | BaseException], None]) -> None:
        self._workers.put(lambda: self._perform(work, done))
        if self._ended:  # nobody is left to take it
            self._refuse_rest()

    def start(self) -> None:
        """Start the threads; work given earlier begins now."""
        self._workers.start()

    def stop(self, timeout: float) -> list[str]:
        """Begin nothing more, wait at most `timeout` seconds for what is under way; return the names of those
        still busy."""
        busy = self._workers.stop(timeout)
        self._ended = True
        self._refuse_rest()
        return busy

    def _refuse_rest(self) -> None:
        for perform in self._workers.take_back():
            perform()

    def _perform(self, work: Callable[[], T], done: Callable[[T | BaseException], None]) -> None:
        if self._workers.stopping:
            _report(done, SendersClosedError(f"{self.name} has stopped"))
        else:
            _report(done, _outcome(work))


class ManualSenders:
    """Work on a manual dispatcher: performed at one chosen moment, reported at a later one.

    The two steps are separate so that answers overtake each other and a crash may fall between them, as it
    does between a server's commit and the arrival of its answer.
    """

    def __init__(self, dispatcher: ManualDispatcher, capacity: int = 16) -> None:
        self._dispatcher = dispatcher
        self._capacity = capacity

    @property
    def capacity(self) -> int:
        return self._capacity

    def run(self, work: Callable[[], T], done: Callable[[T | BaseException], None]) -> None:
        def perform() -> None:
            outcome = _outcome(work)
            self._dispatcher.schedule(lambda: _report(done, outcome))

        self._dispatcher.schedule(perform)


def _outcome(work: Callable[[], T]) -> T | BaseException:
    try:
        return work()
    except ProcessCrash:
        raise
    except BaseException as error:  # noqa: BLE001 - whoever asked for the work is told, whatever it was
        return error


def _report(done: Callable[[T | BaseException], None], outcome: T | BaseException) -> None:
    try:
        done(outcome)
    except ActorDeadError:
        # the actor reads what is true from the store when it starts again
        log.debug("answer came after its actor had stopped")
