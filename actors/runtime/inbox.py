"""The inbox of a pooled actor, the future it answers through, and its last word."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from pykka import ActorDeadError, ThreadingFuture, Timeout, messages
from pykka._envelope import Envelope

from actors.runtime.dispatcher import Dispatcher
from actors.runtime.errors import WouldDeadlockError, log_failure

log = structlog.get_logger(__name__)

T = TypeVar("T")

ASK_TIMEOUT = 30.0
"""Seconds after which an `ask` that names no timeout of its own gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Termination:
    """The last word of an actor."""

    error: BaseException | None
    """Why it crashed; None if it stopped in order."""
    message: object
    """What it was handling when it crashed; None if that was no message, but its start or its stop."""
    undelivered: tuple[object, ...]
    """What it was told and never handled, in order. Whoever asked has been answered with `ActorDeadError`."""


class PoolFuture(ThreadingFuture[T]):
    """An answer to come, which refuses to be waited for where that would keep it from coming."""

    def __init__(self) -> None:
        super().__init__()
        self._answered_by: Dispatcher | None = None

    def expect_from(self, dispatcher: Dispatcher) -> None:
        """Note on which dispatcher the actor runs that will answer."""
        self._answered_by = dispatcher

    def get(self, *, timeout: float | None = None) -> T:
        """The answer, after waiting for it for at most `timeout` seconds (`ASK_TIMEOUT` if None).

        Raises the error that was the answer; `pykka.Timeout`; or `WouldDeadlockError` when called from a turn
        of the dispatcher that has to give the answering actor its turn.
        """
        limit = ASK_TIMEOUT if timeout is None else timeout
        dispatcher = self._answered_by
        if dispatcher is not None and not self._settled():
            if dispatcher.owns_current_thread():
                raise WouldDeadlockError(
                    "an actor waits for an answer from its own dispatcher; have the answer sent as a message"
                )
            if not dispatcher.wait_for(self._condition, self._settled, limit):
                raise Timeout(f"{limit} seconds")
        answer: T = super().get(timeout=limit)
        return answer

    def _settled(self) -> bool:
        return self._result is not None or self._get_hook is not None


class Inbox:
    """A queue that schedules its actor's turn when it stops being empty.

    Putting a message in and marking the actor as scheduled is one step under one small lock, and so is
    finding the queue empty and marking the actor as idle: no message is left behind, no actor gets two turns.

    The inbox holds its actor strongly until it closes, since Pykka's reference does not. The queue itself
    exists only while there are messages: an idle actor keeps none.
    """

    __slots__ = (
        "_closed",
        "_dispatcher",
        "_lock",
        "_queue",
        "_scheduled",
        "_termination",
        "_turn",
        "_watchers",
    )

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[Envelope[Any]] | None = None
        self._scheduled = True  # until `open` there is nothing to schedule: messages only gather
        self._closed = False
        self._dispatcher: Dispatcher | None = None
        self._turn: Callable[[], None] | None = None
        self._watchers: tuple[Callable[[Termination], None], ...] = ()
        self._termination: Termination | None = None

    # For Pykka and everybody who has a reference

    def put(self, envelope: Envelope[Any], /) -> None:
        """Add a message. Once closed, an ask is answered with `ActorDeadError` and a tell raises it."""
        reply_to = envelope.reply_to
        dispatcher = self._dispatcher
        if reply_to is not None and dispatcher is not None and isinstance(reply_to, PoolFuture):
            reply_to.expect_from(dispatcher)
        with self._lock:
            turn, closed = self._turn, self._closed
            if not closed:
                if self._queue is None:
                    self._queue = deque()
                self._queue.append(envelope)
                wake = not self._scheduled
                self._scheduled = True
        if closed:
            _refuse(envelope)
        elif wake and dispatcher is not None and turn is not None:
            dispatcher.schedule(turn)

    def get(self) -> Envelope[Any]:
        """The next message. Raises `LookupError` if there is none: nobody waits here for one."""
        envelope = self.take()
        if envelope is None:
            raise LookupError("the inbox is empty")
        return envelope

    def empty(self) -> bool:
        """Whether there is no message."""
        return not self._queue

    def watch(self, notify: Callable[[Termination], None]) -> None:
        """Have `notify` called with the last word, at once if it has been spoken."""
        with self._lock:
            termination = self._termination
            if termination is None:
                self._watchers = (*self._watchers, notify)
        if termination is not None:
            notify(termination)

    # For the actor

    @property
    def watched(self) -> bool:
        """Whether somebody will hear the last word."""
        return bool(self._watchers)

    def attach(self, dispatcher: Dispatcher) -> None:
        """Say who gives the turns."""
        self._dispatcher = dispatcher

    def open(self, first_turn: Callable[[], None], turn: Callable[[], None]) -> None:
        """Schedule the first turn; every later one calls `turn`. Raises `RuntimeError` before `attach`."""
        if self._dispatcher is None:
            raise RuntimeError("start a pooled actor with start(dispatcher=...) of its class")
        self._turn = turn
        self._dispatcher.schedule(first_turn)

    def turn_size(self) -> int:
        """How many messages the turn under way may handle."""
        return 1 if self._dispatcher is None else self._dispatcher.messages_per_turn

    def take(self) -> Envelope[Any] | None:
        """The next message; None if there is none, and then the actor is idle and its turn is over."""
        if self._queue:  # only the one turn takes messages out: what it sees, nobody takes from it
            return self._queue.popleft()
        with self._lock:
            if self._queue:
                return self._queue.popleft()
            self._queue = None
            self._scheduled = False
            return None

    def end_turn(self) -> None:
        """End a turn that has used up its size: to the back of the line if there are more messages."""
        with self._lock:
            more = bool(self._queue)
            turn = self._turn
            if not more:
                self._queue = None
                self._scheduled = False
        if more and self._dispatcher is not None and turn is not None:
            self._dispatcher.schedule(turn)

    def close(self, error: BaseException | None, message: object) -> Termination:
        """Take no more messages, let go of the actor, answer who asked, give the watchers the last word."""
        with self._lock:
            left = self._queue or ()
            termination = Termination(
                error=error,
                message=message,
                undelivered=tuple(each.message for each in left if _is_told(each)),
            )
            watchers, self._watchers = self._watchers, ()
            self._closed, self._termination = True, termination
            self._queue = self._turn = None
        for envelope in left:
            if not _is_told(envelope):
                _refuse(envelope, while_stopping=True)
        for notify in watchers:
            try:
                notify(termination)
            except Exception as failure:  # noqa: BLE001 - the other watchers are to hear it too
                log_failure(log, "watcher failed", failure)
        return termination


def _is_told(envelope: Envelope[Any]) -> bool:
    return envelope.reply_to is None and not isinstance(envelope.message, messages._ActorStop)


def _refuse(envelope: Envelope[Any], *, while_stopping: bool = False) -> None:
    """Answer what came too late. A request to stop that finds the actor stopping has what it wanted."""
    stop = isinstance(envelope.message, messages._ActorStop)
    reply_to = envelope.reply_to
    if reply_to is None:
        if not stop:
            raise ActorDeadError("the actor has stopped; it was not told")
    elif stop and while_stopping:
        reply_to.set(None)
    else:
        dead = ActorDeadError("the actor stopped before it handled this message")
        reply_to.set_exception((ActorDeadError, dead, None))
