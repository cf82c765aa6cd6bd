"""For how long a link is kept after its item has left the window for good.

It has to be known for as long as the item may come back or be edited; for ever, every book would only grow.
An item whose link is gone is recognised by other means should it come back: its event by the link property
and the transaction id, its appointment by a GUID that follows from the event.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final

from models.ids import appointment_guid
from models.link import Link, Origin
from models.when import AllDay, When, Window

KEPT: Final = timedelta(days=366)
"""Beyond the past end of the window, and since either side last changed."""


def is_long_past(when: When, window: Window) -> bool:
    """Whether something ended so long before the window that nothing is remembered of it."""
    end = datetime.combine(when.until, time(), UTC) if isinstance(when, AllDay) else when.end
    return end < window.start - KEPT


def has_outlived(link: Link, window: Window, now: datetime) -> bool:
    """Whether a link may be forgotten: long past, untouched for as long, and recognised should it return.

    Of a link without an agreed time, which has no event, only the last change on the board is known.
    """
    if not _was_untouched(link, now - KEPT) or not _is_recognised(link):
        return False
    if link.agreed is None:
        return link.event_id is None and link.board_modified_at is not None
    when = link.agreed.outlook.when or link.agreed.board.when
    return when is not None and is_long_past(when, window)


def _was_untouched(link: Link, since: datetime) -> bool:
    stamps = [stamp for stamp in (link.board_modified_at, link.event_modified_at) if stamp is not None]
    is_known = link.event_id is None or link.event_modified_at is not None
    return is_known and all(stamp < since for stamp in stamps)


def _is_recognised(link: Link) -> bool:
    """Of several successive events only the link knows which is the present one; and an appointment that an
    earlier installation made has a GUID that does not follow from its event."""
    if link.origin is Origin.BOARD:
        return link.event_id is None or link.generation == 0
    return link.event_key is not None and link.guid == appointment_guid(link.mailbox, link.event_key)
