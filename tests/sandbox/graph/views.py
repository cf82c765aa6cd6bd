"""What lies in a window of time: single events, occurrences and exceptions (facts §2.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.sandbox.graph import errors, times
from tests.sandbox.graph.call import Call
from tests.sandbox.graph.events import Event, Item

MAX_DAYS = 1825
SLACK = timedelta(days=2)
"""Dates are those of a series' zone and windows are instants: no zone is further from UTC than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Instants from `start` to `end`, the end not included."""

    start: datetime
    end: datetime

    def overlaps(self, span: tuple[datetime, datetime]) -> bool:
        """Whether something from start to end lies in the window, at least in part."""
        start, end = span
        return start < self.end and (end > self.start or start == end == self.start)


def read_window(call: Call) -> Window:
    """The window that a call asks for. An offset is honoured, none means UTC, Prefer has no say."""
    start, end = call.option("startDateTime"), call.option("endDateTime")
    if start is None or end is None:
        raise errors.invalid_request(
            "This request requires a time window specified by the query string parameters StartDateTime and "
            "EndDateTime."
        )
    window = Window(start=times.parse_instant(start), end=times.parse_instant(end))
    if window.end < window.start:
        raise errors.GraphError(
            400, "ErrorInvalidParameter", "The end of the time window is earlier than its start."
        )
    if window.end - window.start > timedelta(days=MAX_DAYS):
        raise errors.invalid_request(
            "Your request can't be completed. The range between the start and end dates is greater than the "
            f"allowed range. Maximum number of days: {MAX_DAYS}"
        )
    return window


def instances(event: Event, window: Window) -> list[Item]:
    """The occurrences and exceptions of a series that overlap the window, by their original dates."""
    content = event.content
    length = abs(content.duration()) + SLACK
    days = set(event.dates(_date(window.start, -length), _date(window.end, SLACK)))
    days.update(event.exceptions)
    items = (Item(event=event, day=day) for day in sorted(days))
    return [item for item in items if window.overlaps(item.span())]


def in_window(events: Iterable[Event], window: Window) -> list[Item]:
    """A calendar view: everything that overlaps the window, masters aside, by start."""
    found: list[tuple[datetime, Item]] = []
    for event in events:
        if event.is_series:
            found.extend((item.span()[0], item) for item in instances(event, window))
        elif event.span[0] < window.end and window.overlaps(event.span):
            found.append((event.span[0], event.item))
    found.sort(key=lambda pair: pair[0])
    return [item for _, item in found]


def _date(moment: datetime, shift: timedelta) -> date:
    try:
        return (moment + shift).date()
    except OverflowError:
        return date.max if shift > timedelta(0) else date.min
