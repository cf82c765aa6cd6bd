"""Graph's limits: requests in flight and requests per ten minutes, counted per mailbox (facts §5.1)."""

from __future__ import annotations

import random as randomness
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tests.sandbox.graph.errors import GraphError

BUCKETS = 20

RetryAfter = Literal["integer", "fractional", "missing", "mixed"]


@dataclass(slots=True, kw_only=True)
class Limits:
    """The limits in force, and how a refusal words its Retry-After (facts §5.1, §5.2)."""

    in_flight: int = 4
    """Requests of one application to one mailbox at a time."""
    requests: int = 10_000
    """Requests of one application to one mailbox in `window` seconds."""
    window: float = 600.0
    subscription_writes: int = 500
    """POST, PATCH and DELETE of subscriptions per application and tenant in `subscription_window` seconds."""
    subscription_reads: int = 25
    """GETs of the list of subscriptions in the same window."""
    subscription_window: float = 20.0
    retry_after: RetryAfter = "integer"
    retry_after_seconds: float = 1.0
    """What an integer Retry-After says, and about what a fractional one says."""


class Window:
    """A sliding count in buckets: exact to a twentieth of its length, constant in memory."""

    __slots__ = ("_buckets", "_total", "_width")

    def __init__(self, seconds: float) -> None:
        self._width = seconds / BUCKETS
        self._buckets: deque[list[int]] = deque()
        self._total = 0

    def count(self, moment: float) -> int:
        """Counts one more at `moment` (seconds on any clock that does not run backwards by much)."""
        bucket = int(moment / self._width)
        while self._buckets and self._buckets[0][0] <= bucket - BUCKETS:
            self._total -= self._buckets.popleft()[1]
        if self._buckets and self._buckets[-1][0] >= bucket:
            self._buckets[-1][1] += 1
        else:
            self._buckets.append([bucket, 1])
        self._total += 1
        return self._total


class Throttle:
    """Who has how many requests under way, and who had too many lately."""

    def __init__(self, *, now: Callable[[], datetime], random: randomness.Random) -> None:
        self.limits = Limits()
        self._now = now
        self._random = random
        self._in_flight: dict[tuple[str, str], int] = {}
        self._windows: dict[tuple[str, str], Window] = {}
        self.refused = 0
        """Refusals since the start, for the statistics."""
        self.highest_in_flight = 0
        """Most requests that one mailbox ever had under way at once, refused ones not counted."""

    def enter(self, application: str, mailbox: str) -> None:
        """Takes a place in the mailbox until `leave`. Raises GraphError 429 when all are taken."""
        key = (application, mailbox)
        now_in_flight = self._in_flight.get(key, 0)
        if now_in_flight >= self.limits.in_flight:
            raise self._refusal("Application is over its MailboxConcurrency limit.")
        self._in_flight[key] = now_in_flight + 1
        self.highest_in_flight = max(self.highest_in_flight, now_in_flight + 1)

    def leave(self, application: str, mailbox: str) -> None:
        """Gives the place back."""
        key = (application, mailbox)
        remaining = self._in_flight[key] - 1
        if remaining:
            self._in_flight[key] = remaining
        else:
            del self._in_flight[key]

    def count(self, application: str, mailbox: str) -> None:
        """Counts a request, refused ones included. Raises GraphError 429 above the limit."""
        if self._over((application, mailbox), self.limits.requests, self.limits.window):
            raise self._refusal("Application is over its RequestRate limit.")

    def count_subscription_call(self, application: str, method: str) -> None:
        """Counts a call on /subscriptions. Raises GraphError 429 above the limit (facts §4.1)."""
        kind, limit = (
            ("subscriptions/list", self.limits.subscription_reads)
            if method == "GET"
            else ("subscriptions/write", self.limits.subscription_writes)
        )
        if self._over((application, kind), limit, self.limits.subscription_window):
            raise self._refusal("Too many requests.", code="TooManyRequests")

    def _over(self, key: tuple[str, str], limit: int, seconds: float) -> bool:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = Window(seconds)
        return window.count(self._now().timestamp()) > limit

    def _refusal(self, message: str, code: str = "ApplicationThrottled") -> GraphError:
        self.refused += 1
        return GraphError(429, code, message, headers=self._retry_after())

    def _retry_after(self) -> dict[str, str]:
        style = self.limits.retry_after
        if style == "mixed":
            style = self._random.choice(("integer", "fractional", "missing"))
        seconds = self.limits.retry_after_seconds
        match style:
            case "integer":
                return {"retry-after": str(max(1, round(seconds)))}
            case "fractional":
                return {"retry-after": f"{seconds * (0.5 + self._random.random()):.3f}"}
            case _:
                return {}
