"""Values while an expression runs: how those of an item become those of the language, and how they compare.

The language knows NULL (None), bool, whole numbers (int), numbers (Decimal), texts, dates (a datetime without
zone, the board's wall clock: facts §2.7), time spans, objects (Record) and lists (tuple). A ValueError raised
here says what is wrong with a value; who calls it knows where.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from decimal import Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow
from typing import Final

from models.expressions.schema import Enumeration, Kind, Schema
from models.record import Record

NUMBERS: Final = Context(prec=28, Emax=400, Emin=-400, traps=[DivisionByZero, InvalidOperation, Overflow])
"""As precise as the engine's decimal."""
MAX_INTEGER: Final = 2**63 - 1
"""The engine's largest whole number, an Int64."""
MAX_EXPONENT: Final = 308
"""Of a number, as of the engine's Double."""
MAX_TEXT: Final = 100_000
"""Characters of a text that an expression may make."""
SHOWN_TEXT: Final = 80
SLASHED_DATE: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(.*))?", re.DOTALL)
SPAN: Final = re.compile(r"(-)?(?:(\d{1,7})\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?")

Conform = Callable[[object], object]


class UnfitError(ValueError):
    """A value is not of the kind that is wanted, and stands for none of it."""


def conformer(schema: Schema, zone: tzinfo | None) -> Conform:
    """What turns a delivered value that is not NULL into one of the schema's kind, or raises ValueError.

    `zone` is the board's: an aware datetime becomes its wall clock. The offset of a date delivered as text is
    not heeded, because the board writes its wall clock whatever it appends.
    """
    kind = schema.kind
    if kind is Kind.DATETIME:
        return lambda value: as_datetime(value, zone)
    if kind is Kind.ENUM and schema.enumeration is not None:
        names = schema.enumeration
        return lambda value: as_enumeration(value, names)
    if kind is Kind.OBJECT:
        text_is = schema.text_is
        return lambda value: as_object(value, text_is)
    if kind is Kind.ANY:
        return lambda value: as_any(value, zone)
    return {
        Kind.BOOL: as_bool,
        Kind.INT: as_integer,
        Kind.NUMBER: as_number,
        Kind.TEXT: as_text,
        Kind.GUID: as_guid,
        Kind.LIST: as_list,
        Kind.DURATION: as_duration,
    }[kind]


def as_bool(value: object) -> bool:
    """A bit is delivered as true, as 1, or as a text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float, Decimal)) and value in (0, 1):
        return value == 1
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise ValueError("not true or false")


def as_integer(value: object) -> int:
    """A whole number, also where it was delivered as 3.0 or as a text."""
    number = as_number(value)
    if number != number.to_integral_value() or abs(number) > MAX_INTEGER:
        raise UnfitError("not a whole number")
    return int(number)


def as_number(value: object) -> Decimal:
    """A number. A float counts as the digits that it was written with."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, bool):
        raise UnfitError("not a number")
    elif isinstance(value, int):
        number = Decimal(value) if abs(value) <= MAX_INTEGER else Decimal("NaN")
    elif isinstance(value, (float, str)):
        number = _decimal(str(value))
    else:
        raise UnfitError("not a number")
    if not number.is_finite() or (number and abs(number.adjusted()) > MAX_EXPONENT):
        raise UnfitError("not a number")
    return number


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text.strip()) if len(text) <= 100 else Decimal("NaN")
    except InvalidOperation:
        raise UnfitError("not a number") from None


def as_text(value: object) -> str:
    """A text; a number or a bit is written as the engine would."""
    if isinstance(value, (Record, tuple)):
        raise UnfitError("not a text")
    return to_text(value)


def as_guid(value: object) -> str:
    """A GUID in lower case, without braces, so that two writings of one are equal."""
    if not isinstance(value, str):
        raise UnfitError("not a GUID")
    return value.strip().strip("{}").lower()


def as_list(value: object) -> tuple[object, ...]:
    """A list; one object alone is a list of one."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, Record):
        return (value,)
    raise UnfitError("not a list")


def as_object(value: object, text_is: str) -> Record:
    """An object. A plain text stands for one that has only its name, where the schema says so."""
    if isinstance(value, Record):
        return value
    if isinstance(value, str) and text_is:
        return Record({text_is: value})
    raise UnfitError("not an object")


def as_enumeration(value: object, names: Enumeration) -> int:
    """The number of a name or number."""
    if isinstance(value, str):
        number = names.number(value)
        if number is None:
            raise UnfitError(f"no {names.name}; known are {', '.join(names.members)}")
        return number
    return as_integer(value)


def as_datetime(value: object, zone: tzinfo | None) -> datetime:
    """The wall clock of a moment."""
    if isinstance(value, str):
        return read_datetime(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value
        try:
            return (value.astimezone(zone) if zone is not None else value).replace(tzinfo=None)
        except OverflowError:
            raise UnfitError("a date outside the calendar") from None
    raise UnfitError("not a date")


def as_duration(value: object) -> timedelta:
    """A time span, or the text of one."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return read_duration(value)
    raise UnfitError("not a time span")


def as_any(value: object, zone: tzinfo | None) -> object:
    """A value whose type nobody declared."""
    if isinstance(value, float):
        return as_number(value)
    if isinstance(value, datetime):
        return as_datetime(value, zone)
    return value


