"""Decisions, and the names by which a person asks for them.

An item is one appointment or event of one resource. Each of its names (number, ids, subject) is kept once,
however often it is decided about, so that any of a million decisions is found through two short index reads,
and a part of a subject through its words (`models.storage.words`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from peewee import fn

from models.decision import Act, Reason, Side
from models.ids import AppointmentGuid, ResourceNo
from models.storage import codec, words
from models.storage.changes import AddDecision, ForgetWords, SettleDecision
from models.storage.images import drop_images_of_item
from models.storage.pruning import to_drop
from models.storage.records import DecisionRecord, Outcome, Trigger
from models.storage.schema import DeadLetterRow, DecisionNameRow, DecisionRow, columns, upsert
from models.storage.session import Row, Session
from models.storage.writing import Writers, writer
from models.when import When, Window

MOST_ITEMS = 200
"""How many items one question may mean; a question that means more is too vague to be answered."""
LONGEST_DAYS = 31
"""How long before a moment an item may begin, and still be found to take place then."""

_END_OF_TIME = "9999-12-31T23:59:59.999999+00:00"
_KINDS = ("number", "id", "guid", "event", "key", "ical", "subject")


def decisions(session: Session, item: str, limit: int) -> tuple[DecisionRecord, ...]:
    """What was decided about an item, the latest first.

    `item` is a number, id, GUID, event id or key, iCalUId or subject; failing these, a resource; failing
    that, a part of a subject.
    """
    meant = _items_named(session, item)
    if not meant:
        of_resource = session.fetch(_decisions_of, item, "", _END_OF_TIME, limit)
        if of_resource:
            return tuple(map(_decision, of_resource))
        meant = _items_with_subject_like(session, item)
    if not meant:
        return ()
    query = DecisionRow.select(*columns(DecisionRow)).where(DecisionRow.item.in_(meant))
    latest = query.order_by(DecisionRow.at.desc(), DecisionRow.id.desc()).limit(limit)
    return tuple(map(_decision, session.select(latest)))


def decisions_of(
    session: Session, resource_no: ResourceNo, since: datetime | None, until: datetime | None, limit: int
) -> tuple[DecisionRecord, ...]:
    """What was decided for a resource within a stretch of time, the latest first."""
    start = "" if since is None else codec.instant(since)
    end = _END_OF_TIME if until is None else codec.instant(until)
    return tuple(map(_decision, session.fetch(_decisions_of, resource_no, start, end, limit)))


def decisions_about_time(
    session: Session, resource_no: ResourceNo, asked: Window, limit: int
) -> tuple[DecisionRecord, ...]:
    """What was decided about a resource's items that take place, or were to, within a stretch of time.

    The latest first. An item that begins more than `LONGEST_DAYS` before it is not found.
    """
    start, end = (edge.date() for edge in (asked.start, asked.end))
    first, last = start - timedelta(days=LONGEST_DAYS), end + timedelta(days=2)
    begun = session.fetch(_begun, resource_no, first.isoformat(), last.isoformat())
    items = {item for item, *edges in begun if _is_within(codec.to_when(*edges), asked)}
    query = DecisionRow.select(*columns(DecisionRow)).where(DecisionRow.item.in_(list(items)[:MOST_ITEMS]))
    latest = query.order_by(DecisionRow.at.desc(), DecisionRow.id.desc()).limit(limit)
    return tuple(map(_decision, session.select(latest)))


def last_reason(session: Session, resource_no: ResourceNo, guid: AppointmentGuid) -> Reason | None:
    """Why the latest decision about an appointment of a resource was as it was."""
    latest = session.fetch(_latest_about, f"{resource_no}/{guid}", 1)
    return Reason(latest[0][0]) if latest else None


def drop_oldest(session: Session, before: datetime, keep: int, at_most: int) -> int:
    """Drops decisions from before a moment, and all but the latest `keep`; at most so many at once."""
    old = to_drop(
        session, before=before, keep=keep, at_most=at_most, nth_latest=_nth_latest, older=_older_than
    )
    session.many(_drop_decision, [(decision_id,) for decision_id, _ in old])
    items = {item for _, item in old}
    subjects = _subjects_of(session, items)
    session.many(_drop_unused_names, [(item, item) for item in items])
    words.remove_unused(session, subjects)
    return len(old)


def _is_within(when: When | None, asked: Window) -> bool:
    return when is not None and asked.overlaps(when)


def _items_named(session: Session, asked: str) -> list[str]:
    names = {asked, asked.casefold()}
    query = DecisionNameRow.select(DecisionNameRow.item).distinct()
    named = query.where(DecisionNameRow.kind.in_(_KINDS), DecisionNameRow.name.in_(names)).limit(MOST_ITEMS)
    return [item for (item,) in session.select(named)]


def _items_with_subject_like(session: Session, asked: str) -> list[str]:
    subjects = words.subjects_with(session, asked.casefold(), MOST_ITEMS)
    query = DecisionNameRow.select(DecisionNameRow.item)
    named = query.where(DecisionNameRow.kind == "subject", DecisionNameRow.name.in_(subjects))
    return [item for (item,) in session.select(named.limit(MOST_ITEMS))]


def _subjects_of(session: Session, items: Iterable[str]) -> set[str]:
    """What items are or were called."""
    return {name for item in items for (name,) in session.fetch(_names_of_kind, "subject", item)}


def _add_decisions(session: Session, changes: Sequence[AddDecision]) -> None:
    session.many(_put_decision, [_decision_row(change.decision) for change in changes])
    names = {name for change in changes for name in _names_of(change.decision)}
    session.many(_add_name, sorted(names))
    words.enter(session, {name for kind, name, _ in names if kind == "subject"})


def _settle_decisions(session: Session, changes: Sequence[SettleDecision]) -> None:
    rows = [(c.outcome.value, codec.texts(c.request_ids), c.attempts, c.id) for c in changes]
    session.many(_settle, rows)
    for change in changes:
        new = (change.appointment_id, change.number, change.event_id, change.event_key, change.ical_uid)
        if any(new):
            session.many(_learn, [(*(name or None for name in new), change.id)])
            names = {n for row in session.fetch(_decision_of, change.id) for n in _names_of(_decision(row))}
            session.many(_add_name, sorted(names))


def _forget_words(session: Session, changes: Sequence[ForgetWords]) -> None:
    rows = {(c.resource_no, c.guid or "", c.event_key or ""): c.typed_only for c in changes}
    for row, typed_only in rows.items():
        items = set(_items_of(session, row))
        if typed_only:
            session.many(_empty_changes, [("[]", item) for item in items])
        else:
            subjects = _subjects_of(session, items)
            session.many(_drop_subject, [("subject", item) for item in items])
            words.remove_unused(session, subjects)
            session.many(_empty_decision, [("", "", "[]", "[]", None, None, item) for item in items])
            session.many(_empty_letter, [("", "", *row)])
    drop_images_of_item(session, list(rows))


WRITERS: Writers = {
    AddDecision: writer(_add_decisions, "decisions"),
    SettleDecision: writer(_settle_decisions, "decisions"),
    ForgetWords: writer(_forget_words, "decisions", "dead_letters", "before_images"),
}


def _item_of(decision: DecisionRecord) -> str:
    return f"{decision.resource_no}/{decision.item}"


def _items_of(session: Session, row: Row) -> Iterable[str]:
    """The items that an appointment and an event of one resource have been known as."""
    resource_no, guid, event_key = row
    for kind, name in (("guid", guid.casefold()), ("key", event_key)):
        if name:
            for (item,) in session.fetch(_items_by_name, kind, name):
                if item.startswith(f"{resource_no}/"):
                    yield item


def _names_of(decision: DecisionRecord) -> Iterable[Row]:
    item = _item_of(decision)
    exact = (("event", decision.event_id), ("key", decision.event_key), ("ical", decision.ical_uid))
    folded = (
        ("number", decision.number),
        ("id", decision.appointment_id),
        ("guid", decision.guid),
        ("subject", decision.subject),
    )
    for kind, name in exact:
        if name:
            yield (kind, name, item)
    for kind, name in folded:
        if name:
            yield (kind, name.casefold(), item)


def _decision_row(decision: DecisionRecord) -> Row:
    return (
        decision.id,
        _item_of(decision),
        codec.instant(decision.at),
        decision.resource_no,
        decision.mailbox,
        decision.guid,
        decision.appointment_id,
        decision.number,
        decision.event_id,
        decision.event_key,
        decision.ical_uid,
        decision.subject,
        None if decision.side is None else decision.side.value,
        decision.trigger.value,
        decision.act.value,
        decision.reason.value,
        decision.detail,
        codec.pairs(decision.basis),
        codec.changes(decision.changes),
        decision.outcome.value,
        codec.texts(decision.request_ids),
        decision.attempts,
        *codec.edges(decision.when),
    )


def _decision(row: Row) -> DecisionRecord:
    decision_id, _, at, resource_no, mailbox, guid, appointment_id, number, event_id, event_key = row[:10]
    ical_uid, subject, side, trigger, act, reason, detail, basis, settled, outcome = row[10:20]
    requests, tries, starts_at, ends_at = row[20:]
    return DecisionRecord(
        id=decision_id,
        at=codec.to_instant(at),
        resource_no=ResourceNo(resource_no),
        mailbox=mailbox,
        guid=guid,
        appointment_id=appointment_id,
        number=number,
        event_id=event_id,
        event_key=event_key,
        ical_uid=ical_uid,
        subject=subject,
        when=codec.to_when(starts_at, ends_at),
        side=None if side is None else Side(side),
        trigger=Trigger(trigger),
        act=Act(act),
        reason=Reason(reason),
        detail=detail,
        basis=codec.to_pairs(basis),
        changes=codec.to_changes(settled),
        outcome=Outcome(outcome),
        request_ids=codec.to_texts(requests),
        attempts=tries,
    )


def _decisions_of() -> object:
    within = DecisionRow.select(*columns(DecisionRow)).where(
        DecisionRow.resource_no == "", DecisionRow.at >= "", DecisionRow.at < ""
    )
    return within.order_by(DecisionRow.at.desc(), DecisionRow.id.desc()).limit(1)


def _latest_about() -> object:
    about = DecisionRow.select(DecisionRow.reason).where(DecisionRow.item == "")
    return about.order_by(DecisionRow.at.desc(), DecisionRow.id.desc()).limit(1)


def _begun() -> object:
    begun = DecisionRow.select(DecisionRow.item, DecisionRow.starts_at, DecisionRow.ends_at).distinct()
    return begun.where(DecisionRow.resource_no == "", DecisionRow.starts_at >= "", DecisionRow.starts_at < "")


def _put_decision() -> object:
    return upsert(DecisionRow)


def _settle() -> object:
    outcome = {DecisionRow.outcome: "", DecisionRow.request_ids_json: "", DecisionRow.attempts: 0}
    return DecisionRow.update(outcome).where(DecisionRow.id == "")


def _learn() -> object:
    names = ("appointment_id", "number", "event_id", "event_key", "ical_uid")
    known: dict[Any, Any] = {
        column: fn.COALESCE("", column) for column in columns(DecisionRow) if column.name in names
    }
    return DecisionRow.update(known).where(DecisionRow.id == "")


def _decision_of() -> object:
    return DecisionRow.select(*columns(DecisionRow)).where(DecisionRow.id == "")


def _empty_decision() -> object:
    emptied = {
        DecisionRow.subject: "",
        DecisionRow.detail: "",
        DecisionRow.basis_json: "",
        DecisionRow.changes_json: "",
        DecisionRow.starts_at: None,
        DecisionRow.ends_at: None,
    }
    return DecisionRow.update(emptied).where(DecisionRow.item == "")


def _empty_changes() -> object:
    return DecisionRow.update({DecisionRow.changes_json: ""}).where(DecisionRow.item == "")


def _drop_decision() -> object:
    return DecisionRow.delete().where(DecisionRow.id == "")


def _nth_latest() -> object:
    return DecisionRow.select(DecisionRow.at).order_by(DecisionRow.at.desc()).limit(1).offset(1)


def _older_than() -> object:
    older = DecisionRow.select(DecisionRow.id, DecisionRow.item).where(DecisionRow.at <= "")
    return older.order_by(DecisionRow.at).limit(1)


def _add_name() -> object:
    return upsert(DecisionNameRow, absent_only=True)


def _items_by_name() -> object:
    return DecisionNameRow.select(DecisionNameRow.item).where(
        DecisionNameRow.kind == "", DecisionNameRow.name == ""
    )


def _names_of_kind() -> object:
    return DecisionNameRow.select(DecisionNameRow.name).where(
        DecisionNameRow.kind == "", DecisionNameRow.item == ""
    )


def _drop_subject() -> object:
    return DecisionNameRow.delete().where(DecisionNameRow.kind == "", DecisionNameRow.item == "")


def _drop_unused_names() -> object:
    used = DecisionRow.select(DecisionRow.item).where(DecisionRow.item == "")
    return DecisionNameRow.delete().where(DecisionNameRow.item == "", DecisionNameRow.item.not_in(used))


def _empty_letter() -> object:
    return DeadLetterRow.update({DeadLetterRow.detail: "", DeadLetterRow.seen: ""}).where(
        DeadLetterRow.resource_no == "", (DeadLetterRow.guid == "") | (DeadLetterRow.event_key == "")
    )
