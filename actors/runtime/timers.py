"""Deliver something later: on a thread of its own in production, by hand in simulation.

What is delivered is small, a `tell`: a timer never does the work itself.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

import structlog
from pykka import ActorDeadError

from actors.runtime.clock import Clock, VirtualClock
from actors.runtime.errors import log_failure

log = structlog.get_logger(__name__)

CANCELLED_KEPT = 1024
"""Cancelled entries the heap may hold, beside as many as there are live ones, before they are swept out."""

Due = TypeVar("Due", float, datetime)


class Timer:
    """A delivery that is still to come, and may be called off."""

    __slots__ = ("_deliver",)

    def __init__(self, deliver: Callable[[], None]) -> None:
        self._deliver: Callable[[], None] | None = deliver

    @property
    def active(self) -> bool:
        """Whether the delivery is still to come."""
        return self._deliver is not None

    def cancel(self) -> None:
        """Call the delivery off. Without effect if it has happened, or is happening on another thread."""
        self._deliver = None

    def fire(self) -> None:
        """Deliver, once. For the timers that made this one."""
        deliver, self._deliver = self._deliver, None
        if deliver is None:
            return
        try:
            deliver()
        except ActorDeadError:
            log.debug("timer came after its actor had stopped")
        except Exception as error:  # noqa: BLE001 - one bad delivery must not silence every other timer
            log_failure(log, "timer delivery failed", error)


class Timers(Protocol):
    """Something that delivers later."""

    def after(self, seconds: float, deliver: Callable[[], None]) -> Timer:
        """Call `deliver` once, `seconds` from now; never on this stack, even if they are not positive."""
        ...


class TimerQueue(Generic[Due]):
    """Timers in the order in which they are due; those due at the same instant as they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[Due, int, Timer]] = []
        self._sequence = 0
        self._sweep_at = CANCELLED_KEPT

    def push(self, due: Due, deliver: Callable[[], None]) -> Timer:
        """Set a timer."""
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        timer = Timer(deliver)
        self._sequence += 1
        heapq.heappush(self._heap, (due, self._sequence, timer))
        return timer

    def next_due(self) -> Due | None:
        """When the next live timer is due."""
        while self._heap and not self._heap[0][2].active:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: Due) -> list[Timer]:
        """Take out what is due by `now`."""
        due: list[Timer] = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[2])
        return due

    def __len__(self) -> int:
        return len(self._heap)

    def _sweep(self) -> None:
        # an idle-timeout that is renewed with every message leaves a cancelled entry each time
        self._heap = [entry for entry in self._heap if entry[2].active]
        heapq.heapify(self._heap)
        self._sweep_at = 2 * len(self._heap) + CANCELLED_KEPT


class SystemTimers:
    """Timers on one daemon thread that sleeps until the next is due."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: TimerQueue[float] = TimerQueue()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="timers", daemon=True)

    def after(self, seconds: float, deliver: Callable[[], None]) -> Timer:
        due = self._clock.monotonic() + seconds
        with self._changed:
            first = self._queue.next_due()
            timer = self._queue.push(due, deliver)
            if first is None or due < first:
                self._changed.notify()
        return timer

    def start(self) -> None:
        """Start the thread; timers set earlier are served now."""
        self._thread.start()

    def stop(self, timeout: float) -> list[str]:
        """End the thread, delivering nothing more; return its name if it did not end in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is None:
            return []
        self._thread.join(timeout)
        return [self._thread.name] if self._thread.is_alive() else []

    def _work(self) -> None:
        while (due := self._wait_for_due()) is not None:
            for timer in due:
                timer.fire()
            del due

    def _wait_for_due(self) -> list[Timer] | None:
        with self._changed:
            while not self._stopping:
                first = self._queue.next_due()
                now = self._clock.monotonic()
                if first is not None and first <= now:
                    return self._queue.pop_due(now)
                self._changed.wait(None if first is None else first - now)
        return None


class VirtualTimers:
    """Timers on a virtual clock: whoever moves the clock fires what has become due."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._queue: TimerQueue[datetime] = TimerQueue()

    def after(self, seconds: float, deliver: Callable[[], None]) -> Timer:
        return self._queue.push(self._clock.now() + timedelta(seconds=max(seconds, 0.0)), deliver)

    def next_due(self) -> datetime | None:
        """When the next timer is due; None if none is set."""
        return self._queue.next_due()

    def fire_due(self) -> int:
        """Deliver what is due now, in order; return how many. What a delivery sets is for the next call."""
        fired = 0
        for timer in self._queue.pop_due(self._clock.now()):
            fired += timer.active
            timer.fire()
        return fired
