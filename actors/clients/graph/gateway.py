"""The gateway to Graph: a lane for each mailbox, at most four requests in flight in each (facts §5.1)."""

from __future__ import annotations

from typing import Final

from actors.clients.access import Credentials
from actors.clients.circuit import Circuit
from actors.clients.gateway import Gateway, Limits
from actors.clients.grants import Surroundings
from actors.clients.graph.operations import GraphOperation
from actors.clients.graph.wire import GraphWire
from actors.clients.lanes import REFUSALS_TO_PAUSE
from actors.clients.steps import Steps
from actors.clients.transport import Transport
from models.ids import MailboxId

PER_MAILBOX: Final = 4
OF_THE_DIRECTORY: Final = 8
"""Requests in flight about no mailbox: users and subscriptions have limits of their own, far above this."""


class GraphGateway(Gateway):
    """Performs the operations of `graph.operations`, `graph.directory` and `graph.subscriptions`."""

    def __init__(
        self,
        *,
        transport: Transport,
        credentials: Credentials,
        graph_url: str,
        surroundings: Surroundings,
        calls: int | None = None,
        per_mailbox: int = PER_MAILBOX,
        refusals_to_pause: int = REFUSALS_TO_PAUSE,
    ) -> None:
        """`calls`: how many calls may be under way; None for as many as there are senders."""
        super().__init__(
            wire=GraphWire(transport, graph_url=graph_url),
            credentials=credentials,
            surroundings=surroundings,
            limits=Limits(
                calls=calls or surroundings.senders.capacity,
                per_lane=per_mailbox,
                without_lane=OF_THE_DIRECTORY,
                refusals_to_pause=refusals_to_pause,
            ),
            circuit=Circuit(),
        )

    def _steps(self, operation: GraphOperation[object]) -> Steps[object]:
        return operation.steps()

    def _lane(self, operation: GraphOperation[object]) -> MailboxId | None:
        return operation.mailbox
