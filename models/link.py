"""The link between one appointment, on one resource, and one event: the memory of what was agreed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from models.content import Content
from models.ids import AppointmentGuid, AppointmentId, Etag, EventId, EventKey, MailboxId, ResourceNo
from models.made_often import made_often
from models.preferences import Verdict


class Origin(Enum):
    """The side where an item was born."""

    BOARD = "board"
    OUTLOOK = "outlook"


class LinkState(Enum):
    """What the connector holds itself to."""

    ACTIVE = "active"
    """Both sides exist and follow each other."""
    WITHHELD = "withheld"
    """Board-born; a rule or a preference keeps it out of Outlook for now. No event exists."""
    UNASSIGNED = "unassigned"
    """Board-born; the resource was taken off the appointment. No event exists. The generation is kept, so
    that an event of a later assignment is another one for Graph too."""
    UNDONE = "undone"
    """Board-born; an administrator has undone that its event was created, or deleted. Both sides are left as
    they are until one of them changes."""
    SUPPRESSED = "suppressed"
    """Outlook-born; its appointment was deleted on the board and stays so until the event changes (B16)."""


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The state of both sides when they were last in agreement.

    Both are in the space of the side that is written to, and usually equal; they differ where a service
    normalises what it was sent, and only a difference from its own agreed state is a change of a side.
    """

    board: Content
    outlook: Content


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One (appointment, resource) ↔ (mailbox, event)."""

    resource_no: ResourceNo
    guid: AppointmentGuid
    origin: Origin
    state: LinkState = LinkState.ACTIVE
    mailbox: MailboxId
    appointment_id: AppointmentId | None = None
    number: str = ""
    event_id: EventId | None = None
    """None while no event exists: withheld, or not yet created."""
    event_key: EventKey | None = None
    etag: Etag | None = None
    event_modified_at: datetime | None = None
    board_modified_at: datetime | None = None
    has_guests: bool = False
    """Whether others are invited to the event, in the version `etag`: Outlook mails them every write of its
    organiser's (facts §2.2, §2.4)."""
    generation: int = 0
    """How many events this link has had before: see `models.ids.transaction_id`."""
    agreed: Agreed | None = None
    """None until the first write has succeeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unshared:
    """All that is kept of an event that is not shared: which one, which version, and the verdict (B2)."""

    resource_no: ResourceNo
    mailbox: MailboxId
    event_id: EventId
    event_key: EventKey
    etag: Etag
    verdict: Verdict
