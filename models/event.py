"""An event as a mailbox has it, in the three measures in which the connector may know it.

What a person does not share is dropped at the client's edge, in types that cannot hold it (BEHAVIOUR.md E):
an `EventHead` is all that is ever read of an unshared event, and it has no place for a word of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from models.content import Importance, Sensitivity, ShowAs
from models.ids import Etag, EventId, EventKey
from models.made_often import made_often
from models.when import When


class EventType(Enum):
    """Graph's `eventType`."""

    SINGLE = "singleInstance"
    OCCURRENCE = "occurrence"
    EXCEPTION = "exception"
    MASTER = "seriesMaster"


class Response(Enum):
    """How the owner of the mailbox answered the invitation, as far as it matters here."""

    ORGANIZER = "organizer"
    ACCEPTED = "accepted"
    TENTATIVE = "tentativelyAccepted"
    DECLINED = "declined"
    NONE = "none"


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class EventHead:
    """What judging an event needs, and nothing that its owner wrote."""

    id: EventId
    etag: Etag
    type: EventType
    when: When
    show_as: ShowAs
    sensitivity: Sensitivity
    series_master_id: EventId | None = None
    original_date: date | None = None
    """Of an occurrence or exception: its date in the pattern, in the series' own zone."""
    is_cancelled: bool = False
    is_organizer: bool = True
    has_guests: bool = False
    """Whether anybody is invited: every change of such an event is mailed to them (facts §2.2)."""
    response: Response = Response.NONE
    modified_at: datetime | None = None
    transaction_id: str = ""
    """The app's own id of the creation; other apps' ids are dropped at the edge like everything else."""
    zone: str = ""
    """The zone its times were read in, for diagnosis."""

    @property
    def key(self) -> EventKey:
        """What this event is known by for as long as it lives."""
        return event_key(self.id, self.series_master_id, self.original_date)


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class EventDetail:
    """What the owner wrote: only ever made for an event that is shared, or that the board wrote."""

    subject: str
    body_html: str
    importance: Importance
    categories: tuple[str, ...] = ()
    location: str = ""
    ical_uid: str = ""
    """Graph's `iCalUId`: by this name calendars of other people know it too. Occurrences may share one."""
    is_online_meeting: bool = False
    has_attachments: bool = False


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. `detail` is None when its owner does not share it."""

    head: EventHead
    detail: EventDetail | None = None


def event_key(event_id: EventId, series_master_id: EventId | None, original_date: date | None) -> EventKey:
    """An occurrence is known by its series and original date, so that it survives becoming an exception.

    Any other event is known by its immutable id.
    """
    if series_master_id is None or original_date is None:
        return EventKey(event_id)
    return EventKey(f"{series_master_id}/{original_date.isoformat()}")
