"""Subscriptions to changes of events: creation with its handshake, renewal, expiry, lifecycle (facts §4)."""

from __future__ import annotations

import random as randomness
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, quote_plus, urlsplit

from tests.sandbox.graph import times
from tests.sandbox.graph.authority import Authority
from tests.sandbox.graph.bearer import Caller
from tests.sandbox.graph.call import Call, empty_response, json_response
from tests.sandbox.graph.errors import GraphError, bad_request, method_not_allowed, segment_not_found
from tests.sandbox.graph.notifications import Notifier
from tests.sandbox.graph.paths import locate
from tests.sandbox.graph.tenant import Change, Tenant, User
from tests.sandbox.graph.throttle import Throttle
from tests.sandbox.wire import Delivery, Outcall, Response

LONGEST = timedelta(minutes=10_080)
SHORTEST = timedelta(minutes=45)
REAUTHORISE_WITHIN = timedelta(minutes=30)
"""How long notifications go on after reauthorizationRequired; the real figure is not documented."""
MOST_PER_MAILBOX = 1000
LONGEST_CLIENT_STATE = 128
PAGE = 100
VALIDATE_WITHIN = 10.0
CHANGE_TYPES = frozenset({"created", "updated", "deleted"})
LIFECYCLE_EVENTS = frozenset({"missed", "subscriptionRemoved", "reauthorizationRequired"})
LOOPBACK = ("localhost", "127.0.0.1", "::1")
TLS_VERSIONS = ("v1_0", "v1_1", "v1_2", "v1_3")
VALIDATION = "graph-validation"
TESTING = "Validation: Testing client application reachability for subscription Request-Id: "
ECHOES = (("created", "updated"), ("updated", "updated"))


