"""Names in any letter case: one schema reads the JSON of every SDK and the parameters of every procedure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.sandbox.scheduler.errors import InvalidField
from tests.sandbox.scheduler.values import ValueType, Wall, read_value


def fold(name: str) -> str:
    """A name as it is compared: without `@`, in lower case."""
    return name.strip().lstrip("@").lower()


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its JSON name, type, length limit in characters, and the other names it goes by."""

    name: str
    type: ValueType = ValueType.TEXT
    limit: int | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The columns of one kind of record, found by any of their names."""

    name: str
    fields: tuple[Field, ...]
    by_name: Mapping[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = {fold(name): each for each in self.fields for name in (each.name, *each.aliases)}
        object.__setattr__(self, "by_name", names)

    def read(
        self, given: Mapping[str, Any], wall: Wall, *, unknown: Literal["refuse", "ignore"] = "ignore"
    ) -> dict[str, Any]:
        """The values that `given` sets, by JSON name. What is not set is not in the result.

        Raises InvalidField for a value of the wrong type or over its limit and, if asked, for unknown names.
        """
        values: dict[str, Any] = {}
        for name, raw in given.items():
            column = self.by_name.get(fold(name))
            if column is None:
                if unknown == "refuse":
                    problem = f"@{name.lstrip('@')} is not a parameter for procedure {self.name}."
                    raise InvalidField(name, problem)
                continue
            value = read_column(column, raw, wall)
            if value is not None:
                values[column.name] = value
        return values


def read_column(column: Field, raw: Any, wall: Wall) -> Any:
    """One value. Raises InvalidField."""
    try:
        value = read_value(column.type, raw, wall)
    except (ValueError, TypeError, OverflowError):
        problem = f"The value '{raw}' is not valid for {column.name}: it must be {column.type.value}."
        raise InvalidField(column.name, problem) from None
    if column.limit is not None and isinstance(value, str) and len(value) > column.limit:
        raise InvalidField(
            column.name,
            f"The field {column.name} must be a string with a maximum length of {column.limit};"
            f" it has {len(value)} characters.",
        )
    return value


def require(values: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Raises InvalidField for the first of `names` that is not set or empty."""
    for name in names:
        if values.get(name) in (None, ""):
            raise InvalidField(name, f"The {name} field is required.")


def texts(limit: int | None, *names: str) -> tuple[Field, ...]:
    """Text columns of one length."""
    return tuple(Field(name, ValueType.TEXT, limit) for name in names)


def columns(kind: ValueType, *names: str) -> tuple[Field, ...]:
    """Columns of one type."""
    return tuple(Field(name, kind) for name in names)


def free_fields() -> tuple[Field, ...]:
    """The columns that back offices may fill at their discretion (facts §3.4, §3.5)."""
    return (
        *texts(100, *(f"freeText{n}" for n in range(1, 21))),
        *columns(ValueType.DECIMAL, *(f"freeDecimal{n}" for n in range(1, 6))),
        *columns(ValueType.MOMENT, *(f"freeDate{n}" for n in range(1, 6))),
        *columns(ValueType.BIT, *(f"freeBit{n}" for n in range(1, 6))),
    )
