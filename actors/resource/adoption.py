"""Events that the connector wrote and no link knows: recognised by the link property they carry (C5, B13)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from actors.clients.graph.operations import FindLinked, LinkedEvent
from actors.clients.steps import Failed, Outcome
from actors.resource.chronicle import Chronicle
from actors.resource.desk import Desk, is_being_created
from actors.resource.links import as_seen, at
from actors.resource.retention import forget, is_not_taken_up
from models.ids import AppointmentGuid, EventId, generation_of, parse_link_value
from models.judging import Judge
from models.link import Agreed, Link, LinkState, Origin
from models.storage.changes import AddDecision, PutLink
from models.storage.records import Trigger

RETRY_SECONDS = 30.0


class Adoption:
    """Gives the connector's own events their links back."""

    def __init__(self, desk: Desk, chronicle: Chronicle) -> None:
        self.desk = desk
        self.chronicle = chronicle

    def adopt_all(self, then: Callable[[], None]) -> None:
        """Find every event that an earlier life wrote here, before anything new is written.

        Also where the store knows the mailbox: it may be a backup, older than some of these events.
        """

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
            ours = {one.id for one in linked if one.id in suspects and _is_original(one, self.desk)}
            for guid in self._adopt(linked, only=ours):
                item = self.desk.item(guid, Trigger.RECOVERY)
                item.reread_board = True
                self.desk.consider(item)
            then(set(suspects) - ours)

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

    def _adopt(
        self, linked: Iterable[LinkedEvent], only: Collection[EventId] | None = None
    ) -> list[AppointmentGuid]:
        """Give events without a link theirs, or those of `only` them; whose they are."""
        by_guid: dict[AppointmentGuid, list[LinkedEvent]] = {}
        for one in linked:
            parsed = parse_link_value(one.link_value)
            if parsed is not None and parsed[1] == self.desk.resource.resource_no:
                by_guid.setdefault(parsed[0], []).append(one)
        adopted = []
        for guid, candidates in by_guid.items():
            link = self.desk.book.get(guid)
            chosen = [one for one in candidates if only is None or one.id in only]
            is_adopted = (
                self._adopt_one(guid, chosen)
                if link is None
                else self._adopt_later_one(link, candidates, chosen)
            )
            if is_adopted:
                adopted.append(guid)
        return adopted

    def _adopt_later_one(
        self, link: Link, candidates: Iterable[LinkedEvent], chosen: Iterable[LinkedEvent]
    ) -> bool:
        """Give a link the event that it has by now: the one that the store knew is not there any more."""
        if link.origin is not Origin.BOARD or any(one.id == link.event_id for one in candidates):
            return False
        here = [one for one in chosen if not self.desk.has_departed(one.id)]
        by_generation = _by_generation(here, link)
        if not by_generation:
            return False
        latest = max(by_generation)
        if latest == link.generation and is_being_created(link):
            return False  # its creation is being looked after, by whoever knows what was to be created
        event = by_generation[latest].event
        known = link.agreed if link.state is LinkState.ACTIVE else None
        known_event = None if known is None else known.outlook
        seen = self.desk.lens.mapper.seen_event(event, known_event, times_readable=True)
        agreed = known or Agreed(board=seen, outlook=seen)
        moved = replace(as_seen(link, event, agreed, seen), generation=latest, state=LinkState.ACTIVE)
        self.desk.book.put(moved)
        self.desk.ports.commit(
            PutLink(link=moved), AddDecision(decision=self.chronicle.adopted(moved, event))
        )
        return True

    def _adopt_one(self, guid: AppointmentGuid, candidates: Iterable[LinkedEvent]) -> bool:
        """Of an event and its copies, the one that the connector created is the original (B13).

        A copy whose original is gone is its owner's alone, and nobody else's to delete.
        """
        link = Link(
            resource_no=self.desk.resource.resource_no,
            guid=guid,
            origin=Origin.BOARD,
            mailbox=self.desk.mailbox.id,
        )
        by_generation = _by_generation(candidates, link)
        if not by_generation:
            return False
        first = min(by_generation)
        event = by_generation[first].event
        if is_not_taken_up(self.desk, event.head):
            forget(self.desk)
            return False
        seen = self.desk.lens.mapper.seen_event(event, None, times_readable=True)
        link = replace(at(link, event), generation=first, agreed=Agreed(board=seen, outlook=seen))
        self.desk.book.put(link)
        self.desk.ports.commit(PutLink(link=link), AddDecision(decision=self.chronicle.adopted(link, event)))
        return True


def _by_generation(linked: Iterable[LinkedEvent], link: Link) -> dict[int, LinkedEvent]:
    """The events that the connector created for a link, each the oldest of those with its transaction id."""
    found: dict[int, LinkedEvent] = {}
    for one in sorted(linked, key=lambda one: one.seniority):
        generation = generation_of(one.transaction_id, link.guid, link.resource_no, link.mailbox)
        if generation is not None:
            found.setdefault(generation, one)
    return found


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
    return generation_of(linked.transaction_id, guid, number, desk.mailbox.id) not in (None, linked_as)
