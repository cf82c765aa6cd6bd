"""Records by kind and key: what is upserted reads back, what is deleted is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tests.sandbox.scheduler.casing import require
from tests.sandbox.scheduler.errors import NotFound
from tests.sandbox.scheduler.kind import Kind
from tests.sandbox.scheduler.kinds import KINDS, NUMBERED
from tests.sandbox.scheduler.values import ValueType, stamp

Record = dict[str, Any]
Key = tuple[str, ...]


def key_of(names: tuple[str, ...], values: Mapping[str, Any]) -> Key:
    """The key of a record; text compares without regard to letter case, as the vendor's collation does."""
    return tuple(str(values.get(name, "")).lower() for name in names)


class Drawer:
    """The records of one kind, in order of creation."""

    def __init__(self, kind: Kind, now: Callable[[], datetime]) -> None:
        self.kind = kind
        self.generation = 0
        """Grows with every change: what is derived from these records is stale when it differs."""
        self._now = now
        self._records: dict[Key, Record] = {}
        self._numbers = 0
        self._by: dict[str, tuple[int, dict[str, Record]]] = {}

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def upsert(self, values: Mapping[str, Any]) -> Record:
        """Creates a record or changes the values that are set on the one with this key.

        Raises InvalidField when a required value is missing.
        """
        numbered = self.kind.name in NUMBERED and not values.get("id")
        if not numbered:
            require(values, tuple(name for name in self.kind.key if name in self.kind.required))
        key = (str(self._numbers + 1),) if numbered else key_of(self.kind.key, values)
        record = self._records.get(key)
        if record is None:
            require(values, tuple(name for name in self.kind.required if name != "id"))
            self._numbers += 1
            record = {"id": self._numbers, **self._blank(), "createdAt": stamp(self._now())}
            self._records[key] = record
        record.update(values)
        record["updatedAt"] = stamp(self._now())
        self.generation += 1
        return record

    def _blank(self) -> Record:
        """Every column as it is when nobody set it. Jobs and tasks are too wide to show what is not there."""
        if self.kind.name in ("job", "task"):
            return {}
        columns = (column for column in self.kind.schema.fields if column.name != "id")
        blank = {column.name: False if column.type is ValueType.BIT else None for column in columns}
        return blank | dict(self.kind.defaults)

    def delete(self, values: Mapping[str, Any], *, some: bool = False) -> bool:
        """Takes away what agrees with the key columns that are set; whether there was anything.

        Raises InvalidField when a required key column is not set; with `some` the first one is enough.
        """
        needed = tuple(name for name in self.kind.key if name in self.kind.required)
        require(values, needed[:1] if some else needed)
        given = tuple(name for name in self.kind.key if values.get(name) not in (None, ""))
        if len(given) == len(self.kind.key):
            doomed = [key for key in (key_of(given, values),) if key in self._records]
        else:
            wanted = key_of(given, values)
            doomed = [key for key, record in self._records.items() if key_of(given, record) == wanted]
        for key in doomed:
            del self._records[key]
        self.generation += bool(doomed)
        return bool(doomed)

    def find(self, *key: str) -> Record | None:
        """The record with this key, in any letter case."""
        return self._records.get(tuple(part.lower() for part in key))

    def get(self, *key: str) -> Record:
        """The record with this key. Raises NotFound."""
        record = self.find(*key)
        if record is None:
            raise NotFound(f"There is no {self.kind.name} '{' / '.join(key)}'.")
        return record

    def by(self, column: str, value: str) -> Record | None:
        """The first record whose `column` has this value, in any letter case."""
        generation, index = self._by.get(column, (-1, {}))
        if generation != self.generation:
            index = {}
            for record in self._records.values():
                content = record.get(column)
                if content not in (None, ""):
                    index.setdefault(str(content).lower(), record)
            self._by[column] = (self.generation, index)
        return index.get(value.lower())


class Records:
    """A drawer per kind."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._drawers = {kind.name: Drawer(kind, now) for kind in KINDS}

    def __getitem__(self, kind: str) -> Drawer:
        return self._drawers[kind]

    def __iter__(self) -> Iterator[Drawer]:
        return iter(self._drawers.values())

    def shown_generation(self) -> tuple[int, ...]:
        """Changes when anything that an appointment's document shows may have changed."""
        return tuple(
            self._drawers[kind].generation for kind in ("resource", "task", "job", "category", "timeMarker")
        )
