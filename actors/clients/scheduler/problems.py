"""What a failure of Dime.Scheduler means (facts §2.4)."""

from __future__ import annotations

from http import HTTPStatus

from actors.clients.errors import (
    About,
    AccessDenied,
    Conflict,
    NotAuthenticated,
    NotFound,
    Problem,
    Rejected,
    Throttled,
    Unavailable,
)
from actors.clients.policies import retry_after
from actors.clients.transport import Headers

SERVICE = "scheduler"

EXPLANATION_KEPT = 500
"""Characters of what the service says about a refusal."""

KEY_REMEDY = "create an API key in Dime.Scheduler under Administration, API Keys, and set scheduler.api_key"
ACCESS_REMEDY = "use an API key of a user who may do this: a key carries the scope of the user who made it"


def problem_of(status: int, about: About, headers: Headers, *, explanation: str = "") -> Problem:
    """The problem that a status from 400 on stands for, whether it is HTTP's or the one inside an answer."""
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return NotAuthenticated(about, remedy=KEY_REMEDY)
        case HTTPStatus.FORBIDDEN:
            return AccessDenied(about, product_code="", remedy=ACCESS_REMEDY)
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            return NotFound(about, product_code="")
        case HTTPStatus.CONFLICT | HTTPStatus.PRECONDITION_FAILED:
            return Conflict(about)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled(about, retry_after=retry_after(headers))
        case HTTPStatus.REQUEST_TIMEOUT:
            return Unavailable(about, retry_after=retry_after(headers))
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable(about, retry_after=retry_after(headers))
        case _:
            return Rejected(about, explanation=explanation[:EXPLANATION_KEPT])
