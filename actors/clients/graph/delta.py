"""A page of changes of a calendar view: whole events, series put together, and what is gone (facts §3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from actors.clients.graph.codec import (
    Item,
    day_in,
    flag,
    inner,
    judged,
    named_date,
    read_etag,
    read_event,
    read_head,
    read_id,
    read_master_id,
    read_when,
    series_zone,
    text,
)
from models.event import Event, EventType
from models.ids import EventId
from models.judging import Judge

_PARTS = (EventType.OCCURRENCE.value, EventType.EXCEPTION.value.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series master and every occurrence of it that the page holds.

    Graph sends all remaining ones of the window whenever anything about the series changes, and nothing for
    one that was deleted (facts §0.5): whatever is not here is gone.
    """

    master: Event
    """Its times are those of the first occurrence: it is not itself an event of the window."""
    occurrences: tuple[Event, ...]
    unreadable: tuple[EventId, ...] = ()
    """Occurrences that exist, but whose time cannot be read. While there are any, nothing can be concluded
    from what is not in `occurrences`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaPage:
    """One answer of a delta round. A page has either a `next_link` or a `delta_link`."""

    events: tuple[Event, ...] = ()
    """Those that belong to no series."""
    series: tuple[Series, ...] = ()
    removed: tuple[EventId, ...] = ()
    """Gone from the view: also ids that were never seen, and masters (facts §0.6)."""
    unplaced: tuple[EventId, ...] = ()
    """Masters of occurrences on this page that are not on it themselves: read each series."""
    unreadable: tuple[EventId, ...] = ()
    """Of these nothing is known but that something changed: no readable time, or a removal that may not be
    one (facts §3.3, reason "changed"). Read each."""
    next_link: str = ""
    delta_link: str = ""


@dataclass(slots=True, kw_only=True)
class _Found:
    """What a page is sorted into."""

    events: list[Event]
    masters: dict[EventId, Item]
    parts: dict[EventId, list[Item]]
    removed: list[EventId]
    unreadable: list[EventId]


def read_page(
    items: Iterable[object], judge: Judge, *, next_link: str = "", delta_link: str = ""
) -> DeltaPage:
    """The page of `items`. An item that comes twice counts as it comes last (facts §3.3)."""
    found = _sort(_last_of_each(items), judge)
    series = [_put_together(master, found.parts.get(id_, ()), judge) for id_, master in found.masters.items()]
    for id_, one in zip(found.masters, series, strict=True):
        if one is None:
            found.unreadable.append(id_)
    return DeltaPage(
        events=tuple(found.events),
        series=tuple(one for one in series if one is not None),
        removed=tuple(found.removed),
        unplaced=tuple(id_ for id_ in found.parts if id_ not in found.masters),
        unreadable=tuple(found.unreadable),
        next_link=next_link,
        delta_link=delta_link,
    )


def read_series(master: Item, parts: Sequence[Item], judge: Judge) -> Series | None:
    """A series from its master and its occurrences, stubs or complete; None if the master is unreadable."""
    return _put_together(master, parts, judge)


def _last_of_each(items: Iterable[object]) -> Iterable[Item]:
    last: dict[EventId, Item] = {}
    for item in items:
        if isinstance(item, dict) and (id_ := read_id(item)) is not None:
            last.pop(id_, None)  # so that it takes the place of the last one
            last[id_] = item
    return last.values()


def _sort(items: Iterable[Item], judge: Judge) -> _Found:
    found = _Found(events=[], masters={}, parts={}, removed=[], unreadable=[])
    for item in items:
        id_ = EventId(text(item, "id"))
        master_id = read_master_id(item)
        kind = text(item, "type").lower()
        if "@removed" in item:
            is_gone = text(inner(item, "@removed"), "reason").lower() != "changed"
            (found.removed if is_gone else found.unreadable).append(id_)
        elif kind == EventType.MASTER.value.lower():
            found.masters[id_] = item
        elif kind in _PARTS and master_id is not None:
            found.parts.setdefault(master_id, []).append(item)
        elif kind not in _PARTS and (event := read_event(item, judge)) is not None:
            found.events.append(event)
        else:
            found.unreadable.append(id_)
    return found


def _put_together(item: Item, parts: Sequence[Item], judge: Judge) -> Series | None:
    head = read_head(item)
    if head is None:
        return None
    master = judged(item, head, judge)
    occurrences = [_occurrence(part, item, master, judge) for part in parts]
    return Series(
        master=master,
        occurrences=tuple(one for one in occurrences if one is not None),
        unreadable=tuple(
            EventId(text(part, "id")) for part, one in zip(parts, occurrences, strict=True) if one is None
        ),
    )


def _occurrence(part: Item, master_item: Item, master: Event, judge: Judge) -> Event | None:
    if text(part, "type").lower() != EventType.OCCURRENCE.value:
        return read_event(part, judge)
    zone = series_zone(master_item)
    when = read_when(part, flag(master_item, "isAllDay"), fallback=zone)
    id_ = read_id(part)
    if when is None or id_ is None:
        return None
    head = replace(
        master.head,
        id=id_,
        etag=read_etag(part),
        type=EventType.OCCURRENCE,
        when=when,
        series_master_id=master.head.id,
        original_date=named_date(part) or day_in(when, zone),
        transaction_id="",
        zone=text(inner(part, "start"), "timeZone"),
    )
    return Event(head=head, detail=master.detail)
