"""What can be asked of a mailbox's calendar. Each operation is a value; its steps are the requests it takes.

Reads and writes that return an event take the `Judge` of the mailbox: what it denies is never in the answer.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar

from actors.clients.errors import (
    Conflict,
    DuplicateTransaction,
    Malformed,
    NotFound,
    Rejected,
    Unreadable,
)
from actors.clients.graph.codec import (
    Item,
    read_detail,
    read_etag,
    read_event,
    read_id,
    text,
)
from actors.clients.graph.delta import DeltaPage, Series, read_page, read_series
from actors.clients.graph.links import checked_link
from actors.clients.graph.paths import EVENT, EVENTS, follow, quoted, request, window_query
from actors.clients.graph.writing import combined, draft_body, patch_body
from actors.clients.policies import answered_at
from actors.clients.steps import Operation, Reply, Request, Steps
from models.event import Event, EventHead
from models.ids import LINK_PROPERTY_ID, Etag, EventId, MailboxId
from models.judging import Judge
from models.when import Window
from models.writes import EventDraft, EventPatch, Rewrite
from models.zones import read_instant

T_co = TypeVar("T_co", covariant=True)

PAGE: int = 100
"""Events per page: a page of whole events with bodies is read into memory at once."""

SERIES_MEMBERS = (
    "id,type,start,end,isAllDay,showAs,sensitivity,isCancelled,isOrganizer,responseStatus,lastModifiedDateTime,"
    "transactionId,originalStartTimeZone,originalEndTimeZone,recurrence,subject,body,importance,categories,"
    "location,iCalUId,isOnlineMeeting,attendees,hasAttachments"
)
"""What is read of a master."""


MADE_NOW: timedelta = timedelta(seconds=2)
"""How long a creation takes. An event that is older when the answer comes may have been made by an earlier
call, whose transaction id Graph remembers."""


class GraphOperation(Operation[T_co], Protocol[T_co]):
    """An operation of Graph."""

    @property
    def mailbox(self) -> MailboxId | None:
        """Whose limits it counts against; None for the directory."""
        ...

    def steps(self) -> Generator[Request, Reply, T_co]:
        """The requests it takes, and what it returns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDelta:
    """One page of a delta round: its first by `window`, every further one and the next round by `link`.

    The window is frozen in the link, and a day wider than asked for on either side. Raises `TokenInvalid`
    when the link is spent (D5), `ForeignLink` when it leads elsewhere (D14).
    """

    is_write: ClassVar[bool] = False
    mailbox: MailboxId
    judge: Judge
    window: Window | None = None
    link: str = ""

    def steps(self) -> Steps[DeltaPage]:
        template, prefer = "/users/{user}/calendarView/delta", f"odata.maxpagesize={PAGE}"
        if self.link:
            reply = yield follow(template, self.link, prefer=prefer)
        elif self.window is not None:
            query = window_query(self.window)
            reply = yield request(
                "GET", template, ids={"user": self.mailbox}, query=query, prefer=prefer, alone=True
            )
        else:
            raise ValueError("a delta round begins with a window and goes on with a link")
        next_link, delta_link = (
            checked_link(reply, name) for name in ("@odata.nextLink", "@odata.deltaLink")
        )
        if bool(next_link) == bool(delta_link):
            raise Malformed(reply.about)  # a page that leads nowhere would lose what follows it
        items = _values(reply, named=False)
        return read_page(items, self.judge, next_link=next_link, delta_link=delta_link)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEvent:
    """One event, occurrences included. Raises `NotFound`."""

    is_write: ClassVar[bool] = False
    mailbox: MailboxId
    event_id: EventId
    judge: Judge

    def steps(self) -> Steps[Event]:
        reply = yield _get(self.mailbox, self.event_id)
        return _event(reply, self.judge)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSeries:
    """A master, and what takes place of it in a window. Raises `NotFound`."""

    is_write: ClassVar[bool] = False
    mailbox: MailboxId
    master_id: EventId
    window: Window
    judge: Judge

    def steps(self) -> Steps[Series]:
        ids = {"user": self.mailbox, "event": self.master_id}
        reply = yield request("GET", EVENT, ids=ids, query={"$select": SERIES_MEMBERS})
        master = reply.mapping()
        query = window_query(self.window) | {"$top": str(PAGE)}
        pages = yield from _pages(request("GET", f"{EVENT}/instances", ids=ids, query=query, alone=True))
        series = read_series(master, [item for page in pages for item in page], self.judge)
        if series is None:
            raise Unreadable(reply.about)
        return series


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Everything that takes place in a window, occurrence by occurrence; never a part of it (C11)."""

    events: tuple[Event, ...]
    unreadable: tuple[EventId, ...] = ()
    """Events that are there, but whose time cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWindow:
    """The whole calendar view of a window, all pages of it, a day wider than asked for on either side."""

    is_write: ClassVar[bool] = False
    mailbox: MailboxId
    window: Window
    judge: Judge

    def steps(self) -> Steps[Listing]:
        query = window_query(self.window) | {"$top": str(PAGE)}
        template = "/users/{user}/calendarView"
        pages = yield from _pages(
            request("GET", template, ids={"user": self.mailbox}, query=query, alone=True)
        )
        # pages are not of one moment: an item that moves between two of them comes twice
        items = {EventId(text(item, "id")): item for page in pages for item in page}
        events = {id_: read_event(item, self.judge) for id_, item in items.items()}
        return Listing(
            events=tuple(event for event in events.values() if event is not None),
            unreadable=tuple(id_ for id_, event in events.items() if event is None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedEvent:
    """An event that carries the link property: one that the connector wrote, or a copy of one (B13)."""

    event: Event
    link_value: str
    created_at: datetime | None

    @property
    def id(self) -> EventId:
        """Its id."""
        return self.event.head.id

    @property
    def etag(self) -> Etag:
        """Its version."""
        return self.event.head.etag

    @property
    def transaction_id(self) -> str:
        """The connector's id of the creation; a copy has none."""
        return self.event.head.transaction_id

    @property
    def seniority(self) -> tuple[bool, datetime | None, EventId]:
        """Sorts the oldest first, which is the original of those with the same transaction id."""
        return self.created_at is None, self.created_at, self.id

    @property
    def head(self) -> EventHead:
        """What judging it needs."""
        return self.event.head


@dataclass(frozen=True, slots=True, kw_only=True)
class FindLinked:
    """The events of a mailbox with one value of the link property, or with any (facts §1.9).

    An event whose times cannot be read is left out: it cannot be compared with anything.
    """

    is_write: ClassVar[bool] = False
    mailbox: MailboxId
    judge: Judge
    value: str | None = None

    def steps(self) -> Steps[tuple[LinkedEvent, ...]]:
        key = f"id eq {quoted(LINK_PROPERTY_ID)}"
        wanted = "contains(ep/value,'/')" if self.value is None else f"ep/value eq {quoted(self.value)}"
        query = {
            "$filter": f"singleValueExtendedProperties/Any(ep: ep/{key} and {wanted})",
            "$expand": f"singleValueExtendedProperties($filter={key})",
            "$top": str(PAGE),
        }
        pages = yield from _pages(
            request("GET", EVENTS, ids={"user": self.mailbox}, query=query, alone=self.value is None)
        )
        linked = (self._read(item) for page in pages for item in page)
        return tuple(one for one in linked if one is not None)

    def _read(self, item: Item) -> LinkedEvent | None:
        event, value = read_event(item, self.judge), _link_value(item)
        # the service compares values without their letter case, the connector does not
        if event is None or not value or self.value not in (None, value):
            return None
        return LinkedEvent(
            event=event, link_value=value, created_at=read_instant(text(item, "createdDateTime"))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateEvent:
    """A new event.

    Raises `OutcomeUnknown` when it may have been made: find it by its link property before trying again;
    `DuplicateTransaction` when it was made earlier, and has other content by now or is gone.
    """

    is_write: ClassVar[bool] = True
    mailbox: MailboxId
    draft: EventDraft
    judge: Judge

    def steps(self) -> Steps[Event]:
        body = draft_body(self.draft)
        try:
            reply = yield request("POST", EVENTS, ids={"user": self.mailbox}, body=body, repeatable=False)
        except DuplicateTransaction as problem:
            raise (yield from self._with_immutable_id(problem)) from None
        created = read_id(reply.mapping())
        if created is not None and _is_remembered(reply):
            try:
                reply = yield _get(self.mailbox, created)
            except NotFound as problem:
                raise DuplicateTransaction(problem.about, existing_event_id=None) from None
        own = frozenset() if created is None else frozenset({created})
        return _event(reply, replace(self.judge, board_born=own))

    def _with_immutable_id(self, problem: DuplicateTransaction) -> Steps[DuplicateTransaction]:
        """The problem with the immutable id of the event: an error may name the other one."""
        named, known = problem.existing_event_id, None
        if named is not None:
            ids = {"user": self.mailbox, "event": named}
            try:
                reply = yield request("GET", EVENT, ids=ids, query={"$select": "id"})
                known = read_id(reply.mapping())
            except NotFound:
                pass
        return DuplicateTransaction(problem.about, existing_event_id=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchEvent:
    """A change of an event. Returns the event as it is then.

    Where what is to be sent depends on what the owner wrote around it, `rewrite` makes it: the event is read,
    its version compared, and the words never leave the client. Its patch counts before `patch`; if both come
    to nothing, nothing is written. Raises `Conflict` when the event is not in the version `etag` (A4),
    `NotFound`.
    """

    is_write: ClassVar[bool] = True
    mailbox: MailboxId
    event_id: EventId
    judge: Judge
    etag: Etag | None = None
    patch: EventPatch
    rewrite: Rewrite | None = None

    def steps(self) -> Steps[Event]:
        patch, etag = self.patch, self.etag
        if self.rewrite is not None:
            reply = yield _get(self.mailbox, self.event_id, alone=True)
            item = reply.mapping()
            if etag is not None and etag != read_etag(item):
                raise Conflict(reply.about)
            etag = read_etag(item) or None
            patch = combined(patch, self.rewrite(read_detail(item)))
            if patch.is_empty:
                return _event(reply, self.judge)
        ids = {"user": self.mailbox, "event": self.event_id}
        reply = yield request(
            "PATCH", EVENT, ids=ids, body=patch_body(patch), etag=etag, alone=self.rewrite is not None
        )
        return _event(reply, self.judge)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveEvent:
    """The deletion of an event. That it is gone already is success. Raises `Conflict`."""

    is_write: ClassVar[bool] = True
    mailbox: MailboxId
    event_id: EventId
    etag: Etag | None = None

    def steps(self) -> Steps[None]:
        ids = {"user": self.mailbox, "event": self.event_id}
        try:
            yield request("DELETE", EVENT, ids=ids, etag=self.etag)
        except NotFound:
            return
        except Rejected:
            # some accounts answer a second deletion with 400 (facts §2.4): what counts is whether it is there
            try:
                yield request("GET", EVENT, ids=ids, query={"$select": "id"})
            except NotFound:
                return
            raise


def _get(mailbox: MailboxId, event_id: EventId, *, alone: bool = False) -> Request:
    return request("GET", EVENT, ids={"user": mailbox, "event": event_id}, alone=alone)


def _is_remembered(reply: Reply) -> bool:
    """Whether the answer to a creation may come out of Graph's memory of a transaction id, so that its event
    may be gone: whether it forgets the ids of those that were deleted is unknown (facts §12)."""
    made, answered = read_instant(text(reply.mapping(), "createdDateTime")), answered_at(reply.headers)
    return made is not None and answered is not None and answered - made > MADE_NOW


def _event(reply: Reply, judge: Judge) -> Event:
    event = read_event(reply.mapping(), judge)
    if event is None:
        raise Unreadable(reply.about)
    return event


def _pages(first: Request) -> Steps[list[list[Item]]]:
    """Every page of a collection, from its first request to where no link leads on."""
    pages: list[list[Item]] = []
    seen: set[str] = set()
    reply = yield first
    while True:
        pages.append(_values(reply))
        link = checked_link(reply, "@odata.nextLink")
        if not link:
            return pages
        if link in seen:
            raise Malformed(reply.about)  # pages in a circle would never end
        seen.add(link)
        reply = yield follow(first.template, link)


def _values(reply: Reply, *, named: bool = True) -> list[Item]:
    """The items of a collection. What is no collection of items is an error, never a short one (C11).

    `named`: each has an id. A delta round goes on without one that has none (C9): what it does not show is
    looked for by itself before anything is concluded.
    """
    values = reply.mapping().get("value")
    if not isinstance(values, list):
        raise Malformed(reply.about)
    if not all(isinstance(item, Mapping) and (text(item, "id") or not named) for item in values):
        raise Malformed(reply.about)
    return values


def _link_value(item: Item) -> str:
    properties = item.get("singleValueExtendedProperties")
    listed: Sequence[Any] = properties if isinstance(properties, list) else ()
    wanted = LINK_PROPERTY_ID.lower()  # Graph gives the id back in its own letter case
    for one in listed:
        if isinstance(one, Mapping) and text(one, "id").lower() == wanted:
            return text(one, "value")
    return ""
