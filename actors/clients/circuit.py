"""Whether a service is up, as far as its answers tell: closed, open, or trying with one request.

A circuit is a value; every answer makes the next one. Being throttled is no failure of the service, and never
counts. Refused credentials have a circuit of their own, which opens at the first refusal.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

ANYWHERE = ""
"""The source of a failure that is about no mailbox: the service was not reached at all."""


class State(Enum):
    """The values are shown by `status`."""

    CLOSED = "closed"
    """Requests go out."""
    OPEN = "open"
    """None go out until `retry_at`."""
    TRYING = "trying"
    """One has gone out; its answer decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """The state of one service."""

    failures_to_open: int = 5
    """Failures in a row."""
    sources_to_open: int = 2
    """How many different mailboxes they have to come from: a single one may be ill for days (facts §3.5)."""
    state: State = State.CLOSED
    failures: int = 0
    sources: frozenset[str] = field(default=frozenset())
    opened: int = 0
    """How often it has opened since the service last answered: how long to wait grows with it."""
    retry_at: float = 0.0
    """Monotonic seconds."""

    def permits(self, now: float) -> bool:
        """Whether a request may go out; when the circuit is not closed, only one, followed by `trying`."""
        return self.state is State.CLOSED or (self.state is State.OPEN and now >= self.retry_at)

    def due(self) -> Circuit:
        """It is time for one request, whatever a clock that is read a little later or earlier says."""
        return replace(self, retry_at=0.0)

    def trying(self) -> Circuit:
        """One request goes out."""
        return self if self.state is State.CLOSED else replace(self, state=State.TRYING)

    def succeeded(self) -> Circuit:
        """The service answered, whatever it said."""
        if self.state is State.CLOSED and not self.failures:
            return self
        return replace(self, state=State.CLOSED, failures=0, sources=frozenset(), opened=0)

    def failed(self, *sources: str) -> Circuit:
        """The service failed at one call about these; `is_tripped` tells whether that was one too many."""
        return replace(self, failures=self.failures + 1, sources=self.sources.union(sources))

    @property
    def is_tripped(self) -> bool:
        """Whether it is to be opened."""
        if self.state is State.TRYING:
            return True
        enough = ANYWHERE in self.sources or len(self.sources) >= self.sources_to_open
        return self.state is State.CLOSED and enough and self.failures >= self.failures_to_open

    def open(self, retry_at: float) -> Circuit:
        """Nothing goes out until `retry_at`."""
        return replace(self, state=State.OPEN, opened=self.opened + 1, retry_at=retry_at)