def read_datetime(text: str) -> datetime:
    """A date as ISO 8601 or as month/day/year, the engine's invariant culture; its offset is dropped.

    Raises:
        ValueError: it is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _read_slashed(text)
    return moment if moment.tzinfo is None else moment.replace(tzinfo=None)


def _read_slashed(text: str) -> datetime:
    slashed = SLASHED_DATE.fullmatch(text.strip()) if len(text) <= 40 and text.isascii() else None
    try:
        if slashed is None:
            return datetime.fromisoformat(text.strip())
        month, day, year, clock = slashed.groups()
        date = f"{year}-{int(month):02}-{int(day):02}"
        return datetime.fromisoformat(f"{date}T{clock}" if clock else date)
    except ValueError:
        raise UnfitError("not a date; write it as 2026-01-31 or 2026-01-31T08:00") from None


def read_duration(text: str) -> timedelta:
    """A time span as [-][days.]hours:minutes[:seconds[.fraction]].

    Raises:
        ValueError: it is not.
    """
    match = SPAN.fullmatch(text.strip())
    if match is None or not text.isascii():
        raise UnfitError("not a time span; write it as 08:30 or 1.08:30:00")
    minus, days, hours, minutes, seconds, fraction = match.groups()
    span = timedelta(
        days=int(days or 0),
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds or 0),
        microseconds=int((fraction or "0").ljust(6, "0")[:6]),
    )
    return -span if minus else span


def to_text(value: object) -> str:
    """What the engine's ToString() writes in the invariant culture; NULL is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, (float, Decimal)):
        number = Decimal(str(value))
        plain = number.is_finite() and abs(number.adjusted()) <= MAX_EXPONENT
        return format(number, "f") if plain else str(value)
    if isinstance(value, datetime):
        return value.strftime("%m/%d/") + f"{value.year:04} " + value.strftime("%H:%M:%S")
    if isinstance(value, timedelta):
        seconds = abs(value) // timedelta(seconds=1)
        days, clock = divmod(seconds, 86_400)
        sign = "-" if value < timedelta() else ""
        lead = f"{days}." if days else ""
        return f"{sign}{lead}{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}"
    return str(value) if isinstance(value, int) else shown(value)


def shown(value: object) -> str:
    """A value as its author would write it, and short: "SERVICE", NULL, true, 2026-01-31 08:00."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= SHOWN_TEXT else f'"{value[: SHOWN_TEXT - 1]}…"'
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    if isinstance(value, tuple):
        return f"a list of {len(value)}"
    if isinstance(value, Record):
        return "an object"
    return to_text(value)


def kind_of(value: object) -> str:
    """What a value is, for a message."""
    for types, kind in (
        (bool, Kind.BOOL),
        (int, Kind.INT),
        (Decimal, Kind.NUMBER),
        (str, Kind.TEXT),
        (datetime, Kind.DATETIME),
        (timedelta, Kind.DURATION),
        (Record, Kind.OBJECT),
        (tuple, Kind.LIST),
    ):
        if isinstance(value, types):
            return kind.value
    return Kind.NULL.value


def is_number(value: object) -> bool:
    """Whether it is a number of the language; a bool is none."""
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def calculate(operator: str, left: object, right: object) -> object:
    """`+ - * / %` of two numbers, as C# does them: whole numbers divide to whole numbers, towards zero.

    Raises:
        ValueError: a division by zero, or a result that is out of range.
    """
    if isinstance(left, int) and isinstance(right, int):
        return _whole(operator, left, right)
    a, b = Decimal(str(left)), Decimal(str(right))
    if operator in "/%" and not b:
        raise ValueError("divides by zero")
    try:
        match operator:
            case "+":
                return NUMBERS.add(a, b)
            case "-":
                return NUMBERS.subtract(a, b)
            case "*":
                return NUMBERS.multiply(a, b)
            case "/":
                return NUMBERS.divide(a, b)
            case _:
                return NUMBERS.remainder(a, b)
    except DecimalException:
        raise ValueError("the result is out of the range of a number") from None


def _whole(operator: str, left: int, right: int) -> int:
    match operator:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case _ if not right:
            raise ValueError("divides by zero")
        case "/":
            result = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        case _:
            result = abs(left) % abs(right) * (1 if left >= 0 else -1)
    if abs(result) > MAX_INTEGER:
        raise ValueError("the result is larger than a whole number may be")
    return result


def text_order(text: str | None) -> tuple[bool, str, str]:
    """What texts are sorted by, near enough to the engine's culture: NULL first, letter case last."""
    return (text is not None, (text or "").casefold(), (text or "").swapcase())


def equal(left: object, right: object) -> bool:
    """`==` of two values whose types nobody declared. Objects and lists are equal to themselves only.

    Raises:
        ValueError: they are of kinds that do not compare.
    """
    if left is None or right is None:
        return left is right
    if isinstance(left, (Record, tuple)) and isinstance(right, (Record, tuple)):
        return left is right
    first, second = comparable(left, right)
    return first == second


def comparable(left: object, right: object) -> tuple[object, object]:
    """Two values that are not NULL, made of one kind: a text beside a date or a time span is read as one.

    Raises:
        ValueError: they are of kinds that do not compare.
    """
    if any(isinstance(value, Decimal) and value.is_nan() for value in (left, right)):
        raise ValueError("compares what is no number")
    if (is_number(left) and is_number(right)) or type(left) is type(right):
        return left, right
    for one, other, swap in ((left, right, False), (right, left, True)):
        if isinstance(one, str) and isinstance(other, (datetime, timedelta)):
            read = read_datetime(one) if isinstance(other, datetime) else read_duration(one)
            return (other, read) if swap else (read, other)
    raise ValueError(f"compares {kind_of(left)} with {kind_of(right)}")
