"""An operation on its way through a gateway, and what a sender does with some of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from actors.clients.access import Grant
from actors.clients.errors import NotAuthenticated, Problem
from actors.clients.policies import policy_for
from actors.clients.steps import Outcome, Priority, Progress, Reply, Request, Steps, resume


class Wire(Protocol):
    """How requests get to one service."""

    @property
    def service(self) -> str:
        """The service's name in texts and metrics."""
        ...

    @property
    def bundle_limit(self) -> int:
        """How many requests one call can carry."""
        ...

    def may_share(self, request: Request) -> bool:
        """Whether a request may go out together with others."""
        ...

    def perform(self, requests: Sequence[Request], grant: Grant) -> list[Reply | Problem]:
        """One result for each request, in order. Blocks; raises nothing for what network or service do."""
        ...


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
    """An operation that was begun. The gateway changes it, and a sender while the gateway waits for that."""

    steps: Steps[Any]
    reply: Callable[[Outcome], None]
    lane: Hashable
    priority: Priority
    request: Request
    """What it asks next, or has asked."""
    stands: Callable[[], bool]
    """Whether it is still wanted."""
    attempts: int = 0
    """Of that request."""
    refused_grants: int = 0
    """How many grants were refused at that request."""
    request_id: str = ""

    def next(self, request: Request) -> None:
        """The operation asks something else."""
        self.request, self.attempts, self.refused_grants = request, 0, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of one request."""

    result: Reply | Problem
    progress: Progress | None
    """How the operation went on; None where the gateway may want to repeat the request."""


def perform(wire: Wire, jobs: Sequence[Job], grant: Grant) -> list[Settled]:
    """Carry out a request of each job, and let those operations go on whose result is final.

    On a sender: reading a large answer is work that no actor's turn should hold.
    """
    results = wire.perform([job.request for job in jobs], grant)
    return [
        Settled(result=result, progress=resume(job.steps, result) if is_final(result) else None)
        for job, result in zip(jobs, results, strict=True)
    ]


def is_final(result: Reply | Problem) -> bool:
    """Whether the operation has to live with a result."""
    if isinstance(result, Reply):
        return True
    return policy_for(result) is None and not isinstance(result, NotAuthenticated)
