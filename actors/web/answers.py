"""What a client is told: JSON, short, and nothing of how it works inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, json

CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="exchange-connector", charset="UTF-8"'}


def answer(value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a JSON object."""
    body = json.dumps(value, ensure_ascii=False, sort_keys=False)
    return Response(body, status=status, headers=dict(headers or {}), mimetype="application/json")


def problem(what: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal: `what` is a sentence for whoever made the request."""
    return answer({"error": what}, status, headers)


def unauthorized(what: str, *, challenge: bool = True) -> Response:
    """401; with `challenge`, that Basic credentials would be taken."""
    return problem(what, 401, CHALLENGE if challenge else None)
