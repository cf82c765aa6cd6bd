"""What a mailbox holds: events, the exceptions of their series, and the people in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from tests.sandbox.graph.bodies import Body
from tests.sandbox.graph.recurrence import Recurrence
from tests.sandbox.graph.times import WallTime, to_local, zone

Location = Mapping[str, Any]
"""A location as responses carry it."""

NO_BODY = Body()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who an e-mail address belongs to."""

    name: str
    address: str

    def is_at(self, address: str) -> bool:
        """Addresses are compared in any letter case."""
        return self.address.casefold() == address.casefold()

    def shown(self) -> dict[str, Any]:
        """As a recipient."""
        return {"emailAddress": {"name": self.name, "address": self.address}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response status."""

    response: str = "none"
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """One attendee of a meeting and what they answered."""

    person: Person
    kind: str = "required"
    answer: Answer = Answer()
    proposed: Mapping[str, Any] | None = None
    """A `proposedNewTime`, as sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything a writer can set on an event, except its recurrence and extended properties."""

    start: WallTime
    end: WallTime
    subject: str | None = None
    body: Body = NO_BODY
    is_all_day: bool = False
    importance: str = "normal"
    sensitivity: str = "normal"
    show_as: str = "busy"
    categories: tuple[str, ...] = ()
    location: Location | None = None
    locations: tuple[Location, ...] = ()
    attendees: tuple[Attendee, ...] = ()
    is_reminder_on: bool = True
    reminder_minutes: int = 15
    response_requested: bool = True
    allow_new_time_proposals: bool = True
    hide_attendees: bool = False
    is_online: bool = False
    online_provider: str = "unknown"
    join_url: str | None = None

    def duration(self) -> timedelta:
        """Of the wall clock in the zone of the start: what the occurrences of a series keep."""
        if self.start.zone == self.end.zone:
            return self.end.local - self.start.local
        return self.end.instant() - self.start.instant()

    def span(self) -> tuple[datetime, datetime]:
        """Start and end as instants; an all-day event counts as UTC midnight to midnight (facts §1.5)."""
        if self.is_all_day:
            return self.start.local.replace(tzinfo=UTC), self.end.local.replace(tzinfo=UTC)
        return self.start.instant(), self.until.instant()

    @property
    def until(self) -> WallTime:
        """When it is over: an occurrence whose start the skipped hour moves past its end keeps its length."""
        begins = self.start.instant()
        if begins <= self.end.instant() or self.is_all_day:
            return self.end
        return WallTime(to_local(begins + self.duration(), zone(self.end.zone)), self.end.zone)


@dataclass(slots=True, kw_only=True)
class SeriesException:
    """One occurrence that differs from its series: only what was changed is kept, so that a later change of
    the series still reaches the rest."""

    overrides: Mapping[str, Any]
    """Fields of `Content`."""
    created: datetime
    modified: datetime
    is_cancelled: bool = False
    answer: Answer | None = None
    """The mailbox owner's own answer to this occurrence."""
    extended: Mapping[str, ExtendedProperty] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedProperty:
    """A single-value or multi-value extended property (facts §1.9)."""

    id: str
    """As sent."""
    value: str | tuple[str, ...]


@dataclass(kw_only=True)
class Event:
    """An item of a calendar: a single event or a series. Written only by its mailbox."""

    number: int
    id: str
    immutable_id: str
    calendar_id: str
    uid: str
    content: Content
    created: datetime
    modified: datetime
    change: int
    owner: Person
    """Whose mailbox it lies in."""
    organizer: Person
    is_organizer: bool = True
    is_cancelled: bool = False
    answer: Answer = Answer(response="organizer")
    recurrence: Recurrence | None = None
    transaction_id: str | None = None
    exceptions: dict[date, SeriesException] = field(default_factory=dict)
    removed_dates: set[date] = field(default_factory=set)
    """Original dates of the occurrences that were deleted."""
    extended: dict[str, ExtendedProperty] = field(default_factory=dict)
    extensions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Open extensions by name."""

    @property
    def is_series(self) -> bool:
        """Whether this is the master of a series."""
        return self.recurrence is not None

    @cached_property
    def span(self) -> tuple[datetime, datetime]:
        """Start and end of the single event, or of the first occurrence."""
        return self.content.span()

    @cached_property
    def item(self) -> Item:
        """The event as what its id names."""
        return Item(event=self)

    def put(self, content: Content) -> None:
        """Takes new content."""
        self.content = content
        self.__dict__.pop("span", None)

    def dates(self, first: date, last: date) -> list[date]:
        """The original dates of the series' occurrences in [first, last] that were not deleted."""
        if self.recurrence is None:
            return []
        return [day for day in self.recurrence.dates(first, last) if day not in self.removed_dates]

    def has_occurrence(self, day: date) -> bool:
        """Whether an occurrence (or exception) with this original date exists."""
        return bool(self.dates(day, day))

    def neighbours(self, day: date) -> tuple[date | None, date | None]:
        """The days on which the occurrences before and after this one now begin, None where there is none."""
        if self.recurrence is None:
            return None, None
        reach = timedelta(days=self.recurrence.reach)
        earlier = self.dates(max(date.min + reach, day) - reach, day - timedelta(days=1))
        later = self.dates(day + timedelta(days=1), day + reach)
        return (
            self.content_on(earlier[-1]).start.local.date() if earlier else None,
            self.content_on(later[0]).start.local.date() if later else None,
        )

    def plain_content(self, day: date) -> Content:
        """The content of the occurrence on this original date, were it no exception."""
        days = (day - self.content.start.local.date()).days
        return replace(self.content, start=self.content.start.moved(days), end=self.content.end.moved(days))

    def plain_span(self, day: date) -> tuple[datetime, datetime]:
        """Start and end of the occurrence on this original date, were it no exception."""
        content = self.content
        days = (day - content.start.local.date()).days
        if content.is_all_day:
            start, end = self.span
            return start + timedelta(days=days), end + timedelta(days=days)
        return content.start.moved(days).instant(), content.end.moved(days).instant()

    def content_on(self, day: date) -> Content:
        """The content of the occurrence or exception on this original date."""
        plain = self.plain_content(day)
        exception = self.exceptions.get(day)
        return replace(plain, **exception.overrides) if exception else plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What an id names: an event, or one occurrence of a series."""

    event: Event
    day: date | None = None
    """The original date of the occurrence, or None for the event itself."""

    @property
    def exception(self) -> SeriesException | None:
        """The exception, when the id names one."""
        return self.event.exceptions.get(self.day) if self.day else None

    @property
    def kind(self) -> str:
        """Graph's `type`."""
        if self.day is not None:
            return "exception" if self.exception else "occurrence"
        return "seriesMaster" if self.event.is_series else "singleInstance"

    def content(self) -> Content:
        """What the item holds."""
        return self.event.content if self.day is None else self.event.content_on(self.day)

    def span(self) -> tuple[datetime, datetime]:
        """Start and end as instants."""
        if self.day is None:
            return self.event.span
        exception = self.exception
        if exception is None or not exception.overrides.keys() & {"start", "end", "is_all_day"}:
            return self.event.plain_span(self.day)
        return self.content().span()

    def extended(self) -> Mapping[str, ExtendedProperty]:
        """Its extended properties by key; an occurrence has those of its series and its own."""
        exception = self.exception if self.day is not None else None
        return {**self.event.extended, **exception.extended} if exception else self.event.extended
