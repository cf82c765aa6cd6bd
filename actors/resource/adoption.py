"""Events that the connector wrote and no link knows: recognised by the link property they carry (C5, B13)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from actors.clients.graph.operations import FindLinked, LinkedEvent
from actors.clients.steps import Failed, Outcome
from actors.resource.chronicle import Chronicle
from actors.resource.desk import Desk
from models.ids import AppointmentGuid, EventId, parse_link_value, transaction_id
from models.judging import Judge
from models.link import Agreed, Link, Origin
from models.storage.changes import AddDecision, PutLink
from models.storage.records import Trigger

RETRY_SECONDS = 30.0
GENERATIONS = 64
"""How many successive events of one link are tried when an original is told from its copies."""


class Adoption:
    """Gives the connector's own events their links back."""

    def __init__(self, desk: Desk, chronicle: Chronicle) -> None:
        self.desk = desk
        self.chronicle = chronicle

    def adopt_all(self, then: Callable[[], None]) -> None:
        """Find every event that an earlier installation wrote here, before anything new is written."""

        def found(linked: Collection[LinkedEvent]) -> None:
            self._adopt(linked)
            then()

        self._find(found)

    def look_into(self, suspects: Collection[EventId], then: Callable[[Collection[EventId]], None]) -> None:
        """Find out about events that bear an id of the connector's, but have no link.

        One that the connector made is adopted, and both sides are looked at. `then` is told the others:
        copies, those of other applications, and those that are not there any more.
        """

        def found(linked: Collection[LinkedEvent]) -> None:
            ours = [one for one in linked if one.id in suspects and _is_original(one, self.desk)]
            for guid in self._adopt(ours):
                item = self.desk.item(guid, Trigger.RECOVERY)
                item.reread_board = True
                self.desk.consider(item)
            then(set(suspects) - {one.id for one in ours})

        self._find(found)

    def _find(self, then: Callable[[Collection[LinkedEvent]], None]) -> None:
        judge = Judge.of_linked(self.desk.lens.readable)

        def found(outcome: Outcome) -> None:
            if isinstance(outcome, Failed):
                self.desk.ports.trouble(outcome.problem)
                self.desk.ports.later(RETRY_SECONDS, lambda: self._find(then))
                return
            then(outcome.value)

        self.desk.ports.graph(FindLinked(mailbox=self.desk.mailbox.id, judge=judge), found)

    def _adopt(self, linked: Iterable[LinkedEvent]) -> list[AppointmentGuid]:
        by_guid: dict[AppointmentGuid, list[LinkedEvent]] = {}
        for one in linked:
            parsed = parse_link_value(one.link_value)
            if parsed is not None and parsed[1] == self.desk.resource.resource_no:
                by_guid.setdefault(parsed[0], []).append(one)
        unknown = {guid: found for guid, found in by_guid.items() if self.desk.book.get(guid) is None}
        for guid, candidates in unknown.items():
            self._adopt_one(guid, candidates)
        return list(unknown)

    def _adopt_one(self, guid: AppointmentGuid, candidates: list[LinkedEvent]) -> None:
        """Of an event and its copies, the one that the connector created is the original (B13)."""
        link = Link(
            resource_no=self.desk.resource.resource_no,
            guid=guid,
            origin=Origin.BOARD,
            mailbox=self.desk.mailbox.id,
        )
        original, generation = _original(link, candidates)
        event = original.event
        seen = self.desk.lens.mapper.seen_event(event, None, times_readable=True)
        link = replace(
            link,
            generation=generation,
            event_id=event.head.id,
            event_key=event.head.key,
            etag=event.head.etag,
            event_modified_at=event.head.modified_at,
            agreed=Agreed(board=seen, outlook=seen),
        )
        self.desk.book.put(link)
        self.desk.ports.commit(PutLink(link=link), AddDecision(decision=self.chronicle.adopted(link, event)))


def _original(link: Link, candidates: list[LinkedEvent]) -> tuple[LinkedEvent, int]:
    """Which of several events with the same link property the connector created, and as which generation."""
    for generation in range(GENERATIONS):
        ours = transaction_id(link.guid, link.resource_no, link.mailbox, generation)
        for candidate in candidates:
            if candidate.transaction_id == ours:
                return candidate, generation
    return min(candidates, key=lambda one: (one.created_at is None, one.created_at, one.id)), 0


def _is_original(linked: LinkedEvent, desk: Desk) -> bool:
    """Whether the connector made this very event, for whichever resource and as whichever generation.

    One that bears the id of another event that is linked is a copy that kept it.
    """
    parsed = parse_link_value(linked.link_value)
    if parsed is None:
        return False
    guid, number = parsed
    link = desk.book.get(guid) if number == desk.resource.resource_no else None
    linked_as = link.generation if link is not None and link.event_id is not None else None
    return any(
        linked.transaction_id == transaction_id(guid, number, desk.mailbox.id, generation)
        for generation in range(GENERATIONS)
        if generation != linked_as
    )
