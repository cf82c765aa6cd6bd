"""How the API answers: the envelope around writes, lists, and ASP.NET's problem documents (facts §2.4)."""

from __future__ import annotations

import json
import random as randomness
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.quirks import Quirks
from tests.sandbox.scheduler.rendering import dump
from tests.sandbox.wire import Response

JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json; charset=utf-8"}
PROBLEM_HEADERS: Mapping[str, str] = {"content-type": "application/problem+json; charset=utf-8"}
SECTIONS = {400: "15.5.1", 401: "15.5.2", 403: "15.5.4", 404: "15.5.5", 405: "15.5.6", 415: "15.5.16"}


def json_response(content: Any, status: int = 200) -> Response:
    """Plain JSON."""
    return raw_response(dump(content), status)


def raw_response(body: bytes, status: int = 200) -> Response:
    """JSON that is rendered already."""
    return Response(status=status, headers=JSON_HEADERS, body=body)


def success(quirks: Quirks, appointments: Iterable[Appointment] = (), message: str = "") -> Response:
    """A write that was carried out, with the id and guid of every appointment that it touched."""
    content = {
        "Success": True,
        "Message": message,
        "Status": 200,
        "Phrase": "OK",
        "Appointments": [{"Id": each.id, "Guid": each.guid} for each in appointments],
    }
    return _wrapped(quirks, content, 200)


def failure(
    quirks: Quirks, error: str, description: str, appointments: Iterable[Appointment] = ()
) -> Response:
    """A write that was refused: HTTP 200 all the same; the failure is inside."""
    if quirks.failure_content == "error":
        return _wrapped(quirks, {"Error": error, "Description": description}, 400)
    content = {
        "Success": False,
        "Message": f"{error}: {description}",
        "Status": 400,
        "Phrase": "Bad Request",
        "Appointments": [{"Id": each.id, "Guid": each.guid} for each in appointments],
    }
    return _wrapped(quirks, content, 200)


def _wrapped(quirks: Quirks, content: Mapping[str, Any], inner: int) -> Response:
    if quirks.write_answer == "envelope":
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        return json_response({"content": text, "contentType": "application/json", "statusCode": inner})
    if "Error" in content:
        content = {
            "Success": False,
            "Message": f"{content['Error']}: {content['Description']}",
            "Status": inner,
        }
        content |= {"Phrase": "Bad Request"}
    return json_response({name[0].lower() + name[1:]: value for name, value in content.items()})


def problem(
    random: randomness.Random,
    status: int,
    detail: str,
    *,
    errors: Mapping[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document as ASP.NET writes it."""
    title = "One or more validation errors occurred." if errors else HTTPStatus(status).phrase
    content: dict[str, Any] = {
        "type": f"https://tools.ietf.org/html/rfc9110#section-{SECTIONS.get(status, '15')}",
        "title": title,
        "status": status,
        "detail": detail,
        "traceId": f"00-{random.getrandbits(128):032x}-{random.getrandbits(64):016x}-00",
    }
    if errors:
        content["errors"] = errors
    return Response(status=status, headers={**PROBLEM_HEADERS, **(headers or {})}, body=dump(content))
