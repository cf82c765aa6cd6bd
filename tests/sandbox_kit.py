"""Calling the sandbox's services without sockets: a tenant with two people, and time that the test moves."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sandbox.clock import Clock
from tests.sandbox.graph.tenant import User
from tests.sandbox.graph.tokens import SigningKey
from tests.sandbox.services import Services
from tests.sandbox.traffic import Answer, Visit, Wait
from tests.sandbox.wire import Delivery, Outcall, Request, Response

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEY = SigningKey()
"""One key for all tests: making one takes longer than a test."""


@dataclass(slots=True)
class Kit:
    """The services of one test, frozen in time, and what they sent."""

    services: Services
    anna: User
    bram: User
    sent: list[Delivery] = field(default_factory=list)
    token: str = ""

    @classmethod
    def open(cls, **options: Any) -> Kit:
        """A tenant with Anna and Bram, and an application with a fresh token."""
        clock = Clock()
        clock.set(START, frozen=True)
        services = Services(clock=clock, company="empty", key=KEY, **options)
        anna = services.tenant.add_user("Anna Jansen", "anna@contoso.test")
        bram = services.tenant.add_user("Bram Peeters", "bram@contoso.test")
        kit = cls(services, anna, bram)
        services.sink = kit.sent.append
        kit.token = services.authority.application_token()
        return kit

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Request:
        """A request of the application to Graph; a body that is not bytes is sent as JSON."""
        path, _, query = path.partition("?")
        sent = {"host": "graph.test", "authorization": f"Bearer {self.token}", **(headers or {})}
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if content:
            sent.setdefault("content-type", "application/json")
        return Request(method=method, path=f"/v1.0{path}", query=query, headers=sent, body=content)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """The bare answer of Graph; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        result = self.services.handle("graph", self.request(method, path, body, named))
        assert isinstance(result, Response)
        return result

    def through_traffic(self, method: str, path: str, body: Any = None) -> Answer:
        """The answer of Graph with latency, faults and the log."""
        return self.together([self.request(method, path, body)])[0][1]

    def together(self, requests: Iterable[Request]) -> list[tuple[float, Answer]]:
        """Requests that arrive at the same moment: seconds that each took and its answer."""
        return run_together(self.services.clock, [self.services.visit("graph", one) for one in requests])

    def advance(self, seconds: float) -> None:
        """Time passes, and what became due is done."""
        self.services.clock.advance(seconds)
        self.services.tick()

    def event(self, user: User, subject: str = "Visit") -> dict[str, Any]:
        """An event in the user's calendar, made by the application."""
        start = {"dateTime": "2026-11-24T09:00:00", "timeZone": "UTC"}
        end = {"dateTime": "2026-11-24T10:00:00", "timeZone": "UTC"}
        response = self.ask(
            "POST", f"/users/{user.id}/events", {"subject": subject, "start": start, "end": end}
        )
        assert response.status == 201
        event: dict[str, Any] = response.json()
        return event


def run_together(clock: Clock, visits: list[Visit]) -> list[tuple[float, Answer]]:
    """Drives visits that begin now through simulated time; nothing in them may need a call to elsewhere."""
    begun = clock.now()
    ready = [(begun, number) for number in range(len(visits))]
    results: dict[int, tuple[float, Answer]] = {}
    while ready:
        moment, number = heapq.heappop(ready)
        clock.set(moment, frozen=True)
        try:
            step = next(visits[number])
        except StopIteration as end:
            results[number] = ((moment - begun).total_seconds(), end.value)
            continue
        assert isinstance(step, Wait)
        heapq.heappush(ready, (moment + timedelta(seconds=step.seconds), number))
    return [results[number] for number in range(len(visits))]


def answer_calls(result: Response | Outcall, answer: Callable[[Delivery], Response | None]) -> Response:
    """Answers the calls that a service makes before it answers itself."""
    while isinstance(result, Outcall):
        result = result.resume(answer(result.delivery))
    return result
