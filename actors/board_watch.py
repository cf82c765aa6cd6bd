"""The board's watch: one reading of the whole window for everybody, and news for those whom it concerns.

The safety net under the webhooks, which cover only some source apps (facts, Dime.Scheduler §2.8).

The window moves on at midnight for all; each resource is told at a moment of its own within the day after
that, or everybody would look at everything at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from pykka import ActorRef

from actors.clients.scheduler.operations import AppointmentListing, ListAppointments
from actors.clients.steps import Failed, Outcome, Priority, Submit
from actors.resource.messages import BoardListed
from actors.router import Router
from actors.runtime.clock import Clock
from actors.runtime.pooled import PooledActor
from actors.runtime.timers import Timer, Timers
from models.appointment import Appointment
from models.ids import ResourceNo
from models.storage.records import Trigger
from models.when import Window, day_of

RETRY_SECONDS = 60.0
"""How soon a reading that failed is tried again, where the board is polled less often."""
OVERDUE = timedelta(days=1)
"""By how much the window of a resource that has not been told yet is older than today's."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Read the board now."""


@dataclass(frozen=True, slots=True)
class TellAll:
    """Read the board and tell everybody, also those to whom it is no news: they judge by something new."""

    trigger: Trigger


@dataclass(frozen=True, slots=True)
class _Read:
    outcome: Outcome
    window: Window
    asked_at: float


class BoardWatch(PooledActor):
    """Reads the board again and again, and tells each resource what is new to it."""

    def __init__(
        self,
        *,
        scheduler: ActorRef[Any],
        router: Router,
        clock: Clock,
        timers: Timers,
        every_seconds: float,
        window: Callable[[], Window],
        reads_all: bool = True,
        on_listed: Callable[[], None] = lambda: None,
    ) -> None:
        """`reads_all`: in one listing, also of those who do not synchronise; else of those who do alone.

        `on_listed` is called whenever everybody was told what the board holds.
        """
        super().__init__()
        self._scheduler, self._router, self._clock, self._timers = scheduler, router, clock, timers
        self._every, self._window, self._on_listed = every_seconds, window, on_listed
        self._reads_all = reads_all
        self._told: dict[ResourceNo, int] = {}
        """What each resource was told last, as a digest."""
        self._windows: dict[ResourceNo, tuple[int, Window]] = {}
        """The window of each resource, and the day of its own on which it moved on."""
        self._reading = False
        self._next: Timer | None = None
        self._tell_all: Trigger | None = None
        """Why everybody is to be told at the next reading that succeeds; None: only those with news."""

    def on_start(self) -> None:
        self._read()

    def on_receive(self, message: object) -> object:
        match message:
            case Watch():
                self._read()
            case TellAll():
                self._tell_all = message.trigger
                self._read()
            case _Read():
                self._was_read(message)
            case _:
                return super().on_receive(message)
        return None

    def _read(self) -> None:
        if self._reading:
            return
        self._reading = True
        window, asked_at = self._window(), self._clock.monotonic()
        both_days = replace(window, start=window.start - OVERDUE)
        whose = None if self._reads_all else tuple(sorted(self._router.directory.resources))
        self._scheduler.tell(
            Submit(
                operation=ListAppointments(window=both_days, resources=whose),
                reply=lambda outcome: self.actor_ref.tell(_Read(outcome, window, asked_at)),
                priority=Priority.CATCH_UP,
            )
        )

    def _was_read(self, message: _Read) -> None:
        self._reading = False
        if self._next is not None:
            self._next.cancel()
        outcome = message.outcome
        again = min(self._every, RETRY_SECONDS) if isinstance(outcome, Failed) else self._every
        self._next = self._timers.after(again, lambda: self.actor_ref.tell(Watch()))
        if isinstance(outcome, Failed):
            return  # an error is never an empty list (C11)
        listing: AppointmentListing = outcome.value
        active = self._router.directory.resources
        by_resource: dict[ResourceNo, list[Appointment]] = {number: [] for number in active}
        for appointment in listing.appointments:
            for number in appointment.resources:
                if number in by_resource:
                    by_resource[number].append(appointment)
        trigger, self._tell_all = self._tell_all, None
        if trigger is not None:
            self._told.clear()
        self._told = {number: digest for number, digest in self._told.items() if number in active}
        self._windows = {number: known for number, known in self._windows.items() if number in active}
        for number, listed in by_resource.items():
            window = self._window_of(number, message.window)
            appointments = tuple(one for one in listed if window.overlaps(one.when))
            digest = hash((window, frozenset(one.version for one in appointments)))
            has_written = self._router.has_written(number, message.asked_at)
            if has_written or self._told.get(number) != digest:
                self._told[number] = digest
                self._router.listing(
                    number,
                    BoardListed(
                        appointments=appointments,
                        unreadable=listing.unreadable,
                        window=window,
                        asked_at=message.asked_at,
                        trigger=trigger or Trigger.POLL,
                    ),
                )
        self._on_listed()

    def _window_of(self, number: ResourceNo, today: Window) -> Window:
        """Today's window, or yesterday's until the moment at which the resource's own day begins."""
        day = day_of(number, self._clock.now())
        known = self._windows.get(number)
        if known is None or known[0] != day:
            known = self._windows[number] = (day, today)
        return known[1]
