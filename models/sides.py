"""The two sides of an item, in the form in which reconciliation compares them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from models.content import Content
from models.made_often import made_often
from models.preferences import Verdict


class Gone(Enum):
    """A side that was looked for and is confirmed not to exist."""

    GONE = "gone"


GONE = Gone.GONE


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSide:
    """An appointment as far as one resource's link is concerned."""

    content: Content
    """Board-born: the event it should be. Outlook-born: the appointment as it is."""
    assigned: bool = True
    in_window: bool = True
    locked: bool = False
    rule_failed: str = ""
    """The name and message of the first rule that does not pass; empty when all do."""
    modified_at: datetime | None = None


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookSide:
    """An event as far as one link is concerned."""

    content: Content
    """Board-born: the event as it is. Outlook-born: the appointment it should be."""
    verdict: Verdict = Verdict.SHARED
    """Of an Outlook-born event. Of a board-born one only CANCELLED and DECLINED count."""
    in_window: bool = True
    may_change: bool = True
    """False where the person only attends: what the organiser owns cannot be changed (B15)."""
    has_guests: bool = False
    """True where others are invited: Outlook would mail them every change (facts §2.2)."""
    body_replaceable: bool = True
    modified_at: datetime | None = None
