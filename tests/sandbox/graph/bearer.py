"""Who calls Graph and what they may do: the access token, and its 401s and 403s (facts §6.1, §6.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.sandbox.graph.authority import GRAPH, GRAPH_APP_ID, Authority
from tests.sandbox.graph.call import Call
from tests.sandbox.graph.errors import GraphError
from tests.sandbox.graph.tenant import Tenant
from tests.sandbox.graph.tokens import TokenError

REMEMBERED_TOKENS = 512
CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
    'client_id="00000003-0000-0000-c000-000000000000"'
)
NOT_WELL_FORMED = (
    "IDX14100: JWT is not well formed, there are no dots (.).\nThe token needs to be in JWS or JWE Compact "
    "Serialization Format. (JWS): 'EncodedHeader.EncodedPayload.EncodedSignature'. (JWE): "
    "'EncodedProtectedHeader.EncodedEncryptedKey.EncodedInitializationVector.EncodedCiphertext.EncodedAuthenticationTag'."
)
CALENDAR_READERS = frozenset({"Calendars.Read", "Calendars.ReadBasic.All", "Calendars.ReadWrite"})
CALENDAR_WRITERS = frozenset({"Calendars.ReadWrite"})
DIRECTORY_READERS = frozenset(
    {"User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All", "Directory.Read.All"}
)
SETTINGS_READERS = frozenset({"MailboxSettings.Read", "MailboxSettings.ReadWrite"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The application, and the person on whose behalf it calls, if any."""

    application: str
    user_id: str | None
    permissions: frozenset[str]
    """Application roles, or delegated scopes."""
    expires: float
    """Unix time."""

    def may_read_directory(self) -> None:
        """Raises GraphError 403 unless users may be listed and read."""
        if self.user_id is None and not self.permissions & DIRECTORY_READERS:
            raise directory_denied()

    def may_use_calendar(self, key: str, call: Call, tenant: Tenant) -> None:
        """Raises GraphError 403 unless the caller may do this in the mailbox of `key`."""
        wanted = CALENDAR_READERS if call.method in ("GET", "HEAD") else CALENDAR_WRITERS
        self._may(key, wanted, tenant)

    def may_read_settings(self, key: str, room: str, tenant: Tenant) -> None:
        """Raises GraphError 403 unless the caller may read mailbox settings, or Outlook's lists."""
        wanted = SETTINGS_READERS if room == "mailboxSettings" else SETTINGS_READERS | DIRECTORY_READERS
        self._may(key, wanted, tenant)

    def may_subscribe(self, key: str, tenant: Tenant) -> None:
        """Raises GraphError 403 unless the caller may hear of changes in the mailbox of `key`."""
        self._may(key, CALENDAR_READERS, tenant)

    def _may(self, key: str, wanted: frozenset[str], tenant: Tenant) -> None:
        if not self.permissions & wanted:
            raise mailbox_denied()
        if self.user_id is not None:
            user = tenant.find_user(key)
            if user is not None and user.id != self.user_id:
                raise mailbox_denied()


class Bearer:
    """Reads the Authorization header; remembers tokens whose signature was checked before."""

    def __init__(self, *, authority: Authority, now: Callable[[], datetime]) -> None:
        self._authority = authority
        self._now = now
        self._known: dict[str, Caller] = {}
        self.rbac = False
        """RBAC for Applications: mailboxes are open to the application without roles in its token."""

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Who calls. Raises GraphError 401 in Graph's words."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise unauthenticated("Access token is empty.")
        caller = self._known.get(token)
        if caller is None:
            caller = self._read(token)
            if len(self._known) >= REMEMBERED_TOKENS:
                self._known.clear()
            self._known[token] = caller
        if caller.expires <= self._now().timestamp():
            raise unauthenticated("Lifetime validation failed, the token is expired.")
        return caller

    def glance(self, headers: Mapping[str, str]) -> Caller | None:
        """Who calls, or None for a call that the door will refuse."""
        try:
            return self.caller(headers)
        except GraphError:
            return None

    def _read(self, token: str) -> Caller:
        if "." not in token:
            raise unauthenticated(NOT_WELL_FORMED)
        try:
            claims = self._authority.key.claims_of(token)
        except TokenError:
            raise unauthenticated("Access token validation failure. Invalid signature.") from None
        if str(claims.get("aud", "")).rstrip("/") not in (GRAPH, GRAPH_APP_ID):
            raise unauthenticated("Access token validation failure. Invalid audience.")
        if claims.get("tid") != self._authority.tenant_id:
            raise unauthenticated("Access token validation failure. Invalid issuer.")
        person = claims.get("idtyp") == "user"
        granted = str(claims.get("scp", "")).split() if person else claims.get("roles", [])
        if self.rbac and not person:
            granted = [*granted, "Calendars.ReadWrite", "MailboxSettings.Read"]
        return Caller(
            application=str(claims.get("appid", "")),
            user_id=str(claims["oid"]) if person else None,
            permissions=frozenset(granted),
            expires=float(claims.get("exp", 0)),
        )

    def forget(self) -> None:
        """Reads every token again, after the rules have changed."""
        self._known.clear()


def unauthenticated(message: str) -> GraphError:
    """401, with the header that says where tokens come from."""
    return GraphError(401, "InvalidAuthenticationToken", message, headers={"www-authenticate": CHALLENGE})


def mailbox_denied() -> GraphError:
    """403 of Exchange."""
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def directory_denied() -> GraphError:
    """403 of the directory."""
    return GraphError(
        403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
    )
