"""Deliberate defects of the connector, each of which the simulation has to catch.

What is taken out here is what keeps the connector right; a simulation that passes without it proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from actors.clients.graph import operations
from actors.clients.steps import Done
from actors.resource import desk as resource_desk
from actors.resource.board_reader import BoardReader
from actors.resource.course import Course
from actors.resource.facts import BoardFact, Item
from actors.resource.mailbox_reader import MailboxReader
from models.judging import Judge
from models.reconcile import GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """What is changed, and the trouble in which it shows."""

    place: Any
    name: str
    changed: Callable[[Any], Any]
    """Gets what was there, gives what is there instead."""
    faults: frozenset[str]

    @contextmanager
    def injected(self) -> Iterator[None]:
        """The connector has the defect meanwhile."""
        original = getattr(self.place, self.name)
        setattr(self.place, self.name, self.changed(original))
        try:
            yield
        finally:
            setattr(self.place, self.name, original)


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


def _reads_everything(_original: Any) -> Any:
    return lambda self, head: True


EVERYTHING_LOST = frozenset({"lost-answer", "committed-503", "timeout"})

DEFECTS: dict[str, Defect] = {
    "no transactionId": Defect(
        place=operations, name="draft_body", changed=_without_transaction, faults=EVERYTHING_LOST
    ),
    "no adoption by the link property": Defect(
        place=Course,
        name="_looked_up",
        changed=_finds_nothing,
        faults=EVERYTHING_LOST | {"crash"},
    ),
    "echo recognised by clock": Defect(
        place=MailboxReader, name="_is_news", changed=_by_clock, faults=frozenset()
    ),
    "delta token saved before the effects": Defect(
        place=MailboxReader, name="_end_if_done", changed=_too_early, faults=frozenset({"crash"})
    ),
    "absent from a list is deleted": Defect(
        place=BoardReader, name="_missing", changed=_absence_believed, faults=frozenset()
    ),
    "merge without the agreed state": Defect(
        place=resource_desk, name="decide", changed=_without_memory, faults=frozenset()
    ),
    "words of private events are read": Defect(
        place=Judge, name="may_read", changed=_reads_everything, faults=frozenset()
    ),
}
