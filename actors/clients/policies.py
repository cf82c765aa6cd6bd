"""How long to wait before the next try, and when to give up: stated once for each kind of failure.

The waits and stops are tenacity's, used as what they are, pure functions of the number of the attempt:
nothing here sleeps, and the jitter comes from the randomness that is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan, nan
from random import Random
from typing import Final

from tenacity import RetryCallState, Retrying, stop_after_attempt, stop_never, wait_exponential
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from actors.clients.errors import Malformed, Problem, Throttled, Transient, Unavailable
from actors.clients.transport import Headers

JITTER: Final = 0.25
"""A wait is lengthened by up to this part of it, so that those who failed together do not return together."""

LONGEST_ASKED: Final = 3600.0
"""Seconds: a service that asks for more is asked again after this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """When to try again after one kind of failure."""

    wait: wait_base
    stop: stop_base

    def delay(self, attempt: int, random: Random, *, asked: float | None = None) -> float:
        """Seconds until the next try after `attempt` tries; never less than the service `asked` for."""
        seconds = self.wait(_attempt(attempt))
        return max(seconds, asked or 0.0) * (1.0 + JITTER * random.random())

    def gives_up(self, attempt: int) -> bool:
        """Whether `attempt` tries are enough."""
        return bool(self.stop(_attempt(attempt)))


THROTTLED: Final = RetryPolicy(wait=wait_exponential(multiplier=1, max=60), stop=stop_after_attempt(20))
"""The service is well and asks for patience."""

UNAVAILABLE: Final = RetryPolicy(wait=wait_exponential(multiplier=0.5, max=30), stop=stop_after_attempt(6))
"""About half a minute: longer disturbances are the circuit's, or one mailbox's own (facts §3.5)."""

MALFORMED: Final = RetryPolicy(wait=wait_exponential(multiplier=1, max=10), stop=stop_after_attempt(3))
"""Once, an unreadable answer is a proxy's or a cut line's; when it stays, it is the service's own error."""

CREDENTIALS: Final = RetryPolicy(wait=wait_exponential(multiplier=5, max=300), stop=stop_never)
"""Somebody has to act; that they did is noticed within five minutes."""

CIRCUIT: Final = RetryPolicy(wait=wait_exponential(multiplier=1, max=30), stop=stop_never)
"""Between one probe of a service that is down and the next."""


def policy_for(problem: Problem) -> RetryPolicy | None:
    """The policy that repeats a request after `problem`; None for what must not be repeated as it is."""
    match problem:
        case Throttled():
            return THROTTLED
        case Unavailable():
            return UNAVAILABLE
        case Malformed():
            return MALFORMED
        case _:
            return None


def asked_wait(problem: Problem) -> float | None:
    """The seconds that the service asked for along with a problem."""
    return problem.retry_after if isinstance(problem, Transient) else None


def retry_after(headers: Headers) -> float | None:
    """`Retry-After` in seconds: whole, fractional, or a date against the answer's own `Date` (facts §5.2).

    None where it is missing or says nothing that can be understood.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _until(value, headers.get("date", ""))
    return min(max(seconds, 0.0), LONGEST_ASKED) if not isnan(seconds) else None


def answered_at(headers: Headers) -> datetime | None:
    """When a service gave an answer, by its own clock; None where it does not say."""
    return _moment(headers.get("date", ""))


def _until(moment: str, now: str) -> float:
    then, present = _moment(moment), _moment(now)
    return nan if then is None or present is None else (then - present).total_seconds()


def _moment(said: str) -> datetime | None:
    try:
        return _aware(parsedate_to_datetime(said))
    except (ValueError, OverflowError):
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _attempt(number: int) -> RetryCallState:
    state = RetryCallState(_RETRYING, None, (), {})
    state.attempt_number = number
    return state


_RETRYING: Final = Retrying()
"""Only because a `RetryCallState` names one; it never runs anything."""
