"""Whether a service answers, judged by one call after another; logged when it changes, not every time."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import structlog

from actors.clients.circuit import ANYWHERE, Circuit, State
from actors.clients.errors import Malformed, OutcomeUnknown, Problem, Unavailable
from actors.clients.jobs import Job
from actors.clients.policies import CIRCUIT, asked_wait
from actors.clients.steps import Reply

log = structlog.get_logger(__name__)


class Health:
    """The circuit of a gateway's service."""

    def __init__(self, circuit: Circuit, random: Random, *, service: str) -> None:
        self.circuit = circuit
        self._random = random
        self._service = service

    @property
    def is_up(self) -> bool:
        """Whether requests go out freely."""
        return self.circuit.state is State.CLOSED

    def permits(self, now: float) -> bool:
        """Whether a request may go out."""
        return self.circuit.permits(now)

    def due(self, retry_at: float) -> None:
        """It is the time that was set for the next try."""
        if self.circuit.retry_at <= retry_at:
            self.circuit = self.circuit.due()

    def sending(self) -> None:
        """A request goes out."""
        self.circuit = self.circuit.trying()

    def judge(self, jobs: Sequence[Job], results: Sequence[Reply | Problem], now: float) -> float | None:
        """Take in the results of one call: an answer to any request of it is an answer of the service.

        Returns the seconds until the next try where that opened the circuit; `due` has to be called then.
        """
        failures = [
            result for result in results if isinstance(result, (Unavailable, OutcomeUnknown, Malformed))
        ]
        if len(failures) < len(results):
            if not self.is_up:
                log.warning("service answers again", service=self._service)
            self.circuit = self.circuit.succeeded()
            return None
        unreached = any(isinstance(failure, Unavailable) and not failure.reached for failure in failures)
        self.circuit = self.circuit.failed(*([ANYWHERE] if unreached else [str(job.lane) for job in jobs]))
        return self._open(failures[0], now) if self.circuit.is_tripped else None

    def _open(self, problem: Problem, now: float) -> float:
        if self.is_up:
            log.warning("service does not answer", service=self._service, problem=str(problem.about))
        delay = CIRCUIT.delay(self.circuit.opened + 1, self._random, asked=asked_wait(problem))
        self.circuit = self.circuit.open(now + delay)
        return delay
