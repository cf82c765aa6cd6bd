"""How much was decided since the start, for the figures of the process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

from models.decision import Act
from models.storage.changes import AddDecision, Change


class Tally:
    """Counts decisions as they are written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decided: Counter[str] = Counter()

    def note(self, changes: Iterable[Change]) -> None:
        """These changes are on disk."""
        acts = [change.decision.act.value for change in changes if isinstance(change, AddDecision)]
        if acts:
            with self._lock:
                self._decided.update(acts)

    def decided(self) -> dict[str, int]:
        """Decisions by act."""
        with self._lock:
            return dict(self._decided)

    def changes(self) -> int:
        """Decisions that changed something on either side."""
        return sum(count for act, count in self.decided().items() if act != Act.NOTHING.value)
