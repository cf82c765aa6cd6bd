"""What can be asked of the board's webhooks (facts §2.8 b)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar
from urllib.parse import quote

from actors.clients.errors import NotFound
from actors.clients.scheduler.dialect import Dialect
from actors.clients.steps import Request, Steps
from models.record import Record


class Change(Enum):
    """What a webhook is called for; each has a URL of its own, since a payload does not say it."""

    CREATED = "Created"
    UPDATED = "Updated"
    DELETED = "Deleted"

    @property
    def verb(self) -> str:
        """Its word in a subscription."""
        return self.value.removesuffix("d")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeWebhook:
    """Has `url` called for one kind of change to the appointments of one source app.

    Returns the hook's id, empty where the board does not say it. Raises `OutcomeUnknown` when it may have
    been made, `Throttled` when there are too many already.
    """

    is_write: ClassVar[bool] = True
    change: Change
    source_app: str
    url: str

    def steps(self, dialect: Dialect) -> Steps[str]:
        route = f"/webhooks/Appointment{self.change.value}"
        body: dict[str, object] = {
            "sourceApp": self.source_app,
            "notificationURL": self.url,
            "resource": "Appointments",
            "changeType": [self.change.verb],
        }
        if self.change is Change.CREATED:
            body["name"] = "Exchange connector"
        reply = yield Request(method="POST", template=route, path=route, body=body, repeatable=False)
        location = reply.headers.get("location", "")
        if location:
            return location.rstrip("/").rpartition("/")[2]
        record = Record(reply.body) if isinstance(reply.body, Mapping) else Record({})
        return str(record.get("id") or record.get("hookId") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeWebhook:
    """Ends a webhook. That it is gone already is success."""

    is_write: ClassVar[bool] = True
    change: Change
    id: str

    def steps(self, dialect: Dialect) -> Steps[None]:
        route = f"/webhooks/Appointment{self.change.value}"
        try:
            yield Request(
                method="DELETE", template=f"{route}/{{hook}}", path=f"{route}/{quote(self.id, safe='')}"
            )
        except NotFound:
            return
