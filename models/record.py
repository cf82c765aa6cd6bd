"""An item as another system describes it in full: nested, typed, immutable, in any letter case.

Rules and templates may use every property that the board delivers (DESIGN.md "rules", "mapping"), also those
the connector has no name for. A `Record` carries them without being a dictionary from the wire.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Self, TypeVar, overload

Scalar = str | int | float | bool | Decimal | datetime | None
Value = "Scalar | Record | tuple[Value, ...]"
T = TypeVar("T")

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
"""Types of values that are as they should be: nearly all that a listing brings."""
_LATER: Final = frozenset({dict, list})
"""Types of values that are frozen when somebody looks at them: of most rows nobody looks at most."""
_FROM_JSON: Final = _PLAIN | _LATER
_MANY: Final = 8
"""Names from which on a nested object is made a record at once: its dictionary takes a kilobyte and more."""
_NAMES: Final = 4_096
"""Names whose lower case is remembered."""
_SHAPES: Final = 256
"""Sequences of names that are remembered."""


class Record(Mapping[str, "Scalar | Record | tuple[object, ...]"]):
    """A read-only mapping whose names are found whatever their letter case.

    Iterating gives the names as they were delivered. What is nested in the values is the record's from then
    on: nobody else may change it.
    """

    __slots__ = ("_names", "_places", "_values")

    def __init__(self, values: Mapping[str, object]) -> None:
        self._names, self._places = _known(tuple(values))
        self._values: list[object] = list(values.values())
        if not _FROM_JSON.issuperset(map(type, self._values)):
            self._values = [frozen(value) for value in self._values]

    @classmethod
    def of_json(cls, members: dict[str, Any]) -> Self:
        """The record of an object of a JSON text, in which there is nothing but JSON's own types.

        It keeps a third of the memory that the dictionaries take: a listing may have a hundred thousand rows.
        """
        record = cls.__new__(cls)
        record._names, record._places = _known(tuple(members))
        record._values = [
            Record.of_json(value) if type(value) is dict and len(value) > _MANY else value
            for value in members.values()
        ]
        return record

    def __getitem__(self, name: str) -> Scalar | Record | tuple[object, ...]:
        lower_name = _lower(name)
        if lower_name not in self._places:
            raise KeyError(name)
        return self.lookup(lower_name)

    def __getattr__(self, name: str) -> Scalar | Record | tuple[object, ...]:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    @overload
    def get(self, name: str, /) -> Scalar | Record | tuple[object, ...]: ...
    @overload
    def get(self, name: str, default: T, /) -> Scalar | Record | tuple[object, ...] | T: ...
    def get(self, name: str, default: object = None, /) -> object:
        """The value of a name, in any letter case."""
        lower_name = _lower(name)
        if default is None or lower_name in self._places:
            return self.lookup(lower_name)
        return default

    def lookup(self, lower_name: str) -> Scalar | Record | tuple[object, ...]:
        """The value of a name that is in lower case already; None where there is none."""
        place = self._places.get(lower_name)
        if place is None:
            return None
        value = self._values[place]
        if type(value) in _LATER:
            # two threads may both do this, and come to the same
            value = self._values[place] = frozen(value)
        return value  # type: ignore[return-value]  # whatever else it could be was frozen at the start

    def first_text(self, *lower_names: str) -> str:
        """The first of the names, in lower case already, that says something, numbers included."""
        places, values = self._places, self._values
        for name in lower_names:
            place = places.get(name)
            if place is None:
                continue
            value = values[place]
            if type(value) is str:
                if value:
                    return value
            elif type(value) is int:
                return str(value)
        return ""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _lower(name) in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self._frozen() == other._frozen()

    def __hash__(self) -> int:
        return hash(frozenset(self._frozen().items()))

    def __repr__(self) -> str:
        return f"Record({', '.join(self._names)})"

    def _frozen(self) -> dict[str, object]:
        return {name: self.lookup(name) for name in self._places}


@lru_cache(_NAMES)
def _lower(name: str) -> str:
    return sys.intern(name.lower())


@lru_cache(_SHAPES)
def _known(names: tuple[str, ...]) -> tuple[tuple[str, ...], Mapping[str, int]]:
    """The names as they are, and which place each has in lower case: the same in every row of a listing, and
    kept once for all. Of names that differ in nothing but their case the last one counts."""
    return names, {_lower(name): place for place, name in enumerate(names)}


def frozen(value: object) -> Scalar | Record | tuple[object, ...]:
    """`value` with every mapping made a `Record` and every list a tuple, all the way down."""
    if type(value) in _PLAIN:
        return value  # type: ignore[return-value]  # which type it has was just looked at
    if type(value) is dict:
        return Record(value)
    if isinstance(value, (list, tuple)):
        return tuple(map(frozen, value))
    if isinstance(value, Record):
        return value
    if isinstance(value, Mapping):
        return Record({str(name): item for name, item in value.items()})
    if isinstance(value, (str, int, float, bool, Decimal, datetime)):
        return value
    return str(value)
