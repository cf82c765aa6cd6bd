"""The link of an appointment from Outlook that no link knows: its store was lost (C5). Pure."""

from __future__ import annotations

from actors.resource.forgetting import without_words
from actors.resource.sides import Lens
from models.appointment import Appointment
from models.content import Content
from models.event import Event
from models.ids import EventId, EventKey, MailboxId
from models.link import Agreed, Link, Origin
from models.preferences import Verdict
from models.sides import BoardSide, OutlookSide


def orphan_link(lens: Lens, mailbox: MailboxId, orphan: Appointment, event: Event | None) -> Link:
    """The link of an appointment and its event; None: the event is gone.

    What the board still shows of an event that is not shared any more is not taken into it (E).
    """
    board = lens.board_side(orphan, Origin.OUTLOOK)
    outlook = None if event is None else lens.outlook_side(event, Origin.OUTLOOK, None)
    seen = board.content if isinstance(board, BoardSide) else Content()
    agreed = Agreed(board=seen, outlook=seen)
    if not isinstance(outlook, OutlookSide):
        agreed = without_words(agreed, Content())
    elif outlook.verdict is not Verdict.SHARED:
        agreed = without_words(agreed, outlook.content)
    event_id = EventId(orphan.exchange_id) if event is None else event.head.id
    return Link(
        resource_no=lens.resource_no,
        guid=orphan.guid,
        origin=Origin.OUTLOOK,
        mailbox=mailbox,
        appointment_id=orphan.id,
        number=orphan.number,
        event_id=event_id,
        event_key=EventKey(event_id) if event is None else event.head.key,
        agreed=agreed,
    )
