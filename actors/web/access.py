"""Who may do what: credentials compared in constant time, and the key of the local command line."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from werkzeug.datastructures import Authorization

from models.storage.changes import PutMeta

ADMINISTRATOR: Final = "admin"
CONTROL_KEY: Final = "control_key"
CONTROL_URL: Final = "control_url"
"""Names in the store's meta table: who can read the store of a process may also speak to the process."""


def new_secret() -> str:
    """A secret that nobody can guess: 43 characters, fit for a header and for a `clientState`."""
    return secrets.token_urlsafe(32)


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))


def announcement(*, control_key: str, control_url: str) -> tuple[PutMeta, PutMeta]:
    """What the process leaves in the store so that the command line beside it finds it."""
    return PutMeta(key=CONTROL_KEY, value=control_key), PutMeta(key=CONTROL_URL, value=control_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A name and a password."""

    name: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_asked_for(self) -> bool:
        """Whether there is anything to check at all."""
        return bool(self.name or self.password)

    def accepts(self, given: Authorization | None) -> bool:
        """Whether these are the Basic credentials that were given."""
        if given is None or given.type != "basic":
            return False
        name_fits = same(given.username or "", self.name)
        password_fits = same(given.password or "", self.password)
        return name_fits and password_fits


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccess:
    """Who may use `/api/*`: the administrator by password, the local command line by its key."""

    admin_password: str = field(default="", repr=False)
    """Empty: no password opens it."""
    control_key: str = field(default="", repr=False)
    """Empty: no key opens it."""

    def permits(self, given: Authorization | None) -> bool:
        """Whether a request may go on."""
        if given is None:
            return False
        if given.type == "bearer":
            return bool(self.control_key) and same(given.token or "", self.control_key)
        login = Login(name=ADMINISTRATOR, password=self.admin_password)
        return bool(self.admin_password) and login.accepts(given)
