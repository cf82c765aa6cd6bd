"""From what was read to what reconciliation compares: pure, one function a side."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.appointment import Appointment
from models.bodies import replaceable
from models.content import Content
from models.event import Event
from models.ids import ResourceNo
from models.judging import Judge
from models.link import Agreed, Link, Origin
from models.mapper import Mapper
from models.preferences import Preferences, PrivateEvents, Verdict
from models.sides import BoardSide, Gone, OutlookSide
from models.when import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """Through which a resource's items are seen: its number, its preferences, the mapping, the window."""

    resource_no: ResourceNo
    preferences: Preferences
    mapper: Mapper
    window: Window
    in_force: Preferences | None = None
    """What the resource shares, while `preferences` are only tried out: nobody reads other words for that."""

    @property
    def readable(self) -> Preferences:
        """The preferences by which words may be read."""
        return self.preferences if self.in_force is None else self.preferences.shared_with(self.in_force)

    def board_side(
        self, appointment: Appointment | Gone, origin: Origin, link: Link | None = None
    ) -> BoardSide | Gone:
        """An appointment in the space of the side that is written to."""
        if isinstance(appointment, Gone):
            return appointment
        board_born = origin is Origin.BOARD
        failed = self.mapper.check(appointment).failure if board_born else ""
        wanted = self.mapper.wanted_event if board_born else self.mapper.seen_appointment
        agreed = link.agreed.board if link is not None and link.agreed is not None else None
        return BoardSide(
            content=_as_agreed(wanted(appointment), agreed),
            assigned=appointment.is_assigned_to(self.resource_no),
            in_window=self.window.overlaps(appointment.when),
            locked=appointment.locked,
            rule_failed=failed,
            modified_at=appointment.modified_at,
        )

    def outlook_side(self, event: Event | Gone, origin: Origin, link: Link | None) -> OutlookSide | Gone:
        """An event in the space of the side that is written to."""
        if isinstance(event, Gone):
            return event
        agreed = link.agreed.outlook if link is not None and link.agreed is not None else None
        if origin is Origin.BOARD:
            masked = self.preferences.share and self.preferences.private is PrivateEvents.MASK
            content = self.mapper.seen_event(event, agreed, times_readable=masked)
            return OutlookSide(
                content=_as_agreed(content, agreed),
                has_guests=event.head.has_guests,
                modified_at=event.head.modified_at,
            )
        verdict = Judge(preferences=self.preferences).verdict(event.head)
        content = self.mapper.wanted_appointment(event, verdict) if verdict.reaches_board else Content()
        if verdict is Verdict.SHARED and event.detail is None and self.in_force is not None:
            content = replace(content, subject="")  # of words that nobody may read yet, only that they come
        return OutlookSide(
            content=_as_agreed(content, agreed),
            verdict=verdict,
            in_window=self.window.overlaps(event.head.when),
            may_change=event.head.is_organizer,
            has_guests=event.head.has_guests,
            body_replaceable=event.detail is not None and replaceable(event.detail),
            modified_at=event.head.modified_at,
        )

    def written_event(self, event: Event, link: Link) -> Content:
        """What an event says that was just written to.

        Also the hours of a board-born one that may not be read: an end alone is only sent to a known start.
        """
        if link.origin is Origin.BOARD:
            agreed = link.agreed.outlook if link.agreed is not None else None
            return self.mapper.seen_event(event, agreed, times_readable=True)
        side = self.outlook_side(event, link.origin, link)
        return side.content if isinstance(side, OutlookSide) else Content()


def _as_agreed(content: Content, agreed: Content | None) -> Content:
    """The agreed content itself where this one equals it, as nearly every one of every reading does: whoever
    compares the two again sees at once that they are the same."""
    return agreed if agreed == content and agreed is not None else content


def settled(agreed: Agreed, board: Content | None, outlook: Content | None) -> Agreed:
    """The agreed state after both sides were looked at and nothing was left to write.

    A field moves on only where the sides now agree, or where neither moved: a difference that a setting
    leaves alone stays a difference.
    """
    on_board, in_outlook = agreed.board, agreed.outlook
    seen_board = agreed.board if board is None else agreed.board.merged_with(board)
    seen_outlook = agreed.outlook if outlook is None else agreed.outlook.merged_with(outlook)
    if seen_board is agreed.board and seen_outlook is agreed.outlook:
        return agreed
    for field in {*seen_board.differences(agreed.board), *seen_outlook.differences(agreed.outlook)}:
        if seen_board.get(field) == seen_outlook.get(field):
            on_board = on_board.with_field(field, seen_board.get(field))
            in_outlook = in_outlook.with_field(field, seen_outlook.get(field))
    return Agreed(board=on_board, outlook=in_outlook)