@dataclass(slots=True, kw_only=True)
class Subscription:
    """One subscription."""

    id: str
    application: str
    creator: str
    resource: str
    """As the client wrote it."""
    user_id: str
    calendar_id: str | None
    change_type: str
    change_types: frozenset[str]
    notification_url: str
    lifecycle_url: str | None
    client_state: str | None
    tls_version: str
    expires: datetime
    immutable_ids: bool
    pauses: datetime | None = None
    """When it goes quiet because nobody reauthorised it."""

    @property
    def combination(self) -> tuple[str, str, str | None, frozenset[str]]:
        """What may exist once."""
        return (self.application, self.user_id, self.calendar_id, self.change_types)


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
        throttle: Throttle,
    ) -> None:
        self._tenant = tenant
        self._authority = authority
        self._now = now
        self._random = random
        self._throttle = throttle
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
            "value": [_shown(one) for one in page],
        }
        if start + PAGE < len(own):
            content["@odata.nextLink"] = f"{call.base_url}/subscriptions?$skiptoken={page[-1].id}"
        return json_response(200, content)

    def _create(self, call: Call, caller: Caller) -> Response | Outcall:
        subscription = self._read(call, caller)
        self._check_duplicate(subscription)

        def store() -> Response:
            self._check_duplicate(subscription)
            self._by_id[subscription.id] = subscription
            self._by_user[subscription.user_id][subscription.id] = subscription
            return json_response(201, self._entity(call, subscription))

        urls = [subscription.notification_url, *filter(None, [subscription.lifecycle_url])]
        return self._validate(urls, store)

    def _renew(self, call: Call, subscription: Subscription) -> Response | Outcall:
        body = _object(call.body)
        unknown = set(body) - {"expirationDateTime", "notificationUrl", "@odata.type"}
        if unknown:
            raise _invalid(f"Property '{sorted(unknown)[0]}' cannot be updated on a subscription.")
        expires = subscription.expires
        if "expirationDateTime" in body:
            expires = self._expiry(body["expirationDateTime"], "Update")
        url = subscription.notification_url
        if "notificationUrl" in body:
            url = _callback(body["notificationUrl"], "notificationUrl")

        def store() -> Response:
            subscription.expires = expires
            subscription.notification_url = url
            subscription.pauses = None
            return json_response(200, self._entity(call, subscription))

        return self._validate([url] if url != subscription.notification_url else [], store)

    def _validate(self, urls: list[str], done: Callable[[], Response]) -> Response | Outcall:
        """The handshake with each address in turn (facts §4.2), then `done`."""
        if not urls:
            return done()
        url, *others = urls
        request_id = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        token = TESTING + request_id
        encoded = re.sub("%[0-9A-F]{2}", lambda code: code.group().lower(), quote_plus(token))
        delivery = Delivery(
            url=f"{url}{'&' if '?' in url else '?'}validationToken={encoded}",
            headers={"content-type": "text/plain; charset=utf-8"},
            timeout=VALIDATE_WITHIN,
            about=VALIDATION,
        )

        def resume(reply: Response | None) -> Response | Outcall:
            _check_validation(reply, token)
            return self._validate(others, done)

        return Outcall(delivery=delivery, resume=resume)

    def _read(self, call: Call, caller: Caller) -> Subscription:
        body = _object(call.body)
        for name in ("changeType", "notificationUrl", "resource", "expirationDateTime"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise _invalid(f"Subscription is missing the required property '{name}'.")
        if body.get("includeResourceData"):
            raise _invalid("Notifications with resource data are not available in this tenant.")
        change_types = frozenset(part.strip().lower() for part in body["changeType"].split(","))
        if not change_types <= CHANGE_TYPES:
            raise _invalid(f"Invalid 'changeType' attribute: '{body['changeType']}'.")
        client_state = body.get("clientState")
        if client_state is not None and len(str(client_state)) > LONGEST_CLIENT_STATE:
            raise _invalid(f"The clientState property cannot exceed {LONGEST_CLIENT_STATE} characters.")
        tls_version = body.get("latestSupportedTlsVersion") or "v1_2"
        if tls_version not in TLS_VERSIONS:
            raise _invalid(f"Invalid 'latestSupportedTlsVersion' attribute: '{tls_version}'.")
        notification_url = _callback(body["notificationUrl"], "notificationUrl")
        lifecycle = body.get("lifecycleNotificationUrl")
        lifecycle_url = _callback(lifecycle, "lifecycleNotificationUrl") if lifecycle else None
        user, calendar_id = self._resource(body["resource"], caller)
        return Subscription(
            id=str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            application=caller.application,
            creator=caller.user_id or self._authority.application.service_principal,
            resource=body["resource"],
            user_id=user.id,
            calendar_id=calendar_id,
            change_type=body["changeType"],
            change_types=change_types,
            notification_url=notification_url,
            lifecycle_url=lifecycle_url,
            client_state=client_state,
            tls_version=tls_version,
            expires=self._expiry(body["expirationDateTime"], "Create"),
            immutable_ids=call.prefer.immutable_ids,
        )

    def _resource(self, resource: str, caller: Caller) -> tuple[User, str | None]:
        path = resource.partition("?")[0].strip("/")
        segments = locate(f"/v1.0/{path.removeprefix('v1.0/')}").segments
        if segments[:1] == ("me",):
            if caller.user_id is None:
                raise bad_request("/me request is only valid with delegated authentication flow.")
            segments = ("users", caller.user_id, *segments[1:])
        match segments:
            case ("users", key, "events") | ("users", key, "calendar", "events"):
                calendar_id: str | None = None
            case ("users", key, "calendars", calendar_key, "events"):
                calendar_id = calendar_key
            case _:
                raise _invalid(f"Resource '{resource}' is not supported for change notifications.")
        caller.may_subscribe(key, self._tenant)
        user = self._tenant.find_user(key)
        if user is None:
            raise _refused(404, "NotFound", f"The requested user '{key}' is invalid.")
        _check_mailbox(user)
        if calendar_id is not None:
            calendar_id = self._calendar(user, calendar_id)
        if len(self._by_user[user.id]) >= MOST_PER_MAILBOX:
            raise _refused(403, "Forbidden", "The subscription quota of the mailbox is exceeded.")
        return user, calendar_id

    def _calendar(self, user: User, calendar_id: str) -> str:
        try:
            return self._tenant.mailbox(user.id).calendar(calendar_id).id
        except GraphError:
            raise _refused(403, "BadRequest", "The value of parameter 'Resource' is invalid.") from None

    def _expiry(self, text: Any, operation: str) -> datetime:
        try:
            wanted = times.parse_instant(text)
        except GraphError:
            raise _invalid(f"Invalid 'expirationDateTime' attribute: '{text}'.") from None
        now = self._now()
        if wanted <= now:
            raise _invalid("Subscription expiration must be in the future.")
        if wanted - now > LONGEST:
            minutes = int(LONGEST.total_seconds() // 60)
            reason = f"Subscription expiration can only be {minutes} minutes in the future."
            raise _refused(400, "BadRequest", reason, operation)
        return max(wanted, now + SHORTEST)

    def _check_duplicate(self, subscription: Subscription) -> None:
        if self.duplicates != 409:
            return
        now = self._now()
        for other in self._by_user[subscription.user_id].values():
            if other.combination == subscription.combination and other.expires > now:
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

    def _entity(self, call: Call, subscription: Subscription) -> dict[str, Any]:
        return {"@odata.context": f"{call.base_url}/$metadata#subscriptions/$entity", **_shown(subscription)}


def _concerns(subscription: Subscription, change: Change) -> bool:
    return change.change_type in subscription.change_types and subscription.calendar_id in (
        None,
        change.calendar_id,
    )


def _shown(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "resource": subscription.resource,
        "applicationId": subscription.application,
        "changeType": subscription.change_type,
        "clientState": subscription.client_state,
        "notificationUrl": subscription.notification_url,
        "notificationQueryOptions": None,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "expirationDateTime": times.timestamp(subscription.expires),
        "creatorId": subscription.creator,
        "includeResourceData": None,
        "latestSupportedTlsVersion": subscription.tls_version,
        "encryptionCertificate": None,
        "encryptionCertificateId": None,
        "notificationUrlAppId": None,
    }


def _seven_digits(moment: datetime) -> str:
    return f"{times.wall_clock(moment.replace(tzinfo=None))}Z"


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise bad_request("Empty Payload. JSON content expected.")
    return body


def _callback(url: Any, name: str) -> str:
    """An address that Graph will call: https, or plain http on this machine (see README.md)."""
    parts = urlsplit(str(url))
    if parts.scheme == "https" and parts.hostname:
        return quote(str(url), safe=":/?#[]@!$&'()*+,;=%~-._")
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return str(url)
    raise _invalid(f"The '{name}' must be a valid URL that begins with https.")


def _check_mailbox(user: User) -> None:
    address = user.mail or user.user_principal_name
    problem = user.mailbox_problem if user.has_mailbox else "MailboxNotEnabledForRESTAPI"
    match problem:
        case None:
            return
        case "OnPremises" | "MailboxInfoStale":
            raise _refused(
                403,
                "ServiceUnavailable",
                f"Target resource '{address}' hosted on database '' is currently on backend 'Unknown'",
            )
        case "ErrorAccessDenied":
            raise _refused(403, "Forbidden", "Access is denied. Check credentials and try again.")
        case _:
            raise _refused(
                404, "NotFound", "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            )


def _check_validation(reply: Response | None, token: str) -> None:
    """Raises GraphError 400 unless the address answered as it should (facts §4.2)."""
    if reply is None:
        raise GraphError(400, "ValidationError", "Subscription validation request timed out.")
    if reply.status != 200:
        raise GraphError(
            400,
            "ValidationError",
            "Subscription validation request failed. Notification endpoint must respond with 200 OK to "
            "validation request.",
        )
    content_type = reply.headers.get("content-type", "")
    if reply.body.decode("utf-8", "replace") != token or not content_type.lower().startswith("text/plain"):
        raise GraphError(
            400,
            "ValidationError",
            "Subscription validation request failed. Response must exactly match validationToken query "
            "parameter.",
        )


def _invalid(message: str) -> GraphError:
    return GraphError(400, "InvalidRequest", message)


def _refused(status: int, inner: str, reason: str, operation: str = "Create") -> GraphError:
    message = f"Operation: {operation}; Exception: [Status Code: {inner}; Reason: {reason}]"
    return GraphError(status, "ExtensionError", message)
