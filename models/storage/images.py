"""What items were before the connector wrote them, so that it can be put back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from models.decision import Act, Side
from models.ids import ResourceNo
from models.storage import codec
from models.storage.changes import AddBeforeImage, MarkUndone
from models.storage.records import BeforeImage
from models.storage.schema import BeforeImageRow, columns, upsert
from models.storage.session import Row, Session
from models.storage.writing import Writers, writer


def before_images(
    session: Session, since: datetime, resource_no: ResourceNo | None, limit: int
) -> tuple[BeforeImage, ...]:
    """What was changed since a moment and not put back yet, the latest first."""
    after = codec.instant(since)
    if resource_no is None:
        return tuple(map(_image, session.fetch(_images_since, after, limit)))
    return tuple(map(_image, session.fetch(_images_of_since, resource_no, after, limit)))


def drop_images_of_intents(session: Session, intent_ids: Iterable[str]) -> None:
    """Forgets the images of intents that wrote nothing."""
    session.many(_drop_images_of_intent, [(intent_id,) for intent_id in intent_ids])


def drop_images_of_item(session: Session, rows: Sequence[Row]) -> None:
    """Forgets the images of items: rows of (resource_no, guid or "", event_key or "")."""
    session.many(_drop_images_of_item, rows)


def drop_images_before(session: Session, moment: datetime) -> None:
    """Forgets the images from before a moment."""
    session.many(_drop_images_before, [(codec.instant(moment),)])


def _add_images(session: Session, changes: Sequence[AddBeforeImage]) -> None:
    session.many(_put_image, [_image_row(change.image) for change in changes])


def _mark_undone(session: Session, changes: Sequence[MarkUndone]) -> None:
    session.many(
        _set_undone, [(codec.instant(change.at), image) for change in changes for image in change.ids]
    )


WRITERS: Writers = {
    AddBeforeImage: writer(_add_images, "before_images"),
    MarkUndone: writer(_mark_undone, "before_images"),
}


def _image_row(image: BeforeImage) -> Row:
    return (
        image.id,
        image.intent_id,
        codec.instant(image.at),
        image.resource_no,
        image.side.value,
        image.act.value,
        image.mailbox,
        image.guid,
        image.appointment_id,
        image.event_id,
        image.event_key,
        image.etag,
        codec.optional_content(image.before),
        codec.optional_content(image.after),
        codec.optional_instant(image.undone_at),
    )


def _image(row: Row) -> BeforeImage:
    image_id, intent_id, at, resource_no, side, act, mailbox, guid, appointment_id, event_id = row[:10]
    event_key, etag, before, after, undone_at = row[10:]
    return BeforeImage(
        id=image_id,
        intent_id=intent_id,
        at=codec.to_instant(at),
        resource_no=ResourceNo(resource_no),
        side=Side(side),
        act=Act(act),
        mailbox=mailbox,
        guid=guid,
        appointment_id=appointment_id,
        event_id=event_id,
        event_key=event_key,
        etag=etag,
        before=codec.to_optional_content(before),
        after=codec.to_optional_content(after),
        undone_at=codec.to_optional_instant(undone_at),
    )


def _images_since() -> object:
    since = BeforeImageRow.select(*columns(BeforeImageRow)).where(BeforeImageRow.at >= "")
    return _latest_open(since)


def _images_of_since() -> object:
    since = BeforeImageRow.select(*columns(BeforeImageRow)).where(
        BeforeImageRow.resource_no == "", BeforeImageRow.at >= ""
    )
    return _latest_open(since)


def _latest_open(query: Any) -> object:  # noqa: ANN401  # a peewee query
    return (
        query.where(BeforeImageRow.undone_at.is_null())
        .order_by(BeforeImageRow.at.desc(), BeforeImageRow.id.desc())
        .limit(1)
    )


def _put_image() -> object:
    return upsert(BeforeImageRow)


def _set_undone() -> object:
    return BeforeImageRow.update({BeforeImageRow.undone_at: ""}).where(BeforeImageRow.id == "")


def _drop_images_of_intent() -> object:
    return BeforeImageRow.delete().where(BeforeImageRow.intent_id == "")


def _drop_images_of_item() -> object:
    return BeforeImageRow.delete().where(
        BeforeImageRow.resource_no == "", (BeforeImageRow.guid == "") | (BeforeImageRow.event_key == "")
    )


def _drop_images_before() -> object:
    return BeforeImageRow.delete().where(BeforeImageRow.at < "")
