"""What is injected everywhere, bundled: time, randomness, who runs next, and where I/O happens."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from actors.runtime.clock import Clock, SystemClock, VirtualClock
from actors.runtime.dispatcher import Dispatcher, ManualDispatcher, PoolDispatcher
from actors.runtime.errors import LivelockError
from actors.runtime.senders import ManualSenders, Senders, ThreadSenders
from actors.runtime.timers import SystemTimers, Timers, VirtualTimers

log = structlog.get_logger(__name__)

PINNED = ("supervisor", "router", "gateway", "mapper", "store")
"""Dispatchers of one thread each, for the actors that everybody shares."""

LAST_CHANCE = 0.05
"""Seconds given to threads to end when an earlier group has used up all the time there was."""


class Service(Protocol):
    """Something with threads: started in order, stopped in reverse."""

    def start(self) -> None:
        """Start the threads."""
        ...

    def stop(self, timeout: float) -> list[str]:
        """End them within `timeout` seconds; return the names of those still running."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What actors run on. Made once, by whoever starts the process or the simulation."""

    clock: Clock
    timers: Timers
    random: random.Random
    """Of back-off jitter, ids and samples. Never of secrets."""
    resources: Dispatcher
    """The threads that all resource actors share; nothing on them blocks, sleeps or does I/O."""
    pinned: Mapping[str, Dispatcher]
    """Dispatchers of one thread each, by the name of what runs there (`PINNED`)."""
    senders: Senders
    """The threads on which requests are made."""
    services: Sequence[Service] = field(default=(), repr=False)

    @classmethod
    def production(
        cls, *, resource_threads: int = 8, sender_threads: int = 16, pinned: Sequence[str] = PINNED
    ) -> Runtime:
        """System clock, system randomness, threads. They run after `start`.

        `sender_threads` is the number of requests that can be in flight at once.
        """
        clock = SystemClock()
        timers = SystemTimers(clock)
        resources = PoolDispatcher("resource", resource_threads)
        pins = {name: PoolDispatcher(name, 1) for name in pinned}
        senders = ThreadSenders("sender", sender_threads)
        return cls(
            clock=clock,
            timers=timers,
            # seeded by the system, and asked without a call of it, in which other threads would take over
            random=random.Random(),  # noqa: S311 - tells apart and spreads; secrets come from elsewhere
            resources=resources,
            pinned=pins,
            senders=senders,
            # what is told stands before what tells: stopped in reverse, nobody speaks to the dead
            services=(*pins.values(), resources, senders, timers),
        )

    @classmethod
    def simulated(cls, seed: int, start: datetime, *, pinned: Sequence[str] = PINNED) -> SimulatedRuntime:
        """One thread, a virtual clock that begins at `start`, and every choice drawn from `seed`."""
        choices = random.Random(seed)  # noqa: S311 - replays a history; guards nothing
        clock = VirtualClock(start)
        dispatcher = ManualDispatcher(choices)
        return SimulatedRuntime(
            clock=clock,
            timers=VirtualTimers(clock),
            random=choices,
            resources=dispatcher,
            pinned=dict.fromkeys(pinned, dispatcher),
            senders=ManualSenders(dispatcher),
        )

    def start(self) -> None:
        """Start every thread."""
        for service in self.services:
            service.start()

    def stop(self, timeout: float) -> list[str]:
        """Stop every thread, in reverse order, within about `timeout` seconds in all.

        Actors are stopped before, by their supervisors. Returns the names of the threads that did not end:
        a bug, unless a request hangs. They are daemons, and the process can exit all the same.
        """
        deadline = self.clock.monotonic() + timeout
        survivors: list[str] = []
        for service in reversed(self.services):
            survivors.extend(service.stop(max(deadline - self.clock.monotonic(), LAST_CHANCE)))
        if survivors:
            log.error("threads still running after stop", threads=survivors)
        return survivors


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRuntime(Runtime):
    """A runtime that only moves when it is told to."""

    clock: VirtualClock
    timers: VirtualTimers
    resources: ManualDispatcher
    senders: ManualSenders

    def settle(self, limit: int = 1_000_000) -> int:
        """Run at the present instant, due timers included, until nothing is left to do; return how many
        turns that took.

        Raises `LivelockError` after about `limit` of them.
        """
        turns = 0
        while turns <= limit:
            ran = self.resources.run_until_idle(limit)
            ran += self.timers.fire_due()
            if not ran:
                return turns
            turns += ran
        raise LivelockError(f"still busy after {turns} turns at {self.clock.now()}")

    def run_until(self, when: datetime, limit: int = 1_000_000) -> int:
        """Let time pass until `when`, stopping at every timer on the way; return the turns it took."""
        turns = self.settle(limit)
        while (due := self.timers.next_due()) is not None and due <= when:
            self.clock.advance_to(due)
            turns += self.settle(limit)
        self.clock.advance_to(when)
        return turns
