"""What items were before the connector wrote them, so that it can be put back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from models.decision import Act, Side
from models.ids import ResourceNo
from models.storage import codec
from models.storage.changes import AddBeforeImage
from models.storage.pruning import to_drop
from models.storage.records import BeforeImage, Work
from models.storage.schema import BeforeImageRow, columns, upsert
from models.storage.session import Row, Session
from models.storage.writing import Writers, writer


def before_images(
    session: Session, since: datetime, resource_no: ResourceNo | None
) -> tuple[BeforeImage, ...]:
    """What was changed since a moment, the latest first."""
    after = codec.instant(since)
    if resource_no is None:
        return tuple(map(_image, session.fetch(_images_since, after)))
    return tuple(map(_image, session.fetch(_images_of_since, resource_no, after)))


def images_of_intents(session: Session, intent_ids: Iterable[str]) -> dict[str, BeforeImage]:
    """The latest image of each of these intents that has one."""
    rows = (row for intent_id in intent_ids for row in session.fetch(_latest_of_intent, intent_id, 1))
    return {image.intent_id: image for image in map(_image, rows)}


def changed_since(session: Session, since: datetime) -> tuple[ResourceNo, ...]:
    """The resources of which something was changed since a moment."""
    return tuple(ResourceNo(number) for (number,) in session.fetch(_owners_since, codec.instant(since)))


def drop_images_of_intents(session: Session, intent_ids: Iterable[str]) -> None:
    """Forgets the images of intents that wrote nothing."""
    session.many(_drop_images_of_intent, [(intent_id,) for intent_id in intent_ids])


def drop_images_of_item(session: Session, rows: Sequence[Row]) -> None:
    """Forgets the images of items: rows of (resource_no, guid or "", event_key or "")."""
    session.many(_drop_images_of_item, rows)


def drop_oldest(session: Session, before: datetime, keep: int, at_most: int) -> int:
    """Forgets the images from before a moment, and all but the latest `keep`; at most so many at once."""
    old = to_drop(
        session, before=before, keep=keep, at_most=at_most, nth_latest=_nth_latest, older=_older_than
    )
    session.many(_drop_image, old)
    return len(old)


def _add_images(session: Session, changes: Sequence[AddBeforeImage]) -> None:
    session.many(_put_image, [_image_row(change.image) for change in changes])


WRITERS: Writers = {AddBeforeImage: writer(_add_images, "before_images")}


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
        _work_text(image.work),
        image.confirmed,
    )


def _work_text(work: Work | None) -> str | None:
    if work is None:
        return None
    return codec.texts((work.source_app, work.source_type, work.job_no, work.task_no))


def _work(text: str | None) -> Work | None:
    if text is None:
        return None
    source_app, source_type, job_no, task_no = codec.to_texts(text)
    return Work(source_app=source_app, source_type=source_type, job_no=job_no, task_no=task_no)


def _image(row: Row) -> BeforeImage:
    image_id, intent_id, at, resource_no, side, act, mailbox, guid, appointment_id, event_id = row[:10]
    event_key, etag, before, after, work, confirmed = row[10:]
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
        work=_work(work),
        confirmed=bool(confirmed),
    )


def _images_since() -> object:
    since = BeforeImageRow.select(*columns(BeforeImageRow)).where(BeforeImageRow.at >= "")
    return since.order_by(BeforeImageRow.at.desc(), BeforeImageRow.id.desc())


def _images_of_since() -> object:
    since = BeforeImageRow.select(*columns(BeforeImageRow)).where(
        BeforeImageRow.resource_no == "", BeforeImageRow.at >= ""
    )
    return since.order_by(BeforeImageRow.at.desc(), BeforeImageRow.id.desc())


def _latest_of_intent() -> object:
    of_intent = BeforeImageRow.select(*columns(BeforeImageRow)).where(BeforeImageRow.intent_id == "")
    return of_intent.order_by(BeforeImageRow.id.desc()).limit(1)


def _owners_since() -> object:
    since = BeforeImageRow.select(BeforeImageRow.resource_no).where(BeforeImageRow.at >= "")
    return since.distinct().order_by(BeforeImageRow.resource_no)


def _put_image() -> object:
    return upsert(BeforeImageRow)


def _drop_images_of_intent() -> object:
    return BeforeImageRow.delete().where(BeforeImageRow.intent_id == "")


def _drop_images_of_item() -> object:
    return BeforeImageRow.delete().where(
        BeforeImageRow.resource_no == "", (BeforeImageRow.guid == "") | (BeforeImageRow.event_key == "")
    )


def _nth_latest() -> object:
    return BeforeImageRow.select(BeforeImageRow.at).order_by(BeforeImageRow.at.desc()).limit(1).offset(1)


def _older_than() -> object:
    older = BeforeImageRow.select(BeforeImageRow.id).where(BeforeImageRow.at <= "")
    return older.order_by(BeforeImageRow.at).limit(1)


def _drop_image() -> object:
    return BeforeImageRow.delete().where(BeforeImageRow.id == "")
