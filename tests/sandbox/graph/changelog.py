"""What changed in a calendar, in order: the reason why a delta round costs what changed and no more."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

COMPACT_AT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The latest change of one item."""

    sequence: int
    number: int
    """The item."""
    at: datetime
    gone: bool


class ChangeLog:
    """Items in the order of their latest change. An item occurs once; deleted ones stay as tombstones."""

    def __init__(self) -> None:
        self._latest: dict[int, Entry] = {}
        self._order: list[Entry] = []
        self._sequence = 0

    @property
    def newest(self) -> int:
        """The sequence number of the latest change; 0 when there was none."""
        return self._sequence

    def note(self, number: int, at: datetime, *, gone: bool = False) -> None:
        """The item changed, or left the calendar, just now."""
        self._sequence += 1
        entry = Entry(sequence=self._sequence, number=number, at=at, gone=gone)
        self._latest[number] = entry
        self._order.append(entry)
        if len(self._order) > COMPACT_AT + 2 * len(self._latest):
            self._order = list(self._valid(self._order))

    def between(self, after: int, until: int) -> Iterator[Entry]:
        """The items whose latest change lies in (after, until], oldest change first."""
        begin = bisect_right(self._order, after, key=lambda entry: entry.sequence)
        for index in range(begin, len(self._order)):
            entry = self._order[index]
            if entry.sequence > until:
                return
            if self._latest[entry.number] is entry:
                yield entry

    def newest_before(self, moment: datetime) -> int:
        """The sequence number of the latest change that is not younger than `moment`."""
        if not self._order or self._order[-1].at <= moment:
            return self._sequence
        position = bisect_right(self._order, moment, key=lambda entry: entry.at)
        return self._order[position - 1].sequence if position else 0

    def _valid(self, entries: list[Entry]) -> Iterator[Entry]:
        return (entry for entry in entries if self._latest[entry.number] is entry)
