"""The gateway to Dime.Scheduler: one lane, a few calls at once, and rows that wait together go together."""

from __future__ import annotations

from typing import Final

from actors.clients.access import ApiKey
from actors.clients.circuit import Circuit
from actors.clients.gateway import Gateway, Limits
from actors.clients.grants import Surroundings
from actors.clients.scheduler.dialect import Dialect
from actors.clients.scheduler.operations import SchedulerOperation
from actors.clients.scheduler.wire import ROWS_PER_IMPORT, SchedulerWire
from actors.clients.steps import Steps
from actors.clients.transport import Transport

CALLS: Final = 8
"""Calls at once. No limit of the service is documented; it is shared with people who plan (facts §2.5)."""


class SchedulerGateway(Gateway):
    """Performs the operations of `scheduler.operations` and `scheduler.webhooks`."""

    def __init__(
        self,
        *,
        transport: Transport,
        api_key: str,
        scheduler_url: str,
        dialect: Dialect,
        surroundings: Surroundings,
        calls: int = CALLS,
    ) -> None:
        calls = min(calls, surroundings.senders.capacity)
        super().__init__(
            wire=SchedulerWire(transport, scheduler_url=scheduler_url),
            credentials=ApiKey(api_key),
            surroundings=surroundings,
            limits=Limits(calls=calls, per_lane=calls, without_lane=calls * ROWS_PER_IMPORT),
            circuit=Circuit(sources_to_open=1),
        )
        self._dialect = dialect

    def _steps(self, operation: SchedulerOperation[object]) -> Steps[object]:
        return operation.steps(self._dialect)

    def _lane(self, operation: SchedulerOperation[object]) -> None:
        """All of it is one service with one limit."""
