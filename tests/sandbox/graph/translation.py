"""translateExchangeIds: from one id space into another (facts §2.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.sandbox.graph import errors
from tests.sandbox.graph.desk import Desk
from tests.sandbox.graph.identity import read_item_id
from tests.sandbox.wire import Response

MOST_IDS = 1000
SPACES = {"restId": False, "restImmutableEntryId": True}
"""The id spaces that a REST client meets, and whether their ids are immutable."""


def translation_route(desk: Desk) -> Response:
    """Answers POST …/translateExchangeIds."""
    if desk.call.method != "POST":
        raise errors.method_not_allowed()
    body = desk.call.body if isinstance(desk.call.body, Mapping) else {}
    ids, source, target = (body.get(name) for name in ("inputIds", "sourceIdType", "targetIdType"))
    if not isinstance(ids, list) or len(ids) > MOST_IDS or source not in SPACES or target not in SPACES:
        raise errors.GraphError(400, "ErrorInvalidParameter", "The ids or their types are not valid.")
    context = f"{desk.call.base_url}/$metadata#Collection(microsoft.graph.convertIdResult)"
    rows = [_translated(desk, str(one), immutable=SPACES[target]) for one in ids]
    return desk.json(200, {"@odata.context": context, "value": rows})


def _translated(desk: Desk, source: str, *, immutable: bool) -> dict[str, Any]:
    read, store = read_item_id(source), desk.mailbox.store
    if read is None or read.replica != store.replica:
        return {
            "sourceId": source,
            "targetId": None,
            "errorDetails": {"code": "ErrorInvalidIdMalformed", "message": "Id is malformed."},
        }
    convert = store.immutable_id if immutable else store.event_id
    return {"sourceId": source, "targetId": convert(read.number, read.day)}
