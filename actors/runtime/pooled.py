"""Pykka's actors on shared threads: an actor holds a thread only while it has messages.

Everything that Pykka promises about `tell`, `ask`, proxies and `stop` holds, with these differences:

- Who runs an actor is said when it is started: `MyActor.start(..., dispatcher=pool)`.
- The last word of an actor, in order or by a crash, goes to those who `watch` it, together with the messages
  it never handled. Stock Pykka drops those without a trace.
- An `on_start` that raises is a failure like any other: `on_failure` is called.
- `SystemExit` and the like end one actor, not all of them, and whoever asked is answered.
- A wait for an answer always ends (`ASK_TIMEOUT`), and is refused where it could never succeed.
- Actors are not entered in Pykka's global registry; see `Directory`.
- What goes wrong is logged by type and place; texts and messages may be private.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import structlog
from pykka import Actor, ActorRef, Future
from pykka._envelope import Envelope

from actors.runtime.dispatcher import Dispatcher
from actors.runtime.errors import ProcessCrash, log_failure, type_name
from actors.runtime.inbox import Inbox, PoolFuture, Termination

log = structlog.get_logger(__name__)

__all__ = ["PoolFuture", "PooledActor", "Termination", "watch"]


def watch(ref: ActorRef[Any], notify: Callable[[Termination], None]) -> None:
    """Have `notify` called once with the last word of an actor, at once if that has been spoken already.

    It is called on the thread of the dying actor, after `on_stop` or `on_failure` and after the inbox has
    closed: it tells somebody, and does nothing else. Raises `TypeError` if the actor is not a `PooledActor`.
    """
    if not isinstance(ref.actor_inbox, Inbox):
        raise TypeError(f"{ref.actor_class.__name__} is not a PooledActor")
    ref.actor_inbox.watch(notify)


class PooledActor(Actor):
    """An actor that takes turns on a dispatcher. Subclass it as one would Pykka's `ThreadingActor`."""

    actor_inbox: Inbox

    @classmethod
    def start(
        cls,
        *args: Any,  # noqa: ANN401 - as Pykka declares it
        dispatcher: Dispatcher,
        **kwargs: Any,  # noqa: ANN401 - as Pykka declares it
    ) -> ActorRef[Self]:
        """Create an actor and give it its first turn, in which `on_start` runs.

        `args` and `kwargs` go to the constructor, which runs on the caller's thread.
        """
        actor = cls(*args, **kwargs)
        actor.actor_inbox.attach(dispatcher)
        actor._start_actor_loop()
        return actor.actor_ref

    @staticmethod
    def _create_actor_inbox() -> Inbox:
        return Inbox()

    @staticmethod
    def _create_future() -> Future[Any]:
        return PoolFuture()

    def _start_actor_loop(self) -> None:
        self.actor_inbox.open(self._first_turn, self._turn)

    def on_receive(self, message: Any) -> Any:  # noqa: ANN401 - as Pykka declares it
        """Handle a message that is not a proxy's. By default: say that nobody does."""
        log.warning("message of unknown kind", actor=type(self).__name__, kind=type(message).__name__)

    # The turns

    def _first_turn(self) -> None:
        try:
            self.on_start()
        except ProcessCrash:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it ends this actor and no other
            self._crash(error, None)
        else:
            self._turn()

    def _turn(self) -> None:
        inbox = self.actor_inbox
        for _ in range(inbox.turn_size()):
            envelope = inbox.take()
            if envelope is None:
                return
            try:
                self._handle(envelope)
            except ProcessCrash:
                raise
            except BaseException as error:  # noqa: BLE001 - whatever it is, it ends this actor and no other
                self._crash(error, envelope)
                return
            if self.actor_stopped.is_set():
                self._close(None, None)
                if envelope.reply_to is not None:
                    envelope.reply_to.set(None)
                return
        inbox.end_turn()

    def _handle(self, envelope: Envelope[Any]) -> None:
        """Handle one message. An ordinary error goes to whoever asked; if nobody did, it is raised."""
        reply_to = envelope.reply_to
        if reply_to is None:
            self._handle_receive(envelope.message)
            return
        try:
            answer = self._handle_receive(envelope.message)
        except ProcessCrash:
            raise
        except BaseException as error:
            reply_to.set_exception()
            if not isinstance(error, Exception):
                raise
            log.info("error returned to caller", actor=type(self).__name__, error=type_name(error))
        else:
            if not self.actor_stopped.is_set():  # that it has stopped is answered when it has
                reply_to.set(answer)

    # The end

    def _stop(self) -> None:
        self.actor_stopped.set()
        try:
            self.on_stop()
        except ProcessCrash:
            raise
        except BaseException:  # noqa: BLE001 - it was asked to stop, and it stops
            self._handle_failure(*sys.exc_info())

    def _crash(self, error: BaseException, envelope: Envelope[Any] | None) -> None:
        message = None if envelope is None else envelope.message
        failure = (type(error), error, error.__traceback__)
        self._handle_failure(*failure)
        try:
            self.on_failure(*failure)
        except ProcessCrash:
            raise
        except BaseException:  # noqa: BLE001 - the error that brought it here is the one that counts
            self._handle_failure(*sys.exc_info())
        self._close(error, message)

    def _handle_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.actor_stopped.set()
        if exception_value is None:
            return
        if (
            not self.actor_inbox.watched
        ):  # or else its supervisor, who knows how often it has failed, tells of it
            log_failure(log, "actor failed", exception_value, actor=type(self).__name__)

    def _close(self, error: BaseException | None, message: object) -> None:
        watched = self.actor_inbox.watched
        termination = self.actor_inbox.close(error, message)
        if termination.undelivered and not watched:
            log.warning(
                "actor stopped with messages in its inbox",
                actor=type(self).__name__,
                messages=len(termination.undelivered),
            )
