"""Members of types (`string.IsNullOrEmpty`, `DateTime.Parse`) and conversions (`DateTime(2026, 1, 1)`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any, Final

from models.expressions.members import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    STRING_COMPARISON,
    Operation,
    compare_texts,
    do,
    get,
    span_of,
    table,
)
from models.expressions.operators import joined
from models.expressions.schema import (
    ANY,
    BOOL,
    DATETIME,
    DAY_OF_WEEK,
    DURATION,
    GUID,
    INT,
    NUMBER,
    TEXT,
    Kind,
    Schema,
)
from models.expressions.values import (
    NUMBERS,
    as_bool,
    as_guid,
    as_integer,
    as_number,
    read_datetime,
    read_duration,
    to_text,
)

CLOCK: Final = frozenset({"now", "utcnow", "today"})
"""Members of DateTime that read the clock, which an expression may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticType:
    """A type that an expression may name."""

    name: str
    operations: Mapping[str, Operation]
    conversions: tuple[Operation, ...] = ()
    """What `Type(…)` may be, told apart by the number of arguments."""
    takes_null: frozenset[str] = frozenset()
    """Operations that are made for NULL."""


@lru_cache(maxsize=1)
def types() -> Mapping[str, StaticType]:
    """The types by lower-case name, under both the names of C# and of .NET."""
    known = (_string(), _datetime(), _timespan(), _math(), _convert(), _guid(), _names(DAY_OF_WEEK),
             _names(STRING_COMPARISON))  # fmt: skip
    numbers = [
        ("int", "Int32"), ("long", "Int64"), ("short", "Int16"), ("decimal", "Decimal"), ("double", "Double"),
        ("float", "Single"), ("bool", "Boolean"),
    ]  # fmt: skip
    by_name = {static.name.lower(): static for static in known}
    for name, other in numbers:
        by_name[name] = by_name[other.lower()] = _convertible(other, *_CONVERSIONS[name])
    return by_name


_CONVERSIONS: Final[dict[str, tuple[Schema, Callable[[Any], Any]]]] = {
    "int": (INT, lambda value: to_integer(value)),
    "long": (INT, lambda value: to_integer(value)),
    "short": (INT, lambda value: to_integer(value)),
    "decimal": (NUMBER, as_number),
    "double": (NUMBER, as_number),
    "float": (NUMBER, as_number),
    "bool": (BOOL, as_bool),
}


