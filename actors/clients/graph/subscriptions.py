"""What can be asked of Graph's change notifications (facts §4).

A subscription is the application's, not the mailbox's: these operations count against no mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from actors.clients.errors import Malformed, NotFound
from actors.clients.graph.codec import text
from actors.clients.graph.links import checked_link
from actors.clients.graph.paths import follow, graph_instant, request
from actors.clients.steps import Reply, Steps
from models.ids import MailboxId
from models.zones import read_instant

SUBSCRIPTIONS = "/subscriptions"
SUBSCRIPTION = "/subscriptions/{subscription}"

VALIDATION_SECONDS = 60.0
"""A creation answers after Graph has called both URLs, with 10 s for each (facts §4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription as Graph has it."""

    id: str
    resource: str
    notification_url: str
    expires_at: datetime | None
    """None where Graph does not say: to be taken as expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSubscription:
    """A subscription to every change of a mailbox's events.

    Raises `Conflict` when there is one already, `OutcomeUnknown` when it may have been made: list them;
    `Rejected` when the URLs were not reached; `AccessDenied` where a mailbox cannot have one (facts §4.2).
    """

    is_write: ClassVar[bool] = True
    mailbox: ClassVar[MailboxId | None] = None
    user: MailboxId
    notification_url: str
    lifecycle_url: str
    client_state: str = field(repr=False)
    expires_at: datetime

    def steps(self) -> Steps[Subscription]:
        body = {
            "changeType": "created,updated,deleted",
            "notificationUrl": self.notification_url,
            "lifecycleNotificationUrl": self.lifecycle_url,
            "resource": f"users/{self.user}/events",
            "expirationDateTime": graph_instant(self.expires_at),
            "clientState": self.client_state,
            "latestSupportedTlsVersion": "v1_2",
        }
        reply = yield request(
            "POST", SUBSCRIPTIONS, body=body, repeatable=False, alone=True, timeout=VALIDATION_SECONDS
        )
        return _subscription(reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewSubscription:
    """A later expiry. Graph may grant less: what counts is in the answer. Raises `NotFound`."""

    is_write: ClassVar[bool] = True
    mailbox: ClassVar[MailboxId | None] = None
    subscription_id: str
    expires_at: datetime

    def steps(self) -> Steps[Subscription]:
        ids = {"subscription": self.subscription_id}
        body = {"expirationDateTime": graph_instant(self.expires_at)}
        reply = yield request("PATCH", SUBSCRIPTION, ids=ids, body=body)
        return _subscription(reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReauthorizeSubscription:
    """The answer to `reauthorizationRequired`; it extends no expiry (facts §4.4). Raises `NotFound`."""

    is_write: ClassVar[bool] = True
    mailbox: ClassVar[MailboxId | None] = None
    subscription_id: str

    def steps(self) -> Steps[None]:
        yield request("POST", f"{SUBSCRIPTION}/reauthorize", ids={"subscription": self.subscription_id})


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveSubscription:
    """The end of a subscription. That it is gone already is success."""

    is_write: ClassVar[bool] = True
    mailbox: ClassVar[MailboxId | None] = None
    subscription_id: str

    def steps(self) -> Steps[None]:
        try:
            yield request("DELETE", SUBSCRIPTION, ids={"subscription": self.subscription_id})
        except NotFound:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSubscriptions:
    """Every subscription of the application in this tenant."""

    is_write: ClassVar[bool] = False
    mailbox: ClassVar[MailboxId | None] = None

    def steps(self) -> Steps[tuple[Subscription, ...]]:
        found: dict[str, Subscription] = {}
        reply = yield request("GET", SUBSCRIPTIONS)
        while True:
            values = reply.mapping().get("value")
            if not isinstance(values, list):
                raise Malformed(reply.about)
            for value in values:
                if isinstance(value, Mapping) and text(value, "id"):
                    found[text(value, "id")] = _read(value)
            link = checked_link(reply, "@odata.nextLink")
            if not link:
                return tuple(found.values())
            reply = yield follow(SUBSCRIPTIONS, link)


def _subscription(reply: Reply) -> Subscription:
    value = reply.mapping()
    if not text(value, "id"):
        raise Malformed(reply.about)
    return _read(value)


def _read(value: Mapping[str, Any]) -> Subscription:
    return Subscription(
        id=text(value, "id"),
        resource=text(value, "resource"),
        notification_url=text(value, "notificationUrl"),
        expires_at=read_instant(text(value, "expirationDateTime")),
    )
