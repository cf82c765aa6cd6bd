"""Both services and what is around them, as one object without a socket.

The shell (server.py) puts it on sockets; a simulation calls `visit` itself. Everything random comes from the
seed and all time from the clock, so the same calls give the same answers.
"""

from __future__ import annotations

import heapq
import random as randomness
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.sandbox.clock import Clock
from tests.sandbox.company import seed_company
from tests.sandbox.faults import Faults, Kind
from tests.sandbox.graph.authority import Authority
from tests.sandbox.graph.service import GraphService
from tests.sandbox.graph.tenant import Tenant
from tests.sandbox.graph.tokens import SigningKey
from tests.sandbox.recorder import Recorder
from tests.sandbox.scheduler.board import Board
from tests.sandbox.scheduler.service import SchedulerService
from tests.sandbox.traffic import Traffic, Visit
from tests.sandbox.wire import Delivery, Outcall, Request, Response

ACCEPTED = Response(status=200)
OWNER = re.compile(rb'"resource":"Users/([0-9a-f-]{36})/')


class Services:
    """A local Microsoft 365 tenant and a local Dime.Scheduler, seeded with a company.

    `company` is "small", "empty", or a number of generated resources. Deliveries go to `sink`; whoever
    carries them out reports to `settled`. `due` and `tick` are for what the services do by themselves, later.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        clock: Clock | None = None,
        company: str | int = "small",
        sink: Callable[[Delivery], None] | None = None,
        key: SigningKey | None = None,
    ) -> None:
        self.seed = seed
        self.clock = clock or Clock()
        self.sink: Callable[[Delivery], None] = sink or self._keep
        self.kept: list[Delivery] = []
        """Deliveries that came before anyone said where they should go."""
        self.deliveries: Counter[str] = Counter()
        """How many were sent, by what they are about."""
        now = self.clock.now
        self.recorder = Recorder()
        self.faults = Faults(self._random("faults"))
        self.tenant = Tenant(now=now, random=self._random("tenant"))
        self.authority = Authority(tenant=self.tenant, now=now, random=self._random("authority"), key=key)
        self.graph = GraphService(
            tenant=self.tenant,
            authority=self.authority,
            now=now,
            random=self._random("graph"),
            send=self._send,
        )
        board_random = self._random("board")
        self.api_key = f"{board_random.getrandbits(160):040x}"
        self.board = Board(now=now, random=board_random)
        self.scheduler = SchedulerService(
            self.board, api_key=self.api_key, now=now, random=board_random, send=self._send
        )
        self.traffic = Traffic(
            recorder=self.recorder, faults=self.faults, now=now, refusals={"graph": self.graph.struck}
        )
        self._held: list[tuple[datetime, int, Delivery, Callable[[Delivery], None]]] = []
        self._held_so_far = 0
        seed_company(company, tenant=self.tenant, board=self.board, now=now, random=self._random("company"))

    def resources(self) -> list[dict[str, Any]]:
        """Number and e-mail address of every resource of the board."""
        return [
            {"resourceNo": one.get("resourceNo"), "email": one.get("email") or None}
            for one in self.board.resources_list()
        ]

    def visit(self, service: str, request: Request) -> Visit:
        """A request on its way to "graph", "authority" or "scheduler", with latency, faults and limits."""
        if service == "graph":
            return self.graph.visit(request, self.traffic)
        return self.traffic.visit(service, self._handler(service), request)

    def handle(self, service: str, request: Request) -> Response | Outcall:
        """The bare answer: nothing is noted, delayed or broken."""
        return self._handler(service)(request)

    def due(self) -> datetime | None:
        """When `tick` has something to do next."""
        collected = self.graph.subscriptions.notifier.due()
        held = self._held[0][0] if self._held else None
        if collected is None or held is None:
            return collected or held
        return min(collected, held)

    def tick(self) -> None:
        """Does what is due: collected notifications, repeated ones, delayed ones."""
        now = self.clock.now()
        while self._held and self._held[0][0] <= now:
            _, _, delivery, go = heapq.heappop(self._held)
            go(delivery)
        self.graph.subscriptions.notifier.tick()

    def settled(self, delivery: Delivery, response: Response | None) -> None:
        """How a delivery ended; None is no answer in time."""
        if delivery.about.startswith("graph"):
            self.graph.subscriptions.notifier.settled(delivery, response)
            return
        pause = self.scheduler.delivered(delivery, response.status if response else None)
        if pause is not None:
            self._hold(delivery, pause, self._send)

    def _handler(self, service: str) -> Callable[[Request], Response | Outcall]:
        match service:
            case "graph":
                return self.graph.handle
            case "authority":
                return self.authority.handle
            case "scheduler":
                return self.scheduler.handle
            case _:
                raise ValueError(f"no service is called {service!r}")

    def _send(self, delivery: Delivery) -> None:
        self.deliveries[delivery.about.partition(" ")[0]] += 1
        fault = None
        if self.faults:
            service = "graph" if delivery.about.startswith("graph") else "scheduler"
            owners = frozenset(name.decode() for name in OWNER.findall(delivery.body))
            fault = self.faults.strike(service, delivery.method, delivery.url, owners, delivery=True)
        if fault is None:
            self.sink(delivery)
            return
        match fault.kind:
            case Kind.DROP_NOTIFICATION:
                self.settled(delivery, ACCEPTED)
            case Kind.DUPLICATE_NOTIFICATION:
                self.sink(delivery)
                self.sink(delivery)
            case _:
                self._hold(delivery, fault.seconds, self.sink)

    def _hold(self, delivery: Delivery, seconds: float, go: Callable[[Delivery], None]) -> None:
        """Keeps a delivery back until `tick` finds it due."""
        self._held_so_far += 1
        due = self.clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._held, (due, self._held_so_far, delivery, go))

    def _keep(self, delivery: Delivery) -> None:
        self.kept.append(delivery)

    def _random(self, room: str) -> randomness.Random:
        """A stream of its own for every room: what one draws does not move what another gets."""
        return randomness.Random(f"{self.seed}/{room}")
