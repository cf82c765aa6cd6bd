"""Which of its events a resource shares with the planners, and the judgement of one event by them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from models.content import Sensitivity, ShowAs


class PrivateEvents(Enum):
    """What becomes of an event whose sensitivity is not shared."""

    HIDE = "hide"
    MASK = "mask"
    """It shows as its time, under a subject that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a resource shares."""

    share: bool = True
    show_as: frozenset[ShowAs] = frozenset({ShowAs.BUSY, ShowAs.OOF})
    sensitivity: frozenset[Sensitivity] = frozenset({Sensitivity.NORMAL})
    private: PrivateEvents = PrivateEvents.HIDE

    def shared_with(self, other: Preferences) -> Preferences:
        """What both share in full."""
        return Preferences(
            share=self.share and other.share,
            show_as=self.show_as & other.show_as,
            sensitivity=self.sensitivity & other.sensitivity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPreferences:
    """A resource's own choice, with who made it and when."""

    preferences: Preferences
    set_by: str
    """"resource", "administrator" or the sign-in name."""
    set_at: datetime


class Verdict(Enum):
    """How much of an event its owner shares. The value is stored, the sentence is for people."""

    SHARED = "shared"
    MASKED = "masked"
    SHARING_OFF = "sharing_off"
    SHOW_AS_NOT_SHARED = "show_as_not_shared"
    SENSITIVITY_NOT_SHARED = "sensitivity_not_shared"
    CANCELLED = "cancelled"
    DECLINED = "declined"

    @property
    def reaches_board(self) -> bool:
        """Whether an appointment stands for the event."""
        return self in (Verdict.SHARED, Verdict.MASKED)
