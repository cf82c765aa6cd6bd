"""A resource's book of links: everything that was agreed about its items, found from whichever side asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from models.ids import (
    AppointmentGuid,
    AppointmentId,
    EventId,
    EventKey,
    MailboxId,
    appointment_guid,
    transaction_id,
)
from models.link import Link, Origin, Unshared

K = TypeVar("K")


class LinkBook:
    """The links and the unshared events of one resource in one mailbox."""

    def __init__(self, mailbox: MailboxId, links: Iterable[Link], unshared: Iterable[Unshared]) -> None:
        self.mailbox = mailbox
        self.has_forgotten = False
        """Whether links were ever dropped because their items were long past."""
        self._links: dict[AppointmentGuid, Link] = {}
        self._by_event: dict[EventId, AppointmentGuid] = {}
        self._by_key: dict[EventKey, AppointmentGuid] = {}
        self._by_appointment: dict[AppointmentId, AppointmentGuid] = {}
        self._by_transaction: dict[str, AppointmentGuid] | None = None
        """Made when it is first asked: nearly every event is known by its own id."""
        self._by_series: dict[str, set[AppointmentGuid]] = {}
        self._unshared: dict[EventKey, Unshared] = {}
        self._unshared_ids: dict[EventId, EventKey] = {}
        for link in links:
            self.put(link)
        for item in unshared:
            self.put_unshared(item)

    # Links

    def put(self, link: Link) -> None:
        """Remember a link in place of the one there was."""
        self.drop(link.guid)
        self._links[link.guid] = link
        if link.event_id is not None:
            self._by_event[link.event_id] = link.guid
        if link.event_key is not None:
            self._by_key[link.event_key] = link.guid
            self._by_series.setdefault(_series(link.event_key), set()).add(link.guid)
        if link.appointment_id is not None:
            self._by_appointment[link.appointment_id] = link.guid
        if link.origin is Origin.BOARD and self._by_transaction is not None:
            self._by_transaction[self.transaction_of(link)] = link.guid

    def drop(self, guid: AppointmentGuid) -> None:
        """Forget a link, if there is one."""
        link = self._links.pop(guid, None)
        if link is None:
            return
        _unindex(self._by_event, link.event_id, guid)
        _unindex(self._by_key, link.event_key, guid)
        _unindex(self._by_appointment, link.appointment_id, guid)
        if link.event_key is not None:
            self._by_series.get(_series(link.event_key), set()).discard(guid)
        if link.origin is Origin.BOARD and self._by_transaction is not None:
            self._by_transaction.pop(self.transaction_of(link), None)

    def get(self, guid: AppointmentGuid) -> Link | None:
        """The link of an appointment."""
        return self._links.get(guid)

    def __iter__(self) -> Iterator[Link]:
        return iter(tuple(self._links.values()))

    def __len__(self) -> int:
        return len(self._links)

    def by_appointment(self, appointment_id: AppointmentId | None) -> AppointmentGuid | None:
        """The GUID under which an appointment's numeric id is known."""
        return None if appointment_id is None else self._by_appointment.get(appointment_id)

    def by_event(self, event_id: EventId) -> AppointmentGuid | None:
        """The appointment linked to the event that has this id now."""
        return self._by_event.get(event_id)

    def by_key(self, key: EventKey) -> AppointmentGuid | None:
        """The appointment linked to an event, whatever its id is now."""
        return self._by_key.get(key)

    def by_transaction(self, transaction: str) -> AppointmentGuid | None:
        """The board-born link whose event was, or is being, created under this transaction id."""
        if self._by_transaction is None:
            board_born = (link for link in self._links.values() if link.origin is Origin.BOARD)
            self._by_transaction = {self.transaction_of(link): link.guid for link in board_born}
        return self._by_transaction.get(transaction)

    def of_series(self, master: EventId) -> tuple[Link, ...]:
        """The Outlook-born links of the occurrences of a series."""
        return tuple(self._links[guid] for guid in sorted(self._by_series.get(master, ())))

    def board_born_events(self) -> frozenset[EventId]:
        """The events of the mailbox that the board wrote."""
        return frozenset(
            link.event_id
            for link in self._links.values()
            if link.origin is Origin.BOARD and link.event_id is not None
        )

    def transaction_of(self, link: Link) -> str:
        """The transaction id of a board-born link's present event."""
        return transaction_id(link.guid, link.resource_no, link.mailbox, link.generation)

    def guid_for(self, key: EventKey) -> AppointmentGuid:
        """The GUID that the appointment of an Outlook-born event has, or will have."""
        return self._by_key.get(key) or appointment_guid(self.mailbox, key)

    # What is not shared

    def put_unshared(self, item: Unshared) -> None:
        """Remember that an event is not shared."""
        self._unshared[item.event_key] = item
        self._unshared_ids[item.event_id] = item.event_key

    def drop_unshared(self, key: EventKey) -> Unshared | None:
        """Forget that an event is not shared; what was known of it, if anything."""
        item = self._unshared.pop(key, None)
        if item is not None:
            self._unshared_ids.pop(item.event_id, None)
        return item

    def unshared(self, key: EventKey) -> Unshared | None:
        """What is known of an event that is not shared."""
        return self._unshared.get(key)

    def unshared_by_event(self, event_id: EventId) -> EventKey | None:
        """The key of an unshared event by the id that it has now."""
        return self._unshared_ids.get(event_id)

    def unshared_of_series(self, master: EventId) -> tuple[Unshared, ...]:
        """The unshared occurrences of a series."""
        prefix = f"{master}/"
        return tuple(item for key, item in tuple(self._unshared.items()) if key.startswith(prefix))

    def all_unshared(self) -> tuple[Unshared, ...]:
        """Every event of the mailbox that is known not to be shared."""
        return tuple(self._unshared.values())


def _series(key: EventKey) -> str:
    """The master's id in an occurrence's key; a single event's own id, which no master shares."""
    return key.rpartition("/")[0] or key


def _unindex(index: dict[K, AppointmentGuid], key: K | None, guid: AppointmentGuid) -> None:
    if key is not None and index.get(key) == guid:
        del index[key]
