"""What both services hold, read into one form: the oracle's own, not the connector's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.sandbox.graph.events import Event, Item
from tests.sandbox.graph.mailbox import Mailbox
from tests.sandbox.scheduler.appointments import Appointment

ZONE = ZoneInfo("Europe/Brussels")
IMPORTANCE = {"normal": 0, "high": 1, "low": 2}
SHOW_AS = {"free": 1, "tentative": 2, "busy": 3, "oof": 4, "workingElsewhere": 5, "unknown": 6}
SENSITIVITY = {"normal": 1, "personal": 2, "private": 3, "confidential": 4}
TOKEN = re.compile(r"W[0-9]{5}q")
"""Every text that anybody writes holds one of these, and no two are the same."""

Fields = dict[str, Any]
MASK = {"subject": "Unavailable", "body": "", "importance": 0, "show_as": 3, "sensitivity": 3}
"""What a masked event shows beside its time, whatever it is itself."""
COMPARED = ("subject", "when", "body", "importance", "category")


@dataclass(frozen=True, slots=True)
class EventRef:
    """An event, or one occurrence of a series, by what never changes."""

    mailbox: str
    number: int
    day: date | None = None


def link_of(event: Event) -> str | None:
    """The connector's mark on an event: `guid/resource`."""
    for name, kept in event.extended.items():
        if "dimeschedulerlink" in name.lower() and isinstance(kept.value, str):
            return kept.value
    return None


def exchange_id(mailbox: Mailbox, item: Item) -> str:
    """The id by which the board knows an event: its immutable one."""
    event = item.event
    return event.immutable_id if item.day is None else mailbox.store.immutable_id(event.number, item.day)


def items_of(mailbox: Mailbox, first: date, last: date) -> Iterator[Item]:
    """Every single event of the default calendar, and every occurrence that begins on these days or near."""
    for event in list(mailbox.events(mailbox.default_calendar)):
        if not event.is_series:
            yield event.item
            continue
        for day in event.dates(first - timedelta(days=15), last + timedelta(days=15)):
            yield Item(event=event, day=day)


def of_item(item: Item) -> Fields:
    """The fields of an event."""
    content = item.content()
    start, end = content.span()
    return {
        "subject": (content.subject or "").strip(),
        "when": _days(content.start.local, content.end.local) if content.is_all_day else _timed(start, end),
        "body": _one_line(content.body.text),
        "importance": IMPORTANCE.get(content.importance, 0),
        "categories": content.categories,
        "show_as": SHOW_AS.get(content.show_as, 6),
        "sensitivity": SENSITIVITY.get(content.sensitivity, 3),
    }


def of_appointment(appointment: Appointment) -> Fields:
    """The fields of an appointment."""
    start, end = (_instant(moment) for moment in (appointment.start, appointment.end))
    start, end = _forward(start, end, appointment.end - appointment.start)
    facts = appointment.exchange
    return {
        "subject": appointment.subject.strip(),
        "when": _days(appointment.start, appointment.end) if appointment.is_all_day else _timed(start, end),
        "body": _one_line(appointment.body),
        "importance": appointment.importance,
        "category": appointment.category or "",
        "show_as": facts.show_as if facts else None,
        "sensitivity": facts.sensitivity if facts else None,
        "locked": appointment.locked,
        "resources": appointment.resources,
    }


def span(when: tuple[str, datetime, datetime]) -> tuple[datetime, datetime]:
    """The instants between which something takes place."""
    return _instant(when[1]), _instant(when[2])


def tokens(*texts: str) -> set[str]:
    """The marked words in texts."""
    return {word for text in texts for word in TOKEN.findall(text)}


def _forward(start: datetime, end: datetime, lasting: timedelta) -> tuple[datetime, datetime]:
    """A start that lies in the hour that is skipped moves past its end, which then moves as well (C7)."""
    return start, end if start <= end else start + max(lasting, timedelta(0))


def _timed(start: datetime, end: datetime) -> tuple[str, datetime, datetime]:
    """On the board's wall clock, whole days as such: the only form that both sides can hold."""
    begins, ends = (moment.astimezone(ZONE).replace(tzinfo=None, fold=0) for moment in (start, end))
    if ends < begins:
        ends = begins + (end - start)
    if begins.time() == ends.time() == time() and begins < ends:
        return ("days", begins, ends)
    return ("timed", begins, ends)


def _days(first: datetime, until: datetime) -> tuple[str, datetime, datetime]:
    begins, ends = (datetime.combine(moment.date(), time()) for moment in (first, until))
    if until.time() != time() or ends <= begins:
        ends += timedelta(days=1)
    return ("days", begins, ends)


def _instant(wall: datetime) -> datetime:
    return wall.replace(tzinfo=ZONE).astimezone(UTC)


def _one_line(text: str) -> str:
    return " ".join(text.replace("\xa0", " ").split())
