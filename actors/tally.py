"""How many decisions of which kind were written since the start, for the metrics."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping

from models.storage.changes import AddDecision, Change


class DecisionTally:
    """Counts decisions as they are written. Any thread may read it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._acts: Counter[str] = Counter()

    def note(self, changes: Iterable[Change]) -> None:
        """These changes are on disk."""
        acts = [change.decision.act.value for change in changes if isinstance(change, AddDecision)]
        if acts:
            with self._lock:
                self._acts.update(acts)

    def by_act(self) -> Mapping[str, int]:
        """Decisions by act."""
        with self._lock:
            return dict(self._acts)
