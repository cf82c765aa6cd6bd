"""What reaches the calendar: a call whose path, query and preferences have been taken apart."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from tests.sandbox.wire import Response

PREFERENCE = re.compile(r'\s*([\w.\-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s;,"]*)))?\s*(?:[,;]|$)')

JSON_HEADERS: Mapping[str, str] = {
    "content-type": "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false"
    ";charset=utf-8"
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefer:
    """The preferences of one request (facts §2.6). Links never remember them."""

    time_zone: str | None = None
    """The name exactly as sent: it is echoed."""
    body_type: Literal["html", "text"] = "html"
    immutable_ids: bool = False
    max_page_size: int | None = None
    applied: tuple[str, ...] = ()
    """What was understood, as `Preference-Applied` repeats it."""

    @classmethod
    def parse(cls, header: str) -> Prefer:
        """The preferences in a Prefer header; repeated header lines arrive joined with commas.

        What is not understood is ignored, as RFC 7240 asks.
        """
        zone: str | None = None
        body: Literal["html", "text"] = "html"
        immutable = False
        size: int | None = None
        applied: list[str] = []
        for name, quoted, bare in PREFERENCE.findall(header):
            value = quoted or bare
            match name.lower():
                case "outlook.timezone":
                    zone = value
                    applied.append(f'outlook.timezone="{value}"')
                case "outlook.body-content-type" if value.lower() in ("text", "html"):
                    body = "text" if value.lower() == "text" else "html"
                    applied.append(f'outlook.body-content-type="{value}"')
                case "idtype" if value.lower() in ("immutableid", "default"):
                    immutable = value.lower() == "immutableid"
                    applied.append(f'IdType="{value}"')
                case "odata.maxpagesize" if value.isdigit() and int(value) > 0:
                    size = int(value)
                    applied.append(f"odata.maxpagesize={value}")
                case _:
                    continue
        return cls(
            time_zone=zone,
            body_type=body,
            immutable_ids=immutable,
            max_page_size=size,
            applied=tuple(applied),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call on a user's mailbox."""

    method: str
    segments: tuple[str, ...]
    """The decoded path after /v1.0, 'me' resolved and function calls reduced to their names:
    ("users", "<id>", "calendarView", "delta")."""
    query: Mapping[str, list[str]] = field(default_factory=dict)
    prefer: Prefer = field(default_factory=Prefer)
    if_match: str | None = None
    body: Any = None
    """The parsed JSON body, or None."""
    base_url: str = "https://graph.microsoft.com/v1.0"
    """What links and contexts begin with."""
    actor: Literal["app", "user"] = "app"
    """A user is the person in Outlook: may do what only a person can."""

    def option(self, name: str) -> str | None:
        """A query option by name, with or without its `$`, in any letter case (facts §2.5)."""
        wanted = name.lower().lstrip("$")
        for key, values in self.query.items():
            if key.lower().lstrip("$") == wanted and values:
                return values[-1]
        return None


def json_response(status: int, content: Any, *, applied: tuple[str, ...] = ()) -> Response:
    """A JSON answer, with the preferences it honoured."""
    headers = dict(JSON_HEADERS)
    if applied:
        headers["preference-applied"] = ", ".join(applied)
    return Response(status=status, headers=headers, body=_written(content))


def _written(content: Any) -> bytes:
    try:
        return orjson.dumps(content)
    except TypeError:  # half a surrogate pair
        return json.dumps(content, separators=(",", ":")).encode()


def empty_response(status: int) -> Response:
    """An answer without content."""
    return Response(status=status)
