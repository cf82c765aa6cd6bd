"""The log of requests that a test counts and a person reads: bounded, and cheap to keep."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.sandbox.wire import Request

KEPT_REQUESTS = 50_000
KEPT_BODY_BYTES = 64 * 1024


@dataclass(slots=True)
class Entry:
    """One request; `status` is 0 while it is under way and -1 when its connection was reset."""

    number: int
    at: datetime
    service: str
    method: str
    path: str
    query: str
    mailbox: str | None
    batch: int | None
    body: bytes
    status: int = 0

    def as_json(self) -> dict[str, Any]:
        """The entry as `GET /requests` shows it."""
        return {
            "n": self.number,
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "service": self.service,
            "method": self.method,
            "path": self.path + (f"?{self.query}" if self.query else ""),
            "status": self.status,
            "mailbox": self.mailbox,
            "body": _parsed(self.body),
            "batch": self.batch,
        }


class Recorder:
    """Keeps the newest requests in order; numbers go on rising when old entries fall out."""

    def __init__(self, keep: int = KEPT_REQUESTS) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._next = 1
        self.enabled = True
        """A simulation that counts for itself switches the log off; numbers are given all the same."""
        self.counts: Counter[str] = Counter()
        """Requests by service since the last `clear`, those inside batches included."""

    @property
    def next_number(self) -> int:
        """The number that the next request will get."""
        return self._next

    def begin(
        self, service: str, request: Request, at: datetime, mailbox: str | None, batch: int | None
    ) -> Entry:
        """Notes a request as it arrives; the caller sets `status` when it is answered."""
        entry = Entry(
            self._next,
            at,
            service,
            request.method,
            request.path,
            request.query,
            mailbox,
            batch,
            request.body if len(request.body) <= KEPT_BODY_BYTES else b"",
        )
        self._next += 1
        self.counts[service] += 1
        if self.enabled:
            self._entries.append(entry)
        return entry

    def since(self, number: int) -> Iterator[Entry]:
        """Entries with this number or a later one, oldest first."""
        newest = list(self._entries)
        skip = max(0, number - newest[0].number) if newest else 0
        return iter(newest[skip:])

    def clear(self) -> None:
        """Forgets the entries and the counts, not the numbering."""
        self._entries.clear()
        self.counts.clear()


def _parsed(body: bytes) -> Any:
    if not body or body[:1] not in (b"{", b"["):
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None
