"""How the control interface answers and refuses."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from tests.sandbox.wire import Response


class ControlError(Exception):
    """A control request that cannot be done, in words for the person who sent it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def as_json(content: Any, status: int = 200) -> Response:
    """An answer with content."""
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(status=status, headers={"content-type": "application/json; charset=utf-8"}, body=body)


def nothing() -> Response:
    """Done, and nothing to say."""
    return Response(status=204)


def moment(when: datetime) -> str:
    """An instant in UTC as text."""
    return when.isoformat().replace("+00:00", "Z")


def camel(name: str) -> str:
    """snake_case as JSON spells it."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
