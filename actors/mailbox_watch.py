"""The mailboxes' watch: every mailbox is asked what changed, each at its own moment of the period.

The safety net under Graph's notifications, and all there is where they cannot reach this process.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from actors.resource.messages import Hint
from actors.router import Router
from actors.runtime.clock import Clock
from actors.runtime.pooled import PooledActor
from actors.runtime.timers import Timers
from models.ids import ResourceNo
from models.storage.records import Trigger

TICKS_PER_PERIOD = 60
"""Into how many moments a period is cut: as many mailboxes as fall into one are asked together."""
LOOKS_PER_PERIOD = 4
"""How often it is looked who is new, where nobody's turn comes earlier."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Ask those whose turn it is."""


class MailboxWatch(PooledActor):
    """Hints every active resource once in a period."""

    def __init__(
        self, *, router: Router, clock: Clock, timers: Timers, random: Random, every_seconds: float
    ) -> None:
        super().__init__()
        self._router, self._clock, self._timers, self._random = router, clock, timers, random
        self._every = every_seconds
        self._next: dict[ResourceNo, float] = {}

    def on_start(self) -> None:
        self._tick()

    def on_receive(self, message: object) -> object:
        if not isinstance(message, Tick):
            return super().on_receive(message)
        self._tick()
        return None

    def _tick(self) -> None:
        now, active = self._clock.monotonic(), self._router.directory.resources
        self._next = {number: due for number, due in self._next.items() if number in active}
        for number in active:
            due = self._next.get(number)
            if due is None:
                # the roster has just hinted it: its first poll comes at a random moment of the period
                self._next[number] = now + self._every * (0.5 + self._random.random() / 2)
            elif due <= now:
                self._next[number] = now + self._every
                self._router.hint(number, Hint(outlook=True, trigger=Trigger.POLL))
        first = min(self._next.values(), default=float("inf"))
        together, latest = max(self._every / TICKS_PER_PERIOD, 0.2), self._every / LOOKS_PER_PERIOD
        self._timers.after(max(together, min(first - now, latest)), lambda: self.actor_ref.tell(Tick()))
