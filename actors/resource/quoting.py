"""What a decision quotes of its item: values and versions as texts for people, of shared items only (E)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from actors.resource.case import Case
from models.content import Content
from models.decision import Act, FieldChange, Side
from models.plans import APPOINTMENT_VERSION, EVENT_VERSION, version_of_board
from models.storage.records import ChangeRecord
from models.when import AllDay, Timed

LONGEST: Final = 500
"""Characters of a value that are quoted: a body may be a book."""


def changes(case: Case) -> tuple[ChangeRecord, ...]:
    """What is settled field by field, and of something new all that is written."""
    if not case.is_shared:
        return ()
    if case.decision.act is Act.CREATE_EVENT:
        return tuple(_new(case.board_content, Side.BOARD))
    if case.decision.act is Act.CREATE_APPOINTMENT:
        return tuple(_new(case.outlook_content, Side.OUTLOOK))
    return tuple(_change(change) for change in case.decision.changes)


def versions(case: Case) -> Iterator[tuple[str, str]]:
    """The states of both sides that were looked at, or that are known."""
    link, head, appointment = case.link, case.head, case.appointment
    etag = head.etag if head is not None else link.etag if link is not None else None
    if etag:
        yield EVENT_VERSION, etag
    changed = appointment.modified_at if appointment else link.board_modified_at if link else None
    if changed is not None:
        yield APPOINTMENT_VERSION, version_of_board(changed)


def ical_uid(case: Case) -> str:
    """By which name other calendars know the event; empty where that is not known, or nobody's business."""
    detail = None if case.event is None else case.event.detail
    return "" if detail is None or not case.is_shared else detail.ical_uid


def as_text(value: object) -> str:
    """A field's value for people."""
    if isinstance(value, Timed):
        return f"{_instant(value.start)} to {_instant(value.end)}"
    if isinstance(value, AllDay):
        return f"{value.first.isoformat()} until {value.until.isoformat()}, all day"
    text = "" if value is None else str(getattr(value, "value", value))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _instant(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _new(written: Content, side: Side) -> Iterator[ChangeRecord]:
    from_board = side is Side.BOARD
    for field in written.said:
        text = as_text(written.get(field))
        yield ChangeRecord(
            field=field,
            agreed="",
            board=text if from_board else "",
            outlook="" if from_board else text,
            winner=side,
        )


def _change(change: FieldChange) -> ChangeRecord:
    return ChangeRecord(
        field=change.field,
        agreed=as_text(change.agreed),
        board=as_text(change.board),
        outlook=as_text(change.outlook),
        winner=change.winner,
    )
