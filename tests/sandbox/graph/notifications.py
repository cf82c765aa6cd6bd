"""Notifications on their way: collected for a moment, sent, and repeated until they are taken (facts §4.3).

The room knows neither sockets nor timers: `due` says when it wants to be woken, `tick` does what is due, and
`settled` tells it how a delivery ended.
"""

from __future__ import annotations

import heapq
import json
import random as randomness
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.sandbox.wire import Delivery, Response

LARGEST_NOTIFICATION = 100
ANSWER_WITHIN = 3.0
GIVE_UP_AFTER = timedelta(hours=4)
LONGEST_PAUSE = 600.0
ABOUT = "graph-notification"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A delivery that has not been taken yet."""

    delivery: Delivery
    first: datetime
    tries: int


class Notifier:
    """Sends items to addresses, several in one call where they come close together."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        random: randomness.Random,
        send: Callable[[Delivery], None],
    ) -> None:
        self._now = now
        self._random = random
        self._send = send
        self._collected: dict[str, tuple[datetime, list[dict[str, Any]]]] = {}
        self._out: dict[str, Attempt] = {}
        self._again: list[tuple[datetime, str]] = []
        self.collect_seconds = 0.05
        """How long items for one address are collected before they go out together; 0 sends each at once."""
        self.retry_seconds = 10.0
        """The first pause before a refused notification is sent again; it doubles up to ten minutes."""

    def put(self, url: str, item: dict[str, Any]) -> None:
        """One more item for an address."""
        if self.collect_seconds <= 0:
            self._post(url, [item])
            return
        waiting = self._collected.get(url)
        if waiting is None:
            due = self._now() + timedelta(seconds=self.collect_seconds)
            self._collected[url] = (due, [item])
        else:
            waiting[1].append(item)
            if len(waiting[1]) >= LARGEST_NOTIFICATION:
                del self._collected[url]
                self._post(url, waiting[1])

    def due(self) -> datetime | None:
        """When `tick` has something to do next."""
        moments = [due for due, _ in self._collected.values()]
        if self._again:
            moments.append(self._again[0][0])
        return min(moments, default=None)

    def tick(self) -> None:
        """Sends what has been collected long enough and repeats what is to be repeated."""
        now = self._now()
        for url in [url for url, (due, _) in self._collected.items() if due <= now]:
            self._post(url, self._collected.pop(url)[1])
        while self._again and self._again[0][0] <= now:
            _, name = heapq.heappop(self._again)
            attempt = self._out.get(name)
            if attempt is not None:
                self._send(attempt.delivery)

    def settled(self, delivery: Delivery, response: Response | None) -> None:
        """How a delivery ended; None is no answer in time. Anything but 2xx is sent again, for four hours."""
        name = delivery.headers.get("request-id", "")
        attempt = self._out.pop(name, None)
        if attempt is None or (response is not None and 200 <= response.status < 300):
            return
        now = self._now()
        if now - attempt.first >= GIVE_UP_AFTER:
            return
        pause = min(self.retry_seconds * 2**attempt.tries, LONGEST_PAUSE)
        pause *= 0.75 + self._random.random() / 2
        self._out[name] = Attempt(attempt.delivery, attempt.first, attempt.tries + 1)
        heapq.heappush(self._again, (now + timedelta(seconds=pause), name))

    @property
    def waiting(self) -> int:
        """Deliveries that nobody has taken yet, and items still being collected."""
        return len(self._out) + sum(len(items) for _, items in self._collected.values())

    def _post(self, url: str, items: list[dict[str, Any]]) -> None:
        name = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        delivery = Delivery(
            url=url,
            headers={"content-type": "application/json; charset=utf-8", "request-id": name},
            body=json.dumps({"value": items}, separators=(",", ":")).encode(),
            timeout=ANSWER_WITHIN,
            about=ABOUT,
        )
        self._out[name] = Attempt(delivery, self._now(), 0)
        self._send(delivery)
