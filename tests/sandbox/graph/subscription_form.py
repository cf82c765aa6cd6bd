"""What a subscription is, and what a request for one may say (facts §4.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from tests.sandbox.graph import times
from tests.sandbox.graph.bearer import Caller
from tests.sandbox.graph.errors import GraphError, bad_request
from tests.sandbox.graph.paths import locate
from tests.sandbox.graph.tenant import Tenant, User

LONGEST = timedelta(minutes=10_080)
SHORTEST = timedelta(minutes=45)
LONGEST_CLIENT_STATE = 128
REQUIRED = ("changeType", "notificationUrl", "resource", "expirationDateTime")
CHANGE_TYPES = frozenset({"created", "updated", "deleted"})
TLS_VERSIONS = ("v1_0", "v1_1", "v1_2", "v1_3")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


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

    def as_json(self) -> dict[str, Any]:
        """The members that Graph shows."""
        return {
            "id": self.id,
            "resource": self.resource,
            "applicationId": self.application,
            "changeType": self.change_type,
            "clientState": self.client_state,
            "notificationUrl": self.notification_url,
            "notificationQueryOptions": None,
            "lifecycleNotificationUrl": self.lifecycle_url,
            "expirationDateTime": times.timestamp(self.expires),
            "creatorId": self.creator,
            "includeResourceData": None,
            "latestSupportedTlsVersion": self.tls_version,
            "encryptionCertificate": None,
            "encryptionCertificateId": None,
            "notificationUrlAppId": None,
        }


class SubscriptionForm:
    """Reads requests for subscriptions. Everything that is wrong with one raises GraphError."""

    def __init__(self, tenant: Tenant, now: Callable[[], datetime]) -> None:
        self._tenant = tenant
        self._now = now

    def read(
        self, body: Any, caller: Caller, *, name: str, creator: str, immutable_ids: bool
    ) -> Subscription:
        """The subscription that a POST asks for, under the id `name`."""
        content = members(body)
        for required in REQUIRED:
            if not isinstance(content.get(required), str) or not content[required]:
                raise invalid(f"Subscription is missing the required property '{required}'.")
        if content.get("includeResourceData"):
            raise invalid("Notifications with resource data are not available in this tenant.")
        change_types = frozenset(part.strip().lower() for part in content["changeType"].split(","))
        if not change_types <= CHANGE_TYPES:
            raise invalid(f"Invalid 'changeType' attribute: '{content['changeType']}'.")
        client_state = content.get("clientState")
        if client_state is not None and len(str(client_state)) > LONGEST_CLIENT_STATE:
            raise invalid(f"The clientState property cannot exceed {LONGEST_CLIENT_STATE} characters.")
        tls_version = content.get("latestSupportedTlsVersion") or "v1_2"
        if tls_version not in TLS_VERSIONS:
            raise invalid(f"Invalid 'latestSupportedTlsVersion' attribute: '{tls_version}'.")
        lifecycle = content.get("lifecycleNotificationUrl")
        user, calendar_id = self._resource(content["resource"], caller)
        return Subscription(
            id=name,
            application=caller.application,
            creator=creator,
            resource=content["resource"],
            user_id=user.id,
            calendar_id=calendar_id,
            change_type=content["changeType"],
            change_types=change_types,
            notification_url=callback(content["notificationUrl"], "notificationUrl"),
            lifecycle_url=callback(lifecycle, "lifecycleNotificationUrl") if lifecycle else None,
            client_state=client_state,
            tls_version=tls_version,
            expires=self.expiry(content["expirationDateTime"], "Create"),
            immutable_ids=immutable_ids,
        )

    def expiry(self, text: Any, operation: str) -> datetime:
        """The expiration that is granted: what was asked, but not below 45 minutes."""
        try:
            wanted = times.parse_instant(text)
        except GraphError:
            raise invalid(f"Invalid 'expirationDateTime' attribute: '{text}'.") from None
        now = self._now()
        if wanted <= now:
            raise invalid("Subscription expiration must be in the future.")
        if wanted - now > LONGEST:
            minutes = int(LONGEST.total_seconds() // 60)
            reason = f"Subscription expiration can only be {minutes} minutes in the future."
            raise refused(400, "BadRequest", reason, operation)
        return max(wanted, now + SHORTEST)

    def _resource(self, resource: str, caller: Caller) -> tuple[User, str | None]:
        path = resource.partition("?")[0].strip("/")
        segments = locate(f"/v1.0/{path.removeprefix('v1.0/')}").segments
        if segments[:1] == ("me",):
            if caller.user_id is None:
                raise bad_request("/me request is only valid with delegated authentication flow.")
            segments = ("users", caller.user_id, *segments[1:])
        calendar_id: str | None = None
        match segments:
            case ("users", key, "events") | ("users", key, "calendar", "events"):
                pass
            case ("users", key, "calendars", calendar_key, "events"):
                calendar_id = calendar_key
            case _:
                raise invalid(f"Resource '{resource}' is not supported for change notifications.")
        caller.may_subscribe(key, self._tenant)
        user = self._tenant.find_user(key)
        if user is None:
            raise refused(404, "NotFound", f"The requested user '{key}' is invalid.")
        _check_mailbox(user)
        return user, None if calendar_id is None else self._calendar(user, calendar_id)

    def _calendar(self, user: User, calendar_id: str) -> str:
        try:
            return self._tenant.mailbox(user.id).calendar(calendar_id).id
        except GraphError:
            raise refused(403, "BadRequest", "The value of parameter 'Resource' is invalid.") from None


def members(body: Any) -> Mapping[str, Any]:
    """The body, if it is an object."""
    if not isinstance(body, dict):
        raise bad_request("Empty Payload. JSON content expected.")
    return body


def callback(url: Any, name: str) -> str:
    """An address that Graph will call: https, or plain http on this machine (see README.md)."""
    parts = urlsplit(str(url))
    if parts.scheme == "https" and parts.hostname:
        return quote(str(url), safe=":/?#[]@!$&'()*+,;=%~-._")
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return str(url)
    raise invalid(f"The '{name}' must be a valid URL that begins with https.")


def invalid(message: str) -> GraphError:
    """The subscription service does not take the request."""
    return GraphError(400, "InvalidRequest", message)


def refused(status: int, inner: str, reason: str, operation: str = "Create") -> GraphError:
    """Exchange does not take the subscription: its answer inside that of the subscription service."""
    message = f"Operation: {operation}; Exception: [Status Code: {inner}; Reason: {reason}]"
    return GraphError(status, "ExtensionError", message)


def _check_mailbox(user: User) -> None:
    address = user.mail or user.user_principal_name
    problem = user.mailbox_problem if user.has_mailbox else "MailboxNotEnabledForRESTAPI"
    match problem:
        case None:
            return
        case "OnPremises" | "MailboxInfoStale":
            reason = f"Target resource '{address}' hosted on database '' is currently on backend 'Unknown'"
            raise refused(403, "ServiceUnavailable", reason)
        case "ErrorAccessDenied":
            raise refused(403, "Forbidden", "Access is denied. Check credentials and try again.")
        case _:
            reason = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise refused(404, "NotFound", reason)
