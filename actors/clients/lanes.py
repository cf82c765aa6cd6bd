"""Whose request goes out next: a lane for each mailbox, each with its own limit and its own pauses.

Pure bookkeeping. Within a priority lanes take turns, so that a mailbox with a thousand requests and one with
a single request are equally quick with their first. A lane that waits holds up nobody else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from actors.clients.steps import Priority

T = TypeVar("T")

REFUSALS_TO_PAUSE = 2
"""Throttled answers in a row after which the whole lane waits.

After the first, only the request that was refused does: a single refusal among successes says that there was
one too many at that moment, and holding back all others for `Retry-After` would cost more than it spares.
"""


@dataclass(slots=True, kw_only=True)
class _Lane(Generic[T]):
    waiting: tuple[deque[T], ...] = field(default_factory=lambda: tuple(deque() for _ in Priority))
    in_flight: int = 0
    refusals: int = 0
    paused_until: float = 0.0
    listed: set[Priority] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        return not self.in_flight and not any(self.waiting)


class Lanes(Generic[T]):
    """The lanes of one service."""

    def __init__(self, *, limit: int, shared_limit: int, refusals_to_pause: int = REFUSALS_TO_PAUSE) -> None:
        """`limit` is how many requests of one lane may be in flight, `shared_limit` of the lane None."""
        self._limit = limit
        self._shared_limit = shared_limit
        self._refusals_to_pause = refusals_to_pause
        self._lanes: dict[Hashable, _Lane[T]] = {}
        self._turns: tuple[deque[Hashable], ...] = tuple(deque() for _ in Priority)
        self._waiting = 0
        self._in_flight = 0

    @property
    def waiting(self) -> int:
        """How many requests wait in all lanes."""
        return self._waiting

    @property
    def in_flight(self) -> int:
        """How many requests of all lanes are under way."""
        return self._in_flight

    @property
    def paused(self) -> int:
        """How many lanes wait at the service's request."""
        return sum(lane.paused_until > 0.0 for lane in self._lanes.values())

    def put(self, key: Hashable, item: T, priority: Priority, *, first: bool = False) -> None:
        """Have `item` wait its turn in a lane, at its front if it has waited before."""
        lane = self._lanes.setdefault(key, _Lane())
        line = lane.waiting[priority]
        (line.appendleft if first else line.append)(item)
        self._waiting += 1
        self._list(key, lane)

    def take(self) -> tuple[Hashable, T] | None:
        """The next request that may go out, counted as in flight from here on; None if there is none."""
        for priority, turns in zip(Priority, self._turns, strict=True):
            for _ in range(len(turns)):
                key = turns.popleft()
                lane = self._lanes.get(key)
                if lane is None:
                    continue
                lane.listed.discard(priority)
                line = lane.waiting[priority]
                if not line or not self._has_room(key, lane) or lane.paused_until:
                    continue  # `done` or `resume` lists it again
                item = line.popleft()
                lane.in_flight += 1
                self._waiting -= 1
                self._in_flight += 1
                self._list(key, lane)
                return key, item
        return None

    def done(self, key: Hashable, *, throttled: bool = False) -> None:
        """A request is over; `throttled` if the service refused it as one too many."""
        lane = self._lanes[key]
        lane.refusals = lane.refusals + 1 if throttled else 0
        self.release(key)

    def release(self, key: Hashable) -> None:
        """What was taken is not sent at all; the service has said nothing."""
        lane = self._lanes[key]
        lane.in_flight -= 1
        self._in_flight -= 1
        self._list(key, lane)
        self._forget_if_idle(key, lane)

    def put_back(self, key: Hashable, item: T, priority: Priority) -> None:
        """What was taken does not go out after all."""
        self._lanes[key].in_flight -= 1
        self._in_flight -= 1
        self.put(key, item, priority, first=True)

    def withdraw(self, wanted: Callable[[T], bool]) -> list[T]:
        """Take out what waits and is `wanted`, whatever its turn."""
        taken: list[T] = []
        for key, lane in list(self._lanes.items()):
            for line in lane.waiting:
                found = [item for item in line if wanted(item)]
                if found:
                    taken += found
                    left = [item for item in line if not wanted(item)]
                    line.clear()
                    line.extend(left)
            self._forget_if_idle(key, lane)
        self._waiting -= len(taken)
        return taken

    def pause(self, key: Hashable, until: float) -> bool:
        """Have a lane wait until `resume` says so, if it was refused often enough."""
        lane = self._lanes.get(key)
        if lane is None or lane.refusals < self._refusals_to_pause:
            return False
        lane.paused_until = max(lane.paused_until, until)
        return True

    def resume(self, key: Hashable, until: float) -> None:
        """A pause until then is over; a longer one goes on. One refusal before any success renews it."""
        lane = self._lanes.get(key)
        if lane is None or lane.paused_until > until:
            return
        lane.paused_until = 0.0
        lane.refusals = self._refusals_to_pause - 1
        self._list(key, lane)
        self._forget_if_idle(key, lane)

    def _forget_if_idle(self, key: Hashable, lane: _Lane[T]) -> None:
        if lane.is_empty and not lane.refusals and not lane.paused_until:
            del self._lanes[key]

    def _has_room(self, key: Hashable, lane: _Lane[T]) -> bool:
        return lane.in_flight < (self._shared_limit if key is None else self._limit)

    def _list(self, key: Hashable, lane: _Lane[T]) -> None:
        """Enter a lane in the line for a turn, once for each priority it has something of."""
        for priority, line, turns in zip(Priority, lane.waiting, self._turns, strict=True):
            if line and priority not in lane.listed:
                lane.listed.add(priority)
                turns.append(key)
