"""Members of texts, dates and time spans: what `Length`, `StartsWith` or `AddDays` takes and gives."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from models.expressions.schema import (
    BOOL,
    DATETIME,
    DAY_OF_WEEK,
    DURATION,
    INT,
    NUMBER,
    TEXT,
    Kind,
    Schema,
    enumeration,
    list_of,
)
from models.expressions.values import MAX_TEXT, NUMBERS, text_order

STRING_COMPARISON: Final = enumeration(
    "StringComparison",
    CurrentCulture=0,
    CurrentCultureIgnoreCase=1,
    InvariantCulture=2,
    InvariantCultureIgnoreCase=3,
    Ordinal=4,
    OrdinalIgnoreCase=5,
)
MICROSECOND: Final = timedelta(microseconds=1)
DAY: Final = 86_400_000_000
HOUR: Final = 3_600_000_000
MINUTE: Final = 60_000_000
SECOND: Final = 1_000_000
"""In microseconds, as the three above."""
FORMAT: Final = re.compile(r"yyyy|yy|MMMM|MMM|MM|M|dddd|ddd|dd|d|HH|H|hh|h|mm|m|ss|s|tt|'[^']*'|.", re.DOTALL)
MAX_PARTS: Final = 1_000
"""Parts that a text is split into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A member of a kind of value, or of a type. `call` gets the target first, unless it is of a type."""

    name: str
    gives: Schema
    call: Callable[..., Any]
    takes: tuple[Schema, ...] = ()
    needs: int = 0
    """How many of `takes` must be given."""
    is_property: bool = False


def table(*operations: Operation) -> Mapping[str, Operation]:
    """The operations by lower-case name."""
    return {operation.name.lower(): operation for operation in operations}


@lru_cache(maxsize=1)
def members() -> Mapping[Kind, Mapping[str, Operation]]:
    """What each kind of value has."""
    return {Kind.TEXT: _of_texts(), Kind.DATETIME: _of_dates(), Kind.DURATION: _of_durations()}


def get(name: str, gives: Schema, call: Callable[..., Any]) -> Operation:
    """A property."""
    return Operation(name=name, gives=gives, call=call, is_property=True)


def do(
    name: str, gives: Schema, call: Callable[..., Any], *takes: Schema, needs: int | None = None
) -> Operation:
    """A method; all of `takes` must be given unless `needs` says fewer."""
    return Operation(
        name=name, gives=gives, call=call, takes=takes, needs=len(takes) if needs is None else needs
    )


def _of_texts() -> Mapping[str, Operation]:
    return table(
        get("Length", INT, len),
        do("Contains", BOOL, contains, TEXT, STRING_COMPARISON, needs=1),
        do("StartsWith", BOOL, starts_with, TEXT, STRING_COMPARISON, needs=1),
        do("EndsWith", BOOL, ends_with, TEXT, STRING_COMPARISON, needs=1),
        do("Equals", BOOL, same_text, TEXT, STRING_COMPARISON, needs=1),
        do("CompareTo", INT, compare_texts, TEXT),
        do("IndexOf", INT, lambda t, s, c=4: _cased(t, c).find(_cased(s, c)),
           TEXT, STRING_COMPARISON, needs=1),
        do("LastIndexOf", INT, lambda t, s: t.rfind(s), TEXT),
        do("Substring", TEXT, _substring, INT, INT, needs=1),
        do("Replace", TEXT, _replace, TEXT, TEXT),
        do("Split", list_of(TEXT), _split, TEXT),
        *(do(name, TEXT, str.lower) for name in ("ToLower", "ToLowerInvariant")),
        *(do(name, TEXT, str.upper) for name in ("ToUpper", "ToUpperInvariant")),
        do("Trim", TEXT, lambda t: t.strip()),
        do("TrimStart", TEXT, lambda t: t.lstrip()),
        do("TrimEnd", TEXT, lambda t: t.rstrip()),
    )  # fmt: skip


def _of_dates() -> Mapping[str, Operation]:
    parts = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    scales = (
        ("Days", DAY),
        ("Hours", HOUR),
        ("Minutes", MINUTE),
        ("Seconds", SECOND),
        ("Milliseconds", 1_000),
    )
    return table(
        *(get(part, INT, _part(part)) for part in parts),
        get("Millisecond", INT, lambda d: d.microsecond // 1000),
        get("DayOfWeek", DAY_OF_WEEK, lambda d: d.isoweekday() % 7),
        get("DayOfYear", INT, lambda d: d.timetuple().tm_yday),
        get("Date", DATETIME, midnight),
        get("TimeOfDay", DURATION, lambda d: d - midnight(d)),
        *(do(f"Add{name}", DATETIME, _adder(scale), NUMBER) for name, scale in scales),
        do("AddMonths", DATETIME, add_months, INT),
        do("AddYears", DATETIME, lambda d, n: add_months(d, n * 12), INT),
        do("Add", DATETIME, lambda d, span: d + span, DURATION),
        do("Subtract", DURATION, lambda d, other: d - other, DATETIME),
        do("CompareTo", INT, lambda d, other: (d > other) - (d < other), DATETIME),
        do("ToString", TEXT, formatted, TEXT, needs=1),
    )


def _of_durations() -> Mapping[str, Operation]:
    scales = (
        ("Days", DAY),
        ("Hours", HOUR),
        ("Minutes", MINUTE),
        ("Seconds", SECOND),
        ("Milliseconds", 1_000),
    )
    wraps = {"Days": 10**9, "Hours": 24, "Minutes": 60, "Seconds": 60, "Milliseconds": 1000}
    return table(
        *(get(f"Total{name}", NUMBER, _total(scale)) for name, scale in scales),
        *(get(name, INT, _whole_part(scale, wraps[name])) for name, scale in scales),
        do("Duration", DURATION, abs),
        do("Negate", DURATION, lambda span: -span),
        do("Add", DURATION, lambda span, other: span + other, DURATION),
        do("Subtract", DURATION, lambda span, other: span - other, DURATION),
        do("CompareTo", INT, lambda span, other: (span > other) - (span < other), DURATION),
    )


def _cased(text: str, comparison: int) -> str:
    """The text to compare: a `StringComparison` is odd where letter case is ignored."""
    return text.casefold() if comparison % 2 else text


def contains(text: str, part: str, comparison: int = 4) -> bool:
    """Whether `part` is somewhere in the text."""
    return part.casefold() in text.casefold() if comparison % 2 else part in text


def starts_with(text: str, part: str, comparison: int = 4) -> bool:
    """Whether the text begins with `part`."""
    return text.casefold().startswith(part.casefold()) if comparison % 2 else text.startswith(part)


def ends_with(text: str, part: str, comparison: int = 4) -> bool:
    """Whether the text ends with `part`."""
    return text.casefold().endswith(part.casefold()) if comparison % 2 else text.endswith(part)


def same_text(text: str, other: str, comparison: int = 4) -> bool:
    """Whether two texts are equal."""
    return _cased(text, comparison) == _cased(other, comparison)


def compare_texts(text: str | None, other: str | None) -> int:
    """-1, 0 or 1."""
    first, second = text_order(text), text_order(other)
    return (first > second) - (first < second)


def _substring(text: str, start: int, length: int | None = None) -> str:
    end = len(text) if length is None else start + length
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"the text has {len(text)} characters; {start} to {end} is outside it")
    return text[start:end]


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        raise ValueError("what to replace is an empty text")
    if len(text) + text.count(old) * (len(new) - len(old)) > max(MAX_TEXT, len(text)):
        raise ValueError(f"makes a text of more than {MAX_TEXT:,} characters")
    return text.replace(old, new)


def _split(text: str, separator: str) -> tuple[str, ...]:
    if not separator:
        return (text,)
    if text.count(separator) >= MAX_PARTS:
        raise ValueError(f"makes more than {MAX_PARTS:,} parts")
    return tuple(text.split(separator))


def _part(name: str) -> Callable[[datetime], int]:
    return {
        "Year": lambda d: d.year,
        "Month": lambda d: d.month,
        "Day": lambda d: d.day,
        "Hour": lambda d: d.hour,
        "Minute": lambda d: d.minute,
        "Second": lambda d: d.second,
    }[name]


def midnight(moment: datetime) -> datetime:
    """The start of its day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def span_of(amount: Decimal | int, scale: int) -> timedelta:
    """So many days, hours or whatever `scale` microseconds are.

    Raises:
        OverflowError: no calendar has so many.
    """
    microseconds = NUMBERS.multiply(Decimal(amount), Decimal(scale))
    if abs(microseconds) > 10**20:
        raise OverflowError("so long a time")
    return timedelta(microseconds=int(microseconds))


