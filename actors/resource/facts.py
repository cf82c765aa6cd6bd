"""What was read of an item and is not yet settled, and what the item is waiting for."""

from __future__ import annotations

from dataclasses import dataclass, field

from actors.undo import Undone
from models.appointment import Appointment
from models.event import Event
from models.ids import AppointmentGuid, AppointmentId, EventId
from models.link import Link
from models.made_often import made_often
from models.sides import Gone
from models.storage.records import BeforeImage, Trigger
from models.undoing import Rollback


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFact:
    """An appointment as the board answered it, or its confirmed absence."""

    appointment: Appointment | Gone
    asked_at: float
    """When the question was asked, on the monotonic clock."""


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookFact:
    """An event as Graph answered it, or its confirmed absence."""

    event: Event | Gone
    asked_at: float


@dataclass(slots=True, kw_only=True)
class Fences:
    """From when on an answer is news, in seconds of the monotonic clock.

    They outlive the item: a slow answer may come in long after everything about it was settled (A8).
    """

    board_written: float = float("-inf")
    """When the last write to the board ended: what was asked before then knows nothing of it."""
    outlook_written: float = float("-inf")
    """Likewise for the last write to Outlook."""
    board_seen: float = float("-inf")
    """When the latest known state of the appointment was asked for."""
    outlook_seen: float = float("-inf")
    """Likewise of the event."""

    @property
    def latest(self) -> float:
        """When anything last happened."""
        return max(self.board_written, self.outlook_written, self.board_seen, self.outlook_seen)


@dataclass(slots=True, kw_only=True)
class Reversal:
    """What is still to be put back of an item, and how far that has come."""

    rollbacks: list[Rollback]
    """One a side; the first is in hand."""
    told: Undone | None = None
    """What is about to be done."""
    link: Link | None = None
    """The item's link as it was before the write that is under way."""
    begun: bool = False
    """Whether a write was begun; it has ended well once the item has no intent any more."""
    refused: str = ""
    """Why the other side refuses it for good."""


@dataclass(slots=True, kw_only=True)
class Item:
    """One appointment of one resource while something about it is being found out or carried out."""

    guid: AppointmentGuid
    board: BoardFact | None = None
    outlook: OutlookFact | None = None
    trigger: Trigger = Trigger.POLL
    waiting_for: str = ""
    """What is under way: a read, a commit, a write, a pause. Empty: it may be decided about."""
    fences: Fences = field(default_factory=Fences)
    reread_board: bool = False
    reread_outlook: bool = False
    tries: int = 0
    intent: str = ""
    image: BeforeImage | None = None
    """Of the write that is under way."""
    decision: str = ""
    event_id: EventId | None = None
    """The event's id where no link knows it yet."""
    appointment_id: AppointmentId | None = None
    """Likewise the appointment's."""
    transaction_used: bool = False
    """Whether the id of the creation belongs to another event: gone, unless a look-up finds it."""
    reversal: Reversal | None = None
    """Set while an undo has the item in hand; nothing else is decided about it then."""

    def learn_board(self, fact: BoardFact) -> bool:
        """Take a fact if it is news; whether it was."""
        if self.is_old_board(fact) or fact.asked_at < self.fences.board_seen:
            return False
        self.board, self.fences.board_seen = fact, fact.asked_at
        return True

    def learn_outlook(self, fact: OutlookFact) -> bool:
        """Take a fact if it is news; whether it was."""
        if self.is_old_outlook(fact) or fact.asked_at < self.fences.outlook_seen:
            return False
        self.outlook, self.fences.outlook_seen = fact, fact.asked_at
        return True

    def is_old_board(self, fact: BoardFact) -> bool:
        """Whether a fact was asked for before the last write to the board had ended."""
        return fact.asked_at <= self.fences.board_written

    def is_old_outlook(self, fact: OutlookFact) -> bool:
        """Whether a fact was asked for before the last write to Outlook had ended."""
        return fact.asked_at <= self.fences.outlook_written
