"""How requests get to Graph: one in a call, or up to twenty in a `$batch` (facts §5.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from actors.clients.access import Grant
from actors.clients.errors import About, ForeignLink, Problem
from actors.clients.graph.links import require_own
from actors.clients.graph.problems import SERVICE, UNREADABLE, result_of, result_without_answer
from actors.clients.steps import Reply, Request
from actors.clients.transport import Answer, AnswerLost, Call, Headers, NoAnswer, Transport
from models.json_text import parse_json

LARGEST_BATCH: Final = 20
JSON_TYPE: Final = {"Content-Type": "application/json"}
USER_AGENT: Final = "exchange-connector"

OF_THE_BATCH_ITSELF: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
)
"""Refusals of a batch that hold for each of its requests; any other means that one of them spoilt it."""


class GraphWire:
    """Carries requests to Graph. Blocking: called on a sender."""

    service = SERVICE
    bundle_limit = LARGEST_BATCH

    def __init__(self, transport: Transport, *, graph_url: str) -> None:
        self._transport = transport
        self._base = graph_url.rstrip("/")

    def may_share(self, request: Request) -> bool:
        """Whether a request may go out together with others."""
        return not request.alone and not request.link

    def perform(self, requests: Sequence[Request], grant: Grant) -> list[Reply | Problem]:
        """One result for each request, in order. Never raises for what the network or the service does."""
        if len(requests) == 1:
            return [self._alone(requests[0], grant)]
        return self._batch(requests, grant)

    def _alone(self, request: Request, grant: Grant) -> Reply | Problem:
        try:
            url = self._url(request)
            answer = self._transport.send(
                Call(
                    method=request.method,
                    url=url,
                    headers=_headers(request.headers, grant, with_body=request.body is not None),
                    body=b"" if request.body is None else _encoded(request.body),
                    timeout=request.timeout,
                )
            )
        except ForeignLink as problem:
            return problem
        except NoAnswer as error:
            return result_without_answer(request, error)
        return self._result(request, answer)

    def _url(self, request: Request) -> str:
        if not request.link:
            return self._base + request.path
        about = About(service=SERVICE, method=request.method, path=request.template)
        require_own(request.link, self._base, about)
        return request.link

    def _batch(self, requests: Sequence[Request], grant: Grant) -> list[Reply | Problem]:
        body = {"requests": [_inner(number, request) for number, request in enumerate(requests)]}
        call = Call(
            method="POST",
            url=f"{self._base}/$batch",
            headers=_headers({}, grant, with_body=True),
            body=_encoded(body),
            timeout=max(request.timeout for request in requests),
        )
        try:
            answer = self._transport.send(call)
        except NoAnswer as error:
            return [result_without_answer(request, error) for request in requests]
        if answer.status == HTTPStatus.OK:
            return self._inner_results(requests, answer)
        if answer.status in OF_THE_BATCH_ITSELF or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return [self._result(request, answer) for request in requests]
        return [self._alone(request, grant) for request in requests]

    def _inner_results(self, requests: Sequence[Request], answer: Answer) -> list[Reply | Problem]:
        body = decoded(answer.body)
        responses = body.get("responses") if isinstance(body, Mapping) else None
        by_id = {
            str(response.get("id")): response
            for response in (responses if isinstance(responses, list) else ())
            if isinstance(response, Mapping)
        }
        return [
            self._inner_result(request, by_id.get(str(number)), answer.headers)
            for number, request in enumerate(requests)
        ]

    def _inner_result(
        self, request: Request, response: Mapping[str, Any] | None, outer: Headers
    ) -> Reply | Problem:
        status = response.get("status") if response is not None else None
        if response is None or not isinstance(status, int):
            return result_without_answer(request, AnswerLost("missing in the batch"))
        given = response.get("headers")
        named = given.items() if isinstance(given, Mapping) else ()
        fields = {str(name): str(value) for name, value in named}
        for name in ("date", "request-id"):  # an inner answer has them only sometimes
            if name in outer and name not in {field.lower() for field in fields}:
                fields[name] = outer[name]
        return result_of(request, status, Headers(fields), response.get("body"), base_url=self._base)

    def _result(self, request: Request, answer: Answer) -> Reply | Problem:
        return result_of(request, answer.status, answer.headers, decoded(answer.body), base_url=self._base)


def decoded(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON of a body: None for an empty one, `UNREADABLE` for what is no JSON."""
    if not body:
        return None
    try:
        return parse_json(body)
    except (ValueError, RecursionError):
        return UNREADABLE


def _inner(number: int, request: Request) -> dict[str, Any]:
    inner: dict[str, Any] = {"id": str(number), "method": request.method, "url": request.path}
    headers = dict(request.headers)
    if request.body is not None:
        headers |= JSON_TYPE
        inner["body"] = request.body
    return inner | {"headers": headers}


def _headers(own: Mapping[str, str], grant: Grant, *, with_body: bool) -> dict[str, str]:
    common = {
        "Authorization": f"Bearer {grant.secret}",
        "Accept": "application/json",
        "User-Agent": USER_AGENT,
    }
    return {**common, **(JSON_TYPE if with_body else {}), **own}


def _encoded(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
