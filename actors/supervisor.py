"""Keeps actors of one kind running: starts them on demand, restarts, quarantines and passivates them.

What to do is decided in `models.supervision`; this carries it out. What it is given to call (`factory` and
the `on_…` hooks) runs in its turn, so it does no I/O and does not wait: it starts actors and tells actors.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from random import Random
from typing import Any

import structlog
from pykka import ActorRef

from actors.child import Child
from actors.runtime.clock import Clock
from actors.runtime.directory import Directory
from actors.runtime.errors import InfrastructureError, log_failure, type_name
from actors.runtime.pooled import PooledActor, Termination, watch
from actors.runtime.timers import Timers
from actors.runtime.waiting import identity
from actors.supervision_messages import (
    ChildReport,
    ChildTerminated,
    Deliver,
    Due,
    DueEvent,
    Ensure,
    Key,
    Passivate,
    Release,
    Retire,
    Status,
    StopAll,
)
from models import supervision as rules
from models.supervision import ChildState, SupervisionPolicy

log = structlog.get_logger(__name__)

__all__ = [
    "ChildReport", "ChildTerminated", "Deliver", "Ensure", "Key", "Passivate", "Release", "Retire", "Status",
    "StopAll", "Supervisor",
]  # fmt: skip


class Supervisor(PooledActor):
    """Owns the children of one kind, each under its key."""

    def __init__(
        self,
        *,
        name: str,
        policy: SupervisionPolicy,
        factory: Callable[[Key, int], ActorRef[Any]],
        timers: Timers,
        clock: Clock,
        random: Random,
        on_quarantine: Callable[[Key, str], None],
        on_poison: Callable[[Key, object, BaseException], None],
        on_escalate: Callable[[str], None],
        persist: Callable[[Key, ChildState], None],
        restored: Mapping[Key, ChildState] | None = None,
        message_key: Callable[[object], Hashable] = identity,
        describe: Callable[[BaseException], str] = type_name,
        directory: Directory[Key] | None = None,
    ) -> None:
        """`factory` starts the actor for a key and an incarnation, and returns its reference.

        `on_quarantine` is told a key and why; `on_poison` a key, the message that is given up and the error
        it raised last; `on_escalate` why the process has to stop with an exit code not 0. `persist` gets
        a child's state when it enters and when it leaves quarantine; `restored` is what it was given before
        the process started. `message_key` says which messages are the same for counting crashes; `describe`
        puts an error into words that are not private. `directory` lists the children to tell directly.
        """
        super().__init__()
        self._name, self._policy, self._factory = name, policy, factory
        self._timers, self._clock, self._random = timers, clock, random
        self._on_quarantine, self._on_poison, self._on_escalate = on_quarantine, on_poison, on_escalate
        self._persist, self._message_key, self._describe = persist, message_key, describe
        self._directory: Directory[Key] = Directory() if directory is None else directory
        self._children = {key: Child(key, state) for key, state in (restored or {}).items()}
        self._running = 0
        self._all_stopped: Callable[[], None] | None = None

    def on_start(self) -> None:
        for child in list(self._children.values()):
            self._apply(child, rules.Restored())

    def on_failure(self, *_: object) -> None:
        self._on_escalate(f"the supervisor of {self._name} has failed itself")

    def on_receive(self, message: object) -> object:
        if self._all_stopped is not None and not isinstance(message, ChildTerminated | Status):
            return None
        match message:
            case Deliver():
                self._deliver(self._child(message.key), message.message)
            case ChildTerminated():
                self._terminated(self._child(message.key), message.incarnation, message.termination)
            case Ensure():
                self._ensure(self._child(message.key))
            case Passivate():
                self._apply(self._child(message.key), rules.StopAsked(incarnation=message.incarnation))
            case Retire():
                self._retire(self._child(message.key))
            case Release():
                self._apply(self._child(message.key), rules.Released())
            case Due():
                self._apply(self._child(message.key), message.event)
            case Status():
                return tuple(child.report() for child in self._children.values())
            case StopAll():
                self._stop_all(message.reply)
            case _:
                super().on_receive(message)
        return None

    # What is asked for

    def _ensure(self, child: Child) -> None:
        child.wanted = child.stopping
        child.retired = False
        self._apply(child, rules.Wanted())

    def _deliver(self, child: Child, message: object) -> None:
        if not child.give(message):
            self._ensure(child)

    def _retire(self, child: Child) -> None:
        child.waiting.take_all()
        child.wanted = False
        child.retired = True
        self._apply(child, rules.Retired())

    def _stop_all(self, reply: Callable[[], None]) -> None:
        self._all_stopped = reply
        for child in self._children.values():
            self._apply(child, rules.StopAsked())
        if not self._running:
            reply()

    # What happens to children

    def _start(self, child: Child, incarnation: int) -> None:
        child.wanted = False
        try:
            ref = self._factory(child.key, incarnation)
        except Exception as error:  # noqa: BLE001 - it is the child's start that failed, and is tried again
            self._crashed(child, incarnation, error, None)
            return
        child.ref = ref
        self._running += 1
        self._directory.add(child.key, ref)
        watch(ref, partial(self._heard, child.key, incarnation))
        child.give_waiting()

    def _heard(self, key: Key, incarnation: int, termination: Termination) -> None:
        self.actor_ref.tell(ChildTerminated(key=key, incarnation=incarnation, termination=termination))

    def _terminated(self, child: Child, incarnation: int, termination: Termination) -> None:
        if child.ref is None or incarnation != child.state.incarnation:
            return
        self._directory.remove(child.key, child.ref)
        child.ref = None
        self._running -= 1
        if self._all_stopped is not None:
            self._apply(child, rules.StoppedNormally(incarnation=incarnation))
            if not self._running:
                self._all_stopped()
            return
        if not child.retired:
            child.waiting.put_back(termination.undelivered)
        if termination.error is None or child.retired:
            self._apply(child, rules.StoppedNormally(incarnation=incarnation))
        else:
            self._crashed(child, incarnation, termination.error, termination.message)
        if child.wanted or child.waiting:
            self._apply(child, rules.Wanted())

    def _crashed(self, child: Child, incarnation: int, error: BaseException, message: object) -> None:
        crash = rules.Crashed(
            incarnation=incarnation,
            reason=self._describe(error),
            suspect=None if message is None else self._message_key(message),
            infrastructure=isinstance(error, InfrastructureError),
        )
        effects = self._apply(child, crash)
        if any(isinstance(effect, rules.TroubleBegan) for effect in effects):
            log_failure(log, "child failed", error, supervisor=self._name, key=child.key)
        if any(isinstance(effect, rules.Park) for effect in effects):
            log.error("message parked", supervisor=self._name, key=child.key, kind=type(message).__name__)
            self._on_poison(child.key, message, error)
        elif message is not None:
            child.waiting.put_back([message])

    # What is decided

    def _apply(self, child: Child, event: rules.Event) -> tuple[rules.Effect, ...]:
        before = child.state
        child.state, effects = rules.decide(self._policy, before, event, self._clock.now(), self._random)
        if before.quarantined != child.state.quarantined:
            self._persist(child.key, child.state)
        for effect in effects:
            self._carry_out(child, effect)
        return effects

    def _carry_out(self, child: Child, effect: rules.Effect) -> None:
        say = log.bind(supervisor=self._name, key=child.key)
        match effect:
            case rules.Start(incarnation=incarnation):
                self._start(child, incarnation)
            case rules.Stop() if child.ref is not None:
                child.ref.stop(block=False)
            case rules.StartAfter(seconds=seconds, incarnation=incarnation):
                say.info("child restarts later", seconds=round(seconds, 1), failures=child.state.failures)
                self._later(child, seconds, rules.RestartDue(incarnation=incarnation))
            case rules.ProbeAfter(seconds=seconds, incarnation=incarnation):
                self._later(child, seconds, rules.ProbeDue(incarnation=incarnation))
            case rules.QuietAfter(seconds=seconds, incarnation=incarnation):
                self._later(child, seconds, rules.QuietPassed(incarnation=incarnation))
            case rules.Quarantine(reason=reason):
                say.error("child quarantined", reason=reason, remedy="see its dead letters, then release it")
                self._on_quarantine(child.key, reason)
            case rules.Recovered(after=after):
                say.warning("child recovered", after_seconds=round(after.total_seconds()))
            case rules.Escalate(reason=reason):
                say.critical("child cannot be restarted: the process has to stop", reason=reason)
                self._on_escalate(reason)

    def _later(self, child: Child, seconds: float, event: DueEvent) -> None:
        self._timers.after(seconds, partial(self.actor_ref.tell, Due(key=child.key, event=event)))

    def _child(self, key: Key) -> Child:
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = Child(key, ChildState())
        return child
