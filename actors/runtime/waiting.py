"""Messages for an actor that does not run at the moment."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

LIMIT = 1000
"""Messages kept for one actor. More of them say nothing that its start from the store does not find out."""


class Waiting:
    """A line of messages in which equal ones are one, and which lets go of the oldest when it is full.

    Messages to supervised actors are hints (something may have changed): fifty equal ones say what one says.
    Those that are not hashable are never taken for equal.
    """

    __slots__ = ("_limit", "_line", "dropped")

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._line: dict[Hashable, object] = {}
        self.dropped = 0

    def add(self, message: object) -> None:
        """Put a message at the end of the line, unless an equal one waits already."""
        self._line.setdefault(identity(message), message)
        self._trim()

    def put_back(self, messages: Iterable[object]) -> None:
        """Put messages that were taken out, or never arrived, before all others, in their own order."""
        later = self._line
        self._line = {identity(message): message for message in messages}
        for same, message in later.items():
            self._line.setdefault(same, message)
        self._trim()

    def take_all(self) -> list[object]:
        """Empty the line."""
        line, self._line = self._line, {}
        return list(line.values())

    def __len__(self) -> int:
        return len(self._line)

    def _trim(self) -> None:
        while len(self._line) > self._limit:
            del self._line[next(iter(self._line))]
            self.dropped += 1


def identity(message: object) -> Hashable:
    """The same for messages of one type that are equal; for those that cannot be hashed, only for itself."""
    try:
        hash(message)
    except TypeError:
        return ("not hashable", id(message))
    return (type(message), message)
