"""What a gateway counts, and how it is shown: as one value that nobody can change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from actors.clients.circuit import Circuit, State
from actors.clients.errors import NotAuthenticated, Problem, Throttled
from actors.clients.steps import Reply


class ServiceState(Enum):
    """How a service is, in the words of `status`."""

    OK = "ok"
    UNAVAILABLE = "unavailable"
    NOT_AUTHENTICATED = "not_authenticated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A gateway at one moment."""

    service: str
    state: ServiceState
    code: str
    """The product's code for why the service is not OK, where there is one."""
    remedy: str
    circuit: State
    requests: Mapping[str, int]
    """Answered requests by status; "none" for those without an answer."""
    retries: int
    throttled: int
    bundles: int
    """Calls that carried more than one request."""
    requests_in_flight: int
    waiting: int
    """Requests that could go out but for limits, pauses, the circuit or the credentials."""
    delayed: int
    """Requests that wait for their next try."""
    paused_lanes: int


@dataclass(slots=True, eq=False)
class Counters:
    """What has been counted since the start."""

    requests: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    throttled: int = 0
    bundles: int = 0

    def note(self, results: Iterable[Reply | Problem]) -> None:
        """Count the results of one call."""
        count = 0
        for result in results:
            count += 1
            status = result.about.status
            self.requests["none" if status is None else str(status)] += 1
            self.throttled += isinstance(result, Throttled)
        self.bundles += count > 1


def state_of(circuit: Circuit, credential_problem: Problem | None) -> ServiceState:
    """How a service is, from what stands in its way."""
    if isinstance(credential_problem, NotAuthenticated):
        return ServiceState.NOT_AUTHENTICATED
    is_up = circuit.state is State.CLOSED and credential_problem is None
    return ServiceState.OK if is_up else ServiceState.UNAVAILABLE
