"""What goes over the wire between a client and a service, as values.

A service is a plain object with `handle(request) -> Response | Outcall`; it opens no socket, reads no clock
and draws no random number except through what it was given. `tests/sandbox/server.py` puts services on real
sockets; a simulation calls them directly.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as a service sees it."""

    method: str
    path: str
    """Decoded only as far as the service wants: the raw path, percent-encoding intact, without the query."""
    query: str = ""
    """The raw query string, without the question mark."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case; repeated headers joined with a comma."""
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON. Raises `ValueError` when it is not."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON. Raises `ValueError` when it is not."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A call that a service makes on its own: a notification, a webhook, a validation request."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: float = 10.0
    """Seconds after which the service gives up on the answer."""
    about: str = ""
    """What it is, for the log and for faults that pick deliveries by kind, e.g. "graph-notification"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcall:
    """A service that needs an answer from elsewhere before it can answer (subscription validation)."""

    delivery: Delivery
    resume: Callable[[Response | None], Response | Outcall]
    """Called with the answer, or with None when there was none in time."""


class Service(Protocol):
    """Anything that answers requests."""

    def handle(self, request: Request) -> Response | Outcall:
        """The answer to `request`, or a call to make first."""
        ...
