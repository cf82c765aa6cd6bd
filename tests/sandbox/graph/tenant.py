"""The tenant: its users, their mailboxes, and who wants to hear of changes."""

from __future__ import annotations

import random as randomness
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tests.sandbox.graph.events import Event, Person
from tests.sandbox.graph.mailbox import Change, Mailbox
from tests.sandbox.graph.quirks import Quirks

__all__ = ["Change", "Quirks", "Tenant", "User"]


@dataclass(slots=True, kw_only=True)
class User:
    """A directory object. Fields may be changed while the tenant runs; the directory indexes mail and UPN
    at every look-up, so nothing else has to be told."""

    id: str
    mail: str | None
    user_principal_name: str
    display_name: str
    given_name: str = ""
    surname: str = ""
    account_enabled: bool = True
    has_mailbox: bool = True
    mailbox_problem: str | None = None
    """None, "MailboxNotEnabledForRESTAPI", "ErrorAccessDenied" or "MailboxInfoStale"."""
    time_zone: str = "W. Europe Standard Time"
    language: str = "en-US"
    proxy_addresses: tuple[str, ...] = ()


class Tenant:
    """Users and their mailboxes. Time and randomness come from outside: a run replays from its seed."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        random: randomness.Random,
        domain: str = "contoso.test",
        quirks: Quirks | None = None,
    ) -> None:
        self.now = now
        self.random = random
        self.domain = domain
        self.quirks = quirks or Quirks()
        self.listeners: list[Callable[[Change], None]] = []
        self._users: dict[str, User] = {}
        self._mailboxes: dict[str, Mailbox] = {}
        self._found: dict[str, str] = {}
        self._indexed = 0
        self._touches: deque[tuple[datetime, Mailbox, int]] = deque()

    @property
    def users(self) -> Mapping[str, User]:
        """Every user by object id, in order of creation."""
        return MappingProxyType(self._users)

    def add_user(self, display_name: str, mail: str | None = None, **fields: Any) -> User:
        """A new user; `fields` are further members of `User`. Without `mail` there is no address, but still
        a user principal name. A mailbox exists unless `has_mailbox` is False."""
        given, _, family = display_name.partition(" ")
        fields.setdefault("id", str(uuid.UUID(int=self.random.getrandbits(128), version=4)))
        alias = display_name.lower().replace(" ", ".")
        fields.setdefault("user_principal_name", mail or f"{alias}@{self.domain}")
        fields.setdefault("given_name", given)
        fields.setdefault("surname", family)
        user = User(display_name=display_name, mail=mail, **fields)
        if user.id in self._users:
            raise ValueError(f"a user with the id {user.id} exists already")
        self._users[user.id] = user
        return user

    def find_user(self, key: str) -> User | None:
        """The user with this object id, user principal name, mail or proxy address, in any letter case."""
        direct = self._users.get(key)
        if direct is not None:
            return direct
        wanted = key.lower()
        if self._indexed != len(self._users):
            self._found = {name: user.id for user in self._users.values() for name in _names(user)}
            self._indexed = len(self._users)
        known = self._users.get(self._found.get(wanted, ""))
        if known is not None and wanted in _names(known):
            return known
        for user in self._users.values():
            if wanted in _names(user):
                self._found[wanted] = user.id
                return user
        return None

    def mailbox(self, user_id: str) -> Mailbox:
        """The mailbox of a user, by object id; made when first asked for. KeyError: no such user."""
        mailbox = self._mailboxes.get(user_id)
        if mailbox is None:
            user = self._users[user_id]
            mailbox = Mailbox(user_id=user.id, now=self.now, random=self.random, tell=self._tell)
            self._mailboxes[user_id] = mailbox
        return mailbox

    def owner(self, user_id: str) -> Person:
        """The user as organiser and calendar owner."""
        user = self._users[user_id]
        return Person(name=user.display_name, address=user.mail or user.user_principal_name)

    def mailbox_at(self, address: str) -> tuple[Mailbox, Person] | None:
        """The working mailbox behind an address, and its owner."""
        user = self.find_user(address)
        if user is None or not user.has_mailbox or user.mailbox_problem == "MailboxNotEnabledForRESTAPI":
            return None
        return self.mailbox(user.id), self.owner(user.id)

    def expire_delta_links(self, user_id: str | None = None) -> None:
        """Every delta link of one mailbox, or of all, is forgotten: the next use answers 410."""
        for mailbox in self._mailboxes.values() if user_id is None else [self.mailbox(user_id)]:
            mailbox.delta_epoch += 1

    def written(self, mailbox: Mailbox, event: Event) -> None:
        """An event was written: Exchange may touch it once more, later (`Quirks.late_touch`)."""
        if self.quirks.late_touch is not None:
            self._touches.append((self.now() + self.quirks.late_touch, mailbox, event.number))

    def settle(self) -> None:
        """Does what Exchange does on its own account and is due by now. Every call begins with it."""
        while self._touches and self._touches[0][0] <= self.now():
            _, mailbox, number = self._touches.popleft()
            event = mailbox.by_number(number)
            if event is not None:
                mailbox.announce(event)

    def _tell(self, change: Change) -> None:
        for listener in self.listeners:
            listener(change)


def _names(user: User) -> set[str]:
    names = {user.id, user.user_principal_name, *user.proxy_addresses, *filter(None, [user.mail])}
    return {name.lower().removeprefix("smtp:") for name in names}
