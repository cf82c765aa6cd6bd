"""Subscriptions to changes of events: creation with its handshake, renewal, expiry, lifecycle (facts §4)."""

from __future__ import annotations

import random as randomness
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from tests.sandbox.graph import times
from tests.sandbox.graph.authority import Authority
from tests.sandbox.graph.bearer import Caller
from tests.sandbox.graph.call import Call, empty_response, json_response
from tests.sandbox.graph.errors import GraphError, bad_request, method_not_allowed, segment_not_found
from tests.sandbox.graph.handshake import validate
from tests.sandbox.graph.notifications import Notifier
from tests.sandbox.graph.subscription_form import (
    Subscription,
    SubscriptionForm,
    callback,
    invalid,
    members,
    refused,
)
from tests.sandbox.graph.tenant import Change, Tenant
from tests.sandbox.wire import Delivery, Outcall, Response

REAUTHORISE_WITHIN = timedelta(minutes=30)
"""How long notifications go on after reauthorizationRequired; the real figure is not documented."""
MOST_PER_MAILBOX = 1000
PAGE = 100
RENEWABLE = frozenset({"expirationDateTime", "notificationUrl", "@odata.type"})
ECHOES = (("created", "updated"), ("updated", "updated"))


class Subscriptions:
    """Who wants to hear of which changes."""

    def __init__(
        self,
        *,
        tenant: Tenant,
        authority: Authority,
        now: Callable[[], datetime],
        random: randomness.Random,
        send: Callable[[Delivery], None],
    ) -> None:
        self._tenant = tenant
        self._authority = authority
        self._now = now
        self._random = random
        self._form = SubscriptionForm(tenant, now)
        self._by_id: dict[str, Subscription] = {}
        self._by_user: dict[str, dict[str, Subscription]] = defaultdict(dict)
        self.notifier = Notifier(now=now, random=random, send=send)
        self.duplicates: Literal[409, 201] = 409
        """What a second subscription to the same changes gets; the sources disagree (facts §4.1)."""
        self.echo_probability = 0.0
        """How often one change is notified of twice or begins with `created` (facts §4.3, surprises)."""
        tenant.listeners.append(self._changed)

    @property
    def active(self) -> list[Subscription]:
        """All that have not expired, oldest first."""
        now = self._now()
        for expired in [one for one in self._by_id.values() if one.expires <= now]:
            self._drop(expired)
        return list(self._by_id.values())

    def handle(self, call: Call, caller: Caller) -> Response | Outcall:
        """The answer to a call on /subscriptions. Raises GraphError."""
        match call.method, call.segments[1:]:
            case "GET", ():
                return self._list(call, caller)
            case "POST", ():
                return self._create(call, caller)
            case "GET", (name,):
                return json_response(200, self._entity(call, self._own(name, caller)))
            case "PATCH", (name,):
                return self._renew(call, self._own(name, caller))
            case "DELETE", (name,):
                self._drop(self._own(name, caller))
                return empty_response(204)
            case "POST", (name, "reauthorize"):
                self._own(name, caller).pauses = None
                return empty_response(204)
            case _, () | (_,):
                raise method_not_allowed()
            case _:
                raise segment_not_found(call.segments[-1])

    def remove(self, subscription_id: str) -> bool:
        """Takes a subscription away without a word. Whether there was one."""
        subscription = self._by_id.get(subscription_id)
        if subscription is None:
            return False
        self._drop(subscription)
        return True

    def lifecycle(self, subscription_id: str, event: str) -> bool:
        """Sends a lifecycle event and lets it take effect. Whether there was such a subscription.

        Any text is sent as it is: clients have to tolerate events that they do not know.
        """
        subscription = self._by_id.get(subscription_id)
        if subscription is None:
            return False
        if event == "subscriptionRemoved":
            self._drop(subscription)
        elif event == "reauthorizationRequired":
            subscription.pauses = self._now() + REAUTHORISE_WITHIN
        if subscription.lifecycle_url is not None:
            item = {
                "subscriptionId": subscription.id,
                "subscriptionExpirationDateTime": _seven_digits(subscription.expires),
                "tenantId": self._authority.tenant_id,
                "clientState": subscription.client_state,
                "lifecycleEvent": event,
            }
            self.notifier.put(subscription.lifecycle_url, item)
        return True

    def _changed(self, change: Change) -> None:
        wanted = self._by_user.get(change.user_id)
        if not wanted:
            return
        now = self._now()
        for subscription in list(wanted.values()):
            if subscription.expires <= now:
                self._drop(subscription)
            elif _concerns(subscription, change) and not (
                subscription.pauses is not None and subscription.pauses <= now
            ):
                self._notify(subscription, change)

    def _notify(self, subscription: Subscription, change: Change) -> None:
        kinds: Sequence[str] = (change.change_type,)
        if change.change_type != "deleted" and self._random.random() < self.echo_probability:
            kinds = self._random.choice(ECHOES)
        event_id = change.immutable_id if subscription.immutable_ids else change.event_id
        path = f"Users/{change.user_id}/Events/{event_id}"
        for kind in kinds:
            item = {
                "subscriptionId": subscription.id,
                "subscriptionExpirationDateTime": _seven_digits(subscription.expires),
                "changeType": kind,
                "resource": path,
                "resourceData": {
                    "@odata.type": "#Microsoft.Graph.Event",
                    "@odata.id": path,
                    "@odata.etag": change.etag,
                    "id": event_id,
                },
                "clientState": subscription.client_state,
                "tenantId": self._authority.tenant_id,
            }
            self.notifier.put(subscription.notification_url, item)

    def _list(self, call: Call, caller: Caller) -> Response:
        for option in ("$filter", "$select", "$top"):
            if call.option(option) is not None:
                raise bad_request(f"The query option '{option}' is not supported for subscriptions.")
        own = [one for one in self.active if one.application == caller.application]
        after = call.option("$skiptoken")
        start = next((at + 1 for at, one in enumerate(own) if one.id == after), 0) if after else 0
        page = own[start : start + PAGE]
        content: dict[str, Any] = {
            "@odata.context": f"{call.base_url}/$metadata#subscriptions",
            "value": [one.as_json() for one in page],
        }
        if start + PAGE < len(own):
            content["@odata.nextLink"] = f"{call.base_url}/subscriptions?$skiptoken={page[-1].id}"
        return json_response(200, content)

    def _create(self, call: Call, caller: Caller) -> Response | Outcall:
        subscription = self._form.read(
            call.body,
            caller,
            name=self._guid(),
            creator=caller.user_id or self._authority.application.service_principal,
            immutable_ids=call.prefer.immutable_ids,
        )
        self._check_place(subscription)

        def store() -> Response:
            self._check_place(subscription)
            self._by_id[subscription.id] = subscription
            self._by_user[subscription.user_id][subscription.id] = subscription
            return json_response(201, self._entity(call, subscription))

        urls = [subscription.notification_url, *filter(None, [subscription.lifecycle_url])]
        return validate(urls, self._guid, store)

    def _renew(self, call: Call, subscription: Subscription) -> Response | Outcall:
        body = members(call.body)
        unknown = set(body) - RENEWABLE
        if unknown:
            raise invalid(f"Property '{sorted(unknown)[0]}' cannot be updated on a subscription.")
        expires = subscription.expires
        if "expirationDateTime" in body:
            expires = self._form.expiry(body["expirationDateTime"], "Update")
        url = subscription.notification_url
        if "notificationUrl" in body:
            url = callback(body["notificationUrl"], "notificationUrl")

        def store() -> Response:
            subscription.expires = expires
            subscription.notification_url = url
            subscription.pauses = None
            return json_response(200, self._entity(call, subscription))

        moved = [url] if url != subscription.notification_url else []
        return validate(moved, self._guid, store)

    def _check_place(self, subscription: Subscription) -> None:
        """Raises GraphError when the mailbox has too many, or this very one."""
        now = self._now()
        others = [one for one in self._by_user[subscription.user_id].values() if one.expires > now]
        if len(others) >= MOST_PER_MAILBOX:
            raise refused(403, "Forbidden", "The subscription quota of the mailbox is exceeded.")
        if self.duplicates != 409:
            return
        for other in others:
            if other.combination == subscription.combination:
                message = f"Subscription Id {other.id} already exists for the requested combination"
                raise GraphError(409, "Conflict", message)

    def _own(self, name: str, caller: Caller) -> Subscription:
        subscription = self._by_id.get(name)
        if subscription is not None and subscription.expires <= self._now():
            self._drop(subscription)
            subscription = None
        if subscription is None or subscription.application != caller.application:
            raise GraphError(404, "ResourceNotFound", "The object was not found.")
        return subscription

    def _drop(self, subscription: Subscription) -> None:
        self._by_id.pop(subscription.id, None)
        self._by_user[subscription.user_id].pop(subscription.id, None)

    def _guid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _entity(self, call: Call, subscription: Subscription) -> dict[str, Any]:
        return {
            "@odata.context": f"{call.base_url}/$metadata#subscriptions/$entity",
            **subscription.as_json(),
        }


def _concerns(subscription: Subscription, change: Change) -> bool:
    return change.change_type in subscription.change_types and subscription.calendar_id in (
        None,
        change.calendar_id,
    )


def _seven_digits(moment: datetime) -> str:
    return f"{times.wall_clock(moment.replace(tzinfo=None))}Z"
