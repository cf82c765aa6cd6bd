"""An item as another system describes it in full: nested, typed, immutable, in any letter case.

Rules and templates may use every property that the board delivers (DESIGN.md "rules", "mapping"), also those
the connector has no name for. A `Record` carries them without being a dictionary from the wire.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

Scalar = str | int | float | bool | Decimal | datetime | None
_PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types of values that are as they should be: nearly all that a listing brings."""
Value = "Scalar | Record | tuple[Value, ...]"


class Record(Mapping[str, "Scalar | Record | tuple[object, ...]"]):
    """A read-only mapping whose names are found whatever their letter case.

    Iterating gives the names as they were delivered.
    """

    __slots__ = ("_names", "_values")

    def __init__(self, values: Mapping[str, object]) -> None:
        self._names = tuple(values)
        # the names are the same in every row of a listing: one copy of each is enough
        self._values = {sys.intern(name.lower()): frozen(value) for name, value in values.items()}

    def __getitem__(self, name: str) -> Scalar | Record | tuple[object, ...]:
        return self._values[name.lower()]

    def __getattr__(self, name: str) -> Scalar | Record | tuple[object, ...]:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._values[name.lower()]
        except KeyError:
            raise AttributeError(name) from None

    def lookup(self, lower_name: str) -> Scalar | Record | tuple[object, ...]:
        """The value of a name that is in lower case already; None where there is none."""
        return self._values.get(lower_name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self._values == other._values

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Record({', '.join(self._names)})"


def frozen(value: object) -> Scalar | Record | tuple[object, ...]:
    """`value` with every mapping made a `Record` and every list a tuple, all the way down."""
    if type(value) in _PLAIN:
        return value  # type: ignore[return-value]  # which type it has was just looked at
    if type(value) is dict:
        return Record(value)
    if isinstance(value, Record):
        return value
    if isinstance(value, Mapping):
        return Record({str(name): item for name, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(frozen(item) for item in value)
    if isinstance(value, (str, int, float, bool, Decimal, datetime)):
        return value
    return str(value)
