"""The wire between the connector and the services: calls, their time on the way, and what breaks.

A call is performed at one moment of virtual time and its answer arrives at a later one, so that answers
overtake each other, and people act, and the process dies, in between.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar
from urllib.parse import urlsplit

from actors.clients.transport import Answer, AnswerLost, Call, Headers
from actors.runtime.dispatcher import ManualDispatcher
from actors.runtime.errors import ProcessCrash
from actors.runtime.timers import VirtualTimers
from tests.sandbox.services import Services
from tests.sandbox.traffic import Wait
from tests.sandbox.wire import Delivery, Request, Response

T = TypeVar("T")

QUICK = (0.004, 0.060)
"""Seconds that a call, and its answer, take on their way."""
UNHEARD = 0.3
"""A truncated answer is noticed by its length more often than by its content."""


class Perils:
    """What the process may meet at any input or output: its own end."""

    def before(self, what: str) -> None:
        """Something is about to be done outside of the process. Raises `ProcessCrash`."""

    def after(self, what: str) -> None:
        """It has been done. Raises `ProcessCrash`."""


class SimulatedTransport:
    """Carries calls to one of the services in this process."""

    def __init__(
        self,
        service: str,
        services: Services,
        *,
        perils: Perils,
        dice: Random,
        seen: Callable[[str, Request, str], None],
        sent: Callable[[bytes], None],
    ) -> None:
        """`seen` is told every call and how it ended, `sent` every body before the service gets it."""
        self._service, self._services = service, services
        self._perils, self._dice = perils, dice
        self._seen, self._sent = seen, sent
        self.delay = 0.0
        """Seconds that the answer to the last call takes beyond the usual."""
        self.listen: Callable[[Delivery], Response | None] = lambda delivery: None
        """Who answers what a service asks meanwhile; nobody listens unless told."""

    def send(self, call: Call) -> Answer:
        """Carry a call out."""
        request = _request(call)
        self._perils.before(f"{self._service} {request.method}")
        self._sent(call.body)
        response, truncated, waited = self._visit(request)
        self._perils.after(f"{self._service} {request.method}")
        self.delay = waited
        if waited > call.timeout or response is None:
            self.delay = min(waited, call.timeout)
            self._seen(self._service, request, "no answer")
            raise AnswerLost("simulated")
        self._seen(self._service, request, f"{response.status}{' truncated' if truncated else ''}")
        body = response.body
        if truncated:
            if self._dice.random() >= UNHEARD:
                raise AnswerLost("simulated")
            body = body[: len(body) // 2]
        return Answer(status=response.status, headers=Headers(response.headers), body=body)

    def _visit(self, request: Request) -> tuple[Response | None, bool, float]:
        visit = self._services.visit(self._service, request)
        waited, reply = 0.0, None
        try:
            while True:
                step = visit.send(reply)
                reply = None
                if isinstance(step, Wait):
                    waited += step.seconds
                elif isinstance(step, Delivery):
                    reply = self.listen(step)
        except StopIteration as end:
            return end.value.response, end.value.truncated, waited


class SimulatedSenders:
    """Performs work after a moment, and reports what came of it after another one."""

    capacity = 8

    def __init__(
        self,
        dispatcher: ManualDispatcher,
        timers: VirtualTimers,
        dice: Random,
        delay: Callable[[], float],
    ) -> None:
        """`delay` tells, and forgets, what the work that was just performed takes beyond the usual."""
        self._dispatcher, self._timers, self._dice, self._delay = dispatcher, timers, dice, delay

    def run(self, work: Callable[[], T], done: Callable[[T | BaseException], None]) -> None:
        """As `actors.runtime.senders.Senders.run`."""

        def perform() -> None:
            outcome: T | BaseException
            try:
                outcome = work()
            except ProcessCrash:
                raise
            except Exception as error:  # noqa: BLE001 - whoever asked for the work is told, whatever it was
                outcome = error
            later = self._dice.uniform(*QUICK) + self._delay()
            self._timers.after(later, lambda: done(outcome))

        self._timers.after(self._dice.uniform(*QUICK), lambda: self._dispatcher.schedule(perform))


def _request(call: Call) -> Request:
    parts = urlsplit(call.url)
    headers = {name.lower(): value for name, value in call.headers.items()}
    headers.setdefault("host", parts.netloc)
    return Request(method=call.method, path=parts.path, query=parts.query, headers=headers, body=call.body)
