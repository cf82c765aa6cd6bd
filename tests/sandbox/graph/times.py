"""Wall clocks, zones and instants as Exchange keeps them (facts §1.4, §1.5).

An event keeps the wall clock and the zone name its author sent. Instants are aware datetimes in UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import win_tz

from tests.sandbox.graph import errors

CUSTOM_ZONE = "tzone://Microsoft/Custom"
UTC_ZONE = "tzone://Microsoft/Utc"
NO_TIME = "0001-01-01T00:00:00Z"
DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?)?\s*(Z|[+-]\d\d:?\d\d)?", re.I
)
SLASHLESS = ("UTC", "GMT")
"""The only IANA names without an area that Exchange takes; abbreviations such as EST are refused."""


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo:
    """The zone with this Windows or IANA name. Raises the refusal for a name that Exchange does not know."""
    if name in ("UTC", UTC_ZONE, CUSTOM_ZONE):
        return UTC
    iana = win_tz.get(name) or _folded_windows_names().get(name.casefold())
    if iana is None and ("/" in name or name in SLASHLESS):
        iana = name
    if iana is None:
        raise errors.unsupported_zone(name)
    try:
        return ZoneInfo(iana)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise errors.unsupported_zone(name) from None


@lru_cache(maxsize=1)
def _folded_windows_names() -> dict[str, str]:
    return {name.casefold(): iana for name, iana in win_tz.items()}


def is_custom(name: str) -> bool:
    """Whether the name is one that clients of old wrote and that no client may send any more."""
    return name in (CUSTOM_ZONE, UTC_ZONE)


@dataclass(frozen=True, slots=True)
class WallTime:
    """A wall clock reading and the zone it is read in."""

    local: datetime
    """Naive."""
    zone: str

    def instant(self) -> datetime:
        """The same moment in UTC. In a skipped hour the clock is read as if it had not been moved yet; in a
        repeated hour the first of the two readings is meant."""
        return to_utc(self.local, zone(self.zone))

    def moved(self, days: int) -> WallTime:
        """The same clock reading some days later."""
        return WallTime(self.local + timedelta(days=days), self.zone)


def to_utc(local: datetime, where: tzinfo) -> datetime:
    """A naive wall clock as an instant; readings too close to the ends of time stay as they are."""
    if where is UTC or not 2 < local.year < 9998:
        return local.replace(tzinfo=UTC)
    return local.replace(tzinfo=where).astimezone(UTC)


def to_local(instant: datetime, where: tzinfo) -> datetime:
    """An instant as a naive wall clock."""
    if where is UTC or not 2 < instant.year < 9998:
        return instant.replace(tzinfo=None)
    return instant.astimezone(where).replace(tzinfo=None)


def parse_local(text: Any) -> tuple[datetime, bool]:
    """A `dateTime` text as (naive clock, whether it carried an offset); with an offset the clock is in UTC.

    Raises the refusal for anything else. More than six fraction digits are cut.
    """
    match = DATE_TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise errors.bad_request(f"Cannot convert the literal '{text}' to the expected type 'Edm.DateTime'.")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        local = datetime(  # noqa: DTZ001 - a wall clock has no zone
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
        )
    except ValueError:
        raise errors.bad_request(
            f"Cannot convert the literal '{text}' to the expected type 'Edm.DateTime'."
        ) from None
    if offset is None:
        return local, False
    if offset.upper() == "Z":
        return local, True
    sign = -1 if offset[0] == "-" else 1
    shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return local - sign * shift, True


def parse_instant(text: Any) -> datetime:
    """A date and time with or without an offset, read as UTC when it has none (facts §2.5)."""
    local, _ = parse_local(text)
    return local.replace(tzinfo=UTC)


def wall_clock(local: datetime) -> str:
    """A `dateTime` as responses carry it: seven fraction digits, no offset."""
    return f"{local.isoformat(timespec='microseconds')}0"


def timestamp(instant: datetime) -> str:
    """A DateTimeOffset: UTC, trailing zeros of the fraction dropped."""
    text = instant.replace(tzinfo=None).isoformat()
    if "." in text:
        text = text.rstrip("0")
    return f"{text}Z"


def shown(moment: WallTime, wanted: str | None, *, floating: bool) -> dict[str, str]:
    """A dateTimeTimeZone as a response carries it: in UTC, or in the zone that Prefer asks for, whose name is
    echoed. A floating (all-day) time keeps its clock whatever the zone."""
    if moment.zone == UTC_ZONE and moment.local.year == 1:
        return {"dateTime": f"{wall_clock(moment.local)}Z", "timeZone": UTC_ZONE}
    if floating:
        return {"dateTime": wall_clock(moment.local), "timeZone": wanted or "UTC"}
    if wanted is None:
        return {"dateTime": wall_clock(to_local(moment.instant(), UTC)), "timeZone": "UTC"}
    if wanted == moment.zone:
        return {"dateTime": wall_clock(moment.local), "timeZone": wanted}
    return {"dateTime": wall_clock(to_local(moment.instant(), zone(wanted))), "timeZone": wanted}


def midnight(day: date) -> datetime:
    """The naive beginning of a day."""
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock has no zone
