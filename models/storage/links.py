"""Links, and the events that are not shared."""

from __future__ import annotations

from collections.abc import Container, Sequence

from models.ids import AppointmentGuid, AppointmentId, Etag, EventId, EventKey, MailboxId, ResourceNo
from models.link import Link, LinkState, Origin, Unshared
from models.preferences import Verdict
from models.storage import codec
from models.storage.changes import DropLink, DropUnshared, PutLink, PutUnshared
from models.storage.schema import LinkRow, UnsharedRow, columns, upsert
from models.storage.session import Row, Session
from models.storage.writing import Writers, writer


def links_of(session: Session, resource_no: ResourceNo) -> tuple[Link, ...]:
    """All links of a resource."""
    return tuple(map(_link, session.fetch(_links_of, resource_no)))


def links(session: Session, only: Container[ResourceNo] | None = None) -> tuple[Link, ...]:
    """All links, or those of some resources."""
    return tuple(_link(row) for row in session.fetch(_links) if only is None or row[0] in only)


def links_of_guid(session: Session, guid: AppointmentGuid) -> tuple[Link, ...]:
    """The links of an appointment: one for each of its resources."""
    return tuple(map(_link, session.fetch(_links_of_guid, guid)))


def links_of_id(session: Session, appointment_id: AppointmentId) -> tuple[Link, ...]:
    """The links of an appointment that is known by its numeric id."""
    return tuple(map(_link, session.fetch(_links_of_id, appointment_id)))


def unshared_of(session: Session, resource_no: ResourceNo) -> tuple[Unshared, ...]:
    """The events of a resource that are not shared."""
    return tuple(map(_unshared, session.fetch(_unshared_of, resource_no)))


def _put_links(session: Session, changes: Sequence[PutLink]) -> None:
    session.many(_put_link, [_link_row(change.link) for change in changes])


def _drop_links(session: Session, changes: Sequence[DropLink]) -> None:
    session.many(_drop_link, [(change.resource_no, change.guid) for change in changes])


def _put_all_unshared(session: Session, changes: Sequence[PutUnshared]) -> None:
    session.many(_put_unshared, [_unshared_row(change.unshared) for change in changes])


def _drop_all_unshared(session: Session, changes: Sequence[DropUnshared]) -> None:
    session.many(_drop_unshared, [(change.resource_no, change.event_key) for change in changes])


WRITERS: Writers = {
    PutLink: writer(_put_links, "links"),
    DropLink: writer(_drop_links, "links"),
    PutUnshared: writer(_put_all_unshared, "unshared"),
    DropUnshared: writer(_drop_all_unshared, "unshared"),
}


def _link_row(link: Link) -> Row:
    return (
        link.resource_no,
        link.guid,
        link.origin.value,
        link.state.value,
        link.mailbox,
        link.appointment_id,
        link.number,
        link.event_id,
        link.event_key,
        link.etag,
        codec.optional_instant(link.event_modified_at),
        codec.optional_instant(link.board_modified_at),
        link.generation,
        codec.agreed(link.agreed),
        link.has_guests,
    )


def _link(row: Row) -> Link:
    (resource_no, guid, origin, state, mailbox, appointment_id, number, event_id, event_key, etag) = row[:10]
    event_modified_at, board_modified_at, generation, agreed, has_guests = row[10:]
    return Link(
        resource_no=ResourceNo(resource_no),
        guid=AppointmentGuid(guid),
        origin=Origin(origin),
        state=LinkState(state),
        mailbox=MailboxId(mailbox),
        appointment_id=appointment_id,
        number=number,
        event_id=event_id,
        event_key=event_key,
        etag=etag,
        event_modified_at=codec.to_optional_instant(event_modified_at),
        board_modified_at=codec.to_optional_instant(board_modified_at),
        has_guests=bool(has_guests),
        generation=generation,
        agreed=codec.to_agreed(agreed),
    )


def _unshared_row(item: Unshared) -> Row:
    return (item.resource_no, item.event_key, item.mailbox, item.event_id, item.etag, item.verdict.value)


def _unshared(row: Row) -> Unshared:
    resource_no, event_key, mailbox, event_id, etag, verdict = row
    return Unshared(
        resource_no=ResourceNo(resource_no),
        event_key=EventKey(event_key),
        mailbox=MailboxId(mailbox),
        event_id=EventId(event_id),
        etag=Etag(etag),
        verdict=Verdict(verdict),
    )


def _links_of() -> object:
    return LinkRow.select(*columns(LinkRow)).where(LinkRow.resource_no == "")


def _links() -> object:
    return LinkRow.select(*columns(LinkRow)).order_by(LinkRow.resource_no)


def _links_of_guid() -> object:
    return LinkRow.select(*columns(LinkRow)).where(LinkRow.guid == "")


def _links_of_id() -> object:
    return LinkRow.select(*columns(LinkRow)).where(LinkRow.appointment_id == "")


def _put_link() -> object:
    return upsert(LinkRow)


def _drop_link() -> object:
    return LinkRow.delete().where(LinkRow.resource_no == "", LinkRow.guid == "")


def _unshared_of() -> object:
    return UnsharedRow.select(*columns(UnsharedRow)).where(UnsharedRow.resource_no == "")


def _put_unshared() -> object:
    return upsert(UnsharedRow)


def _drop_unshared() -> object:
    return UnsharedRow.delete().where(UnsharedRow.resource_no == "", UnsharedRow.event_key == "")
