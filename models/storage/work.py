"""Work that is not done yet: notifications, intents, dead letters, deletions held back."""

from __future__ import annotations

import json
from collections.abc import Sequence

from models.decision import Act
from models.ids import AppointmentGuid, AppointmentId, EventId, ResourceNo
from models.json_text import parse_json
from models.storage import codec
from models.storage.changes import (
    AddDeadLetter,
    AddIntent,
    AddJournal,
    CountJournal,
    DropDeadLetter,
    DropHeldBack,
    FinishIntent,
    FinishJournal,
    PutHeldBack,
)
from models.storage.images import drop_images_of_intents
from models.storage.records import DeadLetter, HeldBack, Intent, JournalEntry, JournalSource, Outcome
from models.storage.schema import DeadLetterRow, HeldBackRow, JournalRow, OutboxRow, columns, upsert
from models.storage.session import Row, Session
from models.storage.writing import Writers, writer


def pending_journal(session: Session, limit: int) -> tuple[JournalEntry, ...]:
    """The oldest notifications that are not handled."""
    return tuple(map(_entry, session.fetch(_oldest_entries, limit)))


def pending_intents(session: Session, resource_no: ResourceNo | None) -> tuple[Intent, ...]:
    """The intents whose outcome is not known, in the order in which they were made."""
    if resource_no is None:
        return tuple(map(_intent, session.fetch(_all_intents)))
    return tuple(map(_intent, session.fetch(_intents_of, resource_no)))


def dead_letters(session: Session, resource_no: ResourceNo | None) -> tuple[DeadLetter, ...]:
    """What was put aside, the latest first."""
    if resource_no is None:
        return tuple(map(_letter, session.fetch(_all_letters)))
    return tuple(map(_letter, session.fetch(_letters_of, resource_no)))


def held_back(session: Session, resource_no: ResourceNo | None) -> tuple[HeldBack, ...]:
    """The deletions that wait for evidence, the oldest first."""
    if resource_no is None:
        return tuple(map(_held, session.fetch(_all_held)))
    return tuple(map(_held, session.fetch(_held_of, resource_no)))


def _add_journal(session: Session, changes: Sequence[AddJournal]) -> None:
    session.many(_add_entry, [_entry_row(change.entry) for change in changes])


def _count_journal(session: Session, changes: Sequence[CountJournal]) -> None:
    session.many(_count_entry, [(1, entry) for change in changes for entry in change.ids])


def _finish_journal(session: Session, changes: Sequence[FinishJournal]) -> None:
    session.many(_drop_entry, [(entry,) for change in changes for entry in change.ids])


def _add_intents(session: Session, changes: Sequence[AddIntent]) -> None:
    session.many(_put_intent, [_intent_row(change.intent) for change in changes])


def _finish_intents(session: Session, changes: Sequence[FinishIntent]) -> None:
    session.many(_drop_intent, [(change.id,) for change in changes])
    unwritten = [change.id for change in changes if change.outcome is not Outcome.DONE]
    drop_images_of_intents(session, unwritten)


def _add_letters(session: Session, changes: Sequence[AddDeadLetter]) -> None:
    session.many(_put_letter, [_letter_row(change.letter) for change in changes])


def _drop_letters(session: Session, changes: Sequence[DropDeadLetter]) -> None:
    session.many(_drop_letter, [(change.id,) for change in changes])


def _put_all_held(session: Session, changes: Sequence[PutHeldBack]) -> None:
    session.many(_put_held, [_held_row(change.held) for change in changes])


def _drop_all_held(session: Session, changes: Sequence[DropHeldBack]) -> None:
    session.many(_drop_held, [(change.resource_no, change.guid) for change in changes])


WRITERS: Writers = {
    AddJournal: writer(_add_journal, "journal"),
    CountJournal: writer(_count_journal, "journal"),
    FinishJournal: writer(_finish_journal, "journal"),
    AddIntent: writer(_add_intents, "outbox"),
    FinishIntent: writer(_finish_intents, "outbox", "before_images"),
    AddDeadLetter: writer(_add_letters, "dead_letters"),
    DropDeadLetter: writer(_drop_letters, "dead_letters"),
    PutHeldBack: writer(_put_all_held, "held_back"),
    DropHeldBack: writer(_drop_all_held, "held_back"),
}


def _entry_row(entry: JournalEntry) -> Row:
    references = {
        "resource_nos": entry.resource_nos,
        "appointment_ids": entry.appointment_ids,
        "guids": entry.guids,
        "event_ids": entry.event_ids,
    }
    return (
        entry.id,
        codec.instant(entry.received_at),
        entry.source.value,
        entry.kind,
        entry.mailbox,
        entry.subscription_id,
        json.dumps({name: value for name, value in references.items() if value}),
        entry.attempts,
    )