def to_integer(value: object) -> int:
    """A whole number of a number or a text, rounded to even as .NET converts.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return as_integer(value)
    return as_integer(_rounded(as_number(value), 0))


def _convertible(name: str, schema: Schema, convert: Callable[[Any], Any]) -> StaticType:
    limits = (get("MaxValue", INT, lambda: 2**31 - 1), get("MinValue", INT, lambda: -(2**31)))
    return StaticType(
        name=name,
        operations=table(do("Parse", schema, convert, TEXT), *(limits if name == "Int32" else ())),
        conversions=(do(name, schema, convert, ANY),),
    )


def _names(schema: Schema) -> StaticType:
    """An enumeration: its names are its members."""
    members = schema.enumeration.members if schema.enumeration else {}
    return StaticType(
        name=schema.name,
        operations=table(*(get(name, schema, _always(number)) for name, number in members.items())),
    )


def _always(number: int) -> Callable[[], int]:
    return lambda: number


def _string() -> StaticType:
    return StaticType(
        name="String",
        operations=table(
            do("IsNullOrEmpty", BOOL, lambda text: not text, TEXT),
            do("IsNullOrWhiteSpace", BOOL, lambda text: text is None or not text.strip(), TEXT),
            do("Equals", BOOL, _equal_texts, TEXT, TEXT, STRING_COMPARISON, needs=2),
            do("Compare", INT, _compare, TEXT, TEXT, BOOL, needs=2),
            do("Concat", TEXT, _concat, ANY, ANY, ANY, ANY, needs=1),
            get("Empty", TEXT, str),
        ),
        conversions=(do("String", TEXT, to_text, ANY),),
        takes_null=frozenset({"isnullorempty", "isnullorwhitespace", "equals", "compare", "concat"}),
    )


def _equal_texts(first: str | None, second: str | None, comparison: int = 4) -> bool:
    if first is None or second is None:
        return first is second
    return first.casefold() == second.casefold() if comparison % 2 else first == second


def _compare(first: str | None, second: str | None, ignore_case: bool = False) -> int:
    if ignore_case:
        first, second = first and first.casefold(), second and second.casefold()
    return compare_texts(first, second)


def _concat(*parts: object) -> str:
    text = ""
    for part in parts:
        text = joined(text, to_text(part))
    return text


def _datetime() -> StaticType:
    return StaticType(
        name="DateTime",
        operations=table(
            do("Parse", DATETIME, read_datetime, TEXT),
            do("DaysInMonth", INT, lambda y, m: (_month(y, m + 1) - _month(y, m)).days, INT, INT),
            get("MinValue", DATETIME, lambda: _month(1, 1)),
            get("MaxValue", DATETIME, lambda: _month(9999, 12) + timedelta(days=31, microseconds=-1)),
        ),
        conversions=(
            do("DateTime", DATETIME, read_datetime, TEXT),
            do("DateTime", DATETIME, datetime, INT, INT, INT),
            do("DateTime", DATETIME, datetime, INT, INT, INT, INT, INT),
            do("DateTime", DATETIME, datetime, INT, INT, INT, INT, INT, INT),
        ),
    )


def _month(year: int, month: int) -> datetime:
    return datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)  # noqa: DTZ001  a wall clock has no zone


def _timespan() -> StaticType:
    scales = (
        ("Days", DAY),
        ("Hours", HOUR),
        ("Minutes", MINUTE),
        ("Seconds", SECOND),
        ("Milliseconds", 1_000),
    )
    return StaticType(
        name="TimeSpan",
        operations=table(
            *(do(f"From{name}", DURATION, _spanner(scale), NUMBER) for name, scale in scales),
            do("Parse", DURATION, read_duration, TEXT),
            get("Zero", DURATION, timedelta),
        ),
        conversions=(
            do("TimeSpan", DURATION, read_duration, TEXT),
            do("TimeSpan", DURATION, lambda h, m, s: _span(0, h, m, s), INT, INT, INT),
            do("TimeSpan", DURATION, lambda d, h, m, s: _span(d, h, m, s), INT, INT, INT, INT),
        ),
    )


def _spanner(scale: int) -> Callable[[Decimal], timedelta]:
    return lambda amount: span_of(amount, scale)


def _span(days: int, hours: int, minutes: int, seconds: int) -> timedelta:
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _rounded(value: Decimal | int, digits: int, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    if not 0 <= digits <= 15:
        raise ValueError("rounds to 0 to 15 digits")
    number = Decimal(value)
    if number.adjusted() + digits >= 27:
        return number
    return number.quantize(Decimal(1).scaleb(-digits), rounding=rounding, context=NUMBERS)


def _math() -> StaticType:
    return StaticType(
        name="Math",
        operations=table(
            do("Abs", NUMBER, abs, NUMBER),
            do("Min", NUMBER, min, NUMBER, NUMBER),
            do("Max", NUMBER, max, NUMBER, NUMBER),
            do("Round", NUMBER, lambda value, digits=0: _rounded(value, digits), NUMBER, INT, needs=1),
            do("Floor", NUMBER, lambda value: _rounded(value, 0, ROUND_FLOOR), NUMBER),
            do("Ceiling", NUMBER, lambda value: _rounded(value, 0, ROUND_CEILING), NUMBER),
        ),
    )


def _convert() -> StaticType:
    return StaticType(
        name="Convert",
        operations=table(
            *(do(f"ToInt{bits}", INT, to_integer, ANY) for bits in (16, 32, 64)),
            *(do(f"To{name}", NUMBER, as_number, ANY) for name in ("Decimal", "Double", "Single")),
            do("ToBoolean", BOOL, as_bool, ANY),
            do("ToString", TEXT, to_text, ANY),
            do("ToDateTime", DATETIME, read_datetime, TEXT),
        ),
    )


def _guid() -> StaticType:
    return StaticType(
        name="Guid",
        operations=table(
            do("Parse", GUID, as_guid, TEXT),
            get("Empty", GUID, lambda: "00000000-0000-0000-0000-000000000000"),
        ),
        conversions=(do("Guid", GUID, as_guid, TEXT),),
    )


def is_text_type(static: StaticType) -> bool:
    """Whether `Type(x)` takes NULL for an empty text."""
    return any(conversion.gives.kind is Kind.TEXT for conversion in static.conversions)
