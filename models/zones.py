"""Zones and wall clocks: the only place where a time with a zone's name becomes an instant, and back.

Graph names a zone the Windows or the IANA way, or not at all (facts §1.4, §8); the board writes the wall
clock of one configured zone (facts, Dime.Scheduler §2.7). Inside, time is UTC, and whole days are dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from tzlocal import windows_tz

from models.when import AllDay, Timed, When

EARLIEST: Final = datetime(1, 1, 3)  # noqa: DTZ001 - a wall clock
LATEST: Final = datetime(9999, 12, 29)  # noqa: DTZ001 - a wall clock
"""Walls are held between these, so that neither a zone nor a day's margin runs off the calendar: both
0001-01-01 and 9999-12-31 have been seen in events (facts §1.4)."""

NAMES_REMEMBERED: Final = 256
"""Zone names whose zone is not looked up again: an event tells several, and nearly all events the same."""

TIMES_REMEMBERED: Final = 8192
"""Intervals that are not worked out again: people are planned for the same hours, and listings tell all of
them every time."""

DAY: Final = timedelta(days=1)
MIDNIGHT: Final = time()

FIRST_PLAIN: Final = datetime(2, 1, 1, tzinfo=UTC)
LAST_PLAIN: Final = datetime(9998, 12, 31, tzinfo=UTC)
"""Between these every instant has a wall clock in every zone."""

SPECIAL_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tzone://microsoft/utc": "UTC",
        "utc": "UTC",
        "z": "UTC",
        "coordinated universal time": "UTC",
        # Names that Windows retired and old series still carry; CLDR no longer lists them.
        "armenian standard time": "Asia/Yerevan",
        "kamchatka standard time": "Asia/Kamchatka",
        "mexico standard time": "America/Mexico_City",
        "mexico standard time 2": "America/Chihuahua",
        "mid-atlantic standard time": "Etc/GMT+2",
    }
)

NOT_A_PLACE: Final = frozenset({"localtime", "Factory"})
"""Keys of the zone database that mean "this machine" and "not set"."""


def read_zone(name: str, fallback: ZoneInfo) -> ZoneInfo:
    """The zone of a Windows or IANA name, in any letter case; never an error (C9).

    An empty or unknown name, and `tzone://Microsoft/Custom`, which stands for rules that are not told, mean
    `fallback`.
    """
    return find_zone(name) or fallback


@lru_cache(NAMES_REMEMBERED)
def find_zone(name: str) -> ZoneInfo | None:
    """The zone of a Windows or IANA name, or None where nobody knows it."""
    key = _zone_keys().get(name.strip().lower())
    return ZoneInfo(key) if key is not None else None


@cache
def _zone_keys() -> Mapping[str, str]:
    """Every name that can be read, in lower case, with the key that `ZoneInfo` takes.

    Only keys that this machine has: the tables and the zone database are released independently.
    """
    present = available_timezones() - NOT_A_PLACE
    keys = {key.lower(): key for key in present}
    windows = {name.lower(): key for name, key in windows_tz.win_tz.items() if name and key in present}
    special = {name: key for name, key in SPECIAL_NAMES.items() if key in present}
    return keys | windows | special


def parse_wall(text: str) -> datetime:
    """What a clock on the wall shows, from either service's text: any fraction, a `Z` or offset ignored.

    Whole seconds; no one plans in fractions of them, and 7-digit ones do not survive the way back.

    Raises:
        ValueError: the text is not a date or time.
    """
    wall = datetime.fromisoformat(text.strip())
    if wall.microsecond or wall.tzinfo is not None:
        wall = wall.replace(tzinfo=None, microsecond=0)
    return _held(wall)


def read_instant(text: str) -> datetime | None:
    """When a server wrote something: in UTC unless it says otherwise.

    None for what is no time, and for year 1, which stands for "no time" (facts §1.3).
    """
    try:
        written = datetime.fromisoformat(text)
        instant = _on(written, UTC) if written.tzinfo is None else written.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant if instant.year > 1 else None


def to_utc(wall: datetime, zone: ZoneInfo, *, second_reading: bool = False) -> datetime:
    """The instant at which clocks in `zone` show `wall`.

    In the hour that repeats it is the first one, unless `second_reading`. A time in the hour that is skipped
    is moved forward by the gap, as a clock that was not set yet would have it (C7).
    """
    if zone.key == "UTC":  # every event is asked for in UTC, and counted so at once
        return _on(_held(wall), UTC)
    wall = _on(_held(wall), zone)
    if second_reading:
        later = wall.replace(fold=1)
        wall = later if _offset(wall) > _offset(later) else wall
    return wall.astimezone(UTC)


def instant_of(told: datetime, zone: ZoneInfo | None) -> datetime:
    """The instant that a person or a tool names: on the clocks of `zone`, unless it says its own.

    Raises:
        ValueError: it says no zone where none is given, or lies at an edge of the calendar, where nothing
            fits around it.
    """
    if not MINYEAR < told.year < MAXYEAR or (told.tzinfo is None and zone is None):
        raise ValueError("names no instant")
    return told.astimezone(UTC) if zone is None or told.tzinfo is not None else to_utc(told, zone)


def to_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What clocks in `zone` show at an instant, naive."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


@lru_cache(TIMES_REMEMBERED)
def graph_when(start: tuple[str, str], end: tuple[str, str], is_all_day: bool, fallback: ZoneInfo) -> When:
    """When an event takes place, from Graph's `dateTime` and `timeZone` of its start and end (facts §1.4).

    The dates of an all-day event are taken as they stand, whatever the zone: it floats (facts §1.5).

    Raises:
        ValueError: a time is not one. A strange zone is no error: see `read_zone`.
    """
    start_wall, end_wall = parse_wall(start[0]), parse_wall(end[0])
    if is_all_day:
        return _days(start_wall.date(), end_wall.date())
    start_zone, end_zone = read_zone(start[1], fallback), read_zone(end[1], fallback)
    if start_zone == end_zone:
        return _interval(start_wall, end_wall, start_zone)
    return _timed(to_utc(start_wall, start_zone), to_utc(end_wall, end_zone))


def graph_times(when: When, zone: ZoneInfo | None = None) -> tuple[tuple[str, str], tuple[str, str], bool]:
    """The inverse of `graph_when`: start and end with a zone, UTC unless told, and whether it is all day."""
    zone = zone or ZoneInfo("UTC")
    if isinstance(when, AllDay):
        return (_midnight(when.first), zone.key), (_midnight(when.until), zone.key), True
    start, end = (to_wall(instant, zone).isoformat() for instant in (when.start, when.end))
    return (start, zone.key), (end, zone.key), False


@lru_cache(TIMES_REMEMBERED)
def board_when(
    start_text: str, end_text: str, is_all_day: bool, zone: ZoneInfo, honour_offset: bool = False
) -> When:
    """When an appointment takes place, from any of the board's formats (facts, Dime.Scheduler §2.7).

    The board's times are the wall clock of `zone`; a `Z` or offset counts only with `honour_offset`. From
    midnight to midnight is whole days, flagged or not.

    Raises:
        ValueError: a time is not one.
    """
    if is_all_day:
        until, until_clock = _board_day(end_text, zone, honour_offset)
        first, _ = _board_day(start_text, zone, honour_offset)
        return _days(first, until if until_clock == MIDNIGHT else until + DAY)
    start = _board_instant(start_text, honour_offset)
    end = _board_instant(end_text, honour_offset)
    start_wall = parse_wall(start_text) if start is None else to_wall(start, zone)
    end_wall = parse_wall(end_text) if end is None else to_wall(end, zone)
    if start_wall.time() == end_wall.time() == MIDNIGHT and start_wall < end_wall:
        return AllDay(first=start_wall.date(), until=end_wall.date())
    if start is None and end is None:
        return _interval(start_wall, end_wall, zone)
    return _timed(start or to_utc(start_wall, zone), end or to_utc(end_wall, zone))


def board_times(when: When, zone: ZoneInfo, *, with_offset: bool = False) -> tuple[str, str, bool]:
    """The inverse of `board_when`: start, end and `isAllDay` as the board takes them.

    A wall clock cannot tell the two readings of a repeated hour apart; only `with_offset` can. Where it would
    show an end before the start, the length is kept.
    """
    if isinstance(when, AllDay):
        return _midnight(when.first), _midnight(when.until), True
    if with_offset:
        start, end = (instant.astimezone(zone).isoformat(timespec="seconds") for instant in _held_ends(when))
        return start, end, False
    start_wall, end_wall = to_wall(when.start, zone), to_wall(when.end, zone)
    if end_wall < start_wall:
        end_wall = start_wall + (when.end - when.start)
    return start_wall.isoformat(timespec="seconds"), end_wall.isoformat(timespec="seconds"), False


def board_reading(when: When, zone: ZoneInfo, *, honour_offset: bool = False) -> When:
    """What the board will give back when it is told `when`: the form in which both sides are compared."""
    if _is_plain(when, zone):
        return when
    start, end, is_all_day = board_times(when, zone, with_offset=honour_offset)
    return board_when(start, end, is_all_day, zone, honour_offset)


def _is_plain(when: When, zone: ZoneInfo) -> bool:
    """Whether an interval comes back from any board as it is: nearly all do, and all are asked about.

    Of two instants that one wall clock stands for, the second has a fold.
    """
    if isinstance(when, AllDay) or not FIRST_PLAIN < when.start <= when.end < LAST_PLAIN:
        return False
    start, end = when.start.astimezone(zone), when.end.astimezone(zone)
    begins_at_midnight = start.time() == MIDNIGHT
    return not (begins_at_midnight or start.fold or end.fold or start.microsecond or end.microsecond)


def _interval(start_wall: datetime, end_wall: datetime, zone: ZoneInfo) -> Timed:
    start, end = to_utc(start_wall, zone), to_utc(end_wall, zone)
    if end < start and end_wall >= start_wall:  # the start was skipped and moved past the end
        end = start + (end_wall - start_wall)
    return _timed(start, end)


def _timed(start: datetime, end: datetime) -> Timed:
    return Timed(start=start, end=max(start, end))


def _days(first: date, until: date) -> AllDay:
    return AllDay(first=first, until=max(until, first + DAY))


def _board_instant(text: str, honour_offset: bool) -> datetime | None:
    """The instant that the text itself names; None where it names a wall clock only."""
    if not honour_offset:
        return None
    offset = datetime.fromisoformat(text.strip()).tzinfo
    return None if offset is None else _on(parse_wall(text), offset).astimezone(UTC)


def _board_day(text: str, zone: ZoneInfo, honour_offset: bool) -> tuple[date, time]:
    """The date that an all-day text means, and its clock.

    With an offset it is the board's midnight told in UTC, or a bare date with a `Z` after it: the reading
    that is a midnight is the one that was meant (C8).
    """
    written = parse_wall(text)
    instant = _board_instant(text, honour_offset)
    here = written if instant is None else to_wall(instant, zone)
    meant = written if written.time() == MIDNIGHT != here.time() else here
    return meant.date(), meant.time()


def _on(wall: datetime, zone: tzinfo) -> datetime:
    """A wall clock on the wall of `zone`, in its first reading. `replace` takes four times as long."""
    placed = datetime.combine(wall, wall.time(), zone)
    return placed.replace(fold=0) if placed.fold else placed


def _held(wall: datetime) -> datetime:
    return wall if EARLIEST <= wall <= LATEST else min(max(wall, EARLIEST), LATEST)


def _held_ends(when: Timed) -> tuple[datetime, datetime]:
    low, high = EARLIEST.replace(tzinfo=UTC), LATEST.replace(tzinfo=UTC)
    return min(max(when.start, low), high), min(max(when.end, low), high)


def _midnight(day: date) -> str:
    return datetime.combine(day, MIDNIGHT).isoformat()


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta()
