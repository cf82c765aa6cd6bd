"""Open extensions of an event (facts §1.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.sandbox.graph import errors
from tests.sandbox.graph.desk import Desk
from tests.sandbox.graph.events import Item
from tests.sandbox.wire import Response

EXTENSION_TYPE = "#microsoft.graph.openTypeExtension"
ID_PREFIX = "Microsoft.OutlookServices.OpenTypeExtension."


def extension_route(desk: Desk, item: Item, names: tuple[str, ...]) -> Response:
    """Answers a call on …/events/{id}/extensions and what lies below it."""
    known = item.event.extensions
    if not names:
        if desk.call.method == "GET":
            return desk.rows(f"events('{item.event.id}')/extensions", known.values())
        if desk.call.method == "POST":
            name = _payload(desk).get("extensionName")
            if not isinstance(name, str) or not name:
                raise errors.validation_failure()
            return _kept(desk, item, name, 201)
        raise errors.method_not_allowed()
    name = names[0].removeprefix(ID_PREFIX)
    if name not in known:
        raise errors.item_not_found()
    match desk.call.method:
        case "GET":
            return desk.json(200, known[name])
        case "PATCH":
            return _kept(desk, item, name, 200)
        case "DELETE":
            del known[name]
            desk.mailbox.announce(item.event)
            return desk.done(204)
        case _:
            raise errors.method_not_allowed()


def _kept(desk: Desk, item: Item, name: str, status: int) -> Response:
    members = {key: value for key, value in _payload(desk).items() if not key.startswith("@odata")}
    before = item.event.extensions.get(name, {})
    item.event.extensions[name] = {
        "@odata.type": EXTENSION_TYPE,
        **{key: value for key, value in before.items() if key != "@odata.type"},
        **members,
        "extensionName": name,
        "id": f"{ID_PREFIX}{name}",
    }
    desk.mailbox.announce(item.event)
    return desk.json(status, item.event.extensions[name])


def _payload(desk: Desk) -> Mapping[str, Any]:
    if not isinstance(desk.call.body, Mapping):
        raise errors.bad_request("Unable to read JSON request payload.")
    return desk.call.body
