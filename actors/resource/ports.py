"""What a resource may ask of the rest of the process. Every answer comes back as a message to its actor."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar

from actors.clients.graph.operations import GraphOperation
from actors.clients.scheduler.operations import SchedulerOperation
from actors.clients.steps import Outcome, always
from actors.resource.messages import Hint
from models.ids import ResourceNo
from models.storage.changes import Change
from models.storage.store import Store

T = TypeVar("T")


class Ports(Protocol):
    """The ways out of a resource actor. None of them waits."""

    random: random.Random
    rehearses: bool
    """Whether nothing may be written: what would be done is noted and not done."""

    def now(self) -> datetime:
        """This instant, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow; what `Outcome` and the fences of items are measured in."""
        ...

    def graph(
        self,
        operation: GraphOperation[Any],
        then: Callable[[Outcome], None],
        stands: Callable[[], bool] = always,
    ) -> None:
        """Have an operation performed by Graph; `then` gets its outcome in a turn of this actor.

        One that does not stand any more when its turn comes is not performed, and fails as `Overtaken`.
        """
        ...

    def board(
        self,
        operation: SchedulerOperation[Any],
        then: Callable[[Outcome], None],
        stands: Callable[[], bool] = always,
    ) -> None:
        """Have an operation performed by Dime.Scheduler; `then` gets its outcome likewise."""
        ...

    def commit(self, *changes: Change, then: Callable[[], None] | None = None) -> None:
        """Write changes in one transaction, in the order in which commits were asked for.

        `then` runs in a turn of this actor once they are on disk.
        """
        ...

    def load(self, query: Callable[[Store], T], then: Callable[[T], None]) -> None:
        """Read from the store, after every commit that was asked for before."""
        ...

    def later(self, seconds: float, then: Callable[[], None]) -> None:
        """Run `then` in a turn of this actor after a while, unless the actor has stopped by then."""
        ...

    def wrote(self) -> None:
        """Something is, or was, written for this resource: it may know of more than it was listed last."""
        ...

    def hint(self, resource_no: ResourceNo, hint: Hint) -> None:
        """Tell another resource that something of it may have changed."""
        ...

    def trouble(self, problem: Exception) -> None:
        """The mailbox as a whole cannot be worked with: the roster looks at it again later."""
        ...
