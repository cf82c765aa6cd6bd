"""How many deletions one pass may bring before they are held back and confirmed a second time (C10).

Only an absence counts here: that an event stops being shared is read from the event itself, and its removal
from the board waits for nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from models.decision import Act, Decision, Reason, Side
from models.ids import AppointmentGuid

_BY_ABSENCE = {
    Act.DELETE_EVENT: (Reason.DELETED_ON_BOARD, Reason.UNASSIGNED),
    Act.REMOVE_APPOINTMENT: (Reason.DELETED_IN_OUTLOOK,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteBudget:
    """`sync.delete_budget_count` and `sync.delete_budget_percent`: what exceeds both is too much."""

    count: int = 5
    percent: int = 10
    """Of the resource's links."""

    def allows(self, deletions: int, links: int) -> bool:
        """Whether so many deletions, in a resource with so many links, are nothing unusual."""
        return deletions <= self.count or deletions * 100 <= self.percent * links


class Doubt(Enum):
    """Why deletions are held back. Each has one sentence, in `DOUBTS`."""

    TOO_MANY = "too_many"
    EMPTY_READ = "empty_read"


DOUBTS: dict[Doubt, str] = {
    Doubt.TOO_MANY: "more deletions at once than sync.delete_budget_count and delete_budget_percent allow",
    Doubt.EMPTY_READ: "a reading came back empty where there was something before",
}


@dataclass(slots=True, kw_only=True)
class Pass:
    """One reading of one side, and the items that it seems to take away."""

    links: int
    """How many links the resource had when it began."""
    read_empty: bool = False
    """Whether nothing at all was read where something had been agreed."""
    missing: set[AppointmentGuid] = field(default_factory=set)
    """Items that were not found, less those that turned out to exist."""

    def doubt(self, budget: DeleteBudget) -> Doubt | None:
        """Why what this pass takes away is not to be believed yet; None if it is."""
        if self.read_empty:
            return Doubt.EMPTY_READ
        return None if budget.allows(len(self.missing), self.links) else Doubt.TOO_MANY


def follows_from_absence(decision: Decision) -> bool:
    """Whether a decision takes something away because its other side was not found."""
    return decision.reason in _BY_ABSENCE.get(decision.act, ())


def absent_side(act: Act) -> Side:
    """The side on which an item must be gone for this act to be right."""
    return Side.BOARD if act is Act.DELETE_EVENT else Side.OUTLOOK
