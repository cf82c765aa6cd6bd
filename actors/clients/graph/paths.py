"""Requests of Graph, written with templates: ids are percent-encoded in one place, and texts show none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from actors.clients.steps import Request
from actors.clients.transport import ANSWER_SECONDS
from models.when import Window

PREFER: Final = 'IdType="ImmutableId", outlook.timezone="UTC"'
"""Goes with every request: Graph remembers no preference, not even along its own links (facts §2.8)."""

EVENT: Final = "/users/{user}/events/{event}"
EVENTS: Final = "/users/{user}/events"

MARGIN: Final = timedelta(days=1)
"""All-day events float: seen in UTC, those of other zones begin up to a day off (facts §0.8)."""


def request(
    method: str,
    template: str,
    *,
    ids: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    etag: str | None = None,
    prefer: str = "",
    repeatable: bool = True,
    alone: bool = False,
    timeout: float = ANSWER_SECONDS,
) -> Request:
    """A request under the base URL. `template` has the names in `ids` in braces; `etag` becomes If-Match."""
    path = template.format_map({name: quote(value, safe="") for name, value in (ids or {}).items()})
    if query:
        path += "?" + urlencode(query, quote_via=quote, safe="$'(),:/")
    return Request(
        method=method,
        template=template,
        path=path,
        headers=_headers(etag, prefer),
        body=body,
        repeatable=repeatable,
        alone=alone,
        timeout=timeout,
    )


def follow(template: str, link: str, *, prefer: str = "", alone: bool = True) -> Request:
    """A GET of a link that Graph gave; `template` says what it goes on with."""
    return Request(method="GET", template=template, link=link, headers=_headers(None, prefer), alone=alone)


def window_query(window: Window) -> dict[str, str]:
    """The bounds of a calendar view, a day wider than the window on either side."""
    return {
        "startDateTime": graph_instant(window.start - MARGIN),
        "endDateTime": graph_instant(window.end + MARGIN),
    }


def graph_instant(instant: datetime) -> str:
    """An instant as Graph takes it in queries and for expiries."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def quoted(text: str) -> str:
    """A string literal of OData."""
    return "'" + text.replace("'", "''") + "'"


def _headers(etag: str | None, prefer: str) -> dict[str, str]:
    headers = {"Prefer": f"{PREFER}, {prefer}" if prefer else PREFER}
    if etag is not None:
        headers["If-Match"] = etag
    return headers
