"""A mailbox: its calendars, its events, and the ids by which they are found."""

from __future__ import annotations

import random as randomness
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from tests.sandbox.graph import errors, identity
from tests.sandbox.graph.changelog import ChangeLog
from tests.sandbox.graph.events import Content, Event, Item, Person

ChangeType = Literal["created", "updated", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that Graph notifies of (facts §4.3)."""

    user_id: str
    event_id: str
    immutable_id: str
    change_type: ChangeType
    etag: str
    calendar_id: str


@dataclass(slots=True, kw_only=True)
class Calendar:
    """One calendar folder."""

    id: str
    name: str
    change_key: str
    is_default: bool
    color: str = "auto"
    hex_color: str = ""


class Calendars:
    """The calendars of a mailbox, each with its own record of changes."""

    def __init__(self) -> None:
        self.by_id: dict[str, Calendar] = {}
        self.logs: dict[str, ChangeLog] = {}
        self.members: dict[str, dict[int, Event]] = {}
        """Events by number, in order of creation."""

    def add(self, calendar: Calendar) -> None:
        """A new, empty calendar."""
        self.by_id[calendar.id] = calendar
        self.logs[calendar.id] = ChangeLog()
        self.members[calendar.id] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A used transactionId."""

    fingerprint: str
    """What was sent with it, in one canonical form."""
    event: Event
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grave:
    """A deleted event."""

    event: Event
    at: datetime


class Mailbox:
    """Holds and finds. It changes nothing by itself: writers hand it new content and say what happened."""

    def __init__(
        self,
        *,
        user_id: str,
        now: Callable[[], datetime],
        random: randomness.Random,
        tell: Callable[[Change], None],
    ) -> None:
        self.user_id = user_id
        self.now = now
        self.random = random
        self._tell = tell
        self.store = identity.Store.draw(random)
        self.group_id = self.store.calendar_id(random.getrandbits(20))
        """The only calendar group, "My Calendars"."""
        self._number = random.getrandbits(28)
        self._change = random.getrandbits(36)
        self.calendars = Calendars()
        self._by_number: dict[int, Event] = {}
        self._by_id: dict[str, Event] = {}
        self._by_uid: dict[str, dict[int, Event]] = {}
        self.transactions: dict[str, Transaction] = {}
        self.graves: dict[int, Grave] = {}
        """Deleted events by number."""
        self.delta_epoch = 0
        """Raised when every delta link of the mailbox is to be forgotten."""
        self.default_calendar = self.add_calendar("Calendar", is_default=True)

    def add_calendar(self, name: str, *, is_default: bool = False, color: str = "auto") -> Calendar:
        """A new calendar."""
        calendar = Calendar(
            id=self.store.calendar_id(self._next_number()),
            name=name,
            change_key=self.store.change_key(self.next_change()),
            is_default=is_default,
            color=color,
        )
        self.calendars.add(calendar)
        return calendar

    def remove_calendar(self, calendar: Calendar) -> None:
        """A calendar and its events go, without a word to anyone (facts §8)."""
        for event in list(self.calendars.members[calendar.id].values()):
            self.bury(event)
        del self.calendars.by_id[calendar.id], self.calendars.logs[calendar.id]
        del self.calendars.members[calendar.id]

    def calendar(self, calendar_id: str) -> Calendar:
        """The calendar with this id. Raises the refusal for a wrong one."""
        found = self.calendars.by_id.get(calendar_id)
        if found is None:
            raise errors.malformed_id() if len(calendar_id) < 40 else errors.item_not_found()
        return found

    def events(self, calendar: Calendar) -> Iterable[Event]:
        """Singles and masters of a calendar, in order of creation."""
        return self.calendars.members[calendar.id].values()

    def log(self, calendar: Calendar) -> ChangeLog:
        """What changed in a calendar."""
        return self.calendars.logs[calendar.id]

    def new_event(self, *, calendar: Calendar, content: Content, uid: str, owner: Person) -> Event:
        """A new event, kept but not yet announced: the writer completes it and calls `announce`."""
        number, now = self._next_number(), self.now()
        event = Event(
            number=number,
            id=self.store.event_id(number),
            immutable_id=self.store.immutable_id(number),
            calendar_id=calendar.id,
            uid=uid,
            content=content,
            created=now,
            modified=now,
            change=self.next_change(),
            owner=owner,
            organizer=owner,
        )
        self._by_number[number] = event
        self._by_id[event.id] = self._by_id[event.immutable_id] = event
        self._by_uid.setdefault(uid, {})[number] = event
        self.calendars.members[calendar.id][number] = event
        return event

    def announce(self, event: Event, change_type: ChangeType = "updated", day: date | None = None) -> None:
        """A write has happened: a new change key, a note for delta rounds, a word to the listeners.

        With `day`, one occurrence of the series changed: its own id is announced beside the master's.
        """
        if change_type != "created":
            event.change = self.next_change()
            event.modified = self.now()
        self.calendars.logs[event.calendar_id].note(event.number, self.now())
        self._notify(event, change_type)
        if day is not None:
            self._notify(event, "updated", day)

    def remove(self, event: Event) -> None:
        """The event is deleted, and everyone hears of it."""
        self.bury(event)
        self.calendars.logs[event.calendar_id].note(event.number, self.now(), gone=True)
        self._notify(event, "deleted")

    def bury(self, event: Event) -> None:
        """The event can no longer be found."""
        del self._by_number[event.number], self._by_id[event.id], self._by_id[event.immutable_id]
        del self.calendars.members[event.calendar_id][event.number]
        namesakes = self._by_uid[event.uid]
        del namesakes[event.number]
        if not namesakes:
            del self._by_uid[event.uid]
        self.graves[event.number] = Grave(event=event, at=self.now())

    def find(self, text: str) -> Item:
        """What an id of either space names. Raises the refusals for a malformed one and for one that names
        nothing (any more)."""
        event = self._by_id.get(text)
        if event is not None:
            return event.item
        read = identity.read_item_id(text)
        if read is None:
            raise errors.malformed_id()
        event = self._by_number.get(read.number) if read.replica == self.store.replica else None
        if event is None or read.day is None or not event.has_occurrence(read.day):
            raise errors.item_not_found()
        return Item(event=event, day=read.day)

    def grave(self, text: str) -> Grave | None:
        """The deleted event that an id once named."""
        read = identity.read_item_id(text)
        return self.graves.get(read.number) if read and read.replica == self.store.replica else None

    def by_number(self, number: int) -> Event | None:
        """The event with this number, if it is still there."""
        return self._by_number.get(number)

    def by_uid(self, uid: str) -> Event | None:
        """This mailbox's copy of a meeting."""
        return next(iter(self._by_uid.get(uid, {}).values()), None)

    def next_change(self) -> int:
        """A number for the next change key."""
        self._change += self.random.randint(1, 9)
        return self._change

    def change_key(self, item: Item) -> str:
        """The change key that a response carries: that of a plain occurrence wraps its master's."""
        if item.kind == "occurrence":
            return self.store.occurrence_change_key(item.event.change)
        return self.store.change_key(item.event.change)

    def _next_number(self) -> int:
        self._number += self.random.randint(1, 9)
        return self._number

    def _notify(self, event: Event, change_type: ChangeType, day: date | None = None) -> None:
        store = self.store
        self._tell(
            Change(
                user_id=self.user_id,
                event_id=event.id if day is None else store.event_id(event.number, day),
                immutable_id=event.immutable_id if day is None else store.immutable_id(event.number, day),
                change_type=change_type,
                etag=f'W/"{self.change_key(Item(event=event, day=day))}"',
                calendar_id=event.calendar_id,
            )
        )
