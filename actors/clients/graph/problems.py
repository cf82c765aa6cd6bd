"""What a status and code of Graph mean (facts §7): the status counts first, codes in any letter case."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from actors.clients.codes import plain_code, plain_request_id
from actors.clients.errors import (
    About,
    AccessDenied,
    Conflict,
    DuplicateTransaction,
    MailboxMissing,
    Malformed,
    NotAuthenticated,
    NotFound,
    OutcomeUnknown,
    Problem,
    Rejected,
    Throttled,
    TokenInvalid,
    Unavailable,
)
from actors.clients.policies import retry_after
from actors.clients.steps import Reply, Request
from actors.clients.transport import ConnectFailed, Headers, NoAnswer
from models.ids import EventId

SERVICE: Final = "graph"

NO_MAILBOX: Final = frozenset(
    {
        "mailboxnotenabledforrestapi",
        "mailboxnotsupportedforrestapi",
        "errorinvaliduser",
        "errornonexistentmailbox",
        "request_resourcenotfound",
        "resourcenotfound",
    }
)
DUPLICATE: Final = "errorduplicatetransactionid"

REFUSED_AFTER_SIGN_IN: Final = "DSEX010"
CLOUD_REMEDY: Final = (
    "check that microsoft365.graph_url and authority are of one cloud, and that the application is enabled"
)


def result_of(
    request: Request, status: int, headers: Headers, body: object, *, base_url: str
) -> Reply | Problem:
    """The reply or the problem that an answer is. `body` is its JSON; anything else counts as unreadable."""
    about = _about(request, status, headers, body)
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return _problem(request, status, headers, body, about)
    if body is UNREADABLE:
        return Malformed(about) if request.repeatable else OutcomeUnknown(about)
    return Reply(about=about, body=body, headers=headers, base_url=base_url)


def result_without_answer(request: Request, error: NoAnswer) -> Problem:
    """The problem of a request to which no answer came."""
    about = About(service=SERVICE, method=request.method, path=request.template, code=type(error).__name__)
    if isinstance(error, ConnectFailed):
        return Unavailable(about, reached=False)
    return Unavailable(about) if request.repeatable else OutcomeUnknown(about)


class _Unreadable:
    """Stands for a body that is no JSON, which null is."""


UNREADABLE: Final = _Unreadable()


def _about(request: Request, status: int, headers: Headers, body: object) -> About:
    return About(
        service=SERVICE,
        method=request.method,
        path=request.template,
        status=status,
        code=plain_code(_error(body).get("code")),
        request_id=plain_request_id(headers.get("request-id")) or _inner_request_id(body),
    )


def _problem(request: Request, status: int, headers: Headers, body: object, about: About) -> Problem:
    code, wait = about.code.lower(), retry_after(headers)
    is_delta_link = bool(request.link) and request.template.endswith("/delta")
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return NotAuthenticated(about, product_code=REFUSED_AFTER_SIGN_IN, remedy=CLOUD_REMEDY)
        case HTTPStatus.FORBIDDEN:
            return AccessDenied(about)
        case HTTPStatus.TOO_MANY_REQUESTS | 509:  # the latter: bandwidth (facts §5.2)
            return Throttled(about, retry_after=wait)
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.FAILED_DEPENDENCY:
            return Unavailable(about, retry_after=wait)
        case HTTPStatus.NOT_IMPLEMENTED:
            return Rejected(about)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            unknown = not request.repeatable
            return (
                OutcomeUnknown(about, retry_after=wait) if unknown else Unavailable(about, retry_after=wait)
            )
        case _ if status < HTTPStatus.BAD_REQUEST:
            return Malformed(about)  # a redirect: a captive portal, or a proxy that wants somebody to sign in
        case HTTPStatus.NOT_FOUND if code in NO_MAILBOX and request.template.startswith("/users/{user}"):
            return MailboxMissing(about)
        case _ if is_delta_link:
            return TokenInvalid(about)  # 410, 400 "Badly formed token.", "40X possible" (facts §3.5)
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            return NotFound(about)
        case _ if code == DUPLICATE:
            return DuplicateTransaction(about, existing_event_id=_existing_event(body))
        case HTTPStatus.CONFLICT | HTTPStatus.PRECONDITION_FAILED:
            return Conflict(about)
        case _:
            return Rejected(about)


def _existing_event(body: object) -> EventId | None:
    value = _error(body).get("@event.existingEventId")
    return EventId(value) if isinstance(value, str) and value else None


def _inner_request_id(body: object) -> str:
    error = _error(body)
    inner = error.get("innerError") or error.get("innererror")
    value = inner.get("request-id") if isinstance(inner, Mapping) else None
    return plain_request_id(value)


def _error(body: object) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}
