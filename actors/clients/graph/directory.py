"""What can be asked of the directory: whose mailbox an address is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from actors.clients.errors import Malformed
from actors.clients.graph.codec import text
from actors.clients.graph.paths import quoted, request
from actors.clients.steps import Steps
from models.ids import MailboxId

_ADDRESS_FILTERS = (
    "mail eq {address}",
    "userPrincipalName eq {address}",
    "proxyAddresses/any(p:p eq {smtp_address})",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryUser:
    """A user of the tenant. Whether it has a mailbox, only the mailbox says."""

    id: MailboxId
    email: str
    """Its primary address; its sign-in name where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindUser:
    """The user that an address belongs to, as its mail, its sign-in name or one of its other addresses.

    None when nobody has the address: of two users who share one, neither is it.
    """

    is_write: ClassVar[bool] = False
    mailbox: ClassVar[MailboxId | None] = None
    email: str

    def steps(self) -> Steps[DirectoryUser | None]:
        literals = {"address": quoted(self.email), "smtp_address": quoted(f"smtp:{self.email}")}
        for pattern in _ADDRESS_FILTERS:
            query = {"$filter": pattern.format_map(literals), "$select": "id,mail,userPrincipalName"}
            reply = yield request("GET", "/users", query=query)
            values = reply.mapping().get("value")
            if not isinstance(values, list):
                raise Malformed(reply.about)
            users = [_user(value) for value in values if isinstance(value, Mapping)]
            if users:
                return users[0] if len(users) == 1 else None
        return None


def _user(value: Mapping[str, object]) -> DirectoryUser:
    return DirectoryUser(
        id=MailboxId(text(value, "id")), email=text(value, "mail") or text(value, "userPrincipalName")
    )
