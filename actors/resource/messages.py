"""What a resource actor is told.

Messages are hints: they say that something may have changed. What is true is read when they are handled, so a
lost one does no harm that the next poll does not mend, and fifty of them are one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from models.appointment import Appointment
from models.ids import AppointmentGuid, AppointmentId
from models.storage.records import Trigger
from models.when import Window


@dataclass(frozen=True, slots=True)
class AppointmentRef:
    """Which appointment. The GUID is always known; the board prefers its own id."""

    guid: AppointmentGuid
    id: AppointmentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Something of a resource may have changed."""

    board: bool = False
    """The whole window of the board is to be read again."""
    appointments: frozenset[AppointmentRef] = frozenset()
    """These appointments are to be read again."""
    outlook: bool = False
    """The mailbox is to be asked what changed."""
    full: bool = False
    """The mailbox is to be read in full: its preferences, its window or its delta link changed."""
    preferences: bool = False
    """What the resource shares has changed: read its preferences again, then judge every event anew (B10)."""
    trigger: Trigger = Trigger.POLL
    journal: tuple[str, ...] = ()
    """Journal entries that are done once this hint is."""

    @classmethod
    def everything(cls, trigger: Trigger) -> Hint:
        """Both sides are to be read in full and compared."""
        return cls(board=True, outlook=True, full=True, trigger=trigger)

    def merged_with(self, other: Hint) -> Hint:
        """Both hints in one."""
        return replace(
            self,
            board=self.board or other.board,
            appointments=self.appointments | other.appointments,
            outlook=self.outlook or other.outlook,
            full=self.full or other.full,
            preferences=self.preferences or other.preferences,
            trigger=Trigger.RETRY if Trigger.RETRY in (self.trigger, other.trigger) else other.trigger,
            journal=self.journal + other.journal,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardListed:
    """What the board's watch read of this resource: every appointment in the window."""

    appointments: tuple[Appointment, ...]
    window: Window
    asked_at: float
    """On the monotonic clock: an answer to a question asked before a write knows nothing of the write."""
    unreadable: tuple[AppointmentId, ...] = ()
    """Appointments that exist, but could not be read: of these nothing is concluded."""
    trigger: Trigger = Trigger.POLL


@dataclass(frozen=True, slots=True)
class Wake:
    """There are hints for this resource: take them."""


@dataclass(frozen=True, slots=True)
class Run:
    """An answer came in, or a timer of the resource's own ran out: this is what was to be done then.

    It concerns the life that asked: after a crash the next one has read everything anew from the store, and
    what the former one had in mind is moot.
    """

    then: Callable[[], None]
    incarnation: int = 0