def _adder(scale: int) -> Callable[[datetime, Decimal], datetime]:
    return lambda moment, amount: moment + span_of(amount, scale)


def add_months(moment: datetime, months: int) -> datetime:
    """So many months later, on the last day of a month that is too short.

    Raises:
        OverflowError: outside the calendar.
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("outside the calendar")
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def _total(scale: int) -> Callable[[timedelta], Decimal]:
    return lambda span: NUMBERS.divide(Decimal(span // MICROSECOND), Decimal(scale))


def _whole_part(scale: int, wrap: int) -> Callable[[timedelta], int]:
    def part(span: timedelta) -> int:
        sign = -1 if span < timedelta() else 1
        return sign * (abs(span) // MICROSECOND // scale % wrap)

    return part


def formatted(moment: datetime, pattern: str) -> str:
    """A date as a custom format of .NET says, in the invariant culture.

    Raises:
        ValueError: the format is longer than any date needs.
    """
    if len(pattern) > 100:
        raise ValueError("a date format has at most 100 characters")
    hour = moment.hour % 12 or 12
    parts = {
        "yyyy": f"{moment.year:04}", "yy": f"{moment.year % 100:02}",
        "MMMM": calendar.month_name[moment.month], "MMM": calendar.month_abbr[moment.month],
        "MM": f"{moment.month:02}", "M": f"{moment.month}",
        "dddd": calendar.day_name[moment.weekday()], "ddd": calendar.day_abbr[moment.weekday()],
        "dd": f"{moment.day:02}", "d": f"{moment.day}",
        "HH": f"{moment.hour:02}", "H": f"{moment.hour}", "hh": f"{hour:02}", "h": f"{hour}",
        "mm": f"{moment.minute:02}", "m": f"{moment.minute}",
        "ss": f"{moment.second:02}", "s": f"{moment.second}",
        "tt": "AM" if moment.hour < 12 else "PM",
    }  # fmt: skip
    return FORMAT.sub(lambda match: parts.get(match.group(), match.group().strip("'")), pattern)
