"""Every change of the store, as a value. `Store.apply` writes a sequence of them in one transaction.

A change names all that it needs, ids included, so that it can be decided in one place and written in another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.ids import AppointmentGuid, AppointmentId, EventId, EventKey, MailboxId, ResourceNo
from models.link import Link, Unshared
from models.preferences import StoredPreferences
from models.storage.records import (
    Audit,
    BeforeImage,
    DeadLetter,
    DecisionRecord,
    DeltaState,
    HeldBack,
    Intent,
    JournalEntry,
    Outcome,
    ResourceRecord,
    Subscription,
)
from models.supervision import ChildState


@dataclass(frozen=True, slots=True, kw_only=True)
class PutLink:
    """Adds a link, or replaces the one of the same resource and appointment."""

    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class DropLink:
    """Forgets a link."""

    resource_no: ResourceNo
    guid: AppointmentGuid


@dataclass(frozen=True, slots=True, kw_only=True)
class PutUnshared:
    """Remembers an event that is not shared, or replaces what is remembered of it."""

    unshared: Unshared


@dataclass(frozen=True, slots=True, kw_only=True)
class DropUnshared:
    """Forgets an event that is not shared."""

    resource_no: ResourceNo
    event_key: EventKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PutResource:
    """Adds or replaces a resource. `in_step_at` is left as it is."""

    resource: ResourceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkInStep:
    """Both sides of a resource agreed at this moment."""

    resource_no: ResourceNo
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PutPreferences:
    """Sets a resource's own preferences."""

    resource_no: ResourceNo
    stored: StoredPreferences
    locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PutSupervision:
    """Remembers how a resource's actor fares, so that a crash of the process does not forget it (D10).

    Of the child's suspects those are kept whose key is a text.
    """

    resource_no: ResourceNo
    child: ChildState


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSupervision:
    """Forgives a resource's failures."""

    resource_no: ResourceNo


@dataclass(frozen=True, slots=True, kw_only=True)
class AddJournal:
    """Puts a notification on disk. A repeated id changes nothing."""

    entry: JournalEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class CountJournal:
    """Counts a try of these entries, before they are handled."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishJournal:
    """These entries are handled."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddIntent:
    """Puts an intent on disk, or replaces it (to count a try)."""

    intent: Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishIntent:
    """An intent has ended. Unless it is DONE, nothing was written and its before-image goes with it."""

    id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDecision:
    """Keeps a decision. A repeated id replaces it."""

    decision: DecisionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDecision:
    """Says how a decision ended, and by which names its item is known since then, as far as these are new."""

    id: str
    outcome: Outcome
    request_ids: tuple[str, ...] = ()
    attempts: int = 0
    appointment_id: AppointmentId | None = None
    number: str = ""
    event_id: EventId | None = None
    event_key: EventKey | None = None
    ical_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetWords:
    """An item is not shared any more: what its decisions, dead letters and before-images quote is erased.

    Give both names of the item where both are known: older decisions may know only one of them.
    """

    resource_no: ResourceNo
    guid: AppointmentGuid | None = None
    event_key: EventKey | None = None
    typed_only: bool = False
    """Of a board-born item: only what its event said is erased; the appointment's own words stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDeadLetter:
    """Parks an item, or replaces what is known of a parked one; `first_at` stays the first."""

    letter: DeadLetter


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDeadLetter:
    """Takes an item back to work."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutHeldBack:
    """Holds a deletion back, or replaces what is known of it."""

    held: HeldBack


@dataclass(frozen=True, slots=True, kw_only=True)
class DropHeldBack:
    """Releases a deletion, or finds it unfounded."""

    resource_no: ResourceNo
    guid: AppointmentGuid


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDeltaState:
    """Remembers how far a mailbox has been read."""

    state: DeltaState


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDeltaState:
    """The next read of the mailbox is a full round."""

    mailbox: MailboxId


@dataclass(frozen=True, slots=True, kw_only=True)
class PutSubscription:
    """Adds or renews a subscription."""

    subscription: Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSubscription:
    """The service holds this subscription no longer."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddBeforeImage:
    """Keeps what an item was. A repeated id replaces it."""

    image: BeforeImage


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAudit:
    """Remembers how the last full comparison of a resource ended."""

    audit: Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class PutMeta:
    """Remembers one named fact of the whole installation, such as when the last audit ended."""

    key: str
    value: str


Change = (
    PutLink
    | DropLink
    | PutUnshared
    | DropUnshared
    | PutResource
    | MarkInStep
    | PutPreferences
    | PutSupervision
    | DropSupervision
    | AddJournal
    | CountJournal
    | FinishJournal
    | AddIntent
    | FinishIntent
    | AddDecision
    | SettleDecision
    | ForgetWords
    | AddDeadLetter
    | DropDeadLetter
    | PutHeldBack
    | DropHeldBack
    | PutDeltaState
    | DropDeltaState
    | PutSubscription
    | DropSubscription
    | AddBeforeImage
    | PutAudit
    | PutMeta
)
