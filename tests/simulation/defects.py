"""Deliberate defects of the connector, each of which the simulation has to catch.

What is taken out here is what keeps the connector right; a simulation that passes without it proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from actors.clients.errors import NotFound
from actors.clients.graph import operations
from actors.clients.graph.operations import PatchEvent
from actors.clients.scheduler.operations import AppointmentListing
from actors.clients.steps import Done, Failed
from actors.resource import desk as resource_desk
from actors.resource.board_reader import BoardReader
from actors.resource.course import Course
from actors.resource.desk import Desk
from actors.resource.facts import BoardFact, Item
from actors.resource.mailbox_reader import MailboxReader
from actors.rules_watch import RulesWatch
from actors.store_actor import StoreActor
from models.judging import Judge
from models.sides import GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """What is changed, and the trouble in which it shows."""

    changes: tuple[tuple[Any, str, Callable[[Any], Any]], ...]
    """Where, under which name, and what gets that which was there and gives what is there instead."""
    faults: frozenset[str]
    acts: frozenset[str] | None = None
    """What people do that it shows in; None for everything."""

    @contextmanager
    def injected(self) -> Iterator[None]:
        """The connector has the defect meanwhile."""
        with ExitStack() as stack:
            for place, name, changed in self.changes:
                original = getattr(place, name)
                setattr(place, name, changed(original))
                stack.callback(setattr, place, name, original)
            yield


def _without_transaction(original: Any) -> Any:
    def draft_body(draft: Any) -> dict[str, Any]:
        return {name: value for name, value in original(draft).items() if name != "transactionId"}

    return draft_body


def _finds_nothing(original: Any) -> Any:
    def looked_up(self: Course, item: Item, outcome: Any) -> None:
        original(self, item, replace(outcome, value=()) if isinstance(outcome, Done) else outcome)

    return looked_up


def _by_clock(original: Any) -> Any:
    def is_news(self: MailboxReader, guid: Any, head: Any, turn: Any) -> bool:
        link = self.desk.book.get(guid)
        written = link.event_modified_at if link is not None else None
        recent = written is not None and (self.desk.ports.now() - written).total_seconds() < 60.0
        return not recent and bool(original(self, guid, head, turn))

    return is_news


def _too_early(original: Any) -> Any:
    def end_if_done(self: MailboxReader, turn: Any) -> None:
        if turn.is_read:
            turn.waiting.clear()
        original(self, turn)

    return end_if_done


def _absence_believed(_original: Any) -> Any:
    def missing(self: BoardReader, guid: Any, trigger: Any) -> None:
        fact = BoardFact(appointment=GONE, asked_at=self.desk.ports.monotonic())
        self.desk.learn_board(guid, fact, trigger)

    return missing


def _without_memory(original: Any) -> Any:
    def decide(link: Any, board: Any, outlook: Any, policy: Any) -> Any:
        if link is not None and link.agreed is not None and hasattr(board, "content"):
            now = replace(link.agreed, board=board.content)
            link = replace(link, agreed=now)
        return original(link, board, outlook, policy)

    return decide


def _empty_when_refused(original: Any) -> Any:
    def answered(self: BoardReader, outcome: Any, *rest: Any) -> None:
        if isinstance(outcome, Failed):
            outcome = Done(value=AppointmentListing(appointments=(), unreadable=()), request_id="")
        original(self, outcome, *rest)

    return answered


def _without_version(original: Any) -> Any:
    def steps(self: PatchEvent, *rest: Any) -> Any:
        return original(replace(self, etag=None), *rest)

    return steps


def _gone_when_refused(original: Any) -> Any:
    def event_read(self: Desk, item: Item, asked_at: float, outcome: Any) -> None:
        if isinstance(outcome, Failed):
            outcome = Failed(problem=NotFound(outcome.problem.about))
        original(self, item, asked_at, outcome)

    return event_read


def _reads_everything(_original: Any) -> Any:
    return lambda self, head: True


def _acknowledged(_original: Any) -> Any:
    def failed(self: StoreActor, _error: Any) -> None:
        waiting, self._waiting = self._waiting, []
        for commit in waiting:
            if commit.then is not None:
                commit.then()

    return failed


def _never_looks(_original: Any) -> Any:
    return lambda self: (None, 300.0)


EVERYTHING_LOST = frozenset({"lost-answer", "committed-503", "timeout"})

DEFECTS: dict[str, Defect] = {
    "no transactionId": Defect(
        changes=((operations, "draft_body", _without_transaction),), faults=EVERYTHING_LOST
    ),
    "no adoption by the link property": Defect(
        changes=((Course, "_looked_up", _finds_nothing),), faults=EVERYTHING_LOST | {"crash"}
    ),
    "echo recognised by clock": Defect(changes=((MailboxReader, "_is_news", _by_clock),), faults=frozenset()),
    "delta token saved before the effects": Defect(
        changes=((MailboxReader, "_end_if_done", _too_early),),
        faults=frozenset({"crash"}),
        acts=frozenset({"book", "move_event", "delete_event"}),
    ),
    "absent from a list is deleted": Defect(
        changes=((BoardReader, "_missing", _absence_believed),), faults=frozenset()
    ),
    "merge without the agreed state": Defect(
        changes=((resource_desk, "decide", _without_memory),), faults=frozenset()
    ),
    "words of private events are read": Defect(
        changes=((Judge, "may_read", _reads_everything),), faults=frozenset()
    ),
    "a listing that fails is an empty one": Defect(
        changes=(
            (BoardReader, "_answered", _empty_when_refused),
            (BoardReader, "_missing", _absence_believed),
        ),
        faults=frozenset({"outage", "crash", "lost-store"}),
    ),
    "no version with a change": Defect(
        changes=((PatchEvent, "steps", _without_version),),
        faults=frozenset({"slow", "throttled"}),
        acts=frozenset({"plan", "move_appointment", "move_event"}),
    ),
    "a reading that fails is an absence": Defect(
        changes=((Desk, "_event_read", _gone_when_refused),), faults=frozenset({"outage", "slow"})
    ),
    "what is not stored is acknowledged": Defect(
        changes=((StoreActor, "_failed", _acknowledged),), faults=frozenset({"full-disk", "crash"})
    ),
    "rules are read once": Defect(changes=((RulesWatch, "look", _never_looks),), faults=frozenset()),
}
