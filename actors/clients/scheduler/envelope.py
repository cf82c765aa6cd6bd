"""The answer inside an answer: HTTP 200 of Dime.Scheduler may be a failure (facts §2.4; D8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from actors.clients.codes import plain_code
from actors.clients.errors import About, Malformed, Problem
from actors.clients.scheduler.problems import problem_of
from actors.clients.transport import Headers
from models.json_text import parse_json

_LISTS = ("value", "items", "data", "results", "content")
"""Under which names a list may be wrapped."""


def unwrap(body: Any, about: About) -> Any:  # noqa: ANN401 - any JSON value
    """What an answer that HTTP calls a success says, out of its wrapper.

    Takes `{content, contentType, statusCode}`, whose content is JSON in a text, `{success, message, status,
    phrase}`, and the bare value, with names in any letter case. Raises the `Problem` that is in it.
    """
    if not isinstance(body, Mapping):
        return body
    members = _lowered(body)
    if "statuscode" in members and "content" in members:
        return _content(members, about)
    _require_success(members, about)
    return body


def rows(value: Any, about: About) -> list[Mapping[str, Any]]:  # noqa: ANN401 - any JSON value
    """The objects of a listing. What is no listing is an error, never an empty one (C11)."""
    if isinstance(value, Mapping):
        members = _lowered(value)
        value = next((members[name] for name in _LISTS if isinstance(members.get(name), list)), None)
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise Malformed(about)
    return value


def _content(members: Mapping[str, Any], about: About) -> Any:  # noqa: ANN401 - any JSON value
    content = members["content"]
    if isinstance(content, str):
        try:
            content = parse_json(content) if content.strip() else None
        except ValueError:
            content = None if _succeeded(members["statuscode"]) else {"description": content}
    lowered = _lowered(content) if isinstance(content, Mapping) else {}
    if not _succeeded(members["statuscode"]):
        raise _failure(members["statuscode"], lowered, about)
    _require_success(lowered, about)
    return content


def _require_success(members: Mapping[str, Any], about: About) -> None:
    succeeded = members.get("success")
    said_no = succeeded is False or (isinstance(succeeded, str) and succeeded.lower() == "false")
    # an appointment has neither member; a failure without "success" has only these (facts §2.4)
    if said_no or (members.get("error") and "id" not in members):
        raise _failure(members.get("status"), members, about)


def _succeeded(status: object) -> bool:
    return _number(status) in range(HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES)


def _failure(status: object, members: Mapping[str, Any], about: About) -> Problem:
    number = _number(status)
    inner = number if number is not None and number >= HTTPStatus.BAD_REQUEST else HTTPStatus.BAD_REQUEST
    code = plain_code(members.get("error"))
    said = next((members[name] for name in ("description", "message", "error") if members.get(name)), "")
    return problem_of(
        int(inner), replace(about, status=int(inner), code=code), Headers(), explanation=str(said)
    )


def _lowered(value: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name).lower(): inner for name, inner in value.items()}


def _number(value: object) -> int | None:
    try:
        return int(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else None
    except ValueError:
        return None
