"""What those who keep subscriptions may ask of the rest of the process, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, Protocol

from actors.clients.graph.operations import GraphOperation
from actors.clients.scheduler.operations import SchedulerOperation
from actors.clients.steps import Outcome
from models.ids import MailboxId
from models.storage.changes import Change

AT_ONCE: Final = 8
"""Requests under way about subscriptions: a creation holds a sender for as long as Graph's calls take."""
FIRST_RETRY: Final = timedelta(minutes=1)
LONGEST_RETRY: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the services are to call."""

    public_url: str

    @property
    def changes(self) -> str:
        """What Graph calls when events change."""
        return f"{self.public_url}/hooks/graph"

    @property
    def lifecycle(self) -> str:
        """What Graph calls when something is the matter with a subscription."""
        return f"{self.public_url}/hooks/graph/lifecycle"

    def appointments(self, kind: str) -> str:
        """What the board calls for one kind of change."""
        return f"{self.public_url}/hooks/scheduler/{kind}"


class Polled:
    """Why mailboxes are polled and not listened to. Replaced as a whole; any thread may read it."""

    def __init__(self) -> None:
        self.reasons: Mapping[MailboxId, str] = {}


class SubscriptionPorts(Protocol):
    """The ways out. None of them waits; every answer comes back in a turn of the same actor."""

    random: Random

    def now(self) -> datetime:
        """This instant, in UTC."""
        ...

    def new_secret(self) -> str:
        """A secret that nobody can guess."""
        ...

    def graph(self, operation: GraphOperation[Any], then: Callable[[Outcome], None]) -> None:
        """Have an operation performed by Graph."""
        ...

    def board(self, operation: SchedulerOperation[Any], then: Callable[[Outcome], None]) -> None:
        """Have an operation performed by Dime.Scheduler."""
        ...

    def commit(self, *changes: Change) -> None:
        """Write changes."""
        ...

    def look_at(self, mailbox: MailboxId) -> None:
        """Have a mailbox asked what changed: something may have been missed."""
        ...


def retry_after(failures: int, random: Random) -> timedelta:
    """How long to wait after so many failures in a row: twice as long each time, and never all together."""
    longest = min(FIRST_RETRY.total_seconds() * 2.0 ** min(failures - 1, 16), LONGEST_RETRY.total_seconds())
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))
