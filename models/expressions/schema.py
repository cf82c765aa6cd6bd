"""What kind of value stands where: types of values, and the properties that an object may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """The types of the language; the value is what a person is told."""

    BOOL = "true or false"
    INT = "a whole number"
    NUMBER = "a number"
    TEXT = "a text"
    GUID = "a GUID"
    ENUM = "an enumeration"
    DATETIME = "a date"
    DURATION = "a time span"
    OBJECT = "an object"
    LIST = "a list"
    NULL = "NULL"
    ANY = "a value of unknown type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enumeration:
    """Names for whole numbers. A text is taken for the name, in any letter case, as the engine does."""

    name: str
    members: Mapping[str, int]

    def number(self, name: str) -> int | None:
        """The number of a name, or of digits; None where there is none."""
        wanted = name.strip().lower()
        if wanted.removeprefix("-").isdecimal():
            return int(wanted) if len(wanted) <= 10 else None
        return next((number for member, number in self.members.items() if member.lower() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Schema:
    """A type. Objects know their properties, lists their items, enumerations their names."""

    kind: Kind
    name: str = ""
    properties: Mapping[str, Property] | None = None
    """Of an object, by lower-case name."""
    closed: bool = False
    """Whether an object has these properties only. An open one answers NULL for any other name."""
    text_is: str = ""
    """Lower-case name of the property that a plain text in place of the object gives; empty: none may be."""
    item: Schema | None = None
    """Of a list."""
    enumeration: Enumeration | None = None

    @property
    def label(self) -> str:
        """What it is, for a message: "a text", "a Task"."""
        if self.kind in (Kind.OBJECT, Kind.ENUM) and self.name:
            return f"{'an' if self.name[0] in 'AEIOU' else 'a'} {self.name}"
        return self.kind.value

    def property(self, name: str) -> Property | None:
        """The property of that name in any letter case, or None."""
        return (self.properties or {}).get(name.lower())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Property:
    """One property of an object."""

    name: str
    schema: Schema
    places: tuple[tuple[str, ...], ...]
    """Where the value may be, as lower-case keys to follow; the first that is there and not NULL holds.

    The board delivers one thing under several names (facts §2.8); () is the object itself.
    """
    nullable: bool = True
    """Whether it may be NULL. A member of what may be NULL is worth a warning unless it is guarded."""


BOOL: Final = Schema(kind=Kind.BOOL)
INT: Final = Schema(kind=Kind.INT)
NUMBER: Final = Schema(kind=Kind.NUMBER)
TEXT: Final = Schema(kind=Kind.TEXT)
GUID: Final = Schema(kind=Kind.GUID)
DATETIME: Final = Schema(kind=Kind.DATETIME)
DURATION: Final = Schema(kind=Kind.DURATION)
NULL: Final = Schema(kind=Kind.NULL)
ANY: Final = Schema(kind=Kind.ANY)

DAY_OF_WEEK: Final = Schema(
    kind=Kind.ENUM,
    name="DayOfWeek",
    enumeration=Enumeration(
        name="DayOfWeek",
        members={
            "Sunday": 0,
            "Monday": 1,
            "Tuesday": 2,
            "Wednesday": 3,
            "Thursday": 4,
            "Friday": 5,
            "Saturday": 6,
        },
    ),
)


def list_of(item: Schema) -> Schema:
    """The type of a list of such items."""
    return Schema(kind=Kind.LIST, item=item)


def enumeration(name: str, **members: int) -> Schema:
    """The type of an enumeration."""
    return Schema(kind=Kind.ENUM, name=name, enumeration=Enumeration(name=name, members=members))


def object_of(name: str, *properties: Property, closed: bool = False, text_is: str = "") -> Schema:
    """The type of an object."""
    return Schema(
        kind=Kind.OBJECT,
        name=name,
        properties={known.name.lower(): known for known in properties},
        closed=closed,
        text_is=text_is.lower(),
    )


def has(name: str, schema: Schema, *elsewhere: str, nullable: bool = True) -> Property:
    """A property, and the other places ("Name", "Resource.Name", "" for the object itself) it may be in."""
    places = ((name.lower(),), *(tuple(place.lower().split(".")) if place else () for place in elsewhere))
    return Property(name=name, schema=schema, places=places, nullable=nullable)


def have(names: str, schema: Schema, *, nullable: bool = True) -> tuple[Property, ...]:
    """A property of one type for each word."""
    return tuple(has(name, schema, nullable=nullable) for name in names.split())
