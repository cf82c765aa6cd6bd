"""Has an undo carried out: by the actors of the resources, or by one that is started for it alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from pykka import ActorRef

from actors.clients.errors import AccessDenied, MailboxMissing
from actors.resource.messages import Wake
from actors.roster import active_of
from actors.router import Active, Router
from actors.status import ELSEWHERE
from actors.supervision_messages import Deliver, Passivate
from actors.undo import Undo
from models.ids import ResourceNo
from models.storage.records import ResourceState


class UnderWay(Exception):  # noqa: N818 - named for what is in the way
    """Another undo has not ended yet; the text says for whom."""

    def __init__(self, resources: Sequence[ResourceNo]) -> None:
        super().__init__(f"an undo is under way for {', '.join(resources)}; wait until it has ended")


class Undos:
    """The undo that was asked for last. Any thread may use it."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._supervisor: ActorRef[Any] | None = None
        self._lock = threading.Lock()
        self.last: Undo | None = None

    def connect(self, supervisor: ActorRef[Any]) -> None:
        """Say who starts resource actors."""
        self._supervisor = supervisor

    def put_back(self, undo: Undo) -> None:
        """Have everything put back that an undo is about, whether its resource synchronises or not.

        Raises `UnderWay`: there is one at a time.
        """
        with self._lock:
            if self.last is not None and (left := self.last.waiting_for):
                raise UnderWay(left)
            self.last = undo
        for number in undo.waiting_for:
            record = undo.record_of(number)
            if record is None or record.mailbox is None:
                undo.end(number, "it has no mailbox now")
            elif number in self._router.directory.elsewhere:
                undo.end(number, f"{ELSEWHERE}; ask that one")
            elif record.state is ResourceState.QUARANTINED:
                undo.end(number, f"it is in quarantine; `retry {number}` ends that")
            else:
                self._tell(Deliver(key=number, message=Wake()))

    def waiting_for(self, number: ResourceNo) -> Undo | None:
        """The undo, if it waits for this resource."""
        return self.last if self.last is not None and self.last.waits_for(number) else None

    def at_rest(self, number: ResourceNo) -> Active:
        """A resource that does not synchronise, as an undo knows it."""
        record = self.last.record_of(number) if self.last is not None else None
        if record is None or record.mailbox is None:
            raise LookupError("only for an undo is a resource started that does not synchronise")
        return active_of(record, record.mailbox)

    def ended_at_rest(self, number: ResourceNo, incarnation: int) -> None:
        """A resource at rest has been looked after. Should it synchronise by now, its own actor follows."""
        self._tell(Passivate(key=number, incarnation=incarnation))
        if number in self._router.directory.resources:
            self._tell(Deliver(key=number, message=Wake()))

    def troubled(self, number: ResourceNo, problem: Exception) -> None:
        """A mailbox as a whole cannot be worked with: nothing of it can be put back."""
        if self.last is not None and isinstance(problem, (AccessDenied, MailboxMissing)):
            self.last.end(number, problem.sentence)

    def quarantined(self, number: ResourceNo, reason: str) -> None:
        """A resource's actor failed too often."""
        if self.last is not None:
            self.last.end(number, f"its actor failed too often: {reason}")

    def _tell(self, message: object) -> None:
        if self._supervisor is not None:
            self._supervisor.tell(message)