def _entry(row: Row) -> JournalEntry:
    entry_id, received_at, source, kind, mailbox, subscription_id, references_json, attempts = row
    references = parse_json(references_json)
    return JournalEntry(
        id=entry_id,
        received_at=codec.to_instant(received_at),
        source=JournalSource(source),
        kind=kind,
        mailbox=mailbox,
        subscription_id=subscription_id,
        resource_nos=tuple(map(ResourceNo, references.get("resource_nos", ()))),
        appointment_ids=tuple(map(AppointmentId, references.get("appointment_ids", ()))),
        guids=tuple(map(AppointmentGuid, references.get("guids", ()))),
        event_ids=tuple(map(EventId, references.get("event_ids", ()))),
        attempts=attempts,
    )


def _intent_row(intent: Intent) -> Row:
    return (
        intent.id,
        intent.resource_no,
        intent.act.value,
        intent.mailbox,
        intent.guid,
        intent.event_key,
        intent.event_id,
        intent.transaction_id,
        intent.generation,
        codec.instant(intent.at),
        intent.attempts,
    )


def _intent(row: Row) -> Intent:
    intent_id, resource_no, act, mailbox, guid, event_key, event_id, transaction_id, generation, at, tries = (
        row
    )
    return Intent(
        id=intent_id,
        resource_no=ResourceNo(resource_no),
        act=Act(act),
        mailbox=mailbox,
        guid=guid,
        event_key=event_key,
        event_id=event_id,
        transaction_id=transaction_id,
        generation=generation,
        at=codec.to_instant(at),
        attempts=tries,
    )


def _letter_row(letter: DeadLetter) -> Row:
    return (
        letter.id,
        letter.resource_no,
        letter.guid,
        letter.event_key,
        letter.act.value,
        letter.reason,
        letter.code,
        letter.detail,
        letter.seen,
        letter.attempts,
        codec.instant(letter.first_at),
        codec.instant(letter.last_at),
    )


def _letter(row: Row) -> DeadLetter:
    letter_id, resource_no, guid, event_key, act, reason, code, detail, seen, attempts, first_at, last_at = (
        row
    )
    return DeadLetter(
        id=letter_id,
        resource_no=ResourceNo(resource_no),
        guid=guid,
        event_key=event_key,
        act=Act(act),
        reason=reason,
        code=code,
        detail=detail,
        seen=seen,
        attempts=attempts,
        first_at=codec.to_instant(first_at),
        last_at=codec.to_instant(last_at),
    )


def _held_row(held: HeldBack) -> Row:
    return (
        held.resource_no,
        held.guid,
        held.act.value,
        held.event_key,
        held.reason,
        codec.instant(held.since),
        held.confirmations,
    )


def _held(row: Row) -> HeldBack:
    resource_no, guid, act, event_key, reason, since, confirmations = row
    return HeldBack(
        resource_no=ResourceNo(resource_no),
        guid=AppointmentGuid(guid),
        act=Act(act),
        event_key=event_key,
        reason=reason,
        since=codec.to_instant(since),
        confirmations=confirmations,
    )


def _oldest_entries() -> object:
    oldest = JournalRow.select(*columns(JournalRow)).order_by(JournalRow.received_at, JournalRow.id)
    return oldest.limit(1)


def _add_entry() -> object:
    return upsert(JournalRow, absent_only=True)


def _count_entry() -> object:
    return JournalRow.update({JournalRow.attempts: JournalRow.attempts + 1}).where(JournalRow.id == "")


def _drop_entry() -> object:
    return JournalRow.delete().where(JournalRow.id == "")


def _all_intents() -> object:
    return OutboxRow.select(*columns(OutboxRow)).order_by(OutboxRow.at, OutboxRow.id)


def _intents_of() -> object:
    made_by = OutboxRow.select(*columns(OutboxRow)).where(OutboxRow.resource_no == "")
    return made_by.order_by(OutboxRow.at, OutboxRow.id)


def _put_intent() -> object:
    return upsert(OutboxRow)


def _drop_intent() -> object:
    return OutboxRow.delete().where(OutboxRow.id == "")


def _all_letters() -> object:
    return DeadLetterRow.select(*columns(DeadLetterRow)).order_by(DeadLetterRow.last_at.desc())


def _letters_of() -> object:
    of_resource = DeadLetterRow.select(*columns(DeadLetterRow)).where(DeadLetterRow.resource_no == "")
    return of_resource.order_by(DeadLetterRow.last_at.desc())


def _put_letter() -> object:
    return upsert(DeadLetterRow, keep=("first_at",))


def _drop_letter() -> object:
    return DeadLetterRow.delete().where(DeadLetterRow.id == "")


def _all_held() -> object:
    return HeldBackRow.select(*columns(HeldBackRow)).order_by(HeldBackRow.since)


def _held_of() -> object:
    of_resource = HeldBackRow.select(*columns(HeldBackRow)).where(HeldBackRow.resource_no == "")
    return of_resource.order_by(HeldBackRow.since)


def _put_held() -> object:
    return upsert(HeldBackRow)


def _drop_held() -> object:
    return HeldBackRow.delete().where(HeldBackRow.resource_no == "", HeldBackRow.guid == "")
