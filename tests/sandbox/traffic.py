"""What happens to a request on its way to a service and back: noted, delayed, broken, answered.

A visit is a generator, so that sockets and simulated time drive the same code: it yields `Wait` for time that
passes and `Delivery` for a call that the service must make first, and returns the `Answer`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.sandbox.faults import SERVICES, Fault, Faults, Kind
from tests.sandbox.recorder import Entry, Recorder
from tests.sandbox.wire import Delivery, Outcall, Request, Response

RESET_STATUS = -1
GARBAGE = b'<html><body>upstream said: {"value": [ {'


@dataclass(frozen=True, slots=True)
class Wait:
    """Time that passes before the visit goes on, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client gets: a response, half of one, or a reset connection (None)."""

    response: Response | None
    truncated: bool = False


Visit = Generator[Wait | Delivery, Response | None, Answer]
Handle = Callable[[Request], Response | Outcall]


@dataclass(slots=True)
class Passage:
    """One request under way: its entry in the log, the fault that struck it, and how long it takes."""

    entry: Entry
    fault: Fault | None
    seconds: float
    refuse: Callable[[Request, Fault], Response]

    def early(self, request: Request) -> Answer | None:
        """The answer of a fault that keeps the request from being carried out."""
        fault = self.fault
        if fault is None:
            return None
        if fault.kind is Kind.RESET:
            return self.reset()
        if fault.kind is Kind.STATUS and not fault.commit:
            return self._given(self.refuse(request, fault))
        return None

    def conclude(self, request: Request, response: Response) -> Answer:
        """The answer after the request was carried out, spoilt if the fault says so."""
        fault = self.fault
        if fault is None:
            return self._given(response)
        match fault.kind:
            case Kind.LOST_ANSWER:
                return self.reset()
            case Kind.STATUS:
                return self._given(self.refuse(request, fault))
            case Kind.MALFORMED:
                return self._given(Response(status=response.status, headers=response.headers, body=GARBAGE))
            case Kind.TRUNCATE:
                self.entry.status = response.status
                return Answer(response, truncated=True)
            case _:
                return self._given(response)

    def _given(self, response: Response) -> Answer:
        self.entry.status = response.status
        return Answer(response)

    def reset(self) -> Answer:
        """A connection that breaks off without an answer."""
        self.entry.status = RESET_STATUS
        return Answer(None)


def plain_refusal(_request: Request, fault: Fault) -> Response:
    """The answer of a status fault at a service without an error shape of its own."""
    return Response(
        status=fault.status, headers=fault_headers(fault, "application/json"), body=fault_body(fault) or b"{}"
    )


def fault_headers(fault: Fault, content_type: str) -> dict[str, str]:
    """The headers of a status fault: its own and Retry-After."""
    headers = {"content-type": content_type, **(fault.headers or {})}
    if fault.retry_after is not None:
        headers["retry-after"] = f"{fault.retry_after}"
    return headers


def fault_body(fault: Fault) -> bytes | None:
    """The body that the fault brings, or None."""
    if fault.body is None:
        return None
    return fault.body.encode() if isinstance(fault.body, str) else json.dumps(fault.body).encode()


class Traffic:
    """All requests to all services pass here."""

    def __init__(
        self,
        *,
        recorder: Recorder,
        faults: Faults,
        now: Callable[[], datetime],
        refusals: Mapping[str, Callable[[Request, Fault], Response]] | None = None,
    ) -> None:
        self.recorder = recorder
        self.faults = faults
        self.latency: dict[str, float] = dict.fromkeys(SERVICES, 0.0)
        """Seconds that every request of a service takes."""
        self._now = now
        self._refusals = refusals or {}

    def begin(
        self, service: str, request: Request, mailbox: str | None = None, batch: int | None = None
    ) -> Passage:
        """Notes a request that arrives and decides what will befall it."""
        entry = self.recorder.begin(service, request, self._now(), mailbox, batch)
        fault = None
        if self.faults:
            target = f"{request.path}?{request.query}" if request.query else request.path
            mailboxes = frozenset((mailbox,)) if mailbox else None
            fault = self.faults.strike(service, request.method, target, mailboxes)
        seconds = self.latency[service]
        if fault is not None and fault.kind is Kind.DELAY:
            seconds += fault.seconds
        return Passage(entry, fault, seconds, self._refusals.get(service, plain_refusal))

    def visit(self, service: str, handle: Handle, request: Request) -> Visit:
        """A request to a service that needs no accounting of its own."""
        return self.carry(self.begin(service, request), handle, request)

    def carry(self, passage: Passage, handle: Handle, request: Request) -> Visit:
        """Half of the time on the way there, then the work, then the way back."""
        half = passage.seconds / 2
        if half > 0:
            yield Wait(half)
        answer = passage.early(request)
        if answer is None:
            result = handle(request)
            while isinstance(result, Outcall):
                reply = yield result.delivery
                result = result.resume(reply)
            answer = passage.conclude(request, result)
        if half > 0:
            yield Wait(half)
        return answer
