"""The proof that an address wants notifications: it repeats a token within ten seconds (facts §4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote_plus

from tests.sandbox.graph.errors import GraphError
from tests.sandbox.wire import Delivery, Outcall, Response

ANSWER_WITHIN = 10.0
ABOUT = "graph-validation"
TESTING = "Validation: Testing client application reachability for subscription Request-Id: "


def validate(
    urls: Sequence[str], new_id: Callable[[], str], done: Callable[[], Response]
) -> Response | Outcall:
    """Asks each address in turn, then answers with `done`; resumed with a failure it raises GraphError."""
    if not urls:
        return done()
    url, *others = urls
    token = TESTING + new_id()
    encoded = re.sub("%[0-9A-F]{2}", lambda code: code.group().lower(), quote_plus(token))
    delivery = Delivery(
        url=f"{url}{'&' if '?' in url else '?'}validationToken={encoded}",
        headers={"content-type": "text/plain; charset=utf-8"},
        timeout=ANSWER_WITHIN,
        about=ABOUT,
    )

    def resume(reply: Response | None) -> Response | Outcall:
        _check(reply, token)
        return validate(others, new_id, done)

    return Outcall(delivery=delivery, resume=resume)


def _check(reply: Response | None, token: str) -> None:
    if reply is None:
        raise _failed("Subscription validation request timed out.")
    if reply.status != 200:
        raise _failed(
            "Subscription validation request failed. Notification endpoint must respond with 200 OK to "
            "validation request."
        )
    content_type = reply.headers.get("content-type", "").lower()
    if reply.body.decode("utf-8", "replace") != token or not content_type.startswith("text/plain"):
        raise _failed(
            "Subscription validation request failed. Response must exactly match validationToken query "
            "parameter."
        )


def _failed(message: str) -> GraphError:
    return GraphError(400, "ValidationError", message)
