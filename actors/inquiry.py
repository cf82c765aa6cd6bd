"""What `explain` may be asked, and where the answer is looked for: an item by any of its names, or a resource
and a time ("R001@2026-03-02T10:00"), as somebody asks who misses on one side what is on the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from actors.explain import Explanation, explain
from models.settings.sections import Settings
from models.storage.records import ResourceRecord
from models.storage.store import Store
from models.when import Window
from models.zones import instant_of

AROUND: Final = timedelta(minutes=5)
"""How long before and after a moment decisions are told that were made around it."""
A_MOMENT, A_DAY = timedelta(minutes=1), timedelta(days=1)

_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:?\d{2})?)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What decides beside the item itself."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """The board's wall clock: that of a time without a zone."""
    window: Window | None = None
    """The synchronised window now; None where nobody knows it."""
    to_outlook: bool = True
    to_board: bool = True

    @classmethod
    def of(cls, settings: Settings, now: datetime) -> Circumstances:
        """Those of a configuration at a moment."""
        return cls(
            zone=settings.scheduler.time_zone,
            window=settings.sync.window(now),
            to_outlook=settings.sync.to_outlook,
            to_board=settings.sync.to_board,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose calendar or plan, and when: a minute or a day."""

    resource: str
    """As it was written: a number, a name or an address."""
    time: Window
    said: str

    @property
    def is_a_day(self) -> bool:
        """Whether no clock was named."""
        return self.time.end - self.time.start > A_MOMENT


def place_asked(asked: str, zone: ZoneInfo) -> Place | None:
    """The resource and the time that a question names; None for one that names an item.

    A time without a zone is the board's wall clock.
    """
    resource, _, when = asked.strip().rpartition("@")
    found = _MOMENT.fullmatch(when.strip())
    if not resource.strip() or found is None:
        return None
    day, clock, offset = found.groups()
    try:
        start = datetime.fromisoformat(f"{day}T{clock or '00:00'}{(offset or '').upper()}")
        end = start + (A_MOMENT if clock else A_DAY)
        time = Window(start=instant_of(start, zone), end=instant_of(end, zone))
    except (ValueError, OverflowError):
        return None
    said = f"{day} {clock}" if clock else day
    return Place(
        resource=resource.strip(),
        time=time,
        said=f"{said} ({offset or zone.key})" if clock else said,
    )


def inquire(store: Store, asked: str, limit: int, circumstances: Circumstances) -> Explanation:
    """Everything that was decided about what is asked for, the latest first. Raises `StoreError`."""
    records = store.resources()
    place = place_asked(asked, circumstances.zone)
    record = None if place is None else _named(place.resource, records)
    if place is None or record is None:
        return explain(asked, store.decisions(asked, limit), records)
    then = store.decisions_about_time(record.resource_no, place.time, limit=limit)
    margin = timedelta() if place.is_a_day else AROUND
    around = store.decisions_of(
        record.resource_no, since=place.time.start - margin, until=place.time.end + margin, limit=limit
    )
    items = len({one.item for one in then})
    decisions = (*then, *(one for one in around if one not in then))[:limit]
    return explain(
        asked,
        decisions,
        [record],
        found_at=_found_at(record, place, items, len(around)),
        notes=tuple(_notes(store, record, place, circumstances)),
    )


def _named(resource: str, records: Iterable[ResourceRecord]) -> ResourceRecord | None:
    return next((record for record in records if record.is_called(resource)), None)


def _found_at(record: ResourceRecord, place: Place, items: int, around: int) -> str:
    found = f"{_count(items, 'item that is known takes', 'items that are known take')} place then"
    made = f"{_count(around, 'decision was', 'decisions were')} made"
    when = "on that day" if place.is_a_day else "around that time"
    return f"resource {record.resource_no}, {place.said}: {found}; {made} {when}"


def _notes(store: Store, record: ResourceRecord, place: Place, circumstances: Circumstances) -> Iterator[str]:
    """What else may be the reason that something is not there."""
    window = circumstances.window
    if window is not None and (place.time.start >= window.end or place.time.end <= window.start):
        first, last = window.start.date(), (window.end - A_DAY).date()
        yield (
            f"that is outside the window that is synchronised ({first} to {last}); sync.past_days and "
            "sync.future_days widen it"
        )
    if not circumstances.to_outlook:
        yield "sync.to_outlook is off: nothing new reaches Outlook"
    if not circumstances.to_board:
        yield "sync.to_board is off: nothing new reaches the board"
    if unshared := len(store.unshared_of(record.resource_no)):
        yield (
            f"{_count(unshared, 'event is', 'events are')} not shared by this resource, and kept without "
            "their times: ask by the id of the event"
        )


def _count(number: int, one: str, several: str) -> str:
    return f"{number or 'no'} {one if number == 1 else several}"
