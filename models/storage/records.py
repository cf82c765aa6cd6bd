"""What the store keeps beside links: references and outcomes, and no content that is not shared.

An event that its owner does not share appears here only by its ids. Fields that may hold words (a decision's
subject, detail, basis and changes, a dead letter's detail, a before-image) are filled for board-born and
shared items alone, and `models.storage.changes.ForgetWords` empties them when an item stops being shared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from models.content import Content, Field
from models.decision import Act, Reason, Side
from models.ids import AppointmentGuid, AppointmentId, Etag, EventId, EventKey, MailboxId, ResourceNo
from models.preferences import StoredPreferences
from models.when import When, Window


class ResourceState(Enum):
    """Whether a resource synchronises, and if not, why. The values are stored and shown."""

    ACTIVE = "active"
    WAITING = "waiting"
    """Its mailbox has not been looked up yet."""
    OFF = "off"
    """`exchangeIntegrationEnabled` is false (A10)."""
    NO_EMAIL = "no_email"
    NO_MAILBOX = "no_mailbox"
    ACCESS_DENIED = "access_denied"
    QUARANTINED = "quarantined"
    """Its actor failed too often (D10)."""
    GONE = "gone"
    """The board does not list it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRecord:
    """A resource as the roster last saw it."""

    resource_no: ResourceNo
    display_name: str = ""
    email: str = ""
    enabled: bool = False
    mailbox: MailboxId | None = None
    state: ResourceState = ResourceState.WAITING
    reason: str = ""
    """A sentence for the administrator, remedy included; empty while all is well."""
    code: str = ""
    """The product's own code (DSEX001–040), where one fits."""
    updated_at: datetime
    in_step_at: datetime | None = None
    """When both sides were last known to agree. Written by `MarkInStep` alone."""

    def is_called(self, name: str) -> bool:
        """Whether it goes by this number, name or address, in any letter case."""
        wanted = name.strip().casefold()
        return wanted in (self.resource_no.casefold(), self.display_name.casefold(), self.email.casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePreferences:
    """A resource's own choice. While it is locked only an administrator changes it."""

    resource_no: ResourceNo
    stored: StoredPreferences
    locked: bool = False


class JournalSource(Enum):
    """Where a notification came in."""

    GRAPH = "graph"
    LIFECYCLE = "lifecycle"
    SCHEDULER = "scheduler"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A notification that was acknowledged and is not yet handled: whom it concerns, never what it said."""

    id: str
    """Chosen by the intake. Entries are handled in the order of `received_at`, then `id`."""
    received_at: datetime
    source: JournalSource
    kind: str
    """The sender's word for it: "created", "updated", "deleted", "missed", …"""
    resource_nos: tuple[ResourceNo, ...] = ()
    mailbox: MailboxId | None = None
    subscription_id: str = ""
    appointment_ids: tuple[AppointmentId, ...] = ()
    guids: tuple[AppointmentGuid, ...] = ()
    event_ids: tuple[EventId, ...] = ()
    attempts: int = 0


class Outcome(Enum):
    """How an effect, or a decision that asked for one, ended."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    """Not carried out; it is decided again."""
    PARKED = "parked"
    """Rejected for good: see the dead letter (D9)."""
    SUPERSEDED = "superseded"
    """Was pending when a later decision about its item was made. Explanations say so; it is in no store."""
    HELD_BACK = "held_back"
    """Waits for evidence (C10)."""
    NONE = "none"
    """The decision asked for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An effect that is about to be carried out. Recovery reads both sides again, so it needs no content."""

    id: str
    resource_no: ResourceNo
    act: Act
    mailbox: MailboxId | None = None
    guid: AppointmentGuid | None = None
    event_key: EventKey | None = None
    event_id: EventId | None = None
    transaction_id: str = ""
    generation: int = 0
    at: datetime
    attempts: int = 0


class Trigger(Enum):
    """What made the connector look at an item."""

    START = "start"
    WEBHOOK = "webhook"
    NOTIFICATION = "notification"
    POLL = "poll"
    AUDIT = "audit"
    PREFERENCES = "preferences"
    RULES = "rules"
    SIBLING = "sibling"
    """Another resource's event of the same appointment changed it."""
    RETRY = "retry"
    RECOVERY = "recovery"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRecord:
    """One field that a decision settled, as text for people."""

    field: Field
    agreed: str
    board: str
    outlook: str
    winner: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """One decision as it is kept, so that it can be explained."""

    id: str
    """Ids of one writer sort in the order in which they were decided."""
    at: datetime
    resource_no: ResourceNo
    mailbox: MailboxId | None = None
    guid: AppointmentGuid | None = None
    appointment_id: AppointmentId | None = None
    number: str = ""
    event_id: EventId | None = None
    event_key: EventKey | None = None
    ical_uid: str = ""
    subject: str = ""
    """Only of board-born and shared items."""
    when: When | None = None
    """When the item takes place. Likewise only of those, and of masked ones."""
    side: Side | None = None
    """The side whose change was looked at."""
    trigger: Trigger
    act: Act
    reason: Reason
    detail: str = ""
    basis: tuple[tuple[str, str], ...] = ()
    """Names and values of what decided: the rule, the preference, the setting, what it was held against."""
    changes: tuple[ChangeRecord, ...] = ()
    outcome: Outcome = Outcome.NONE
    request_ids: tuple[str, ...] = ()
    attempts: int = 0

    @property
    def item(self) -> str:
        """Which item of its resource it is about: the appointment's GUID, of an event without one its key."""
        return self.guid or self.event_key or self.event_id or self.appointment_id or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An item, or a message, that was put aside after its policy's tries (D9)."""

    id: str
    """The same for the same item and act, so that parking it again replaces it."""
    resource_no: ResourceNo
    guid: AppointmentGuid | None = None
    event_key: EventKey | None = None
    act: Act
    reason: str
    """A sentence for the administrator, remedy included."""
    code: str = ""
    detail: str = ""
    """What the other side answered; only of board-born and shared items."""
    seen: str = ""
    """A fingerprint of both sides when it was parked: another one means it is worth another try."""
    attempts: int = 0
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A deletion that waits for evidence (C10)."""

    resource_no: ResourceNo
    guid: AppointmentGuid
    act: Act
    event_key: EventKey | None = None
    reason: str
    since: datetime
    confirmations: int = 0
    """How many independent readings agreed that the item is gone."""

    @property
    def id(self) -> str:
        """What an administrator calls it: the same as a dead letter of this item."""
        return f"{self.resource_no}/{self.guid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaState:
    """How far a mailbox has been read. Saved together with the links that the round produced."""

    mailbox: MailboxId
    delta_link: str
    window: Window
    full_round_at: datetime
    """When a round was last begun without a delta link."""


class Service(Enum):
    """Which service a subscription was made with."""

    GRAPH = "graph"
    SCHEDULER = "scheduler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription that a service holds for us."""

    id: str
    service: Service
    mailbox: MailboxId | None = None
    source_app: str = ""
    kind: str = ""
    """Of a board's webhook: "created", "updated" or "deleted"."""
    url: str = ""
    client_state: str = field(default="", repr=False)
    created_at: datetime
    expires_at: datetime | None = None
    """None: it does not expire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a planner's appointment is planned for: without it the board takes no new one."""

    source_app: str = ""
    source_type: str = ""
    job_no: str = ""
    task_no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeImage:
    """What an item was before the connector wrote it, so that `undo` can put it back.

    The images of an item are a chain: an undo is a write like any other and leaves images of its own, so that
    what was at a moment follows from everything that was written since then.
    """

    id: str
    intent_id: str
    """An intent that ends otherwise than done takes its image with it: nothing was written."""
    at: datetime
    resource_no: ResourceNo
    side: Side
    """The side that was written to."""
    act: Act
    mailbox: MailboxId | None = None
    guid: AppointmentGuid | None = None
    appointment_id: AppointmentId | None = None
    event_id: EventId | None = None
    event_key: EventKey | None = None
    etag: Etag | None = None
    """The version that the write left behind."""
    confirmed: bool = False
    """Whether an answer has said that the write was made. Without it, it may have been."""
    before: Content | None = None
    """Of a change the fields that changed. None: it did not exist."""
    after: Content | None = None
    """As the side kept it: `undo` leaves alone what has moved on since. None: it was deleted."""
    work: Work | None = None
    """Of a planner's appointment that lost a resource, or got it back: `before` is what the board itself had,
    and not in the space of the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The last comparison of both sides of a resource in full."""

    resource_no: ResourceNo
    at: datetime
    compared: int = 0
    """Items that were looked at."""
    found: int = 0
    """Items that were not as they should be."""
    repaired: int = 0
    """Those of them that are since then."""
    problem: str = ""
    """Why it could not be compared, remedy included; empty if it was."""

    @property
    def left(self) -> int:
        """Items that are still not as they should be."""
        return self.found - self.repaired


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The figures of `status`."""

    journal: int
    outbox: int
    dead_letters: int
    held_back: int
    quarantined: int
    links: int
    subscriptions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHolder:
    """Who has a store open for writing."""

    pid: int
    host: str
    since: datetime | None
