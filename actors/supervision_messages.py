"""What is said to a supervisor, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime

from actors.runtime.pooled import Termination
from models.supervision import ProbeDue, QuietPassed, RestartDue, RunState

Key = Hashable
"""What a child stands for: a resource number, a name."""

DueEvent = RestartDue | ProbeDue | QuietPassed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensure:
    """See to it that the child runs."""

    key: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Give a message to the child; start it if it does not run, keep the message while it cannot."""

    key: Key
    message: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Passivate:
    """A child says that it has nothing to do and may be stopped until somebody needs it."""

    key: Key
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """Stop the child, forget what waits for it and what it did: it is not wanted any more."""

    key: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Back to work out of quarantine or back-off, now."""

    key: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAll:
    """Stop every child, start none again, and call `reply` when the last has stopped: it tells somebody."""

    reply: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Asks for a tuple of `ChildReport`, one for each child that was ever started or waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildReport:
    """How one child is."""

    key: Key
    state: RunState
    quarantined: bool
    """In quarantine, or running on trial out of it."""
    incarnation: int
    failures: int
    """Crashes of the present streak."""
    since: datetime | None
    """When it came into its state."""
    reason: str
    """Why it crashed last; empty if it never did."""
    waiting: int
    """Messages kept until it runs."""
    dropped: int
    """Messages let go because too many waited; its start from the store makes up for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildTerminated:
    """The last word of a child. Sent by the execution model."""

    key: Key
    incarnation: int
    termination: Termination


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A timer of the supervisor has run out."""

    key: Key
    event: DueEvent
