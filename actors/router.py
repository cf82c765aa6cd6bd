"""Who is who, and the way to a resource: hints go in here and wake the resource that they concern.

Any thread may use it; it holds no actor's state, only who is active now and since when somebody waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pykka import ActorDeadError, ActorRef

from actors.resource.hints import Hints
from actors.resource.messages import BoardListed, Hint, Wake
from actors.runtime.clock import Clock
from actors.supervision_messages import Deliver
from models.ids import MailboxId, ResourceNo
from models.resource import Mailbox, Resource
from models.storage.records import ResourceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """A resource that synchronises now."""

    resource: Resource
    mailbox: Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Who synchronises now. Replaced as a whole by the roster."""

    resources: Mapping[ResourceNo, Active] = field(default_factory=dict)
    by_mailbox: Mapping[MailboxId, ResourceNo] = field(default_factory=dict)
    records: tuple[ResourceRecord, ...] = ()
    """Every resource of the board, also those that do not synchronise."""
    elsewhere: frozenset[ResourceNo] = frozenset()
    """Those that another process on the same store works for (D12)."""


class Router:
    """Leaves hints for resources and sees to it that they wake up."""

    def __init__(self, hints: Hints, clock: Clock) -> None:
        self._hints = hints
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting_since: dict[ResourceNo, float] = {}
        self._wrote_at: dict[ResourceNo, float] = {}
        self._watchers: dict[ResourceNo, list[Callable[[], None]]] = {}
        self._supervisor: ActorRef[Any] | None = None
        self.directory = Directory()

    def connect(self, supervisor: ActorRef[Any]) -> None:
        """Say who starts resource actors."""
        self._supervisor = supervisor

    def hint(self, resource_no: ResourceNo, hint: Hint) -> None:
        """Something of a resource may have changed. One that does not synchronise is left alone (A10)."""
        if resource_no in self.directory.resources:
            with self._lock:
                self._note(resource_no)
                is_first = self._hints.leave(resource_no, hint)
            if is_first:
                self._wake(resource_no)

    def hint_mailbox(self, mailbox: MailboxId, hint: Hint) -> None:
        """Something in a mailbox may have changed."""
        resource_no = self.directory.by_mailbox.get(mailbox)
        if resource_no is not None:
            self.hint(resource_no, hint)

    def listing(self, resource_no: ResourceNo, listing: BoardListed) -> None:
        """The board was read for a resource."""
        if resource_no in self.directory.resources:
            with self._lock:
                self._note(resource_no)
                is_first = self._hints.leave_listing(resource_no, listing)
            if is_first:
                self._wake(resource_no)

    def settled(self, resource_no: ResourceNo) -> None:
        """The resource has dealt with everything that it took; what came in since then still waits."""
        watchers: list[Callable[[], None]] = []
        with self._lock:
            if not self._hints.waits_for(resource_no):
                self._waiting_since.pop(resource_no, None)
                watchers = self._watchers.pop(resource_no, watchers)
        for tell in watchers:
            tell()

    def wrote(self, resource_no: ResourceNo) -> None:
        """Something is, or was, written for a resource."""
        with self._lock:
            self._wrote_at[resource_no] = self._clock.monotonic()

    def has_written(self, resource_no: ResourceNo, asked_at: float) -> bool:
        """Whether a resource may know of more than the last listing showed: an appointment that came and went
        between two of them is in neither. It stays so until a listing that was asked for after the write."""
        with self._lock:
            at = self._wrote_at.get(resource_no)
            if at is not None and at < asked_at:
                del self._wrote_at[resource_no]
        return at is not None

    def when_settled(self, resource_no: ResourceNo, tell: Callable[[], None]) -> None:
        """Call `tell` once, as soon as a resource has nothing left to do; it tells somebody."""
        with self._lock:
            if resource_no in self._waiting_since:
                self._watchers.setdefault(resource_no, []).append(tell)
                return
        tell()

    def lag(self, resource_no: ResourceNo) -> float:
        """Seconds for which the oldest unsettled hint of a resource has been waiting; 0 for none."""
        with self._lock:
            since = self._waiting_since.get(resource_no)
        return 0.0 if since is None else max(0.0, self._clock.monotonic() - since)

    def busy(self) -> frozenset[ResourceNo]:
        """The resources with something left to do."""
        with self._lock:
            return frozenset(self._waiting_since)

    def forget(self, resource_no: ResourceNo) -> None:
        """A resource is left alone from now on."""
        self._hints.forget(resource_no)
        self.settled(resource_no)

    def _note(self, resource_no: ResourceNo) -> None:
        self._waiting_since.setdefault(resource_no, self._clock.monotonic())

    def _wake(self, resource_no: ResourceNo) -> None:
        if self._supervisor is None:
            return
        try:
            self._supervisor.tell(Deliver(key=resource_no, message=Wake()))
        except ActorDeadError:
            return  # the process is stopping; the hint is journalled, or the next start reads anew
