"""The time that both services live in: real, shifted, or standing still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def system_time() -> datetime:
    """The time of this machine, aware, in UTC."""
    return datetime.now(UTC)


class Clock:
    """A clock over another one: it can be set, moved and frozen, and never goes on its own.

    `source` gives the running time, aware and in UTC; the clock adds an offset to it or, frozen, ignores it.
    """

    def __init__(self, source: Callable[[], datetime] = system_time) -> None:
        self._source = source
        self._offset = timedelta(0)
        self._frozen_at: datetime | None = None

    def now(self) -> datetime:
        """The time of the services, aware, in UTC."""
        if self._frozen_at is not None:
            return self._frozen_at
        return self._source() + self._offset

    @property
    def frozen(self) -> bool:
        """Whether the time stands still until it is moved."""
        return self._frozen_at is not None

    def set(self, moment: datetime, *, frozen: bool = False) -> None:
        """Makes it `moment` (aware); from there the clock runs on, or stands still.

        Raises ValueError for a time without a zone.
        """
        if moment.tzinfo is None:
            raise ValueError("a time needs an offset, e.g. 2026-11-22T09:00:00Z")
        moment = moment.astimezone(UTC)
        self._frozen_at = moment if frozen else None
        self._offset = moment - self._source()

    def advance(self, seconds: float) -> None:
        """Moves the time by `seconds`; a frozen clock stays frozen."""
        step = timedelta(seconds=seconds)
        if self._frozen_at is not None:
            self._frozen_at += step
        else:
            self._offset += step

    def release(self) -> None:
        """Back to the running time, without an offset."""
        self._offset = timedelta(0)
        self._frozen_at = None
