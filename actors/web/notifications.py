"""Graph's notifications of changes and of lifecycles, read as far as they are needed (facts §4.3, §4.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.ids import EventId

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")
UNKNOWN = "unknown"


class Unreadable(Exception):  # noqa: N818 - named for what it is
    """A body that is not what its sender's contract says. The text names what is missing, and no content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a delivery, before anybody has checked who sent it."""

    subscription_id: str = field(repr=False)
    client_state: str = field(repr=False)
    kind: str
    """The `changeType` or `lifecycleEvent`; "unknown" where it is no plain word."""
    event_id: EventId | None = field(default=None, repr=False)


def read_json(body: bytes) -> object:
    """The JSON value of a body. Raises `Unreadable`."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("the body is not JSON") from None
    return value


def read_items(body: bytes) -> tuple[Item, ...]:
    """The items of a notification. Raises `Unreadable`."""
    content = read_json(body)
    rows = content.get("value") if isinstance(content, Mapping) else None
    if not isinstance(rows, list) or not rows:
        raise Unreadable("the body holds no notifications under 'value'")
    return tuple(_item(row) for row in rows)


def _item(row: object) -> Item:
    if not isinstance(row, Mapping):
        raise Unreadable("a notification is not an object")
    subscription_id = row.get("subscriptionId")
    if not isinstance(subscription_id, str) or not subscription_id:
        raise Unreadable("a notification names no subscription")
    client_state = row.get("clientState")
    return Item(
        subscription_id=subscription_id,
        client_state=client_state if isinstance(client_state, str) else "",
        kind=_word(row.get("lifecycleEvent") or row.get("changeType")),
        event_id=_event_id(row.get("resourceData")),
    )


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else UNKNOWN


def _event_id(data: Any) -> EventId | None:  # noqa: ANN401 - any JSON value
    value = data.get("id") if isinstance(data, Mapping) else None
    return EventId(value) if isinstance(value, str) and value else None
