"""The outcome of looking at one item: what to do about it, and why, in words that can be kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from models.content import Field
from models.made_often import made_often


class Side(Enum):
    """Which of the two systems."""

    BOARD = "board"
    OUTLOOK = "outlook"


class Act(Enum):
    """What can be done about an item. The values are stored."""

    NOTHING = "nothing"
    CREATE_EVENT = "create_event"
    UPDATE_EVENT = "update_event"
    DELETE_EVENT = "delete_event"
    CREATE_APPOINTMENT = "create_appointment"
    UPDATE_APPOINTMENT = "update_appointment"
    REMOVE_APPOINTMENT = "remove_appointment"
    UPDATE_BOTH = "update_both"
    ADOPT = "adopt"
    """Link two items that exist already."""
    FORGET = "forget"
    """Drop the link: nothing is left to keep in step."""
    SUPPRESS = "suppress"
    HOLD = "hold"
    """Leave it for now: a deletion that waits for evidence, an event whose guests would be mailed."""


class Reason(Enum):
    """Why. A closed set: each has one sentence, in `REASONS`."""

    NEW_ON_BOARD = "new_on_board"
    CHANGED_ON_BOARD = "changed_on_board"
    DELETED_ON_BOARD = "deleted_on_board"
    UNASSIGNED = "unassigned"
    RULE_FAILED = "rule_failed"
    RULE_PASSES_AGAIN = "rule_passes_again"
    OUTSIDE_WINDOW = "outside_window"
    TO_OUTLOOK_OFF = "to_outlook_off"
    TO_BOARD_OFF = "to_board_off"
    MOVED_MAILBOX = "moved_mailbox"
    NEW_IN_OUTLOOK = "new_in_outlook"
    SHARED_NOW = "shared_now"
    CHANGED_IN_OUTLOOK = "changed_in_outlook"
    DELETED_IN_OUTLOOK = "deleted_in_outlook"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    SHARING_OFF = "sharing_off"
    SHOW_AS_NOT_SHARED = "show_as_not_shared"
    SENSITIVITY_NOT_SHARED = "sensitivity_not_shared"
    RESTORED = "restored"
    PUT_BACK_IN_OUTLOOK = "put_back_in_outlook"
    PUT_BACK_ON_BOARD = "put_back_on_board"
    LOCKED = "locked"
    ONLY_ATTENDEE = "only_attendee"
    HAS_GUESTS = "has_guests"
    CHANGED_ON_BOTH = "changed_on_both"
    CONFLICT = "conflict"
    ALREADY_IN_STEP = "already_in_step"
    ADOPTED = "adopted"
    DELETED_ON_BOARD_KEPT_IN_OUTLOOK = "deleted_on_board_kept_in_outlook"
    GONE_ON_BOTH = "gone_on_both"
    UNDONE = "undone"


REASONS: dict[Reason, str] = {
    Reason.NEW_ON_BOARD: "the appointment is planned on this resource and has no event yet",
    Reason.CHANGED_ON_BOARD: "the appointment changed on the board",
    Reason.DELETED_ON_BOARD: "the appointment was deleted on the board",
    Reason.UNASSIGNED: "the resource was taken off the appointment",
    Reason.RULE_FAILED: "a rule does not let the appointment through",
    Reason.RULE_PASSES_AGAIN: "the rules let the appointment through again",
    Reason.OUTSIDE_WINDOW: "the item lies outside the synchronised window",
    Reason.TO_OUTLOOK_OFF: "sync.to_outlook is off",
    Reason.TO_BOARD_OFF: "sync.to_board is off",
    Reason.MOVED_MAILBOX: "the resource has another mailbox now",
    Reason.NEW_IN_OUTLOOK: "a new event that its owner shares",
    Reason.SHARED_NOW: "the event is shared from now on",
    Reason.CHANGED_IN_OUTLOOK: "the event changed in Outlook",
    Reason.DELETED_IN_OUTLOOK: "the event was deleted in Outlook",
    Reason.CANCELLED: "the meeting was cancelled by its organiser",
    Reason.DECLINED: "the invitation was declined",
    Reason.SHARING_OFF: "the resource shares no events",
    Reason.SHOW_AS_NOT_SHARED: "the resource does not share events with this show-as",
    Reason.SENSITIVITY_NOT_SHARED: "the resource does not share events of this sensitivity",
    Reason.RESTORED: "the event was deleted in Outlook; sync.outlook_deletes restores it",
    Reason.PUT_BACK_IN_OUTLOOK: "what was edited in Outlook belongs to the board and was put back",
    Reason.PUT_BACK_ON_BOARD: "what was edited on the board belongs to the event's owner and was put back",
    Reason.LOCKED: "the appointment is locked on the board and takes no change from Outlook",
    Reason.ONLY_ATTENDEE: "the person only attends this meeting; its organiser decides",
    Reason.HAS_GUESTS: "others are invited to this event, and Outlook would mail them what is written to it",
    Reason.CHANGED_ON_BOTH: "both sides changed, in different fields; both changes were kept",
    Reason.CONFLICT: "both sides changed the same field; sync.conflicts decided",
    Reason.ALREADY_IN_STEP: "both sides agree",
    Reason.ADOPTED: "the event was written by an earlier installation and was recognised",
    Reason.DELETED_ON_BOARD_KEPT_IN_OUTLOOK: "deleted on the board; the event is the person's and stays",
    Reason.GONE_ON_BOTH: "gone on both sides",
    Reason.UNDONE: "an administrator has undone what the connector wrote",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field that a decision settles, with the values that were seen."""

    field: Field
    agreed: object
    board: object
    outlook: object
    winner: Side


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about one item, and why."""

    act: Act
    reason: Reason
    to_outlook: tuple[Field, ...] = ()
    """The fields that are written to the event."""
    to_board: tuple[Field, ...] = ()
    """The fields that are written to the appointment."""
    changes: tuple[FieldChange, ...] = ()
    detail: str = ""
    """What decided beyond the reason: the rule's name and message, the preference, the setting."""

    @property
    def sentence(self) -> str:
        """The decision as a person reads it."""
        said = f"{self.act.value.replace('_', ' ')}: {REASONS[self.reason]}"
        return f"{said} ({self.detail})" if self.detail else said

    @property
    def board_half(self) -> Decision:
        """What a decision about both sides writes to the board: where Outlook refuses its part (D9)."""
        kept = tuple(change for change in self.changes if change.winner is Side.OUTLOOK)
        return replace(self, act=Act.UPDATE_APPOINTMENT, to_outlook=(), changes=kept)
