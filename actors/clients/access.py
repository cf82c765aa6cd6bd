"""What a service wants to see before it answers: a token, or a key; and for how long it is good."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

RENEW_BEFORE = 300.0
"""Seconds before its end at which a grant is replaced, if it lasts that long at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Leave to make requests."""

    secret: str = field(repr=False)
    seconds: float | None = None
    """How long it lasts; None for ever, or until it is refused."""

    @property
    def renew_after(self) -> float | None:
        """Seconds after which another one is asked for, while this one still holds."""
        return None if self.seconds is None else max(self.seconds - RENEW_BEFORE, self.seconds / 2)


class Credentials(Protocol):
    """Something that gets grants."""

    def acquire(self) -> Grant:
        """A new grant, never one that was given before. Blocks on the network.

        Raises `NotAuthenticated` when the credentials are refused, `Unavailable` when nobody could say.
        """
        ...


class ApiKey:
    """A key that needs no asking for."""

    def __init__(self, key: str) -> None:
        self._key = key

    def acquire(self) -> Grant:
        return Grant(secret=self._key)


@dataclass(slots=True, eq=False, kw_only=True)
class Held:
    """A grant in use."""

    grant: Grant
    expires_at: float | None
    """Monotonic seconds."""
    is_proven: bool = False
    """Whether the service has accepted it at least once."""

    def is_good(self, now: float) -> bool:
        """Whether it may still be shown."""
        return self.expires_at is None or now < self.expires_at
