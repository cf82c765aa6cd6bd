"""What a supervisor keeps of one child while the process runs."""

from __future__ import annotations

from typing import Any

from pykka import ActorDeadError, ActorRef

from actors.runtime.waiting import Waiting
from actors.supervision_messages import ChildReport, Key
from models.supervision import ChildState, RunState


class Child:
    """One child: what is remembered of it, where it runs if it runs, and what waits for it."""

    __slots__ = ("key", "ref", "retired", "state", "waiting", "wanted")

    def __init__(self, key: Key, state: ChildState) -> None:
        self.key = key
        self.state = state
        self.ref: ActorRef[Any] | None = None
        self.waiting = Waiting()
        self.wanted = False  # to run again as soon as it has stopped
        self.retired = False  # not to run again, whatever is left in its inbox

    @property
    def stopping(self) -> bool:
        """Whether it has been asked to stop and has not said its last word."""
        return self.state.state is RunState.STOPPING

    def give(self, message: object) -> bool:
        """Pass a message on to the child if it runs, or keep it; return whether it was passed on."""
        self.waiting.add(message)
        if self.state.state is RunState.RUNNING:
            self.give_waiting()
        return not self.waiting

    def give_waiting(self) -> None:
        """Pass on what waits, in order, for as long as the child takes it."""
        if self.ref is None:
            return
        messages = self.waiting.take_all()
        for position, message in enumerate(messages):
            try:
                self.ref.tell(message)
            except ActorDeadError:  # its last word is on its way; the next incarnation gets these
                self.waiting.put_back(messages[position:])
                return

    def report(self) -> ChildReport:
        """How it is, as a value."""
        state = self.state
        return ChildReport(
            key=self.key,
            state=state.state,
            quarantined=state.quarantined,
            incarnation=state.incarnation,
            failures=state.failures,
            since=state.since,
            reason=state.reason,
            waiting=len(self.waiting),
            dropped=self.waiting.dropped,
        )
