"""When something takes place: an interval of instants, or of floating dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import floor
from zlib import crc32

from models.made_often import made_often


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """From one instant to another, both aware and in UTC. An end before the start is read as the start."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:
            raise ValueError("a Timed interval is in UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllDay:
    """Whole days, wherever one is: floating dates that no zone may shift (facts §1.5)."""

    first: date
    until: date
    """Exclusive: one day lasts until the next."""


When = Timed | AllDay


def begins_never(when: When) -> bool:
    """Whether something begins in the year 1: with both services that stands for "no time"."""
    return (when.first if isinstance(when, AllDay) else when.start).year == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The stretch of time around now in which items are synchronised."""

    start: datetime
    end: datetime

    def overlaps(self, when: When) -> bool:
        """Whether an item belongs to the window: all-day items count with a day's margin for zones."""
        if isinstance(when, AllDay):
            margin = timedelta(days=1)
            return (
                datetime.combine(when.first, time(), UTC) - margin < self.end
                and datetime.combine(when.until, time(), UTC) + margin > self.start
            )
        if when.start == when.end:
            return self.start <= when.start < self.end
        return when.start < self.end and when.end > self.start


def window_around(now: datetime, *, past_days: int, future_days: int) -> Window:
    """The window at `now`, on whole UTC days so that it is the same all day long."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(start=midnight - timedelta(days=past_days), end=midnight + timedelta(days=future_days + 1))


def day_of(name: str, now: datetime) -> int:
    """Which day it is for `name`, whose days begin at a moment of its own."""
    return period_of(name, now, timedelta(days=1))


def period_of(name: str, now: datetime, length: timedelta) -> int:
    """Which period it is for `name`, whose periods begin at a moment of its own.

    What is due once in a period is due when this number changes: at the same moment every time, also after
    a start, and over many names spread evenly.
    """
    return floor(now.timestamp() / length.total_seconds() - _begins(name))


def next_period(name: str, now: datetime, length: timedelta) -> datetime:
    """When the next period begins for `name`."""
    seconds = (period_of(name, now, length) + 1 + _begins(name)) * length.total_seconds()
    return datetime.fromtimestamp(seconds, UTC)


def _begins(name: str) -> float:
    """At which part of a period those of `name` begin."""
    return crc32(name.encode()) / 2**32
