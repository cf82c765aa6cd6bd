"""Events as Graph writes them, read into the types of `models.event`: leniently, and no more than is shared.

A payload may lack members, carry unknown ones, or hold null or nonsense anywhere (facts §1.1): what is not
understood is read as the most private thing it could be (C9), and nothing here raises because of it. What
`Judge.may_read` denies is dropped in the function that would read it: no object ever holds it (E).
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, Final, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from models.content import Importance, Sensitivity, ShowAs
from models.event import Event, EventDetail, EventHead, EventType, Response
from models.ids import Etag, EventId
from models.judging import Judge
from models.when import AllDay, When, begins_never
from models.zones import find_zone, graph_when, read_instant, read_zone, to_wall

Item: TypeAlias = Mapping[str, Any]

E = TypeVar("E", bound=Enum)

UTC_ZONE: Final = ZoneInfo("UTC")
"""Every read asks for times in UTC; a time without a zone's name is one of those."""

_UUID_5 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_OCCURRENCE_DATE = re.compile(r"\.(\d{4}-\d{2}-\d{2})$")
_SERIES_ZONES = ("originalStartTimeZone", "originalEndTimeZone")


def read_event(item: Item, judge: Judge) -> Event | None:
    """One event, complete in itself; None where it has no id or no time that can be read."""
    head = read_head(item)
    return None if head is None else judged(item, head, judge)


def judged(item: Item, head: EventHead, judge: Judge) -> Event:
    """The event of `head`, with its words if they may be read."""
    return Event(head=head, detail=read_detail(item) if judge.may_read(head) else None)


def read_head(item: Item) -> EventHead | None:
    """What judging needs, and nothing that its owner wrote; None without an id or a readable time."""
    event_id = read_id(item)
    when = read_when(item, flag(item, "isAllDay"))
    if event_id is None or when is None:
        return None
    response = read_enum(Response, text(inner(item, "responseStatus"), "response"), Response.NONE)
    return EventHead(
        id=event_id,
        etag=read_etag(item),
        type=read_enum(EventType, text(item, "type"), EventType.SINGLE),
        when=when,
        show_as=read_enum(ShowAs, text(item, "showAs"), ShowAs.UNKNOWN),
        sensitivity=read_enum(Sensitivity, text(item, "sensitivity"), Sensitivity.PRIVATE),
        series_master_id=read_master_id(item),
        original_date=_original_date(item, when),
        is_cancelled=flag(item, "isCancelled"),
        is_organizer=flag(item, "isOrganizer", default=response is Response.ORGANIZER),
        has_guests=item.get("attendees") != [],  # nothing said is not nobody invited
        response=response,
        modified_at=read_instant(text(item, "lastModifiedDateTime")),
        transaction_id=own_transaction_id(text(item, "transactionId")),
        zone=text(inner(item, "start"), "timeZone"),
    )


def read_detail(item: Item) -> EventDetail:
    """What the owner wrote. Only `judged` and a rewrite inside the client call this."""
    categories = item.get("categories")
    listed = categories if isinstance(categories, list) else []
    return EventDetail(
        subject=text(item, "subject"),
        body_html=_body_html(inner(item, "body")),
        importance=read_enum(Importance, text(item, "importance"), Importance.NORMAL),
        categories=tuple(name for name in listed if isinstance(name, str)),
        location=text(inner(item, "location"), "displayName"),
        ical_uid=text(item, "iCalUId"),
        is_online_meeting=flag(item, "isOnlineMeeting"),
        has_attachments=flag(item, "hasAttachments"),
    )


def read_when(item: Item, is_all_day: bool, fallback: ZoneInfo = UTC_ZONE) -> When | None:
    """When an item takes place; None where its start or end is no time, which year 1 stands for too."""
    start, end = inner(item, "start"), inner(item, "end")
    try:
        when = graph_when(_clock(start), _clock(end), is_all_day, fallback)
    except (ValueError, OverflowError):
        return None
    return None if begins_never(when) else when


