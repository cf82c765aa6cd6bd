"""How requests get to Dime.Scheduler: one in a call, or several rows in one /import."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from actors.clients.access import Grant
from actors.clients.codes import plain_code, plain_request_id
from actors.clients.errors import (
    About,
    Malformed,
    OutcomeUnknown,
    Problem,
    Refused,
    Transient,
    Unavailable,
)
from actors.clients.scheduler.envelope import unwrap
from actors.clients.scheduler.operations import IMPORT
from actors.clients.scheduler.problems import SERVICE, problem_of
from actors.clients.steps import Reply, Request
from actors.clients.transport import Answer, Call, ConnectFailed, NoAnswer, Transport
from models.json_text import parse_json

ROWS_PER_IMPORT: Final = 25
"""Rows of one /import. Its answer tells one outcome for all of them."""


class SchedulerWire:
    """Carries requests to Dime.Scheduler. Blocking: called on a sender."""

    service = SERVICE
    bundle_limit = ROWS_PER_IMPORT

    def __init__(self, transport: Transport, *, scheduler_url: str) -> None:
        self._transport = transport
        self._base = scheduler_url.rstrip("/")

    def may_share(self, request: Request) -> bool:
        """Whether a request may go out together with others."""
        return request.path == IMPORT

    def perform(self, requests: Sequence[Request], grant: Grant) -> list[Reply | Problem]:
        """One result for each request, in order. Never raises for what the network or the service does.

        When rows that went together are refused, nobody says which: each then goes alone and has its own
        outcome. That repeats what was done already, and a repeated row changes nothing.
        """
        if len(requests) == 1:
            return [self._alone(requests[0], grant)]
        together = self._send(requests[0], [request.body for request in requests], grant)
        if isinstance(together, Refused):
            return [self._alone(request, grant) for request in requests]
        return [together for _ in requests]

    def _alone(self, request: Request, grant: Grant) -> Reply | Problem:
        return self._send(request, [request.body] if request.path == IMPORT else request.body, grant)

    def _send(self, request: Request, body: Any, grant: Grant) -> Reply | Problem:  # noqa: ANN401 - any JSON value
        headers = {
            "X-API-KEY": grant.secret,
            "Accept": "application/json",
            "User-Agent": "exchange-connector",
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        call = Call(
            method=request.method,
            url=self._base + request.path,
            headers=headers,
            body=b"" if body is None else json.dumps(body, ensure_ascii=False).encode(),
            timeout=request.timeout,
        )
        try:
            answer = self._transport.send(call)
        except NoAnswer as error:
            about = About(
                service=SERVICE, method=request.method, path=request.template, code=type(error).__name__
            )
            return _unrepeatable(request, Unavailable(about, reached=not isinstance(error, ConnectFailed)))
        return _result(request, answer)


def _result(request: Request, answer: Answer) -> Reply | Problem:
    about = About(
        service=SERVICE,
        method=request.method,
        path=request.template,
        status=answer.status,
        request_id=plain_request_id(answer.headers.get("x-request-id") or answer.headers.get("request-id")),
    )
    try:
        body = parse_json(answer.body, request.each) if answer.body.strip() else None
    except (ValueError, RecursionError):
        body = None
        if answer.status < HTTPStatus.BAD_REQUEST:
            return _unrepeatable(request, Malformed(about))
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        if answer.status < HTTPStatus.BAD_REQUEST:
            return _unrepeatable(request, Malformed(about))  # a redirect: not the API that answered
        return _unrepeatable(request, _http_problem(answer, body, about))
    try:
        content = unwrap(body, about)
    except Problem as problem:
        return _unrepeatable(request, problem.with_traceback(None))
    return Reply(about=about, body=content, headers=answer.headers)


def _http_problem(answer: Answer, body: object, about: About) -> Problem:
    members = {str(name).lower(): value for name, value in body.items()} if isinstance(body, dict) else {}
    said = next((members[name] for name in ("message", "error", "detail", "title") if members.get(name)), "")
    coded = About(
        service=about.service,
        method=about.method,
        path=about.path,
        status=about.status,
        code=plain_code(members.get("error")),
        request_id=about.request_id,
    )
    return problem_of(answer.status, coded, answer.headers, explanation=str(said))


def _unrepeatable(request: Request, problem: Problem) -> Problem:
    """What a failure means for a request that must not be done twice: unless it cannot have been done."""
    if request.repeatable:
        return problem
    if isinstance(problem, Unavailable) and problem.reached:
        return OutcomeUnknown(problem.about, retry_after=problem.retry_after)
    if isinstance(problem, Malformed) and not isinstance(problem, Transient):
        return OutcomeUnknown(problem.about)
    return problem
