"""One item as it is when it is decided about."""

from __future__ import annotations

from dataclasses import dataclass

from actors.resource.facts import Item
from models.appointment import Appointment
from models.content import Content
from models.decision import Decision
from models.event import Event, EventHead
from models.link import Link, Origin
from models.made_often import made_often
from models.preferences import Verdict
from models.sides import BoardSide, Gone, OutlookSide
from models.when import When


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of an item, and what follows from it. It stays as it is while the item moves on."""

    item: Item
    link: Link | None
    origin: Origin
    read_appointment: Appointment | Gone | None
    read_event: Event | Gone | None
    board: BoardSide | Gone | None
    outlook: OutlookSide | Gone | None
    decision: Decision

    @property
    def appointment(self) -> Appointment | None:
        """The appointment, if it was read and exists."""
        return self.read_appointment if isinstance(self.read_appointment, Appointment) else None

    @property
    def event(self) -> Event | None:
        """The event, if it was read and exists."""
        return self.read_event if isinstance(self.read_event, Event) else None

    @property
    def head(self) -> EventHead | None:
        """The head of the event, if it was read and exists."""
        return self.event.head if self.event is not None else None

    @property
    def number(self) -> str:
        """What planners call the appointment; empty where nobody has told."""
        if self.appointment is not None:
            return self.appointment.number
        return self.link.number if self.link is not None else ""

    @property
    def board_content(self) -> Content:
        """What the board says now; where it was not looked at, what was agreed."""
        agreed = self.link.agreed.board if self.link is not None and self.link.agreed else Content()
        return agreed.merged_with(self.board.content) if isinstance(self.board, BoardSide) else agreed

    @property
    def outlook_content(self) -> Content:
        """What Outlook says now; where it was not looked at, what was agreed."""
        agreed = self.link.agreed.outlook if self.link is not None and self.link.agreed else Content()
        return agreed.merged_with(self.outlook.content) if isinstance(self.outlook, OutlookSide) else agreed

    @property
    def is_shared(self) -> bool:
        """Whether what the item says may be kept: board-born words are the board's, masks are nobody's."""
        if self.origin is Origin.BOARD:
            return True
        if isinstance(self.outlook, OutlookSide):
            return self.outlook.verdict is Verdict.SHARED
        return self.outlook is None

    @property
    def when(self) -> When | None:
        """When the item takes place, as far as that may be kept: of a masked event it may."""
        if self.is_shared:
            mine, other = self.board_content.when, self.outlook_content.when
            return (mine or other) if self.origin is Origin.BOARD else (other or mine)
        if isinstance(self.outlook, OutlookSide) and self.outlook.verdict is Verdict.MASKED:
            return self.outlook.content.when
        return None

    @property
    def subject(self) -> str:
        """What the item is called, as far as that may be kept; of a masked event, its mask."""
        if self.is_shared:
            return self.board_content.subject or self.outlook_content.subject or ""
        return self.outlook.content.subject or "" if isinstance(self.outlook, OutlookSide) else ""
