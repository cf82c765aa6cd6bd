"""Both sides of a resource compared in full, from a reading of its own: what is not as it should be. Pure.

Nothing here is taken from what resource actors know: items are matched by what either service answers, and
the store is asked only for what was agreed. A finding names items and fields, and no word of theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from actors.clients.graph.operations import LinkedEvent, Listing
from actors.clients.scheduler.operations import AppointmentListing
from actors.removal import originals
from actors.resource.sides import Lens
from models.appointment import Appointment
from models.decision import Side
from models.event import Event, EventType
from models.ids import AppointmentGuid, AppointmentId, EventId, MailboxId, ResourceNo, parse_link_value
from models.judging import Judge, judge
from models.link import Link, LinkState, Origin
from models.policy import Policy
from models.retention import is_long_past
from models.sides import BoardSide, OutlookSide
from models.storage.records import DeadLetter


class Drift(Enum):
    """In which way an item is not as it should be."""

    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One item that is not as it should be."""

    drift: Drift
    side: Side
    """Where it is missing, or too much; of a different one, where it was born."""
    guid: AppointmentGuid | None = None
    number: str = ""
    event_id: EventId | None = None
    fields: tuple[str, ...] = ()
    is_put_aside: bool = False
    """Whether it is known, and waits until either side changes (D9)."""

    @property
    def sentence(self) -> str:
        """For people."""
        item = "event" if self.side is Side.OUTLOOK else "appointment"
        if self.drift is Drift.DIFFERENT:
            item = "pair"
        name = self.number or self.guid or self.event_id
        fields = f" in {', '.join(self.fields)}" if self.fields else ""
        aside = " (put aside: `status` says why)" if self.is_put_aside else ""
        return f"{self.drift.value} {item} {name}{fields}{aside}"

    def as_json(self) -> dict[str, Any]:
        """For tools."""
        return {
            "drift": self.drift.value,
            "side": self.side.value,
            "appointmentGuid": self.guid,
            "appointmentNo": self.number,
            "eventId": self.event_id,
            "fields": list(self.fields),
            "putAside": self.is_put_aside,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Everything that was read of one resource."""

    mailbox: MailboxId
    links: tuple[Link, ...]
    appointments: tuple[Appointment, ...]
    """Those on which the resource is planned."""
    unreadable: tuple[AppointmentId, ...]
    view: Listing
    linked: tuple[LinkedEvent, ...]
    own_stamp: tuple[str, str]
    """Source app and type of what the connector writes, in lower case."""

    @staticmethod
    def of(
        resource_no: ResourceNo,
        mailbox: MailboxId,
        *,
        links: tuple[Link, ...],
        listing: AppointmentListing,
        linked: tuple[LinkedEvent, ...],
        view: Listing,
        own_stamp: tuple[str, str],
    ) -> Readings:
        """From what the store and both services have answered."""
        return Readings(
            mailbox=mailbox,
            links=links,
            appointments=tuple(one for one in listing.appointments if one.is_assigned_to(resource_no)),
            unreadable=listing.unreadable,
            view=view,
            linked=linked,
            own_stamp=(own_stamp[0].lower(), own_stamp[1].lower()),
        )

    @property
    def items(self) -> int:
        """How many items were looked at."""
        return len(self.appointments) + len(self.view.events)


def judge_of_view(lens: Lens, linked: Iterable[LinkedEvent]) -> Judge:
    """What may be read of a mailbox's view, once it is known which of its events are the board's."""
    return Judge(preferences=lens.preferences, board_born=frozenset(one.id for one in linked))


def stands_for_another(links: Collection[Link], resource_no: ResourceNo) -> bool:
    """Whether an appointment with these links is the business of other resources, and not of this one."""
    return bool(links) and all(link.resource_no != resource_no for link in links)


def marked(found: Iterable[Difference], letters: Iterable[DeadLetter]) -> tuple[Difference, ...]:
    """The same differences, and which of them stand among the dead letters."""
    aside = {letter.guid for letter in letters if letter.guid is not None}
    return tuple(replace(one, is_put_aside=True) if one.guid in aside else one for one in found)


def own(
    found: Iterable[Difference],
    resource_no: ResourceNo,
    *,
    links_of: Callable[[AppointmentGuid], Collection[Link]],
    letters: Iterable[DeadLetter],
) -> tuple[Difference, ...]:
    """The differences that are this resource's business, and which of them were put aside.

    What stands for the event of another resource is that one's. `links_of` names the links of an appointment.
    """
    mine = (
        one for one in found if one.guid is None or not stands_for_another(links_of(one.guid), resource_no)
    )
    return marked(mine, letters)


class Comparison:
    """Compares what was read."""

    def __init__(self, lens: Lens, policy: Policy, readings: Readings) -> None:
        self._lens, self._policy, self._read = lens, policy, readings
        self._links = {link.guid: link for link in readings.links if link.mailbox == readings.mailbox}
        self._appointments = {one.guid: one for one in readings.appointments}
        self._by_key = {event.head.key: event for event in readings.view.events}
        self._by_id = {one.id: one.event for one in readings.linked}
        board_born = [link for link in self._links.values() if link.origin is Origin.BOARD]
        known = {link.event_id for link in board_born if link.event_id is not None}
        self._ours = originals(readings.linked, readings.mailbox, lens.resource_no, known)

    def differences(self) -> tuple[Difference, ...]:
        """Everything that is not as it should be, as far as the settings ask for it."""
        found = [*self._pairs(), *self._unlinked_appointments(), *self._unlinked_events(), *self._doubles()]
        if not self._policy.to_outlook:
            found = [one for one in found if one.side is not Side.OUTLOOK]
        if not self._policy.to_board:
            found = [one for one in found if one.side is not Side.BOARD]
        return tuple(dict.fromkeys(found))

    # What is linked

    def _pairs(self) -> Iterator[Difference]:
        for link in self._links.values():
            if link.state is LinkState.ACTIVE and link.agreed is not None and self._is_in_window(link):
                yield from self._pair(link)

    def _pair(self, link: Link) -> Iterator[Difference]:
        appointment, event = self._appointments.get(link.guid), self._event(link)
        board_born = link.origin is Origin.BOARD
        if appointment is None and self._read.unreadable:
            return  # what cannot be read may be it
        if event is None and link.event_id in self._read.view.unreadable:
            return
        if appointment is None and event is None:
            return
        if appointment is None:
            drift = Drift.EXTRA if board_born else Drift.MISSING
            yield self._of(link, drift, Side.OUTLOOK if board_born else Side.BOARD)
        elif event is None:
            drift = Drift.MISSING if board_born else Drift.EXTRA
            yield self._of(link, drift, Side.OUTLOOK if board_born else Side.BOARD)
        else:
            yield from self._both(link, appointment, event)

    def _both(self, link: Link, appointment: Appointment, event: Event) -> Iterator[Difference]:
        board = self._lens.board_side(appointment, link.origin)
        outlook = self._lens.outlook_side(event, link.origin, link)
        if not isinstance(board, BoardSide) or not isinstance(outlook, OutlookSide) or link.agreed is None:
            return
        if link.origin is Origin.OUTLOOK and not outlook.verdict.reaches_board:
            yield self._of(link, Drift.EXTRA, Side.BOARD)
        elif link.origin is Origin.BOARD and board.rule_failed:
            yield self._of(link, Drift.EXTRA, Side.OUTLOOK)
        elif self._policy.to_outlook and self._policy.to_board and not board.locked:
            # what a service keeps in its own way differs for ever, and was agreed so
            agreed = set(link.agreed.board.differences(link.agreed.outlook))
            fields = [
                field.value
                for field in board.content.differences(outlook.content)
                if field not in agreed
                or board.content.get(field) != link.agreed.board.get(field)
                or outlook.content.get(field) != link.agreed.outlook.get(field)
            ]
            if fields:
                origin = Side.BOARD if link.origin is Origin.BOARD else Side.OUTLOOK
                yield self._of(link, Drift.DIFFERENT, origin, *fields)

    # What is not

    def _unlinked_appointments(self) -> Iterator[Difference]:
        for guid, appointment in self._appointments.items():
            if guid in self._links or not self._lens.window.overlaps(appointment.when):
                continue
            if self._is_from_outlook(appointment):
                yield Difference(drift=Drift.EXTRA, side=Side.BOARD, guid=guid, number=appointment.number)
            elif self._lens.mapper.check(appointment).passed:
                yield Difference(drift=Drift.MISSING, side=Side.OUTLOOK, guid=guid, number=appointment.number)

    def _unlinked_events(self) -> Iterator[Difference]:
        linked_keys = {link.event_key for link in self._links.values()}
        linked_ids = {link.event_id for link in self._links.values()}
        for event_id in self._ours:
            when = self._by_id[event_id].head.when
            if event_id not in linked_ids and not is_long_past(when, self._lens.window):
                yield Difference(drift=Drift.EXTRA, side=Side.OUTLOOK, event_id=event_id)
        for event in self._read.view.events:
            head = event.head
            is_known = head.key in linked_keys or head.id in self._ours or head.type is EventType.MASTER
            if is_known or not self._lens.window.overlaps(head.when):
                continue
            if judge(head, self._lens.preferences).reaches_board:
                yield Difference(drift=Drift.MISSING, side=Side.BOARD, event_id=head.id)

    def _doubles(self) -> Iterator[Difference]:
        values = {one.id: parse_link_value(one.link_value) for one in self._read.linked}
        guids = Counter(value[0] for id_ in self._ours if (value := values[id_]) is not None)
        for guid, count in guids.items():
            if count > 1:
                yield Difference(drift=Drift.DUPLICATE, side=Side.OUTLOOK, guid=guid)
        marks = Counter(one.exchange_id for one in self._appointments.values() if one.exchange_id)
        for mark, count in marks.items():
            if count > 1:
                yield Difference(drift=Drift.DUPLICATE, side=Side.BOARD, event_id=EventId(mark))

    # In detail

    def _event(self, link: Link) -> Event | None:
        found = self._by_id.get(link.event_id) if link.event_id is not None else None
        if found is None and link.event_key is not None:
            found = self._by_key.get(link.event_key)
        return found

    def _is_in_window(self, link: Link) -> bool:
        if link.agreed is None:
            return False
        when = link.agreed.outlook.when or link.agreed.board.when
        return when is not None and self._lens.window.overlaps(when)

    def _is_from_outlook(self, appointment: Appointment) -> bool:
        stamp = (appointment.source_app.lower(), appointment.source_type.lower())
        return bool(appointment.exchange_id) or stamp == self._read.own_stamp

    @staticmethod
    def _of(link: Link, drift: Drift, side: Side, *fields: str) -> Difference:
        return Difference(
            drift=drift,
            side=side,
            guid=link.guid,
            number=link.number,
            event_id=link.event_id,
            fields=fields,
        )
