"""`$batch`: twenty requests in one, as Graph takes them apart and works through them (facts §5.3).

At most four requests of a batch go to one mailbox at a time, so a batch runs in waves: a wave holds up to
four requests of every mailbox, and what depends on another request comes in a later wave.
"""

from __future__ import annotations

import json
import random as randomness
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tests.sandbox.graph.call import JSON_HEADERS
from tests.sandbox.graph.errors import GraphError, bad_request
from tests.sandbox.graph.throttle import Throttle
from tests.sandbox.traffic import GARBAGE, Answer, Passage, Traffic, Visit, Wait
from tests.sandbox.wire import Outcall, Request, Response

LARGEST_BATCH = 20
AT_A_TIME = 4
METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
SHOWN_HEADERS = {
    "content-type": "Content-Type",
    "cache-control": "Cache-Control",
    "retry-after": "Retry-After",
    "location": "Location",
    "preference-applied": "Preference-Applied",
    "request-id": "request-id",
    "client-request-id": "client-request-id",
    "www-authenticate": "WWW-Authenticate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """One request of a batch, as it would have come alone."""

    id: str
    request: Request
    depends_on: tuple[str, ...] = ()


class Door(Protocol):
    """What a batch needs of Graph's front door."""

    throttle: Throttle

    def serve(self, request: Request) -> Response | Outcall:
        """The answer to a request on its own."""
        ...

    def mailbox(self, request: Request) -> str | None:
        """The object id of the user whose mailbox it is about."""
        ...

    def application(self, request: Request) -> str:
        """Who calls."""
        ...

    def refusal(self, request: Request, refusal: GraphError) -> Response:
        """An error as an answer."""
        ...


def read(content: Any, outer: Request) -> list[Inner]:
    """The requests of a batch, in their order. Raises GraphError 400 when the batch as a whole is wrong."""
    requests = content.get("requests") if isinstance(content, dict) else None
    if not isinstance(requests, list) or not requests:
        raise bad_request("Invalid batch payload format.")
    if len(requests) > LARGEST_BATCH:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {LARGEST_BATCH}.")
    inners = [_inner(item, outer) for item in requests]
    ids = [inner.id for inner in inners]
    if len(set(ids)) != len(ids):
        raise bad_request("Request Id must be unique in the batch request.")
    seen: set[str] = set()
    for inner in inners:
        missing = [name for name in inner.depends_on if name not in seen]
        if missing:
            raise bad_request(f"Request '{inner.id}' depends on '{missing[0]}', which is not before it.")
        seen.add(inner.id)
    return inners


def waves(inners: list[Inner], mailbox: Callable[[Request], str | None]) -> list[list[Inner]]:
    """The order of work: each wave begins when the one before has ended."""
    planned: dict[int, list[Inner]] = defaultdict(list)
    wave_of: dict[str, int] = {}
    taken: dict[tuple[int, str], int] = defaultdict(int)
    for inner in inners:
        wave = max((wave_of[name] + 1 for name in inner.depends_on), default=0)
        owner = mailbox(inner.request)
        if owner is not None:
            while taken[wave, owner] >= AT_A_TIME:
                wave += 1
            taken[wave, owner] += 1
        wave_of[inner.id] = wave
        planned[wave].append(inner)
    return [planned[number] for number in sorted(planned)]


class BatchRun:
    """One batch being worked through."""

    def __init__(self, *, door: Door, outer: Request, content: Any, random: randomness.Random) -> None:
        """Raises GraphError 400 when the batch as a whole is wrong."""
        self._door = door
        self._random = random
        self._inners = read(content, outer)
        self._answers: dict[str, Response] = {}
        self._lost = False
        self._truncated = False
        self._malformed = False

    def at_once(self) -> Visit:
        """Works through it in no time; yields deliveries only."""
        for wave in waves(self._inners, self._door.mailbox):
            for inner in wave:
                if not self._blocked(inner):
                    yield from self._do(inner)
        return Answer(self.response())

    def over_time(self, outer: Passage, traffic: Traffic) -> Visit:
        """Works through it wave by wave, with latency, faults and places in each mailbox."""
        if outer.seconds > traffic.latency["graph"]:
            yield Wait(outer.seconds - traffic.latency["graph"])
        for wave in waves(self._inners, self._door.mailbox):
            yield from self._wave(wave, outer, traffic)
        if self._lost:
            return outer.reset()
        response = self.response()
        if self._malformed:
            response = Response(status=response.status, headers=response.headers, body=GARBAGE)
        return Answer(response, truncated=self._truncated)

    def response(self) -> Response:
        """The outer answer; the inner ones come in no particular order."""
        listed = [_listed(name, answer) for name, answer in self._answers.items()]
        self._random.shuffle(listed)
        body = json.dumps({"responses": listed}, separators=(",", ":")).encode()
        return Response(status=200, headers=JSON_HEADERS, body=body)

    def _wave(self, wave: list[Inner], outer: Passage, traffic: Traffic) -> Visit:
        under_way: list[tuple[Inner, Passage]] = []
        places: list[tuple[str, str]] = []
        for inner in wave:
            owner = self._door.mailbox(inner.request)
            passage = traffic.begin("graph", inner.request, owner, batch=outer.entry.number)
            if self._blocked(inner):
                passage.conclude(inner.request, self._answers[inner.id])
            elif owner is None or self._enter(inner, passage, owner, places):
                under_way.append((inner, passage))
        try:
            seconds = max((passage.seconds for _, passage in under_way), default=0.0)
            if seconds > 0:
                yield Wait(seconds / 2)
            for inner, passage in under_way:
                yield from self._carry(inner, passage)
            if seconds > 0:
                yield Wait(seconds / 2)
        finally:
            for application, owner in places:
                self._door.throttle.leave(application, owner)
        return Answer(None)

    def _enter(self, inner: Inner, passage: Passage, owner: str, places: list[tuple[str, str]]) -> bool:
        application = self._door.application(inner.request)
        try:
            self._door.throttle.enter(application, owner)
        except GraphError as refusal:
            self._note(inner, passage.conclude(inner.request, self._door.refusal(inner.request, refusal)))
            return False
        places.append((application, owner))
        return True

    def _carry(self, inner: Inner, passage: Passage) -> Visit:
        early = passage.early(inner.request)
        if early is not None:
            self._note(inner, early)
            return early
        yield from self._do(inner)
        answer = passage.conclude(inner.request, self._answers[inner.id])
        self._note(inner, answer)
        return answer

    def _do(self, inner: Inner) -> Visit:
        result = self._door.serve(inner.request)
        while isinstance(result, Outcall):
            reply = yield result.delivery
            result = result.resume(reply)
        self._answers[inner.id] = result
        return Answer(result)

    def _note(self, inner: Inner, answer: Answer) -> None:
        """What breaks an inner answer on the wire breaks the answer that carries it."""
        if answer.response is None:
            self._lost = True
            return
        self._truncated = self._truncated or answer.truncated
        self._malformed = self._malformed or answer.response.body == GARBAGE
        self._answers[inner.id] = answer.response

    def _blocked(self, inner: Inner) -> bool:
        """Whether something that it depends on failed; then it is answered with 424."""
        if all(name in self._answers and self._answers[name].status < 400 for name in inner.depends_on):
            return False
        refusal = GraphError(424, "FailedDependency", "A dependent request failed.")
        self._answers[inner.id] = self._door.refusal(inner.request, refusal)
        return True


def _inner(item: Any, outer: Request) -> Inner:
    if not isinstance(item, dict):
        raise bad_request("Invalid batch payload format.")
    name, method, url = item.get("id"), item.get("method"), item.get("url")
    if not isinstance(name, str | int) or not isinstance(method, str) or not isinstance(url, str) or not url:
        raise bad_request("Invalid batch payload format: id, method and url are required.")
    if method.upper() not in METHODS:
        raise bad_request(f"Request '{name}' has the method '{method}', which is not allowed.")
    if "://" in url.partition("?")[0]:
        raise bad_request(f"Request '{name}' must have a URL relative to the version of the service.")
    depends_on = item.get("dependsOn") or []
    if not isinstance(depends_on, list):
        raise bad_request("Invalid batch payload format: dependsOn is a list of ids.")
    headers = _headers(item.get("headers"), outer)
    body = item.get("body")
    if body is not None and "content-type" not in headers:
        raise bad_request(f"Write request id : {name} does not contain Content-Type header or body.")
    path, _, query = url.partition("?")
    return Inner(
        id=str(name),
        request=Request(
            method=method.upper(),
            path=f"/v1.0/{path.lstrip('/')}",
            query=query,
            headers=headers,
            body=b"" if body is None else json.dumps(body).encode(),
        ),
        depends_on=tuple(str(one) for one in depends_on),
    )


def _headers(given: Any, outer: Request) -> Mapping[str, str]:
    """An inner request speaks for itself, but for who calls and where."""
    headers = {name: outer.headers[name] for name in ("authorization", "host") if name in outer.headers}
    if isinstance(given, dict):
        headers |= {str(name).lower(): str(value) for name, value in given.items()}
    return headers


def _listed(name: str, answer: Response) -> dict[str, Any]:
    headers = {SHOWN_HEADERS[key]: value for key, value in answer.headers.items() if key in SHOWN_HEADERS}
    try:
        body = json.loads(answer.body) if answer.body else None
    except ValueError:
        body = answer.body.decode("utf-8", "replace")
    return {"id": name, "status": answer.status, "headers": headers, "body": body}
