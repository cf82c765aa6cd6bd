"""The grant that a gateway works with: got in good time, replaced when refused, awaited when there is none.

Part of a gateway and used on its turns only. Asking happens on a sender; the answer comes as a message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import structlog

from actors.clients.access import Credentials, Grant, Held
from actors.clients.errors import About, Defect, NotAuthenticated, Problem
from actors.clients.policies import CIRCUIT, CREDENTIALS, asked_wait
from actors.runtime.clock import Clock
from actors.runtime.errors import SendersClosedError, safe_traceback, type_name
from actors.runtime.senders import Senders
from actors.runtime.timers import Timer, Timers

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is injected into every gateway."""

    clock: Clock
    timers: Timers
    senders: Senders
    random: Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquired:
    """Tells a gateway what came of asking for a grant."""

    outcome: Grant | BaseException


@dataclass(frozen=True, slots=True)
class GrantIsDue:
    """Tells a gateway that it is time to ask for a grant."""


class Grants:
    """The grant in hand, and the next one."""

    def __init__(
        self,
        credentials: Credentials,
        surroundings: Surroundings,
        *,
        service: str,
        tell: Callable[[object], None],
    ) -> None:
        self._credentials = credentials
        self._around = surroundings
        self._service = service
        self._tell = tell
        self._held: Held | None = None
        self._asking = False
        self._ask_later: Timer | None = None
        self._failures = 0
        self.problem: Problem | None = None
        """Why there is no new grant; None when all is well."""

    def usable(self, now: float) -> Held | None:
        """The grant to show; None if one has to be waited for, which has been asked for then."""
        if self._held is not None and self._held.is_good(now):
            return self._held
        self._held = None
        self._ask()
        return None

    def due(self) -> None:
        """It is time to ask, as `GrantIsDue` says."""
        self._ask_later = None
        self._ask()

    def acquired(self, outcome: Grant | BaseException) -> None:
        """The answer to asking."""
        self._asking = False
        if isinstance(outcome, Grant):
            expires_at = None if outcome.seconds is None else self._around.clock.monotonic() + outcome.seconds
            self._held = Held(grant=outcome, expires_at=expires_at)
            self._plan(outcome.renew_after)
        elif not isinstance(outcome, SendersClosedError):
            self._failed(outcome if isinstance(outcome, Problem) else _defect(self._service, outcome))

    def refused(self, held: Held, problem: NotAuthenticated) -> None:
        """The service does not accept a grant: another one may do, once."""
        if held is not self._held:
            return  # it has been replaced meanwhile
        self._held = None
        if held.is_proven:
            self._plan(None)
            self._ask()
        else:
            self._failed(problem)

    def accepted(self, held: Held) -> None:
        """The service accepts a grant."""
        if held.is_proven:
            return
        held.is_proven = True
        if self.problem is not None:
            log.warning("signed in again", service=self._service)
        self.problem, self._failures = None, 0

    def _ask(self) -> None:
        """Ask, unless an answer is on its way or it is not yet time to ask again."""
        if self._asking or (self._held is None and self._ask_later is not None):
            return
        self._asking = True
        tell = self._tell
        self._around.senders.run(self._credentials.acquire, lambda outcome: tell(Acquired(outcome=outcome)))

    def _failed(self, problem: Problem) -> None:
        """Everything waits, nothing is dropped (D7); a grant in hand holds while it lasts."""
        if self.problem is None or str(self.problem) != str(problem):
            log.error("not signed in", service=self._service, problem=str(problem), remedy=problem.remedy)
        self.problem = problem
        self._failures += 1
        policy = CREDENTIALS if isinstance(problem, NotAuthenticated) else CIRCUIT
        self._plan(policy.delay(self._failures, self._around.random, asked=asked_wait(problem)))

    def _plan(self, seconds: float | None) -> None:
        if self._ask_later is not None:
            self._ask_later.cancel()
        tell = self._tell
        timers = self._around.timers
        self._ask_later = None if seconds is None else timers.after(seconds, lambda: tell(GrantIsDue()))


def _defect(service: str, error: BaseException) -> Defect:
    return Defect(About(service=service), kind=type_name(error), at=tuple(safe_traceback(error)))
