"""Trouble at the boundary of the connector: which request meets it, and what it is."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from tests.sandbox.faults import Fault, Kind

KINDS: Final = (
    "throttled",
    "unavailable",
    "committed-503",
    "reset",
    "lost-answer",
    "timeout",
    "truncated",
    "malformed",
    "spent-token",
    "bad-token",
    "slow",
    "outage",
    "authority-down",
    "secret-expired",
    "notifications",
    "crash",
    "downtime",
    "restore",
    "lost-store",
)
"""Every kind of trouble. The first eleven strike requests, the others the world."""

SELDOM: Final = ("full-disk",)
"""Trouble that is drawn by itself, and not among the others."""
EVERY: Final = frozenset({*KINDS, *SELDOM})
SELDOM_CHANCE: Final = 0.1
"""In how many histories there is any of it."""

ON_REQUESTS: Final = KINDS[:11]
CHANCE: Final = (0.02, 0.08, 0.25)
"""How often a request meets trouble: in a history that has any."""


class Trouble:
    """Stands where the sandbox keeps its faults, and draws one for each request from the seed."""

    def __init__(self, kinds: frozenset[str], dice: Random, noted: Callable[[str, str], None]) -> None:
        self._kinds = [kind for kind in ON_REQUESTS if kind in kinds]
        self._dice = dice
        self._noted = noted
        self._chance = dice.choice(CHANCE)
        self.over = False
        """Whether the world is at peace from here on."""
        self.down: set[str] = set()
        """The services that refuse everything."""

    def __bool__(self) -> bool:
        return (bool(self._kinds) or bool(self.down)) and not self.over

    def strike(
        self,
        service: str,
        method: str,
        target: str,
        mailboxes: frozenset[str] | None,
        *,
        delivery: bool = False,
    ) -> Fault | None:
        """What befalls a request; as `tests.sandbox.faults.Faults.strike`."""
        if delivery or not self:
            return None
        if service in self.down:
            self._noted("outage", f"{method} {target.partition('?')[0]}")
            return self._fault(self._dice.choice(("unavailable", "reset", "lost-answer")), service)
        if not self._kinds or self._dice.random() >= self._chance:
            return None
        kind = self._dice.choice(self._kinds)
        is_delta = service == "graph" and "/delta" in target
        if kind in ("spent-token", "bad-token") and not (is_delta and "token=" in target):
            return None
        self._noted(kind, f"{method} {target.partition('?')[0]}")
        return self._fault(kind, service)

    def _fault(self, kind: str, service: str) -> Fault:
        dice = self._dice
        match kind:
            case "throttled":
                wait = dice.choice((None, 1, 5, 30)) if service == "graph" else dice.choice((None, 2))
                return Fault(id=kind, kind=Kind.STATUS, status=429, retry_after=wait)
            case "unavailable":
                return Fault(id=kind, kind=Kind.STATUS, status=dice.choice((500, 502, 503, 504)))
            case "committed-503":
                return Fault(id=kind, kind=Kind.STATUS, status=dice.choice((503, 504)), commit=True)
            case "reset":
                return Fault(id=kind, kind=Kind.RESET)
            case "lost-answer" | "timeout":
                return Fault(id=kind, kind=Kind.LOST_ANSWER)
            case "truncated":
                return Fault(id=kind, kind=Kind.TRUNCATE)
            case "malformed":
                return Fault(id=kind, kind=Kind.MALFORMED)
            case "spent-token":
                return Fault(id=kind, kind=Kind.STATUS, status=410, code="SyncStateNotFound")
            case "bad-token":
                return Fault(id=kind, kind=Kind.STATUS, status=400, code="ErrorInvalidUrlQuery")
            case _:
                return Fault(id=kind, kind=Kind.DELAY, seconds=dice.choice((0.5, 5.0, 40.0)))
