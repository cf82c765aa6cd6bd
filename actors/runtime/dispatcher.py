"""Who runs next: a pool of threads in production, one seeded choice after another in simulation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random
from typing import Protocol

from actors.runtime.errors import LivelockError
from actors.runtime.workers import Workers

MESSAGES_PER_TURN = 8
"""Messages an actor handles before it goes to the back of the queue; 4-16 measured best."""


class Dispatcher(Protocol):
    """Gives actors their turns. An actor schedules at most one turn at a time."""

    @property
    def messages_per_turn(self) -> int:
        """After how many messages a busy actor makes room for the next one."""
        ...

    def schedule(self, run: Callable[[], None]) -> None:
        """Have `run` called once, soon, never on the caller's stack."""
        ...

    def owns_current_thread(self) -> bool:
        """Whether the caller is itself inside a turn that this dispatcher gave."""
        ...

    def wait_for(self, condition: threading.Condition, ready: Callable[[], bool], timeout: float) -> bool:
        """Wait, from outside, until `ready()`; `condition` is notified when that may have changed.

        Returns whether it became ready within `timeout` seconds.
        """
        ...


class PoolDispatcher:
    """Turns on a fixed number of threads. With one thread, its actors are pinned to it."""

    def __init__(self, name: str, threads: int, *, messages_per_turn: int = MESSAGES_PER_TURN) -> None:
        self.name = name
        self._messages_per_turn = messages_per_turn
        self._workers = Workers(name, threads)
        self.schedule = self._workers.put  # called for every turn: spare it a frame

    @property
    def messages_per_turn(self) -> int:
        return self._messages_per_turn

    def start(self) -> None:
        """Start the threads; turns scheduled earlier run now."""
        self._workers.start()

    def stop(self, timeout: float) -> list[str]:
        """End the threads after the turns queued now; return the names of those that did not end in time."""
        return self._workers.stop(timeout)

    def owns_current_thread(self) -> bool:
        return self._workers.owns_current_thread()

    def wait_for(self, condition: threading.Condition, ready: Callable[[], bool], timeout: float) -> bool:
        with condition:
            return condition.wait_for(ready, timeout)


class ManualDispatcher:
    """Turns on the caller's thread, one at a time, in an order drawn from `random`: same seed, same order."""

    def __init__(self, random: Random, *, messages_per_turn: int = 1) -> None:
        """One message a turn by default, so that every message is a separate choice of who runs next."""
        self._random = random
        self._messages_per_turn = messages_per_turn
        self._runnable: list[Callable[[], None]] = []
        self._running = False

    @property
    def messages_per_turn(self) -> int:
        return self._messages_per_turn

    @property
    def pending(self) -> int:
        """How many turns are waiting to be given."""
        return len(self._runnable)

    def schedule(self, run: Callable[[], None]) -> None:
        self._runnable.append(run)

    def run_one(self) -> bool:
        """Give one turn. Returns False when nobody waits for one."""
        if not self._runnable:
            return False
        chosen = self._random.randrange(len(self._runnable))
        self._runnable[chosen], self._runnable[-1] = self._runnable[-1], self._runnable[chosen]
        run = self._runnable.pop()
        self._running = True
        try:
            run()
        finally:
            self._running = False
        return True

    def run_until_idle(self, limit: int = 1_000_000) -> int:
        """Give turns until nobody waits for one; return how many.

        Raises `LivelockError` after `limit` turns.
        """
        for given in range(limit):
            if not self.run_one():
                return given
        raise LivelockError(f"still {self.pending} actors want to run after {limit} turns")

    def owns_current_thread(self) -> bool:
        return self._running

    def wait_for(self, condition: threading.Condition, ready: Callable[[], bool], timeout: float) -> bool:
        """Give turns until `ready()`: nobody else will. No time passes meanwhile: `timeout` plays no part."""
        while not ready():
            if not self.run_one():
                return False
        return True
