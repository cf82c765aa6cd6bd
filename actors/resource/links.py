"""What becomes of a link when an item is created, read or written. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actors.resource.case import Case
from actors.resource.sides import settled
from models.appointment import Appointment
from models.content import Content, Field
from models.event import Event
from models.ids import MailboxId, ResourceNo
from models.link import Agreed, Link, LinkState, Origin
from models.sides import BoardSide, OutlookSide
from models.storage.changes import PutLink


def at(link: Link, event: Event) -> Link:
    """A link to an event in the version in which it was just seen.

    An exception that does not tell its original date this time keeps the key under which it was known.
    Of an event of the person's own it is not kept whether others are invited: it may be masked (E).
    """
    is_vague = event.head.original_date is None and event.head.id == link.event_id
    return _with(
        link,
        event_id=event.head.id,
        event_key=link.event_key if is_vague and link.event_key is not None else event.head.key,
        etag=event.head.etag,
        has_guests=link.origin is Origin.BOARD and event.head.has_guests,
        event_modified_at=event.head.modified_at,
    )


def as_seen(link: Link, event: Event, agreed: Agreed, seen: Content) -> Link:
    """A link to an event that was just written or found, and that says `seen` now.

    What it says beside what is agreed is still to be decided about. Until then its version counts as unknown:
    it is looked at before it is written to, and is news to another life of the process.
    """
    is_settled = not any(agreed.outlook.differences(seen))
    moved = replace(at(link, event), agreed=agreed)
    return moved if is_settled else replace(moved, etag=None)


def told(link: Link, appointment: Appointment) -> Link:
    """A link to an appointment in the version in which it was just read."""
    return _with(
        link,
        appointment_id=appointment.id,
        number=appointment.number,
        board_modified_at=appointment.modified_at,
    )


def new_link(case: Case, resource_no: ResourceNo, mailbox: MailboxId) -> Link:
    """The link of an item; the one it has, if it has one."""
    return case.link or Link(
        resource_no=resource_no, guid=case.item.guid, origin=case.origin, mailbox=mailbox
    )


def fresh(case: Case, appointment: Appointment, resource_no: ResourceNo, mailbox: MailboxId) -> Link:
    """The link of an event about to be created; another event of the same link is a new generation."""
    link = case.link
    if link is None:
        link = Link(resource_no=resource_no, guid=case.item.guid, origin=Origin.BOARD, mailbox=mailbox)
    elif link.event_id is not None:
        link = replace(link, generation=link.generation + 1)
    return replace(without_event(told(link, appointment), mailbox), state=LinkState.ACTIVE)


def without_event(link: Link, mailbox: MailboxId) -> Link:
    """A link whose event is still to be made, in this mailbox."""
    return replace(
        link, mailbox=mailbox, event_id=None, event_key=None, etag=None, has_guests=False, agreed=None
    )


def withheld(case: Case, appointment: Appointment, resource_no: ResourceNo, mailbox: MailboxId) -> Link:
    """The link of an appointment that a rule keeps out of Outlook."""
    link = fresh(case, appointment, resource_no, mailbox)
    return replace(link, state=LinkState.WITHHELD, agreed=Agreed(board=case.board_content, outlook=Content()))


def undone(case: Case, appointment: Appointment, resource_no: ResourceNo, mailbox: MailboxId) -> Link:
    """The link of an appointment whose event an undo takes away: it has none until either side changes."""
    agreed = case.link.agreed.board if case.link is not None and case.link.agreed else case.board_content
    return replace(
        fresh(case, appointment, resource_no, mailbox),
        state=LinkState.UNDONE,
        agreed=Agreed(board=agreed, outlook=Content()),
    )


def moved_on(link: Link, agreed: Agreed, case: Case) -> Link:
    """A link after both sides were looked at and nothing was to be written."""
    board = case.board.content if isinstance(case.board, BoardSide) else None
    outlook = case.outlook.content if isinstance(case.outlook, OutlookSide) else None
    link = _with(link, agreed=settled(agreed, board, outlook))
    if case.event is not None:
        known, link = link.etag, at(link, case.event)
        if link.origin is Origin.BOARD and case.event.detail is None and link.etag != known:
            # what the person has made of it may not be read: it is looked at before it is written to
            link = replace(link, etag=None)
    return link if case.appointment is None else told(link, case.appointment)


def agreed_besides(case: Case) -> tuple[PutLink, ...]:
    """What an item's sides turn out to agree on beside what is to be written: an answer may have been lost,
    and later only one of the sides be looked at."""
    link = case.link
    if link is None or link.agreed is None:
        return ()
    board = case.board.content if isinstance(case.board, BoardSide) else None
    outlook = case.outlook.content if isinstance(case.outlook, OutlookSide) else None
    agreed = settled(link.agreed, board, outlook)
    return () if agreed == link.agreed else (PutLink(link=replace(link, agreed=agreed)),)


def kept(fields: tuple[Field, ...], *, written: Content, seen: Content, before: Content) -> Content:
    """What the board made of what was written to it: it may shorten a text, and leave a field as it was.

    Any other value is somebody's later word, and no part of what was agreed.
    """
    result = written
    for field in fields:
        now, said = seen.get(field), written.get(field)
        is_left = now == before.get(field) or (field is Field.CATEGORY and now == "")
        is_shortened = isinstance(now, str) and isinstance(said, str) and _is_short_for(now, said)
        if now is not None and (is_left or is_shortened):
            result = result.with_field(field, now)
    return result


def _is_short_for(short: str, text: str) -> bool:
    words = " ".join(text.split()).casefold()
    return bool(short) and words.startswith(" ".join(short.rstrip("…. ").split()).casefold())


def as_created(wanted: Content, seen: Content) -> Content:
    """What was agreed of an event by its creation: Exchange keeps texts in a form of its own. Whatever else
    differs by now, the person has changed in it since."""
    return wanted.merged_with(seen.only((Field.BODY, Field.LOCATION)))


def agreed_now(link: Link, fields: tuple[Field, ...], *, board: Content, outlook: Content) -> Agreed:
    """What is agreed after these fields were written."""
    agreed = link.agreed or Agreed(board=Content(), outlook=Content())
    on_board, in_outlook = agreed.board, agreed.outlook
    for field in fields:
        on_board = on_board.with_field(field, board.get(field))
        in_outlook = in_outlook.with_field(field, outlook.get(field))
    return Agreed(board=on_board, outlook=in_outlook)


def _with(link: Link, **values: Any) -> Link:  # noqa: ANN401 - whatever the members of a link are
    """A link with these values: itself where it has them, as nearly every link of every reading does."""
    for name, value in values.items():
        if getattr(link, name) != value:
            return replace(link, **values)
    return link
