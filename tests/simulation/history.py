"""What happened, one line for each event: what a person reads to understand a seed that failed."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime


class Violation(Exception):  # noqa: N818 - what the oracle finds is no error of the simulation
    """Something happened that must never happen."""


class Chronicle:
    """The lines of one history. The same seed gives the same lines."""

    def __init__(self, begin: datetime) -> None:
        self._begin = begin
        self.lines: list[str] = []
        self.counts: Counter[str] = Counter()
        """Acts, requests, faults and crashes by name."""
        self._names: dict[str, str] = {}

    def tell(self, now: datetime, who: str, text: str) -> None:
        """Add a line."""
        self.lines.append(f"{(now - self._begin).total_seconds():12.3f} {who:9} {text}")

    def count(self, what: str) -> None:
        """Count something."""
        self.counts[what] += 1

    def short(self, long: str, letter: str) -> str:
        """A name for an id that nobody can read: the same for the same id."""
        name = self._names.get(long)
        if name is None:
            name = self._names[long] = f"{letter}{len(self._names) + 1}"
        return name

    def digest(self) -> str:
        """What two runs of one seed are compared by."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:16]