def series_zone(master: Item) -> ZoneInfo:
    """The zone in which a series counts its days (facts §1.7)."""
    range_zone = text(inner(inner(master, "recurrence"), "range"), "recurrenceTimeZone")
    return _first_zone(range_zone, *(text(master, name) for name in _SERIES_ZONES)) or item_zone(master)


def item_zone(item: Item) -> ZoneInfo:
    """The zone in which an item's own start is told."""
    return read_zone(text(inner(item, "start"), "timeZone"), UTC_ZONE)


def day_in(when: When, zone: ZoneInfo) -> date:
    """The date on which something begins in `zone`; of whole days it is the same everywhere."""
    return when.first if isinstance(when, AllDay) else to_wall(when.start, zone).date()


def named_date(item: Item) -> date | None:
    """The original date in an `occurrenceId`, which some tenants write in Pascal case (facts §1.1)."""
    return parse_occurrence_id(text(item, "occurrenceId") or text(item, "OccurrenceId"))


def parse_occurrence_id(occurrence_id: str) -> date | None:
    """The date at the end of `OID.<master>.<date>` (facts §1.8)."""
    found = _OCCURRENCE_DATE.search(occurrence_id)
    if found is None:
        return None
    try:
        return date.fromisoformat(found.group(1))
    except ValueError:
        return None


def own_transaction_id(value: str) -> str:
    """`value` if it may be one of the connector's, which are UUIDs of version 5; other apps' are dropped."""
    return value if _UUID_5.fullmatch(value) else ""


def read_id(item: Item) -> EventId | None:
    """An item's id."""
    value = text(item, "id")
    return EventId(value) if value else None


def read_master_id(item: Item) -> EventId | None:
    """The id of the series that an item belongs to."""
    value = text(item, "seriesMasterId")
    return EventId(value) if value else None


def read_etag(item: Item) -> Etag:
    """An item's version; the annotation is there even with `$select` (facts §2.3)."""
    return Etag(text(item, "@odata.etag"))


def read_enum(kind: type[E], value: str, unknown: E) -> E:
    """The member that `value` spells in any letter case, else `unknown`."""
    found = _spelled(kind).get(value.lower())
    return found if isinstance(found, kind) else unknown


@cache
def _spelled(kind: type[Enum]) -> Mapping[str, Enum]:
    return {str(member.value).lower(): member for member in kind}


def text(item: Item, name: str) -> str:
    """A member that is text, else nothing."""
    value = item.get(name)
    return value if type(value) is str else ""


def flag(item: Item, name: str, *, default: bool = False) -> bool:
    """A member that is true or false, else `default`."""
    value = item.get(name)
    return value if type(value) is bool else default


def inner(item: Item, name: str) -> Item:
    """A member that is an object, else an empty one."""
    value = item.get(name)
    return value if type(value) is dict or isinstance(value, Mapping) else {}


def _clock(moment: Item) -> tuple[str, str]:
    return text(moment, "dateTime"), text(moment, "timeZone")


def _original_date(item: Item, when: When) -> date | None:
    if read_master_id(item) is None:
        return None
    named = named_date(item)
    if named is not None:
        return named
    zone = _first_zone(*(text(item, name) for name in _SERIES_ZONES)) or item_zone(item)
    started = read_instant(text(item, "originalStart"))
    if started is not None:
        return to_wall(started, zone).date()
    # a plain occurrence is where the pattern put it; of a moved one nothing more is known
    return day_in(when, zone) if text(item, "type").lower() == EventType.OCCURRENCE.value else None


def _first_zone(*names: str) -> ZoneInfo | None:
    return next((zone for zone in map(find_zone, names) if zone is not None), None)


def _body_html(body: Item) -> str:
    content = text(body, "content")
    if text(body, "contentType").lower() != "text":
        return content
    return "<br>".join(html.escape(line, quote=False) for line in content.splitlines())
