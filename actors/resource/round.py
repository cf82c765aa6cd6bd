"""One reading of a mailbox: the pages that have come in, and what is still being found out about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from actors.clients.graph.delta import DeltaPage, Series
from models.delete_budget import Pass
from models.event import Event
from models.ids import AppointmentGuid, EventId, EventKey
from models.judging import Judge
from models.storage.records import Trigger
from models.when import Window


@dataclass(slots=True, kw_only=True)
class Round:
    """A delta round. Of an entity that comes several times the last one counts (facts §3.3)."""

    trigger: Trigger
    full: bool
    window: Window
    began_at: datetime
    asked_at: float
    judge: Judge
    events: dict[EventId, Event] = field(default_factory=dict)
    series: dict[EventId, Series] = field(default_factory=dict)
    unplaced: dict[EventId, None] = field(default_factory=dict)
    removed: dict[EventId, None] = field(default_factory=dict)
    unreadable: dict[EventId, None] = field(default_factory=dict)
    seen: set[EventKey] = field(default_factory=set)
    """Everything that is in the mailbox for certain, of a full round."""
    taken_away: Pass
    """What the round seems to take away."""
    suspects: set[EventId] = field(default_factory=set)
    """Events without a link that bear an id of the connector's."""
    cleared: set[EventId] = field(default_factory=set)
    """Those of them that it did not make, or that are gone."""
    delta_link: str = ""
    is_read: bool = False
    """Whether every page is there."""
    reading: int = 0
    """Further reads that the pages made necessary."""
    waiting: set[AppointmentGuid] = field(default_factory=set)
    """Items that were told something and have not been decided about."""

    def take(self, page: DeltaPage) -> None:
        """Add a page."""
        for event in page.events:
            self._forget(event.head.id)
            self.events[event.head.id] = event
        for series in page.series:
            self._forget(series.master.head.id)
            self.series[series.master.head.id] = series
        for master in page.unplaced:
            if master not in self.series:
                self.unplaced[master] = None
        for event_id in page.removed:
            self._forget(event_id)
            self.removed[event_id] = None
        for event_id in page.unreadable:
            self._forget(event_id)
            self.unreadable[event_id] = None

    def _forget(self, event_id: EventId) -> None:
        self.events.pop(event_id, None)
        self.series.pop(event_id, None)
        self.unplaced.pop(event_id, None)
        self.removed.pop(event_id, None)
        self.unreadable.pop(event_id, None)
