"""Time as something that is handed in: the system's, or one that a test or a simulation moves by hand.

The only module of `actors/` and `models/` that may ask the operating system what time it is.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What time it is. Everything that needs to know is given one."""

    def now(self) -> datetime:
        """The present instant: aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back. For durations and deadlines."""
        ...


class SystemClock:
    """The operating system's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class VirtualClock:
    """A clock that stands still until it is moved, and never goes back."""

    def __init__(self, start: datetime) -> None:
        """Begin at `start`, which must be aware. Raises `ValueError` for a naive one."""
        if start.tzinfo is None:
            raise ValueError("a virtual clock starts at an aware datetime")
        self._start = start.astimezone(UTC)
        self._now = self._start

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`. Raises `ValueError` if they are negative."""
        self.advance_to(self._now + timedelta(seconds=seconds))

    def advance_to(self, when: datetime) -> None:
        """Move forward to `when`. Raises `ValueError` if that has passed already."""
        if when < self._now:
            raise ValueError(f"a clock does not go back: it is {self._now}, asked for {when}")
        self._now = when.astimezone(UTC)
