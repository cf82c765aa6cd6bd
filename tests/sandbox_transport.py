"""The clients' transport, straight into the sandbox's services: no socket, no thread, no waiting."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from actors.clients.transport import Answer, AnswerLost, Call, ConnectFailed, Headers
from tests.sandbox.services import Services
from tests.sandbox.traffic import Wait
from tests.sandbox.wire import Delivery, Request, Response

HOSTS = {"graph.test": "graph", "sign-in.test": "authority", "board.test": "scheduler"}
"""Which service answers at which host."""


class SandboxTransport:
    """Carries calls to the services of `tests.sandbox` in this process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def send(self, call: Call) -> Answer:
        url = urlsplit(call.url)
        service = HOSTS.get(url.hostname or "")
        if service is None:
            raise ConnectFailed("NameResolutionError")
        request = Request(
            method=call.method,
            path=url.path,
            query=url.query,
            headers={"host": url.netloc, **{name.lower(): value for name, value in call.headers.items()}},
            body=call.body,
        )
        visit = self._services.visit(service, request)
        reply: Response | None = None
        while True:
            try:
                step = visit.send(reply)
            except StopIteration as end:
                given = end.value
                break
            reply = None if isinstance(step, Wait) else _subscriber(step)
        if given.response is None or given.truncated:
            raise AnswerLost("ConnectionError")
        response = given.response
        return Answer(status=response.status, headers=Headers(response.headers), body=response.body)


def _subscriber(delivery: Delivery) -> Response:
    """Somebody who confirms every subscription (facts §4.2)."""
    token = parse_qs(urlsplit(delivery.url).query).get("validationToken", [""])[0]
    return Response(status=200, headers={"content-type": "text/plain"}, body=token.encode())
